package calibrate

import (
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"

	"agentsim/files"
	"agentsim/plotting"
)

// point is one measured kernel beside its price, for a figure.
type point struct {
	family, system   string
	measured, fitted float64 // seconds
}

// shown is how many points of a family, system and engine a figure has.
const shown = 150

const figureSize = 5 * vg.Inch

// draw writes one figure a family, as PNG and SVG: fitted against measured
// time, a colour per system.
func draw(dir string, points []point) ([]string, error) {
	if dir == "" {
		return nil, nil
	}
	if err := os.MkdirAll(dir, dirPermissions); err != nil {
		return nil, fmt.Errorf("kernel figures: %w", err)
	}
	byFamily := map[string][]point{}
	for _, p := range points {
		byFamily[p.family] = append(byFamily[p.family], p)
	}
	var files []string
	for _, family := range sortedKeys(byFamily) {
		p, err := figure(family, byFamily[family])
		if err != nil {
			return nil, fmt.Errorf("kernel figure of %s: %w", family, err)
		}
		for _, suffix := range []string{".png", ".svg"} {
			file := filepath.Join(dir, "kernels-"+family+suffix)
			if err := save(p, file); err != nil {
				return nil, fmt.Errorf("kernel figure of %s: %w", family, err)
			}
			files = append(files, file)
		}
	}
	return files, nil
}

func save(p *plot.Plot, file string) error {
	format := strings.TrimPrefix(filepath.Ext(file), ".")
	w, err := p.WriterTo(figureSize, figureSize, format)
	if err != nil {
		return err
	}
	content, err := plotting.Encoded(w, format)
	if err != nil {
		return err
	}
	return files.Write(file, content)
}

func figure(family string, points []point) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = family
	p.X.Label.Text, p.Y.Label.Text = "measured (s)", "fitted (s)"
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Scale, axis.Tick.Marker = plot.LogScale{}, plotting.Ticks{Log: true}
	}
	low, high := span(points)
	equal := plotter.XYs{{X: low, Y: low}, {X: high, Y: high}}
	line, err := plotter.NewLine(equal)
	if err != nil {
		return nil, err
	}
	line.Color = color.Gray{Y: 128}
	p.Add(plotter.NewGrid(), line)
	for i, system := range systemsOf(points) {
		dots, err := plotter.NewScatter(dotsOf(points, system))
		if err != nil {
			return nil, err
		}
		dots.GlyphStyle.Color, dots.GlyphStyle.Shape = plotutil.Color(i), plotutil.Shape(i)
		dots.GlyphStyle.Radius = vg.Points(1.5)
		p.Add(dots)
		p.Legend.Add(accelerator(system), dots)
	}
	p.Legend.Left, p.Legend.Top = true, true
	return p, nil
}

func span(points []point) (low, high float64) {
	low, high = math.Inf(1), 0
	for _, p := range points {
		low = min(low, p.measured, p.fitted)
		high = max(high, p.measured, p.fitted)
	}
	return low, high
}

func systemsOf(points []point) []string {
	var list []string
	for _, p := range points {
		if !slices.Contains(list, p.system) {
			list = append(list, p.system)
		}
	}
	slices.Sort(list)
	return list
}

func dotsOf(points []point, system string) plotter.XYs {
	var dots plotter.XYs
	for _, p := range points {
		if p.system == system {
			dots = append(dots, plotter.XY{X: p.measured, Y: p.fitted})
		}
	}
	return dots
}
