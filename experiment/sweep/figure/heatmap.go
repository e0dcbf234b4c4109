package figure

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/palette/brewer"
	"gonum.org/v1/plot/plotter"

	"agentsim/experiment/sweep"
)

// heatMap shows the mean of the first objective over the two strongest axes,
// the others averaged out; nil where there are not two.
func (d *drawing) heatMap() (*plot.Plot, error) {
	axes := d.strongest()
	const two = 2
	if len(axes) < two {
		return nil, nil
	}
	name, column := d.metric()
	x, y, cells := d.table.Cross(axes[0], axes[1], column)
	g := grid{x, y, cells}
	if low, high := g.bounds(); !(low < high) {
		return nil, nil
	}
	p := newPlot(name + ", mean")
	p.X.Label.Text, p.Y.Label.Text = d.table.Axes[axes[0]], d.table.Axes[axes[1]]
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks(x), ticks(y)
	const shades = 5 // light enough to be written on
	colours, err := brewer.GetPalette(brewer.TypeSequential, "YlGn", shades)
	if err != nil {
		return nil, err
	}
	p.Add(plotter.NewHeatMap(g, colours))
	labels, err := plotter.NewLabels(g.labels())
	if err != nil {
		return nil, err
	}
	for i := range labels.TextStyle {
		labels.TextStyle[i].XAlign, labels.TextStyle[i].YAlign = -0.5, -0.5 // centred
	}
	p.Add(labels)
	return p, nil
}

// grid is what a heat map shows: means over two axes.
type grid struct {
	x, y  []sweep.Group
	cells [][][]float64
}

// Dims is the size of the grid.
func (g grid) Dims() (columns, rows int) { return len(g.x), len(g.y) }

// X is the place of a column.
func (g grid) X(c int) float64 { return float64(c) }

// Y is the place of a row.
func (g grid) Y(r int) float64 { return float64(r) }

// Z is the mean in a cell; NaN where there is no point.
func (g grid) Z(c, r int) float64 {
	if len(g.cells[c][r]) == 0 {
		return math.NaN()
	}
	return sweep.NewEstimate(g.cells[c][r]).Mean
}

func (g grid) bounds() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for c := range g.x {
		for r := range g.y {
			if z := g.Z(c, r); !math.IsNaN(z) {
				low, high = min(low, z), max(high, z)
			}
		}
	}
	return low, high
}

func (g grid) labels() plotter.XYLabels {
	var l plotter.XYLabels
	for c := range g.x {
		for r := range g.y {
			if z := g.Z(c, r); !math.IsNaN(z) {
				l.XYs = append(l.XYs, plotter.XY{X: float64(c), Y: float64(r)})
				l.Labels = append(l.Labels, number(z))
			}
		}
	}
	return l
}
