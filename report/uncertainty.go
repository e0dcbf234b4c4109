package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"agentsim/metrics"
)

// swingsShown is how many inputs a table or a figure names.
const swingsShown = 12

// uncertainty tells how far the answer may be off, and by what.
func uncertainty(b *strings.Builder, r *metrics.Result, style Style) {
	u := r.Uncertainty
	if u == nil {
		return
	}
	b.WriteString("\n" + style.bold("uncertainty") + ": " + howDrawn(u) + "\n")
	t := numbers(table.Row{"", "P10", "P50", "P90"}, 2)
	row := func(name string, q metrics.Quantiles, in func(float64) string) {
		t.AppendRow(table.Row{name, in(q.P10), in(q.P50), in(q.P90)})
	}
	row("agents", u.Agents, Count)
	row("per accelerator", u.PerAccelerator, Significant)
	row("per MW of accelerators as drawn", u.PerMW.AcceleratorMeasured, Count)
	row("per MW rated", u.PerMW.AcceleratorTDP, Count)
	row("per MW at the wall", u.PerMW.IT, Count)
	row("per MW with the building", u.PerMW.Facility, Count)
	row("per MW nameplate", u.PerMW.Provisioned, Count)
	b.WriteString(t.Render() + "\n")
	if u.Infeasible > 0 {
		fmt.Fprintf(b, "  %.0f %% of the draws serve no agent and count as 0\n", 100*u.Infeasible)
	}
	if c := u.Checked; c != nil {
		fmt.Fprintf(b, "  %d draws by short phases of the simulator: off by %.0f %%, at most %.0f %%; they spread %s times "+
			"as far\n", c.Answers, 100*c.Off, 100*c.Most, Significant(c.Steepness))
	}
	swings(b, u)
	for i := range u.Targets {
		target(b, &u.Targets[i], style)
	}
}

func howDrawn(u *metrics.Uncertainty) string {
	how := "by the analytic model's ratios around the simulated answer"
	if u.EvaluatedBy == "simulator" {
		how = "each simulated under the steady-state protocol; one input at a time by the analytic model"
	}
	return fmt.Sprintf("%d draws of %d inputs (%d more change no figure), %s", u.Draws, u.Inputs, u.Idle, how)
}

// swings lists the inputs that move the answer most, one at a time, and the
// rank correlation of each with the answers of all draws.
func swings(b *strings.Builder, u *metrics.Uncertainty) {
	t := numbers(table.Row{"one input at its P10, P90", "basis", "factor", "per accelerator", "rank", "per MW", "rank"}, 3)
	for i, s := range u.Tornado {
		if i == swingsShown {
			break
		}
		t.AppendRow(table.Row{s.Input, s.Basis, pair(factorOf(&s.Low), factorOf(&s.High)),
			pair(Significant(s.Low.PerAccelerator), Significant(s.High.PerAccelerator)), signed(s.RankPerAccelerator),
			pair(Count(s.Low.PerMW.AcceleratorMeasured), Count(s.High.PerMW.AcceleratorMeasured)), signed(s.RankPerMW)})
	}
	b.WriteString("\n" + t.Render() + "\n")
}

func signed(correlation float64) string { return fmt.Sprintf("%+.2f", correlation) }

func pair(a, b string) string { return a + ", " + b }

// factorOf is the factor on an input, or its value where the one in use is 0.
func factorOf(s *metrics.Setting) string {
	if s.Factor == 0 && s.Value != "" {
		return s.Value
	}
	return Significant(s.Factor)
}

// target says what would have to be true.
func target(b *strings.Builder, t *metrics.Target, style Style) {
	in := Significant
	if t.Metric != "agents_per_accelerator" {
		in = Count
	}
	verdict := "outside P10 to P90"
	if t.Inside {
		verdict = "inside P10 to P90"
	}
	fmt.Fprintf(b, "\n%s %s (%s of the simulated %s): %s; %.0f %% of the draws lie below\n",
		style.bold("target "+t.Metric), in(t.Value), Significant(t.Value/t.Predicted), in(t.Predicted), verdict,
		100*t.Below)
	header := table.Row{"one input alone would have to be", "factor", "value", "its range", "percentile", ""}
	grid := numbers(header, 2)
	for i, n := range t.Needs {
		if i == swingsShown {
			break
		}
		interval := Significant(n.Low) + " to " + Significant(n.High)
		grid.AppendRow(table.Row{n.Input, Significant(n.Factor), n.Value, interval,
			fmt.Sprintf("%.0f", n.Percentile), needed(t, &n, in)})
	}
	b.WriteString(grid.Render() + "\n")
}

// needed says whether an input may be what it would have to be. Agents are whole,
// and where another condition begins to bind, the answer jumps over the target.
func needed(t *metrics.Target, n *metrics.Need, in func(float64) string) string {
	if !n.Reached {
		return "cannot: nearest is " + in(n.Gives)
	}
	verdict := "outside"
	if n.Inside {
		verdict = "inside"
	}
	const near = 0.02
	if math.Abs(n.Gives/t.Value-1) > near {
		verdict += ", jumps to " + in(n.Gives)
	}
	return verdict
}
