package report

import (
	"fmt"
	"image/color"
	"math"
	"path/filepath"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"agentsim/metrics"
	"agentsim/plotting"
)

// Waterfall draws how the factors of a comparison lead from B to A, and what
// is left to the published ratio, in a file that ends in .png or .svg. The same
// comparison gives the same bytes.
func Waterfall(file string, r *metrics.Comparison) error {
	w := newWaterfall(r)
	p := plot.New()
	p.Title.Text = fmt.Sprintf("From %s to %s: ×%s", r.B, r.A, Significant(r.Ratio))
	p.Title.TextStyle.Font.Size = vg.Points(13)
	p.Title.Padding = vg.Points(10)
	p.X.Label.Text = r.Counted + "\nbars: share in all orders; lines: from added to B first to added last"
	p.X.Label.Padding, p.X.Label.TextStyle.Font.Size = vg.Points(6), vg.Points(11)
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.ConstantTicks(w.ticks())
	p.Y.Tick.Marker, p.Y.Tick.Length, p.Y.LineStyle.Width = plot.ConstantTicks(w.names()), 0, 0
	p.Y.Tick.Label.Font.Size, p.X.Tick.Label.Font.Size = vg.Points(11), vg.Points(10)
	p.Add(w)
	const width, title, row = 25 * vg.Centimeter, 3.6 * vg.Centimeter, 0.85 * vg.Centimeter
	b, err := framed(p, width, title+row*vg.Length(len(w.rows)), strings.TrimPrefix(filepath.Ext(file), "."))
	if err != nil {
		return fmt.Errorf("figure %s: %w", file, err)
	}
	return WriteFile(file, b)
}

// framed draws a plot with a margin around it.
func framed(p *plot.Plot, width, height vg.Length, format string) ([]byte, error) {
	picture, err := draw.NewFormattedCanvas(width, height, format)
	if err != nil {
		return nil, err
	}
	c := draw.New(picture)
	c.FillPolygon(color.White, []vg.Point{{}, {X: width}, {X: width, Y: height}, {Y: height}})
	const margin = 0.4 * vg.Centimeter
	p.Draw(draw.Crop(c, margin, -margin, margin, -margin))
	return plotting.Encoded(picture, format)
}

// waterfall is a plotter of bars, each of which begins where the one above it
// ends. Values are multiples of B.
type waterfall struct {
	rows      []waterfallRow // from the top
	low, high float64        // of the axis
}

type waterfallRow struct {
	name      string
	label     string
	from, to  float64
	low, high float64 // of the line; 0 = none
	fill      color.Color
}

// The colours of the bars: told apart also without colours, by direction.
func waterfallColors() (total, up, down, residual color.Color) {
	return color.RGBA{R: 0x4d, G: 0x55, B: 0x60, A: 0xff}, color.RGBA{R: 0x2a, G: 0x84, B: 0x8c, A: 0xff},
		color.RGBA{R: 0xd9, G: 0x6b, B: 0x27, A: 0xff}, color.RGBA{R: 0xb4, G: 0xb4, B: 0xb4, A: 0xff}
}

func newWaterfall(r *metrics.Comparison) *waterfall {
	total, up, down, grey := waterfallColors()
	w := &waterfall{}
	at := 1.0
	sum := func(name, label string) {
		w.rows = append(w.rows, waterfallRow{name: name, label: label, to: at, fill: total})
	}
	sum(r.B, Count(r.Ends.B.Value))
	for i := range r.Factors {
		f := &r.Factors[i]
		row := waterfallRow{
			name:  f.Name,
			label: "×" + Multiplier(f.Multiplier),
			from:  at,
			to:    at * f.Multiplier,
			low:   at * f.Low,
			high:  at * f.High,
			fill:  up,
		}
		if f.Multiplier < 1 {
			row.fill = down
		}
		w.rows = append(w.rows, row)
		at = row.to
	}
	at = r.Ratio
	sum(r.A, fmt.Sprintf("%s  (×%s)", Count(r.Ends.A.Value), Multiplier(r.Ratio)))
	if x := r.Residual; x != nil {
		w.rows = append(w.rows, waterfallRow{
			name:  "residual, of no factor",
			label: "×" + Multiplier(x.Multiplier),
			from:  at,
			to:    x.Published,
			fill:  grey,
		})
		at = x.Published
		sum("published", "×"+Multiplier(x.Published))
	}
	w.limits()
	return w
}

// limits leave room for labels right of the longest bar.
func (w *waterfall) limits() {
	low, high := 1.0, 1.0
	for i := range w.rows {
		row := &w.rows[i]
		for _, x := range []float64{row.from, row.to, row.low, row.high} {
			if x > 0 {
				low, high = min(low, x), max(high, x)
			}
		}
	}
	const left, right = 1.15, 0.12 // a factor, and a share of the whole width
	w.low = low / left
	w.high = high * math.Pow(high/w.low, right)
}

// ticks are 1, 2 and 5 times the powers of ten, or closer where these are few.
func (w *waterfall) ticks() []plot.Tick {
	show := func(x float64) string { return "×" + Significant(x) }
	var list []plot.Tick
	for power := math.Pow10(int(math.Floor(math.Log10(w.low)))); power <= w.high; power *= 10 {
		for _, step := range []float64{1, 2, 5} {
			if x := step * power; x >= w.low && x <= w.high {
				list = append(list, plot.Tick{Value: x, Label: show(x)})
			}
		}
	}
	if len(list) < plotting.Fewest {
		return plotting.Ticks{Log: true, Show: show}.Ticks(w.low, w.high)
	}
	return list
}

func (w *waterfall) place(row int) float64 { return float64(len(w.rows) - 1 - row) }

func (w *waterfall) names() []plot.Tick {
	var list []plot.Tick
	for i := range w.rows {
		list = append(list, plot.Tick{Value: w.place(i), Label: w.rows[i].name})
	}
	return list
}

// DataRange implements plot.DataRanger.
func (w *waterfall) DataRange() (xmin, xmax, ymin, ymax float64) {
	const margin = 0.6
	return w.low, w.high, -margin, w.place(0) + margin
}

// Plot implements plot.Plotter.
func (w *waterfall) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	grid := draw.LineStyle{Color: color.Gray{Y: 0xe4}, Width: vg.Points(0.5)}
	for _, t := range w.ticks() {
		c.StrokeLine2(grid, x(t.Value), c.Min.Y, x(t.Value), c.Max.Y)
	}
	const reach = 0.32 // of a row's height, up and down
	link := draw.LineStyle{Color: color.Gray{Y: 0x90}, Width: vg.Points(0.7)}
	for i := range w.rows {
		row := &w.rows[i]
		from := row.from
		if from == 0 {
			from = w.low
		}
		left, right := x(min(from, row.to)), x(max(from, row.to))
		bottom, middle, top := y(w.place(i)-reach), y(w.place(i)), y(w.place(i)+reach)
		corners := []vg.Point{{X: left, Y: bottom}, {X: right, Y: bottom}, {X: right, Y: top}, {X: left, Y: top}}
		c.FillPolygon(row.fill, corners)
		if i+1 < len(w.rows) {
			c.StrokeLine2(link, x(row.to), bottom, x(row.to), y(w.place(i+1)+reach))
		}
		if row.low > 0 {
			w.span(c, row, x, middle)
			right = max(right, x(row.high))
		}
		style := p.X.Tick.Label
		style.Font.Size = vg.Points(10.5)
		style.XAlign, style.YAlign = draw.XLeft, draw.YCenter
		c.FillText(style, vg.Point{X: right + vg.Points(5), Y: middle}, row.label)
	}
}

// span draws the line between a factor's two one-at-a-time values.
func (w *waterfall) span(c draw.Canvas, row *waterfallRow, x func(float64) vg.Length, middle vg.Length) {
	line := draw.LineStyle{Color: color.Black, Width: vg.Points(0.9)}
	const cap = 3 // points, each way
	c.StrokeLine2(line, x(row.low), middle, x(row.high), middle)
	for _, end := range []float64{row.low, row.high} {
		c.StrokeLine2(line, x(end), middle-vg.Points(cap), x(end), middle+vg.Points(cap))
	}
}
