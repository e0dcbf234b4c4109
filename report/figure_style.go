package report

import (
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
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
		axis.Tick.Marker = shortTicks{plot.DefaultTicks{}}
	}
	p.Legend.XOffs, p.Legend.YOffs, p.Legend.Padding = -spacing, spacing, spacing/2
	p.Legend.TextStyle.Font.Size = labelSize
	return p
}

// faintGrid guides the eye and stays behind the curves.
func faintGrid() *plotter.Grid {
	grid := plotter.NewGrid()
	faint := color.Gray{Y: 225}
	grid.Vertical.Color, grid.Horizontal.Color = faint, faint
	return grid
}

// shortTicks labels ticks as people write numbers: 250, 100k, 1.5M.
type shortTicks struct{ plot.Ticker }

// Ticks returns those of the embedded Ticker with short labels.
func (s shortTicks) Ticks(low, high float64) []plot.Tick {
	ticks := s.Ticker.Ticks(low, high)
	for i := range ticks {
		if ticks[i].Label != "" {
			ticks[i].Label = short(ticks[i].Value)
		}
	}
	return ticks
}

func short(v float64) string {
	const digits = 6 // beyond them lies what floating point adds
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if math.Abs(v) >= unit.size {
			return strconv.FormatFloat(v/unit.size, 'g', digits, 64) + unit.name
		}
	}
	return strconv.FormatFloat(v, 'g', digits, 64)
}
