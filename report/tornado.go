package report

import (
	"errors"
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"agentsim/metrics"
	"agentsim/plotting"
)

// The colours of an input at its 10th and at its 90th percentile, of all draws,
// and of a target.
func atLow() color.Color    { return color.RGBA{R: 66, G: 133, B: 190, A: 255} }
func atHigh() color.Color   { return color.RGBA{R: 230, G: 145, B: 56, A: 255} }
func allDraws() color.Color { return color.Gray{Y: 150} }
func wanted() color.Color   { return color.RGBA{R: 190, G: 30, B: 45, A: 255} }

// Tornado draws what one input at a time does to agents per accelerator and per
// megawatt, below the P10 to P90 of all draws, as png or svg. The same result
// gives the same bytes.
func Tornado(r *metrics.Result, format string) ([]byte, error) {
	u := r.Uncertainty
	if u == nil || len(u.Tornado) == 0 {
		return nil, errors.New("tornado: no input moves the answer")
	}
	perAccelerator := newTornado(u, metricOf{"agents_per_accelerator", r.Capacity.PerAccelerator, u.PerAccelerator,
		func(a *metrics.Answer) float64 { return a.PerAccelerator }, Significant})
	perMW := newTornado(u, metricOf{"agents_per_mw", r.Capacity.PerMW.AcceleratorMeasured, u.PerMW.AcceleratorMeasured,
		func(a *metrics.Answer) float64 { return a.PerMW.AcceleratorMeasured }, Count})
	left := perAccelerator.panel("agents per accelerator")
	left.Y.Tick.Marker = perAccelerator.names()
	right := perMW.panel("agents per MW of accelerators as drawn")
	right.Y.Tick.Marker = plot.ConstantTicks{}
	const row, frame, width = 0.62, 3.4, 26 // centimetres
	height := vg.Length(len(perAccelerator.rows))*row*vg.Centimeter + frame*vg.Centimeter
	picture, err := draw.NewFormattedCanvas(width*vg.Centimeter, height, format)
	if err != nil {
		return nil, fmt.Errorf("tornado: %w", err)
	}
	page := draw.New(picture)
	const share = 0.62 // of the width, for the panel that has the names
	middle, head := share*page.Rectangle.Size().X, 1.1*vg.Centimeter
	caption(page, r)
	left.Draw(draw.Crop(page, vg.Millimeter, middle-page.Rectangle.Size().X, vg.Millimeter, -head))
	right.Draw(draw.Crop(page, middle+8*vg.Millimeter, -4*vg.Millimeter, vg.Millimeter, -head))
	content, err := plotting.Encoded(picture, format)
	if err != nil {
		return nil, fmt.Errorf("tornado: %w", err)
	}
	return content, nil
}

// metricOf is one figure of all answers.
type metricOf struct {
	name   string // as targets name it
	centre float64
	draws  metrics.Quantiles
	of     func(*metrics.Answer) float64
	print  func(float64) string
}

// tornado is a plotter of bars, the first on top.
type tornado struct {
	metricOf
	rows   []metrics.Swing // the first stands for all draws
	target float64         // 0 = none
	all    string
}

func newTornado(u *metrics.Uncertainty, m metricOf) *tornado {
	t := &tornado{metricOf: m, rows: make([]metrics.Swing, 1, swingsShown+1),
		all: fmt.Sprintf("all %d inputs, P10 to P90 of %d draws", u.Inputs, u.Draws)}
	t.rows = append(t.rows, u.Tornado[:min(swingsShown, len(u.Tornado))]...)
	for _, target := range u.Targets {
		if target.Metric == m.name {
			t.target = target.Value
		}
	}
	return t
}

func (t *tornado) panel(title string) *plot.Plot {
	p := plot.New()
	p.X.Label.Text = title
	p.X.Tick.Marker = plotting.Ticks{Show: t.print}
	p.Y.Tick.Length, p.Y.LineStyle.Width = 0, 0
	p.X.Padding, p.Y.Padding = 0, 0
	p.Y.Tick.Label.Font.Size, p.X.Tick.Label.Font.Size = vg.Points(8.5), vg.Points(8.5)
	p.Add(t)
	low, high := t.reach()
	const room = 0.16 // of the span on both sides, for the numbers at the ends of bars
	p.X.Min, p.X.Max = low-room*(high-low), high+room*(high-low)
	p.Y.Min, p.Y.Max = -0.6, float64(len(t.rows))-0.4
	return p
}

// names label the rows with the inputs and their factors.
func (t *tornado) names() plot.Ticker {
	ticks := plot.ConstantTicks{{Value: t.y(0), Label: t.all}}
	for i := range t.rows[1:] {
		s := &t.rows[i+1]
		ticks = append(ticks, plot.Tick{Value: t.y(i + 1),
			Label: fmt.Sprintf("%s  × %s, %s", s.Input, factorOf(&s.Low), factorOf(&s.High))})
	}
	return ticks
}

func (t *tornado) y(row int) float64 { return float64(len(t.rows) - 1 - row) }

// ends are the answers with the input of a row at its P10 and P90.
func (t *tornado) ends(row int) (low, high float64) {
	if row == 0 {
		return t.draws.P10, t.draws.P90
	}
	return t.of(&t.rows[row].Low.Answer), t.of(&t.rows[row].High.Answer)
}

func (t *tornado) reach() (low, high float64) {
	low, high = t.centre, t.centre
	for i := range t.rows {
		a, b := t.ends(i)
		low, high = min(low, a, b), max(high, a, b)
	}
	if t.target > 0 {
		low, high = min(low, t.target), max(high, t.target)
	}
	return low, high
}

// Plot draws the bars from the answer as it is to that at either end.
func (t *tornado) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	rule := func(at float64, style draw.LineStyle) {
		c.StrokeLine2(style, x(at), c.Min.Y, x(at), c.Max.Y)
	}
	if t.target > 0 {
		dashes := []vg.Length{vg.Points(4), vg.Points(3)}
		rule(t.target, draw.LineStyle{Color: wanted(), Width: vg.Points(1.2), Dashes: dashes})
	}
	const reach = 0.34 // of a row, up and down
	for i := range t.rows {
		low, high := t.ends(i)
		bar := func(from, to float64, fill color.Color) {
			c.FillPolygon(fill, []vg.Point{{X: x(from), Y: y(t.y(i) - reach)}, {X: x(to), Y: y(t.y(i) - reach)},
				{X: x(to), Y: y(t.y(i) + reach)}, {X: x(from), Y: y(t.y(i) + reach)}})
		}
		if i == 0 {
			bar(low, high, allDraws())
			median := x(t.draws.P50)
			c.StrokeLine2(draw.LineStyle{Color: color.White, Width: vg.Points(1.5)}, median, y(t.y(i)-reach), median,
				y(t.y(i)+reach))
		} else if math.Abs(low-t.centre) > math.Abs(high-t.centre) {
			bar(t.centre, low, atLow())
			bar(t.centre, high, atHigh())
		} else {
			bar(t.centre, high, atHigh())
			bar(t.centre, low, atLow())
		}
		t.figures(c, x, y(t.y(i)), min(low, high), max(low, high))
	}
	rule(t.centre, draw.LineStyle{Color: color.Black, Width: vg.Points(0.8)})
}

// figures writes the answers beside the ends of a bar, and both at its far end
// where they lie on one side of the answer as it is.
func (t *tornado) figures(c draw.Canvas, x func(float64) vg.Length, at vg.Length, low, high float64) {
	style := lettering(7)
	style.YAlign = draw.YCenter
	const gap = 3 // points
	left, right := t.print(low), t.print(high)
	switch {
	case low == high:
		return
	case low >= t.centre:
		left, right = "", left+", "+right
	case high <= t.centre:
		left, right = left+", "+right, ""
	}
	if low == t.centre {
		right = t.print(high)
	}
	if high == t.centre {
		left = t.print(low)
	}
	style.XAlign = draw.XRight
	c.FillText(style, vg.Point{X: x(min(low, t.centre)) - gap, Y: at}, left)
	style.XAlign = draw.XLeft
	c.FillText(style, vg.Point{X: x(max(high, t.centre)) + gap, Y: at}, right)
}

func lettering(size vg.Length) draw.TextStyle {
	return draw.TextStyle{Color: color.Black, Font: font.From(plot.DefaultFont, size),
		Handler: text.Plain{Fonts: font.DefaultCache}}
}

// caption writes the title and what the colours mean.
func caption(page draw.Canvas, r *metrics.Result) {
	u := r.Uncertainty
	title := lettering(12)
	title.YAlign = draw.YTop
	edge := vg.Point{X: page.Min.X + 2*vg.Millimeter, Y: page.Max.Y - vg.Millimeter}
	page.FillText(title, edge, r.Scenario+": what is not known, and what it does to the answer")
	key := lettering(8)
	key.YAlign = draw.YTop
	at := vg.Point{X: edge.X, Y: edge.Y - 18}
	for _, k := range []struct {
		fill  color.Color
		label string
	}{
		{allDraws(), "all draws (" + u.EvaluatedBy + ")"}, {atLow(), "one input at its P10"},
		{atHigh(), "one input at its P90"}, {color.Black, "as simulated"}, {wanted(), "target"},
	} {
		if k.label == "target" && len(u.Targets) == 0 {
			continue
		}
		const side = 7 // points
		page.FillPolygon(k.fill, []vg.Point{{X: at.X, Y: at.Y - side - 1}, {X: at.X + side, Y: at.Y - side - 1},
			{X: at.X + side, Y: at.Y - 1}, {X: at.X, Y: at.Y - 1}})
		page.FillText(key, vg.Point{X: at.X + side + 3, Y: at.Y}, k.label)
		at.X += side + 3 + key.Width(k.label) + 14
	}
}
