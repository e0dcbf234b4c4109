package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"agentsim/metrics"
)

// Explain writes an explanation for people.
func Explain(w io.Writer, e *metrics.Explanation, style Style) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: mean call of %s tokens in (%s new), %s out\n", style.bold(e.Scenario), Count(e.Workload.Input),
		Count(e.Workload.New), Count(e.Workload.Output))
	for i := range e.Steps {
		explainStep(&b, &e.Steps[i], style)
	}
	explainMemory(&b, e.Memory, style)
	explainCaches(&b, e.Memory, style)
	explainBasis(&b, e.Basis, style)
	explainInterval(&b, e.Interval, style)
	for _, w := range e.Warnings {
		fmt.Fprintf(&b, "\n%s %s\n", style.bold("note:"), w)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// numbers is a plain table whose columns from the given one on hold numbers.
func numbers(header table.Row, from int) table.Writer {
	t := plain()
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(header)
	t.SetColumnConfigs(alignRight(from, len(header)))
	return t
}

// alignRight is the configuration of columns that hold numbers.
func alignRight(from, to int) []table.ColumnConfig {
	var columns []table.ColumnConfig
	for i := from; i <= to; i++ {
		columns = append(columns, table.ColumnConfig{Number: i, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	return columns
}

func explainStep(b *strings.Builder, s *metrics.StepAccount, style Style) {
	const milli = 1e3
	fmt.Fprintf(b, "\n%s: a %s step of %s tokens takes %s ms\n", style.bold(s.Pool), s.Phase, Count(s.Tokens),
		Significant(s.Seconds*milli))
	t := numbers(table.Row{"operator", "", "bound", "ms", "share", "watts"}, 4)
	watts := s.StaticW
	for _, o := range s.Operators {
		watts += o.Watts
		t.AppendRow(table.Row{o.Operator, o.Kind, o.Bound, Significant(o.Seconds * milli),
			fmt.Sprintf("%.1f %%", 100*o.Share), Significant(o.Watts)})
	}
	t.AppendRow(table.Row{"idle and clocks", "", "", "", "", Significant(s.StaticW)})
	t.AppendRow(table.Row{"accelerator", "", "", Significant(s.Seconds * milli), "", Significant(watts)})
	b.WriteString(t.Render() + "\n")
}

func explainMemory(b *strings.Builder, pools []metrics.Pool, style Style) {
	const giga = 1e9
	header := table.Row{"GB"}
	for _, p := range pools {
		header = append(header, p.Pool)
	}
	t := numbers(header, 2)
	row := func(name string, of func(*metrics.Pool) float64, unit float64) {
		r := table.Row{name}
		for i := range pools {
			r = append(r, Significant(of(&pools[i])/unit))
		}
		t.AppendRow(r)
	}
	row("left unused", func(p *metrics.Pool) float64 { return p.Unused }, giga)
	row("routed experts", func(p *metrics.Pool) float64 { return p.Experts }, giga)
	row("attention, shared and dense", func(p *metrics.Pool) float64 { return p.Dense }, giga)
	row("embedding and head", func(p *metrics.Pool) float64 { return p.Embeddings }, giga)
	row("runtime, graphs, buffers", func(p *metrics.Pool) float64 { return p.Reserved }, giga)
	row("activations", func(p *metrics.Pool) float64 { return p.Activations }, giga)
	row("cache", func(p *metrics.Pool) float64 { return p.Cache }, giga)
	row("in all", func(p *metrics.Pool) float64 { return p.HBM }, giga)
	row("cache tokens per rank", func(p *metrics.Pool) float64 { return p.CacheTokens }, 1)
	fmt.Fprintf(b, "\n%s\n%s\n", style.bold("memory of one accelerator"), t.Render())
}

// explainCaches shows what each part of a rank's cache memory is for.
func explainCaches(b *strings.Builder, pools []metrics.Pool, style Style) {
	const mega = 1e6
	header := table.Row{"MB of one rank", "component", "in all", "in flight", "a token, B", "a checkpoint", "a request",
		"an idle session", "sessions", "at their end"}
	t := numbers(header, 3)
	cell := func(v, unit float64) string {
		if v == 0 {
			return ""
		}
		return Significant(v / unit)
	}
	rows := 0
	for _, p := range pools {
		for _, c := range p.Pools {
			for i, part := range c.Parts {
				row := table.Row{"", part.Component, "", "", cell(part.PerToken, 1), cell(part.Checkpoint, mega),
					cell(part.Running, mega), cell(part.Idle, mega), "", ""}
				if i == 0 {
					row[0], row[2], row[3] = p.Pool+": "+c.Pool, Count(c.Bytes/mega), cell(c.Reserved, mega)
					if c.Sessions > 0 {
						row[8], row[9] = Count(c.Sessions), Count(c.Latest)
					}
				}
				t.AppendRow(row)
				rows++
			}
		}
	}
	if rows > 0 {
		fmt.Fprintf(b, "\n%s\n%s\n", style.bold("cache of one rank, with prompts of the workload's mean"), t.Render())
	}
}

func explainBasis(b *strings.Builder, basis []metrics.Basis, style Style) {
	t := numbers(table.Row{"basis", "numbers", "share", "heaviest"}, 2)
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 2, Align: text.AlignRight}, {Number: 3, Align: text.AlignRight}})
	for _, x := range basis {
		heaviest := make([]string, len(x.Top))
		for i, w := range x.Top {
			heaviest[i] = w.Path
		}
		t.AppendRow(table.Row{x.Basis, x.Numbers, fmt.Sprintf("%.0f %%", 100*x.Share), strings.Join(heaviest, ", ")})
	}
	fmt.Fprintf(b, "\n%s\n%s\n", style.bold("what the step times rest on"), t.Render())
}

// explainInterval says what the interval of a capacity consists of.
func explainInterval(b *strings.Builder, m *metrics.ModelInterval, style Style) {
	if m == nil {
		return
	}
	fmt.Fprintf(b, "\n%s: %s\n", style.bold("interval"), strings.Join(stackBasis(&m.Stack), "; "))
	t := numbers(table.Row{"doubt alone", "inputs", "per accelerator", "P10 to P90", "per MW", "P10 to P90"}, 2)
	row := func(name, inputs string, a, w *metrics.Quantiles) {
		t.AppendRow(table.Row{name, inputs, Significant(a.P50), Significant(a.P10) + " to " + Significant(a.P90),
			Count(w.P50), Count(w.P10) + " to " + Count(w.P90)})
	}
	for i := range m.Parts {
		p := &m.Parts[i]
		row(p.Part, fmt.Sprint(p.Inputs), &p.PerAccelerator, &p.PerMW)
	}
	row("all", "", &m.PerAccelerator, &m.PerMW.AcceleratorMeasured)
	b.WriteString(t.Render() + "\n")
	b.WriteString("  kernels are part of the stack's errors and not drawn besides; stack includes its watts\n")
}
