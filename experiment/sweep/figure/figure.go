// Package figure draws the results of a study: a heat map over its two
// strongest axes, lines with intervals, and the Pareto front. The same results
// give the same bytes.
package figure

import (
	"bytes"
	"fmt"
	"math"
	"path/filepath"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"agentsim/experiment/sweep"
	"agentsim/experiment/sweep/results"
)

// The size of a figure.
const (
	width  = 18 * vg.Centimeter
	height = 12 * vg.Centimeter
)

// Draw writes heatmap, lines and pareto as PNG and SVG into a folder. A figure
// for which the study has too few axes or objectives is left out.
func Draw(dir string, t *sweep.Table) error {
	s, err := t.Summarise(0)
	if err != nil {
		return err
	}
	d := drawing{t, s}
	for _, f := range []struct {
		name string
		plot func() (*plot.Plot, error)
	}{{"heatmap", d.heatMap}, {"lines", d.lines}, {"pareto", d.pareto}} {
		p, err := f.plot()
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		if p == nil {
			continue
		}
		if err := save(filepath.Join(dir, f.name), p); err != nil {
			return err
		}
	}
	return nil
}

func newPlot(title string) *plot.Plot {
	p := plot.New()
	p.Title.Text = title
	p.Title.Padding = 3 * vg.Millimeter
	return p
}

// number writes a mean in three digits or whole.
func number(v float64) string {
	const whole = 100
	if math.Abs(v) >= whole {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// drawing is a table with its summary.
type drawing struct {
	table   *sweep.Table
	summary *sweep.Summary
}

func save(name string, p *plot.Plot) error {
	for _, format := range []string{"png", "svg"} {
		w, err := p.WriterTo(width, height, format)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		if _, err := w.WriteTo(&b); err != nil {
			return err
		}
		if err := results.WriteFile(name+"."+format, b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// metric is the first objective, by its name and its column.
func (d *drawing) metric() (string, int) {
	name := d.table.Objectives[0].Metric
	column, _ := d.table.Column(name)
	return name, column
}

// strongest returns the axes with at least two values, in the order of their
// effect.
func (d *drawing) strongest() []int {
	var list []int
	for _, e := range d.summary.Effects {
		if len(e.Levels) < 2 {
			continue
		}
		for i, path := range d.table.Axes {
			if path == e.Axis {
				list = append(list, i)
			}
		}
	}
	return list
}

// ticks labels the places 0, 1, … with the names of groups.
func ticks(groups []sweep.Group) plot.Ticker {
	var list plot.ConstantTicks
	for i, g := range groups {
		list = append(list, plot.Tick{Value: float64(i), Label: g.Name})
	}
	return list
}
