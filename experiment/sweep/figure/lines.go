package figure

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"

	"agentsim/experiment/sweep"
)

// lines shows the first objective over the strongest axis, a line for each
// value of the second strongest, with 95 % intervals over what is averaged
// out; nil where no axis has two values.
func (d *drawing) lines() (*plot.Plot, error) {
	axes := d.strongest()
	if len(axes) == 0 {
		return nil, nil
	}
	name, column := d.metric()
	p := newPlot(name + ", mean with 95 % interval")
	p.X.Label.Text, p.Y.Label.Text = d.table.Axes[axes[0]], name
	p.Y.Min = 0
	p.Legend.Top = true
	if len(axes) == 1 {
		groups := d.table.Groups(axes[0], column)
		mark(p, groups)
		var l line
		for i, g := range groups {
			l.add(i, g.Values)
		}
		return p, l.draw(p, 0, "")
	}
	x, series, cells := d.table.Cross(axes[0], axes[1], column)
	mark(p, x)
	for j, s := range series {
		var l line
		for i := range x {
			l.add(i, cells[i][j])
		}
		if err := l.draw(p, j, d.table.Axes[axes[1]]+" "+s.Name); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// mark labels the horizontal axis and leaves room for its last label.
func mark(p *plot.Plot, groups []sweep.Group) {
	const room = 0.25
	p.X.Tick.Marker = ticks(groups)
	p.X.Min, p.X.Max = -room, float64(len(groups))-1+room
}

// line is one line of estimates.
type line struct {
	plotter.XYs
	plotter.YErrors
}

func (l *line) add(x int, values []float64) {
	if len(values) == 0 {
		return
	}
	e := sweep.NewEstimate(values)
	l.XYs = append(l.XYs, plotter.XY{X: float64(x), Y: e.Mean})
	l.YErrors = append(l.YErrors, struct{ Low, High float64 }{e.Mean - e.Low, e.High - e.Mean})
}

func (l *line) draw(p *plot.Plot, number int, name string) error {
	if len(l.XYs) == 0 {
		return nil
	}
	drawn, points, err := plotter.NewLinePoints(l.XYs)
	if err != nil {
		return err
	}
	bars, err := plotter.NewYErrorBars(l)
	if err != nil {
		return err
	}
	drawn.Color, points.Color, bars.Color = plotutil.Color(number), plotutil.Color(number), plotutil.Color(number)
	points.Shape = plotutil.Shape(number)
	p.Add(drawn, points, bars)
	if name != "" {
		p.Legend.Add(name, drawn, points)
	}
	return nil
}
