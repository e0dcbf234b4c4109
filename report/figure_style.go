package report

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"agentsim/plotting"
)

// The look of all figures.
const (
	lineWidth = vg.Length(1.5)
	titleSize = 14
	labelSize = 12
	spacing   = vg.Length(8)
)

func wide() vg.Point   { return vg.Point{X: 7 * vg.Inch, Y: 4.5 * vg.Inch} }
func square() vg.Point { return vg.Point{X: 6 * vg.Inch, Y: 6 * vg.Inch} }

// newFigure is an empty figure with room around its texts.
func newFigure(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.TextStyle.Font.Size, p.Title.Padding = titleSize, spacing
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Label.TextStyle.Font.Size, axis.Label.Padding = labelSize, spacing/2
		axis.Tick.Marker = plotting.Ticks{}
	}
	p.Legend.XOffs, p.Legend.YOffs, p.Legend.Padding = -spacing, spacing, spacing/2
	p.Legend.TextStyle.Font.Size = labelSize
	return p
}

// spread widens a logarithmic axis of a single value, which plot would widen to 0.
func spread(a *plot.Axis) {
	if a.Min == a.Max {
		a.Min, a.Max = a.Min/2, a.Max*2
	}
}

// faintGrid guides the eye and stays behind the curves.
func faintGrid() *plotter.Grid {
	grid := plotter.NewGrid()
	faint := color.Gray{Y: 225}
	grid.Vertical.Color, grid.Horizontal.Color = faint, faint
	return grid
}
