package report

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"

	"agentsim/plotting"
)

// Scatter is a figure of predicted against measured values, both on logarithmic
// axes: a point on the diagonal is a perfect prediction.
type Scatter struct {
	Title  string
	Unit   string // of both axes
	Series []Series
}

// Series is a set of points that look alike. Predicted has a value for every
// measured one; points that are not positive are left out.
type Series struct {
	Name      string
	Measured  []float64
	Predicted []float64
}

// Draw writes the figure as name.png and name.svg in a directory that exists,
// and returns the paths.
func (s Scatter) Draw(dir, name string) ([]string, error) {
	p, err := s.plot()
	if err != nil {
		return nil, fmt.Errorf("figure %s: %w", name, err)
	}
	return save(p, dir, name, square())
}

func (s Scatter) plot() (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = s.Title
	p.X.Label.Text, p.Y.Label.Text = "measured, "+s.Unit, "predicted, "+s.Unit
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Scale = plot.LogScale{}
		axis.Tick.Marker = plotting.Ticks{Log: true}
	}
	p.Legend.Top, p.Legend.Left = true, true
	low, high := math.Inf(1), math.Inf(-1)
	for i, series := range s.Series {
		points := series.points()
		for _, xy := range points {
			low, high = min(low, xy.X, xy.Y), max(high, xy.X, xy.Y)
		}
		if len(points) == 0 {
			continue
		}
		dots, err := plotter.NewScatter(points)
		if err != nil {
			return nil, err
		}
		dots.Color = plotutil.Color(i)
		dots.Shape = plotutil.Shape(i)
		p.Add(dots)
		p.Legend.Add(series.Name, dots)
	}
	if low > high {
		return nil, fmt.Errorf("no points to draw")
	}
	const margin = 1.2
	return p, diagonals(p, low/margin, high*margin)
}

func (s Series) points() plotter.XYs {
	var points plotter.XYs
	for i, x := range s.Measured {
		if y := s.Predicted[i]; x > 0 && y > 0 {
			points = append(points, plotter.XY{X: x, Y: y})
		}
	}
	return points
}

// diagonals draws the line of perfect predictions, and two that are off by a
// fifth.
func diagonals(p *plot.Plot, low, high float64) error {
	const off = 1.2
	grey := color.Gray{Y: 160}
	for _, factor := range []float64{1, off, 1 / off} {
		line, err := plotter.NewLine(plotter.XYs{{X: low, Y: low * factor}, {X: high, Y: high * factor}})
		if err != nil {
			return err
		}
		line.Color = grey
		if factor != 1 {
			line.Dashes = []vg.Length{vg.Points(4), vg.Points(4)}
		}
		p.Add(line)
	}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = low, high, low, high
	return nil
}
