package figure

import (
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"agentsim/experiment/sweep"
	"agentsim/plotting"
)

// The size of a figure, and what is left free around it.
const (
	width  = 20 * vg.Centimeter
	height = 12 * vg.Centimeter
	margin = 4 * vg.Millimeter
)

// picture is a plot with its title above and its legend beside it, where it
// hides nothing.
type picture struct {
	*plot.Plot
	question, title string
	up              string // what goes up
	keys            plot.Legend
	keysOf          string // what the keys are values of
}

func (d *drawing) picture(title string) *picture {
	p := &picture{Plot: plot.New(), question: d.table.Question, title: title, keys: plot.NewLegend()}
	if p.question == "" {
		p.question = d.table.Study
	}
	for style, size := range map[*text.Style]font.Length{&p.Title.TextStyle: 10, &p.X.Label.TextStyle: 10,
		&p.X.Tick.Label: 9, &p.Y.Tick.Label: 9, &p.keys.TextStyle: 9} {
		style.Font = sans(size)
	}
	p.keys.Top, p.keys.Left = true, true
	p.keys.Padding = 0.5 * vg.Millimeter
	p.X.Label.Padding = margin / 2
	return p
}

// sans is a font without serifs, in points.
func sans(size font.Length) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: font.Points(float64(size))}
}

// grid draws faint lines behind what is added after it.
func (p *picture) grid() {
	g := plotter.NewGrid()
	g.Horizontal.Color, g.Vertical.Color = faint(), faint()
	p.Add(g)
}

// faint and quiet are the shades of what is behind the answer.
func faint() color.Color { return color.Gray{Y: 225} }

func quiet() color.Color { return color.Gray{Y: 150} }

// hue is one of the colours that the colour-blind can tell apart (Okabe and
// Ito, 2008).
func hue(number int) color.Color {
	list := [linesMax]color.Color{
		color.RGBA{0, 114, 178, 255}, color.RGBA{213, 94, 0, 255}, color.RGBA{0, 158, 115, 255},
		color.RGBA{204, 121, 167, 255}, color.RGBA{230, 159, 0, 255}, color.RGBA{86, 180, 233, 255},
	}
	return list[number%len(list)]
}

// encoded is the picture in a format, png or svg.
func (p *picture) encoded(format string) ([]byte, error) {
	canvas, err := draw.NewFormattedCanvas(width, height, format)
	if err != nil {
		return nil, err
	}
	c := draw.New(canvas)
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	c = draw.Crop(c, margin, -margin, margin, -margin)
	style := p.Title.TextStyle
	style.Font, style.Color = sans(12), color.Black
	c = heading(c, style, p.question)
	style.Font = sans(10)
	c = draw.Crop(heading(c, style, p.title), 0, 0, 0, -margin/2)
	if p.keysOf != "" {
		style := p.keys.TextStyle
		wide := max(p.keys.Rectangle(c).Size().X, style.Width(p.keysOf)) + margin
		p.keys.Draw(heading(draw.Crop(c, c.Rectangle.Size().X-wide+margin, 0, 0, 0), style, p.keysOf))
		c = draw.Crop(c, 0, -wide, 0, 0)
	}
	// gonum/plot leaves too much room for this label on a logarithmic scale.
	style.Rotation, style.XAlign, style.YAlign = math.Pi/2, text.XCenter, text.YTop
	c.FillText(style, vg.Point{X: c.Min.X, Y: c.Center().Y}, p.up)
	p.Draw(draw.Crop(c, style.Font.Size+margin, 0, 0, 0))
	return plotting.Encoded(canvas, format)
}

// heading writes a line at the top, and returns what is below it.
func heading(c draw.Canvas, style text.Style, line string) draw.Canvas {
	style.XAlign, style.YAlign = text.XLeft, text.YTop
	c.FillText(style, vg.Point{X: c.Min.X, Y: c.Max.Y}, line)
	const leading = 1.4
	return draw.Crop(c, 0, 0, 0, -leading*style.Font.Size)
}

// wide tells whether positive values span so much that only a logarithmic
// scale shows them all.
func wide(low, high float64) bool {
	const ratio = 30
	return low > 0 && high > ratio*low
}

// scale fits an axis to values: with 0 if that is near, logarithmic where they
// span much.
func scale(a *plot.Axis, low, high float64) {
	const room = 0.05
	a.Tick.Marker = plotting.Ticks{Show: number}
	switch {
	case wide(low, high):
		a.Scale, a.Tick.Marker = plot.LogScale{}, plotting.Ticks{Log: true, Show: number}
		a.Min, a.Max = low/(1+room), high*(1+2*room)
	case low >= 0 && low < high/2:
		a.Min, a.Max = 0, high*(1+room)
	default:
		a.Min, a.Max = low-room*(high-low), high+room*(high-low)
	}
	if a.Max <= a.Min {
		a.Max = a.Min + 1
	}
}

// number writes a number in three digits or whole, with commas.
func number(v float64) string {
	const whole, digits = 100, 3
	if math.Abs(v) < whole {
		v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', digits, 64), 64)
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	s := strconv.FormatFloat(v, 'f', 0, 64)
	first := 0
	if v < 0 {
		first = 1
	}
	for i := len(s) - digits; i > first; i -= digits {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// along marks an edge with the names of groups at their places, aslant if they
// are long.
func (p *picture) along(a *plot.Axis, groups []sweep.Group, places []float64) {
	var list plot.ConstantTicks
	total := vg.Length(0)
	for i, g := range groups {
		list = append(list, plot.Tick{Value: places[i], Label: g.Name})
		total += a.Tick.Label.Width(g.Name) + margin
	}
	a.Tick.Marker = list
	const usable = 0.75 // of the width
	if a == &p.X && total > usable*width {
		const slant = math.Pi / 7
		a.Tick.Label.Rotation, a.Tick.Label.XAlign, a.Tick.Label.YAlign = slant, text.XRight, text.YCenter
	}
}
