package report

import (
	"fmt"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"agentsim/plotting"
)

// Lines is a figure of curves over one horizontal axis.
type Lines struct {
	Title string
	X, Y  string // labels of the axes, with units
	LogX  bool   // then points at 0 or below are left out
	Lines []Line
}

// Line is a curve; Y has a value for every X.
type Line struct {
	Name string // in the legend; empty = none
	X, Y []float64
}

// Draw writes the figure as name.png and name.svg in a directory that exists,
// and returns the paths. A figure without any point is not written.
func (l Lines) Draw(dir, name string) ([]string, error) {
	p := newFigure(l.Title, l.X, l.Y)
	if l.LogX {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plotting.Ticks{Log: true}
	}
	p.Y.Min = 0
	p.Add(faintGrid())
	drawn := 0
	for i, curve := range l.Lines {
		points := l.points(curve)
		if len(points) == 0 {
			continue
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			return nil, fmt.Errorf("figure %s: %w", name, err)
		}
		line.Color, line.Dashes, line.Width = plotutil.Color(i), plotutil.Dashes(i), lineWidth
		p.Add(line)
		if curve.Name != "" {
			p.Legend.Add(curve.Name, line)
		}
		drawn++
	}
	if drawn == 0 {
		return nil, nil
	}
	if l.LogX {
		spread(&p.X)
	}
	return save(p, dir, name, wide())
}

func (l Lines) points(curve Line) plotter.XYs {
	var points plotter.XYs
	for i, x := range curve.X {
		if x > 0 || !l.LogX {
			points = append(points, plotter.XY{X: x, Y: curve.Y[i]})
		}
	}
	return points
}

// Bars is a figure of one bar per number, counted from 0.
type Bars struct {
	Title   string
	X, Y    string // labels of the axes, with units
	Heights []float64
}

// Draw writes the figure as Lines does.
func (b Bars) Draw(dir, name string) ([]string, error) {
	if len(b.Heights) == 0 {
		return nil, nil
	}
	p := newFigure(b.Title, b.X, b.Y)
	const inner = 5.6 * vg.Inch // of the figure's width, for bars
	bars, err := plotter.NewBarChart(plotter.Values(b.Heights), inner/vg.Length(len(b.Heights)))
	if err != nil {
		return nil, fmt.Errorf("figure %s: %w", name, err)
	}
	bars.Color, bars.LineStyle.Width = plotutil.Color(2), vg.Points(0.2)
	p.Add(bars)
	return save(p, dir, name, wide())
}

// save writes a figure of some size as PNG and SVG and returns the paths.
func save(p *plot.Plot, dir, name string, size vg.Point) ([]string, error) {
	var files []string
	for _, format := range []string{"png", "svg"} {
		canvas, err := draw.NewFormattedCanvas(size.X, size.Y, format)
		if err != nil {
			return nil, fmt.Errorf("figure %s: %w", name, err)
		}
		p.Draw(draw.Crop(draw.New(canvas), spacing, -2*spacing, spacing, -spacing))
		content, err := plotting.Encoded(canvas, format)
		if err != nil {
			return nil, fmt.Errorf("figure %s: %w", name, err)
		}
		file := filepath.Join(dir, name+"."+format)
		if err := WriteFile(file, content); err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}
