// Package figure draws the results of a study: a heat map over its two
// strongest axes, lines with intervals, and the Pareto front. The same results
// give the same bytes.
package figure

import (
	"fmt"
	"path/filepath"

	"agentsim/experiment/sweep"
	"agentsim/files"
)

// Draw writes heatmap, lines and pareto as PNG and SVG into a folder, and returns
// the paths. A figure for which the study has too few axes or objectives is left
// out.
func Draw(dir string, t *sweep.Table) (drawn []string, err error) {
	s, err := t.Summarise(0)
	if err != nil {
		return nil, err
	}
	d := drawing{t, s}
	for _, f := range []struct {
		name string
		draw func() (*picture, error)
	}{{"heatmap", d.heatMap}, {"lines", d.lines}, {"pareto", d.pareto}} {
		p, err := f.draw()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		if p == nil {
			continue
		}
		for _, format := range []string{"png", "svg"} {
			content, err := p.encoded(format)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f.name, err)
			}
			file := filepath.Join(dir, f.name+"."+format)
			if err := files.Keep(file, content); err != nil {
				return nil, err
			}
			drawn = append(drawn, file)
		}
	}
	return drawn, nil
}

// drawing is a table with its summary.
type drawing struct {
	table   *sweep.Table
	summary *sweep.Summary
}

// label names a column with its unit.
func (d *drawing) label(name string) string {
	if i, ok := d.table.Column(name); ok && d.table.Columns[i].Unit != "" {
		return name + " (" + d.table.Columns[i].Unit + ")"
	}
	return name
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

// How many values of an axis are told apart on a figure.
const (
	ticksMax = 12 // along an edge
	linesMax = 6  // by colour
)
