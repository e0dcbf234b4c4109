package report

import (
	"encoding/csv"
	"errors"
	"fmt"
	"image/color"
	"io"
	"path/filepath"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"agentsim/metrics"
	"agentsim/plotting"
)

// Front writes a front for people.
func Front(w io.Writer, f *metrics.Front, style Style) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: agents per MW of accelerator power against output speed (%s), estimated, %s\n",
		style.bold(f.Scenario), f.Percentile, deployed(f))
	checked := false
	for i := range f.Points {
		checked = checked || f.Points[i].Simulated > 0
	}
	header := table.Row{"tok/s", "agents", "per accelerator", "per MW", "batch", "drafts"}
	if checked {
		header = append(header, "simulated")
	}
	t := numbers(append(header, "deployment", "limit"), 1)
	t.SetColumnConfigs(alignRight(1, len(header)))
	for i := range f.Points {
		p := &f.Points[i]
		row := table.Row{p.Speed, "none", "", "", "", ""}
		if p.Agents > 0 {
			row = table.Row{p.Speed, Count(float64(p.Agents)), Significant(p.PerAccelerator), estimated(p),
				p.MaxBatchPerRank, p.DraftTokens}
		}
		if checked {
			row = append(row, simulated(p))
		}
		t.AppendRow(append(row, p.Shape, p.Limit))
	}
	b.WriteString(t.Render() + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// estimated is in brackets off the front.
func estimated(p *metrics.Point) string {
	if !p.OnFront {
		return "(" + Count(p.Estimated) + ")"
	}
	return Count(p.Estimated)
}

func simulated(p *metrics.Point) string {
	if p.Agents == 0 {
		return ""
	}
	if p.Simulated == 0 {
		return "fails"
	}
	return Count(p.Simulated)
}

func deployed(f *metrics.Front) string {
	if f.Open {
		return "the best deployment at each speed"
	}
	return "one deployment"
}

// FrontCSV writes one row a point.
func FrontCSV(w io.Writer, f *metrics.Front) error {
	rows := [][]string{{"output_speed", "agents", "agents_per_accelerator", "agents_per_mw_estimated",
		"agents_per_mw_simulated", "on_front", "shape", "max_batch_per_rank", "draft_tokens", "limit"}}
	for i := range f.Points {
		p := &f.Points[i]
		rows = append(rows, []string{fmt.Sprint(p.Speed), fmt.Sprint(p.Agents), fmt.Sprint(p.PerAccelerator),
			fmt.Sprint(p.Estimated), fmt.Sprint(p.Simulated), fmt.Sprint(p.OnFront), p.Shape,
			fmt.Sprint(p.MaxBatchPerRank), fmt.Sprint(p.DraftTokens), p.Limit})
	}
	return csv.NewWriter(w).WriteAll(rows)
}

// FrontFigure draws a front into a .png or .svg file: estimates as a line,
// what was simulated as rings.
func FrontFigure(file string, f *metrics.Front) error {
	p, err := frontPlot(f)
	if err != nil {
		return fmt.Errorf("front: %w", err)
	}
	size := wide()
	format := strings.TrimPrefix(filepath.Ext(file), ".")
	content, err := framed(p, size.X, size.Y, format)
	if err != nil {
		return fmt.Errorf("front: %w", err)
	}
	return WriteFile(file, content)
}

func frontPlot(f *metrics.Front) (*plot.Plot, error) {
	p := newFigure(f.Scenario+": "+deployed(f), "output speed that agents get ("+f.Percentile+"), tok/s",
		"agents per MW of accelerator power")
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker = speedTicks(f)
	p.Y.Tick.Marker = plotting.Ticks{Log: true}
	p.Legend.Left = true
	p.Add(faintGrid())
	var all, checked plotter.XYs
	for i := range f.Points {
		one := &f.Points[i]
		if one.Estimated > 0 {
			all = append(all, plotter.XY{X: one.Speed, Y: one.Estimated})
		}
		if one.Simulated > 0 {
			checked = append(checked, plotter.XY{X: one.Speed, Y: one.Simulated})
		}
	}
	if len(all) == 0 {
		return nil, errors.New("no point can be had")
	}
	line, dots, err := plotter.NewLinePoints(all)
	if err != nil {
		return nil, err
	}
	line.Width, line.Color = lineWidth, atLow()
	dots.Color, dots.Shape, dots.Radius = atLow(), draw.CircleGlyph{}, vg.Points(3)
	p.Add(line, dots)
	spread(&p.X)
	spread(&p.Y)
	if len(checked) > 0 {
		p.Legend.Add("estimated", line, dots)
		rings, err := plotter.NewScatter(checked)
		if err != nil {
			return nil, err
		}
		rings.Color, rings.Shape, rings.Radius = color.Black, draw.RingGlyph{}, vg.Points(4)
		p.Add(rings)
		p.Legend.Add("simulated", rings)
	}
	return p, nil
}

// speedTicks marks the speeds that were asked for, where there are enough of them.
func speedTicks(f *metrics.Front) plot.Ticker {
	if len(f.Points) < plotting.Fewest {
		return plotting.Ticks{Log: true}
	}
	var ticks plot.ConstantTicks
	for i := range f.Points {
		ticks = append(ticks, plot.Tick{Value: f.Points[i].Speed, Label: plotting.Short(f.Points[i].Speed)})
	}
	return ticks
}
