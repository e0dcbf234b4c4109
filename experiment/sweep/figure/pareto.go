package figure

import (
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"

	"agentsim/experiment/sweep"
)

// pareto shows every combination by the first two objectives, and those that
// no other beats in both on a line; nil where there is one objective.
func (d *drawing) pareto() (*plot.Plot, error) {
	objectives := d.table.Objectives
	const two = 2
	if len(objectives) < two {
		return nil, nil
	}
	all, err := d.table.Summarise(len(d.table.Rows))
	if err != nil {
		return nil, err
	}
	if len(all.Best) == 0 {
		return nil, nil
	}
	p := newPlot("Pareto front")
	p.X.Label.Text, p.Y.Label.Text = objectives[1].Metric, objectives[0].Metric
	points, err := plotter.NewScatter(places(all.Best))
	if err != nil {
		return nil, err
	}
	points.Color, points.Shape = plotutil.Color(2), plotutil.Shape(1)
	edge := places(all.Front)
	slices.SortFunc(edge, func(a, b plotter.XY) int {
		switch {
		case a.X < b.X:
			return -1
		case a.X > b.X:
			return 1
		}
		return 0
	})
	drawn, marks, err := plotter.NewLinePoints(edge)
	if err != nil {
		return nil, err
	}
	drawn.Color, marks.Color, marks.Shape = plotutil.Color(0), plotutil.Color(0), plotutil.Shape(0)
	p.Add(points, drawn, marks)
	p.Legend.Top = true
	p.Legend.Add("all points", points)
	p.Legend.Add("front", drawn, marks)
	return p, nil
}

func places(list []sweep.Standing) plotter.XYs {
	var xys plotter.XYs
	for _, s := range list {
		xys = append(xys, plotter.XY{X: s.Scores[1].Mean, Y: s.Scores[0].Mean})
	}
	return xys
}
