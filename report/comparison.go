package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"agentsim/metrics"
)

// Comparison writes a comparison for people.
func Comparison(w io.Writer, r *metrics.Comparison, style Style) error {
	var b strings.Builder
	if r.Question != "" {
		b.WriteString(r.Question + "\n")
	}
	fmt.Fprintf(&b, "%s holds %s times the %s of %s\n\n", style.bold(r.A), style.bold(Multiplier(r.Ratio)), r.Counted,
		style.bold(r.B))
	ends(&b, r)
	if q := r.RatioInterval; q != nil {
		fmt.Fprintf(&b, "  P10 to P90 by the errors of the model: %s to %s per MW of accelerator power\n", Multiplier(q.P10),
			Multiplier(q.P90))
	}
	if c := r.Checked; c != nil {
		fmt.Fprintf(&b, "  by short phases of the simulator: %s; the ends by mean flows are off by at most %.0f %%\n",
			Multiplier(c.Ratio), 100*c.Most)
	}
	factors(&b, r, style)
	interactions(&b, r, style)
	feasibility(&b, r, style)
	changed(&b, r, style)
	corners(&b, r, style)
	_, err := io.WriteString(w, b.String())
	return err
}

func ends(b *strings.Builder, r *metrics.Comparison) {
	t := numbers(table.Row{"", "agents", "per accelerator", "W", "per MW as drawn", "per MW at the wall", "deployment"}, 2)
	t.SetColumnConfigs(alignRight(2, 6))
	for _, e := range []struct {
		name string
		end  *metrics.End
	}{{r.A, &r.Ends.A}, {r.B, &r.Ends.B}} {
		t.AppendRow(table.Row{e.name, fmt.Sprintf("%s on %d", Count(float64(e.end.Agents)), e.end.Accelerators),
			Significant(e.end.PerAccelerator), Count(e.end.AcceleratorW),
			Count(e.end.PerMW.AcceleratorMeasured), Count(e.end.PerMW.IT), e.end.Deployment})
		if m := e.end.ModelInterval; m != nil {
			t.AppendRow(table.Row{"  P10, P50, P90", three(&m.Agents, Count), three(&m.PerAccelerator, Significant), "",
				three(&m.PerMW.AcceleratorMeasured, Count), three(&m.PerMW.IT, Count), ""})
		}
	}
	b.WriteString(t.Render() + "\n")
}

// three are the quantiles of an interval, as P10, P50, P90.
func three(q *metrics.Quantiles, in func(float64) string) string {
	return in(q.P10) + " · " + in(q.P50) + " · " + in(q.P90)
}

// factors is the list that multiplies to the ratio, and on to the published one.
func factors(b *strings.Builder, r *metrics.Comparison, style Style) {
	header := table.Row{"factor", "×", "share", "added to B", "taken from A", "what it is"}
	t := numbers(header, 2)
	t.SetColumnConfigs(alignRight(2, len(header)-1))
	for i := range r.Factors {
		f := &r.Factors[i]
		times := Multiplier(f.Multiplier)
		if f.StandardError > 0 {
			times += fmt.Sprintf(" ±%.0f %%", 100*f.StandardError)
		}
		name := f.Name
		if len(f.Feasibility) > 0 {
			name += " (feasibility)"
		}
		t.AppendRow(table.Row{name, times, shareOf(r, f.Share), Multiplier(f.OnB), Multiplier(f.OffA), f.Explains})
	}
	t.AppendRow(table.Row{"all together", Multiplier(r.Ratio), shareOf(r, 1)})
	if x := r.Residual; x != nil {
		t.AppendRow(table.Row{"residual", Multiplier(x.Multiplier), "", "", "", fmt.Sprintf(
			"of no factor: published are %s and %s, predicted %s (published is ×%s) and %s (×%s)", Significant(x.A.Published),
			Significant(x.B.Published), Significant(x.A.Predicted), Multiplier(x.A.Multiplier), Significant(x.B.Predicted),
			Multiplier(x.B.Multiplier))})
		t.AppendRow(table.Row{"published", Multiplier(x.Published), "", "", "", x.Source})
	}
	fmt.Fprintf(b, "\n%s\n%s\n", style.bold("from B to A: these multiply to the ratio"), t.Render())
	if len(r.Unchanged) > 0 {
		fmt.Fprintf(b, "  no difference in: %s\n", strings.Join(r.Unchanged, ", "))
	}
}

// shareOf is a share of the logarithm of the ratio; nothing where there is
// next to none to share out.
func shareOf(r *metrics.Comparison, share float64) string {
	const least = 0.05
	if math.Abs(r.LogRatio) < least {
		return ""
	}
	return fmt.Sprintf("%.0f %%", 100*share)
}

// interactionsShown and changesShown bound what people are shown; all is in the JSON.
const (
	interactionsShown = 5
	changesShown      = 3
)

func interactions(b *strings.Builder, r *metrics.Comparison, style Style) {
	t := numbers(table.Row{"pair", "×"}, 2)
	for i := range r.Interactions {
		const visible = 0.005 // of a logarithm
		if x := &r.Interactions[i]; i < interactionsShown && (x.Log > visible || x.Log < -visible) {
			t.AppendRow(table.Row{x.Factors[0] + " with " + x.Factors[1], Multiplier(x.Multiplier)})
		}
	}
	if t.Length() > 0 {
		fmt.Fprintf(b, "\n%s\n%s\n", style.bold("pairs that do more, or less, together on B than each alone"), t.Render())
	}
}

func feasibility(b *strings.Builder, r *metrics.Comparison, style Style) {
	var lines strings.Builder
	for i := range r.Factors {
		for _, x := range r.Factors[i].Feasibility {
			fmt.Fprintf(&lines, "  %s: %s's deployment (%s) works with it and not without it, at %d of %d corners\n",
				r.Factors[i].Name, strings.ToUpper(x.Of), x.Deployment, x.Corners, x.All)
		}
	}
	if lines.Len() > 0 {
		fmt.Fprintf(b, "\n%s\n%s", style.bold("factors that decide whether a deployment works at all"), lines.String())
	}
}

func changed(b *strings.Builder, r *metrics.Comparison, style Style) {
	t := plain()
	for i := range r.Factors {
		if f := &r.Factors[i]; len(f.Paths) > 0 {
			t.AppendRow(table.Row{f.Name, changesOf(f)})
		}
	}
	if t.Length() > 0 {
		fmt.Fprintf(b, "\n%s\n%s\n", style.bold("what changes from B to A"), t.Render())
	}
}

// changesOf tells the first fields of a factor that both sides have and that
// are told in a word; constants of kernels only if there is nothing else.
func changesOf(f *metrics.FactorShare) string {
	const longest = 24
	var list, kernels []string
	for _, c := range f.Paths {
		if c.A == "" || c.B == "" || strings.HasPrefix(c.A, "[") || len(c.A) > longest || len(c.B) > longest {
			continue
		}
		text := fmt.Sprintf("%s %s → %s", c.Path, c.B, c.A)
		if strings.HasPrefix(c.Path, "kernels.") {
			kernels = append(kernels, text)
		} else {
			list = append(list, text)
		}
	}
	list = slices.Concat(list, kernels)
	list = list[:min(changesShown, len(list))]
	if more := len(f.Paths) - len(list); more > 0 {
		list = append(list, fmt.Sprintf("%d more", more))
	}
	return strings.Join(list, ", ")
}

func corners(b *strings.Builder, r *metrics.Comparison, style Style) {
	c := &r.Corners
	line := fmt.Sprintf("%d corners, each with the best of %d deployments; %s trials", c.Count, c.Deployments,
		Count(float64(c.Trials)))
	if c.Simulated > 0 {
		line += fmt.Sprintf("; %d simulations on %d permutations", c.Simulated, c.Permutations)
	}
	if n := len(c.Infeasible); n > 0 {
		line += fmt.Sprintf("; at %d nothing works, so that one factor stays unused", n)
	}
	if c.Wider > 0 {
		line += fmt.Sprintf("; %d need wider workers", c.Wider)
	}
	fmt.Fprintf(b, "\n%s\n", style.faint(fmt.Sprintf("%s · seed %d · %.1f s", line, r.Seed, r.WallS)))
}

// Multiplier prints a factor in three significant digits, with two decimals
// around 1.
func Multiplier(v float64) string {
	const near = 10
	if v < near && v >= 1./near {
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return Significant(v)
}

// endRows are where the agents of both ends lie by the errors of the model: the
// prediction is the multiplier of the row, P10 its low and P90 its high end.
func endRows(r *metrics.Comparison, number func(float64) string) [][]string {
	var rows [][]string
	for _, e := range []struct {
		name string
		end  *metrics.End
	}{{"a", &r.Ends.A}, {"b", &r.Ends.B}} {
		m := e.end.ModelInterval
		if m == nil {
			continue
		}
		for _, of := range []struct {
			what  string
			value float64
			in    *metrics.Quantiles
		}{
			{"agents", float64(e.end.Agents), &m.Agents},
			{"agents per accelerator", e.end.PerAccelerator, &m.PerAccelerator},
			{"agents per MW as drawn", e.end.PerMW.AcceleratorMeasured, &m.PerMW.AcceleratorMeasured},
		} {
			rows = append(rows, []string{e.name + ": " + of.what, "end", number(of.value), "", "", number(of.in.P10),
				number(of.in.P90), "", "", ""})
		}
	}
	return rows
}

// ComparisonCSV writes one row a factor, then the residual and where the ends and
// their ratio lie by the errors of the model.
func ComparisonCSV(w io.Writer, r *metrics.Comparison) error {
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	rows := [][]string{{"name", "kind", "multiplier", "log_share", "share", "low", "high", "added_to_b", "taken_from_a",
		"standard_error"}}
	for i := range r.Factors {
		f := &r.Factors[i]
		rows = append(rows, []string{f.Name, f.Kind, number(f.Multiplier), number(f.LogShare), number(f.Share), number(f.Low),
			number(f.High), number(f.OnB), number(f.OffA), number(f.StandardError)})
	}
	if x := r.Residual; x != nil {
		rows = append(rows, []string{"residual", "residual", number(x.Multiplier), "", "", "", "", "", "", ""})
	}
	if q := r.RatioInterval; q != nil {
		rows = append(rows, []string{"ratio per MW as drawn, P10 to P90", "interval", number(q.P50), "", "", number(q.P10),
			number(q.P90), "", "", ""})
	}
	return csv.NewWriter(w).WriteAll(append(rows, endRows(r, number)...))
}
