package figure

import (
	"math"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"agentsim/experiment/sweep"
)

// lines shows the first objective over the strongest axis, a line for each
// value of the second strongest, with 95 % intervals over what is averaged
// out; nil where no axis has two values.
func (d *drawing) lines() (*picture, error) {
	axes := d.strongest()
	if len(axes) == 0 {
		return nil, nil
	}
	name, column := d.metric()
	p := d.picture(d.label(name) + ", mean with 95 % interval")
	p.X.Label.Text, p.up = d.table.Axes[axes[0]], d.label(name)
	p.grid()
	x := d.table.Groups(axes[0], column, ticksMax)
	places := placesOf(x)
	p.along(&p.X, x, places)
	var list []*line
	if len(axes) == 1 {
		l := &line{}
		for i, g := range x {
			l.add(places[i], g.Values)
		}
		list = append(list, l)
	} else {
		p.keysOf = d.table.Axes[axes[1]]
		series := d.table.Groups(axes[1], column, linesMax)
		cells := d.table.Cross(axes[0], x, axes[1], series, column)
		for j, s := range series[:min(len(series), linesMax)] {
			l := &line{name: s.Name}
			for i := range x {
				l.add(places[i], cells[i][j])
			}
			list = append(list, l)
		}
	}
	return p, p.draw(list, places[len(places)-1])
}

// placesOf are the places of groups along an edge: where their numbers are,
// on a scale with equal factors if they span much, or else side by side.
func placesOf(groups []sweep.Group) []float64 {
	places := make([]float64, len(groups))
	const spans, near = 8, 0.06
	low, high := groups[0].Number, groups[len(groups)-1].Number
	log := low > 0 && high >= spans*low
	for i, g := range groups {
		places[i] = (g.Number - low) / (high - low)
		if log {
			places[i] = math.Log(g.Number/low) / math.Log(high/low)
		}
		if i > 0 && !(places[i] > places[i-1]+near) { // texts have no numbers
			return ordinals(len(groups))
		}
	}
	return places
}

// line is one line of estimates.
type line struct {
	name string
	plotter.XYs
	plotter.YErrors
}

func (l *line) add(x float64, values []float64) {
	if len(values) == 0 {
		return
	}
	e := sweep.NewEstimate(values)
	l.XYs = append(l.XYs, plotter.XY{X: x, Y: e.Mean})
	l.YErrors = append(l.YErrors, struct{ Low, High float64 }{e.Mean - e.Low, e.High - e.Mean})
}

// draw draws lines, each a little beside the others.
func (p *picture) draw(list []*line, span float64) error {
	low, high := math.Inf(1), math.Inf(-1)
	for _, l := range list {
		for i, xy := range l.XYs {
			low, high = min(low, xy.Y), max(high, xy.Y)
			if shown := xy.Y + l.YErrors[i].High; shown < 2*high { // of a wild interval the figure shows a part
				high = max(high, shown)
			}
		}
	}
	scale(&p.Y, low, high)
	const apart, room = 0.008, 0.04
	for j, l := range list {
		for i := range l.XYs {
			l.XYs[i].X += span * apart * (float64(j) - float64(len(list)-1)/2)
			l.YErrors[i].Low = min(l.YErrors[i].Low, l.XYs[i].Y-p.Y.Min)
			l.YErrors[i].High = min(l.YErrors[i].High, p.Y.Max-l.XYs[i].Y)
		}
		if err := p.line(j, l); err != nil {
			return err
		}
	}
	p.X.Min, p.X.Max = -room*span, (1+room)*span
	return nil
}

func (p *picture) line(number int, l *line) error {
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
	drawn.Color, points.Color, bars.Color = hue(number), hue(number), hue(number)
	drawn.Width, points.Radius, bars.CapWidth = vg.Points(1.4), vg.Points(2.6), vg.Points(4)
	shapes := []draw.GlyphDrawer{draw.CircleGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}}
	points.Shape = shapes[number%len(shapes)]
	p.Add(drawn, points, bars)
	if l.name != "" {
		p.keys.Add(l.name, drawn, points)
	}
	return nil
}
