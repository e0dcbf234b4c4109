package figure

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/palette"
	"gonum.org/v1/plot/palette/brewer"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"

	"agentsim/experiment/sweep"
)

// heatMap shows the mean of the first objective over the two strongest axes,
// the others averaged out; nil where there are not two.
func (d *drawing) heatMap() (*picture, error) {
	axes := d.strongest()
	if len(axes) < 2 {
		return nil, nil
	}
	name, column := d.metric()
	x, y := d.table.Groups(axes[0], column, ticksMax), d.table.Groups(axes[1], column, ticksMax)
	g := grid{x: x, y: y, cells: d.table.Cross(axes[0], x, axes[1], y, column)}
	low, high := g.bounds()
	if !(low < high) {
		return nil, nil
	}
	title := d.label(name) + ", mean"
	if g.log = wide(low, high); g.log {
		title += "; colours on a logarithmic scale"
	}
	p := d.picture(title)
	p.X.Label.Text, p.up = d.table.Axes[axes[0]], d.table.Axes[axes[1]]
	p.along(&p.X, x, ordinals(len(x)))
	p.along(&p.Y, y, ordinals(len(y)))
	colours, err := shades()
	if err != nil {
		return nil, err
	}
	h := plotter.NewHeatMap(g, colours)
	h.NaN = faint()
	p.Add(h)
	labels, err := plotter.NewLabels(g.labels())
	if err != nil {
		return nil, err
	}
	for i := range labels.TextStyle {
		s := &labels.TextStyle[i]
		s.Font, s.XAlign, s.YAlign = sans(9), text.XCenter, text.YCenter
		s.Color = inkOn(h, g.Z(i/len(y), i%len(y)))
	}
	p.Add(labels)
	return p, nil
}

// ordinals are the places 0, 1, …
func ordinals(n int) []float64 {
	places := make([]float64, n)
	for i := range places {
		places[i] = float64(i)
	}
	return places
}

// shading is a palette.
type shading []color.Color

// Colors lists the shades, light first.
func (s shading) Colors() []color.Color { return s }

// shades go smoothly from light yellow to dark blue.
func shades() (palette.Palette, error) {
	const classes, steps = 9, 16 // steps from class to class
	p, err := brewer.GetPalette(brewer.TypeSequential, "YlGnBu", classes)
	if err != nil {
		return nil, err
	}
	var list shading
	anchors := p.Colors()
	for i, a := range anchors[:len(anchors)-1] {
		for s := range steps {
			list = append(list, mixed(a, anchors[i+1], float64(s)/steps))
		}
	}
	return append(list, anchors[len(anchors)-1]), nil
}

func mixed(a, b color.Color, share float64) color.Color {
	x, y := color.RGBAModel.Convert(a).(color.RGBA), color.RGBAModel.Convert(b).(color.RGBA)
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + share*(float64(b)-float64(a)))) }
	return color.RGBA{mix(x.R, y.R), mix(x.G, y.G), mix(x.B, y.B), math.MaxUint8}
}

// inkOn is black or white, whichever can be read on the colour of a value.
func inkOn(h *plotter.HeatMap, z float64) color.Color {
	colours := h.Palette.Colors()
	share := (z - h.Min) / (h.Max - h.Min)
	if math.IsNaN(share) {
		return color.Black
	}
	const dark = 125
	if color.GrayModel.Convert(colours[int(share*float64(len(colours)-1))]).(color.Gray).Y < dark {
		return color.White
	}
	return color.Black
}

// grid is what a heat map shows: means over two axes.
type grid struct {
	x, y  []sweep.Group
	cells [][][]float64
	log   bool
}

// Dims is the size of the grid.
func (g grid) Dims() (columns, rows int) { return len(g.x), len(g.y) }

// X is the place of a column.
func (g grid) X(c int) float64 { return float64(c) }

// Y is the place of a row.
func (g grid) Y(r int) float64 { return float64(r) }

// Z is what the colour of a cell stands for; NaN where there is no point.
func (g grid) Z(c, r int) float64 {
	z := g.mean(c, r)
	switch {
	case g.log && z > 0:
		return math.Log(z)
	case g.log:
		return math.NaN()
	}
	return z
}

func (g grid) mean(c, r int) float64 {
	if len(g.cells[c][r]) == 0 {
		return math.NaN()
	}
	return sweep.NewEstimate(g.cells[c][r]).Mean
}

// bounds are those of the means other than 0, which stands for no agent.
func (g grid) bounds() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for c := range g.x {
		for r := range g.y {
			if z := g.mean(c, r); !math.IsNaN(z) && z != 0 {
				low, high = min(low, z), max(high, z)
			}
		}
	}
	return low, high
}

// labels has one for each cell, column by column.
func (g grid) labels() plotter.XYLabels {
	var l plotter.XYLabels
	for c := range g.x {
		for r := range g.y {
			l.XYs = append(l.XYs, plotter.XY{X: float64(c), Y: float64(r)})
			text := "–"
			if z := g.mean(c, r); !math.IsNaN(z) {
				text = number(z)
			}
			l.Labels = append(l.Labels, text)
		}
	}
	return l
}
