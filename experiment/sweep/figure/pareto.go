package figure

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"agentsim/experiment/sweep"
)

// pareto shows every combination by the first two objectives, and the edge
// that no other passes in both; nil where there is one objective.
func (d *drawing) pareto() (*picture, error) {
	objectives := d.table.Objectives
	if len(objectives) < 2 {
		return nil, nil
	}
	all, err := d.table.Summarise(len(d.table.Rows))
	if err != nil {
		return nil, err
	}
	if len(all.Best) == 0 {
		return nil, nil
	}
	p := d.picture("Pareto front: points, by their number, that no other beats in both")
	p.X.Label.Text, p.up = d.label(objectives[1].Metric), d.label(objectives[0].Metric)
	p.grid()
	points, err := plotter.NewScatter(places(all.Best))
	if err != nil {
		return nil, err
	}
	points.Color, points.Shape, points.Radius = quiet(), draw.CircleGlyph{}, vg.Points(1.6)
	front := slices.Clone(all.Front)
	slices.SortStableFunc(front, func(a, b sweep.Standing) int { return cmp.Compare(a.Scores[1].Mean, b.Scores[1].Mean) })
	edge, err := plotter.NewLine(stairs(places(front), objectives[1].Goal != "min"))
	if err != nil {
		return nil, err
	}
	edge.Color, edge.Width = hue(0), vg.Points(1.2)
	marks, err := plotter.NewScatter(places(front))
	if err != nil {
		return nil, err
	}
	marks.Color, marks.Shape, marks.Radius = hue(0), draw.CircleGlyph{}, vg.Points(2.8)
	p.Add(points, edge, marks)
	p.fit(points.XYs)
	return p, p.nameAll(front)
}

// fit scales both axes to points.
func (p *picture) fit(points plotter.XYs) {
	low, high := points[0], points[0]
	for _, xy := range points {
		low.X, low.Y = min(low.X, xy.X), min(low.Y, xy.Y)
		high.X, high.Y = max(high.X, xy.X), max(high.Y, xy.Y)
	}
	scale(&p.X, low.X, high.X)
	scale(&p.Y, low.Y, high.Y)
}

func places(list []sweep.Standing) plotter.XYs {
	var xys plotter.XYs
	for _, s := range list {
		xys = append(xys, plotter.XY{X: s.Scores[1].Mean, Y: s.Scores[0].Mean})
	}
	return xys
}

// stairs goes along what can be had: from point to point with a corner. Where
// more to the right is better, what a point gives can be had left of it too.
func stairs(front plotter.XYs, moreIsBetter bool) plotter.XYs {
	var path plotter.XYs
	for i, xy := range front {
		if i > 0 {
			corner := plotter.XY{X: front[i-1].X, Y: xy.Y}
			if !moreIsBetter {
				corner = plotter.XY{X: xy.X, Y: front[i-1].Y}
			}
			path = append(path, corner)
		}
		path = append(path, xy)
	}
	return path
}

// nameAll writes the numbers of points beside them, where there is room.
func (p *picture) nameAll(front []sweep.Standing) error {
	const near = 0.03 // of the figure
	var l plotter.XYLabels
	taken := plotter.XYs{}
	for i, xy := range places(front) {
		at := plotter.XY{X: p.X.Norm(xy.X), Y: p.Y.Norm(xy.Y)}
		if slices.ContainsFunc(taken, func(o plotter.XY) bool { return math.Hypot(o.X-at.X, o.Y-at.Y) < near }) {
			continue
		}
		taken = append(taken, at)
		l.XYs = append(l.XYs, xy)
		l.Labels = append(l.Labels, fmt.Sprint(front[i].Points[0]))
	}
	labels, err := plotter.NewLabels(l)
	if err != nil {
		return err
	}
	for i := range labels.TextStyle {
		labels.TextStyle[i].Font, labels.TextStyle[i].Color = sans(8), hue(0)
		labels.TextStyle[i].XAlign, labels.TextStyle[i].YAlign = text.XLeft, text.YBottom
	}
	labels.Offset = vg.Point{X: vg.Points(3), Y: vg.Points(2)}
	p.Add(labels)
	return nil
}
