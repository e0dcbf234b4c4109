package report

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"agentsim/metrics"
)

// Style says what the reader's screen can show.
type Style struct{ Color bool }

func (s Style) bold(t string) string {
	if !s.Color {
		return t
	}
	return text.Bold.Sprint(t)
}

func (s Style) faint(t string) string {
	if !s.Color {
		return t
	}
	return text.Faint.Sprint(t)
}

// Table writes a result for people.
func Table(w io.Writer, r *metrics.Result, style Style) error {
	var b strings.Builder
	headline(&b, r, style)
	t := plain()
	capacityRows(t, r, style)
	serviceRows(t, r)
	powerRows(t, r)
	timeRows(t, r)
	b.WriteString(t.Render())
	b.WriteByte('\n')
	deployments(&b, r.Deployments)
	choice(&b, r.Choice)
	uncertainty(&b, r, style)
	for _, w := range r.Warnings {
		b.WriteString("note: " + w + "\n")
	}
	footer(&b, r, style)
	_, err := io.WriteString(w, b.String())
	return err
}

func headline(b *strings.Builder, r *metrics.Result, style Style) {
	b.WriteString(style.bold(r.Scenario))
	if r.Question != "" {
		b.WriteString(": " + r.Question)
	}
	b.WriteByte('\n')
}

// plain is a table without lines: columns are set apart by space alone.
func plain() table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Options = table.OptionsNoBordersAndSeparators
	t.Style().Box.PaddingLeft = "  "
	t.Style().Box.PaddingRight = ""
	return t
}

func capacityRows(t table.Writer, r *metrics.Result, style Style) {
	if a := r.Arrivals; a != nil {
		t.AppendRow(table.Row{"arrivals", fmt.Sprintf("%s, %s sessions with %s calls in %s s (the last session came at %s s)",
			a.Mode, style.bold(Count(float64(a.Sessions))), style.bold(Count(float64(a.Calls))), Significant(a.SpanS),
			Significant(a.LastArrivalS))})
		t.AppendRow(table.Row{"agents", fmt.Sprintf("%s at a time on average, %s of them with a call under way",
			Significant(a.Agents), Significant(a.InFlight))})
		return
	}
	c := r.Capacity
	if c == nil {
		t.AppendRow(table.Row{"agents", style.bold(Count(float64(r.Agents)))})
		draftRow(t, r.Drafts)
		return
	}
	band := &metrics.DraftCapacity{}
	if r.Drafts != nil && r.Drafts.Capacity != nil {
		band = r.Drafts.Capacity
	}
	m := c.ModelInterval
	if m == nil {
		m = &metrics.ModelInterval{}
	}
	sample := fmt.Sprintf(" on %d accelerators; ± of the sample alone %s to %s", c.Accelerators, Count(c.AgentsLow),
		Count(c.AgentsHigh))
	agents := style.bold(point(&band.Agents, float64(c.Agents), Count)) + between(&m.Agents, Count)
	t.AppendRow(table.Row{"agents", agents + style.faint(sample)})
	each := style.bold(point(&band.PerAccelerator, c.PerAccelerator, Significant)) +
		between(&m.PerAccelerator, Significant)
	t.AppendRow(table.Row{"per accelerator", each})
	perMW := point(&band.PerMW.AcceleratorMeasured, c.PerMW.AcceleratorMeasured, Count)
	t.AppendRow(table.Row{"per MW", style.bold(perMW) + " of accelerator power as drawn" +
		between(&m.PerMW.AcceleratorMeasured, Count)})
	t.AppendRow(table.Row{"", fmt.Sprintf("%s rated, %s at the wall, %s with the building, %s nameplate",
		Count(c.PerMW.AcceleratorTDP), Count(c.PerMW.IT), Count(c.PerMW.Facility), Count(c.PerMW.Provisioned))})
	draftRow(t, r.Drafts)
	if c.ModelInterval != nil {
		for i, line := range stackBasis(&m.Stack) {
			t.AppendRow(table.Row{[]string{"interval", ""}[min(i, 1)], line})
		}
	}
	t.AppendRow(table.Row{"limit", r.Limit})
}

// point is a figure of an answer; where the acceptance of drafts is unknown, the
// band that stands for it, with the figure in the middle said to be such.
func point(band *metrics.Quantiles, value float64, in func(float64) string) string {
	if band.P90 == 0 {
		return in(value)
	}
	return fmt.Sprintf("%s to %s, in the middle %s", in(band.P10), in(band.P90), in(band.P50))
}

// draftRow says what a band of drafts is over.
func draftRow(t table.Writer, d *metrics.DraftBand) {
	if d == nil {
		return
	}
	const text = "%s to %s tokens a step are plausible (P10 to P90 by %s); other figures are of the middle, %s"
	t.AppendRow(table.Row{"drafts", fmt.Sprintf(text, Significant(d.Tokens.P10), Significant(d.Tokens.P90),
		d.Basis, Significant(d.Tokens.P50))})
}

// spanned is the band of a figure of a run; nothing where there is none.
func spanned(d *metrics.DraftBand, key string) string {
	if d == nil || d.Figures[key].P90 == 0 {
		return ""
	}
	q := d.Figures[key]
	return fmt.Sprintf(" [%s to %s]", Significant(q.P10), Significant(q.P90))
}

// between is the interval of the model; nothing where there is none.
func between(q *metrics.Quantiles, in func(float64) string) string {
	if q.P90 == 0 {
		return ""
	}
	return fmt.Sprintf(" (80 %%: %s to %s, middle %s)", in(q.P10), in(q.P90), in(q.P50))
}

// stackBasis says what the error of the step rests on.
func stackBasis(s *metrics.StackBasis) []string {
	rows := fmt.Sprintf("P10 to P90 by %d public runs of the same %s as %s", s.Rows, s.Level, s.Stack)
	if s.Level == "" {
		rows = fmt.Sprintf("P10 to P90 by %d public runs, none of the engine of %s", s.Rows, s.Stack)
	}
	steps := fmt.Sprintf("steps %s times as long, within a factor of %s", Significant(s.Slower), Significant(s.Spread))
	if s.Early {
		steps += "; software within weeks of a new model or accelerator"
	}
	return []string{rows, steps}
}

func serviceRows(t table.Writer, r *metrics.Result) {
	m := r.Metrics
	speed := "none: no answer has two tokens"
	if m.OutputSpeedP50 > 0 {
		speed = fmt.Sprintf("P25 %s%s tok/s, median %s%s (%s%s ms a token)",
			Significant(m.OutputSpeedP25), spanned(r.Drafts, "output_speed_p25"),
			Significant(m.OutputSpeedP50), spanned(r.Drafts, "output_speed_p50"),
			Significant(m.TPOTP50MS), spanned(r.Drafts, "tpot_p50_ms"))
	}
	t.AppendRow(table.Row{"output speed", speed})
	t.AppendRow(table.Row{"time to first token", fmt.Sprintf("median %s%s s, P95 %s%s s", Significant(m.TTFTP50S),
		spanned(r.Drafts, "ttft_p50_s"), Significant(m.TTFTP95S), spanned(r.Drafts, "ttft_p95_s"))})
	t.AppendRow(table.Row{"traffic", fmt.Sprintf("%s%s turns/s, %s tok/s in (%.1f %% from cache), %s%s tok/s out",
		Significant(m.TurnsPerS), spanned(r.Drafts, "turns_per_s"), Count(m.InputTokS), 100*m.PrefixHitRate,
		Count(m.OutputTokS), spanned(r.Drafts, "output_tok_s"))})
	if l := m.PrefixLost; l != nil {
		t.AppendRow(table.Row{"not from cache", lostTokens(l)})
	}
}

// lostTokens says why prompt tokens were not found in a cache, the causes that
// matter.
func lostTokens(l *metrics.PrefixLost) string {
	const least = 0.0005 // shown as 0.1 %
	var parts []string
	for _, cause := range []struct {
		name  string
		share float64
	}{
		{"never seen", l.NeverSeen},
		{"prompt changed", l.PromptChanged},
		{"evicted", l.Evicted},
		{"no checkpoint", l.NoCheckpoint},
		{"on another worker", l.OtherWorker},
		{"generated and not kept", l.NotKept},
	} {
		if cause.share >= least {
			parts = append(parts, fmt.Sprintf("%s %.1f %%", cause.name, 100*cause.share))
		}
	}
	return strings.Join(parts, ", ")
}

func powerRows(t table.Writer, r *metrics.Result) {
	const kilo = 1e3
	p := r.Power
	t.AppendRow(table.Row{"power", fmt.Sprintf("%s W an accelerator; %s kW in all, %s at the wall, %s with the building",
		Count(p.PerAcceleratorW), Significant(p.AcceleratorW/kilo), Significant(p.ITW/kilo),
		Significant(p.FacilityW/kilo))})
	t.AppendRow(table.Row{"energy", energy(r)})
	if c := r.Cost; c != nil {
		t.AppendRow(table.Row{"cost", strings.TrimSpace(fmt.Sprintf("%s an agent-hour, %s a million output tokens %s",
			Significant(c.PerAgentHour), Significant(c.PerMillionOutputTokens), c.Currency))})
	}
}

// energy is in joules of accelerators per output token, and up to the
// building per turn and session.
func energy(r *metrics.Result) string {
	token := Significant(r.Power.JoulesPerOutputToken) + " J of accelerators per output token"
	if r.Energy == nil {
		return token
	}
	const wattHour = 3600
	all := r.Energy.Facility
	return fmt.Sprintf("%s; with the building %s Wh a turn, %s Wh a session", token, Significant(all.TurnJ/wattHour),
		Significant(all.SessionJ/wattHour))
}

func timeRows(t table.Writer, r *metrics.Result) {
	parts := []string{}
	for _, state := range []string{"tool", "ingress", "queue", "prefill", "transfer", "slot", "decode"} {
		if s := r.Time.ByState[state]; s > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", state, Significant(s)))
		}
	}
	t.AppendRow(table.Row{"a turn", fmt.Sprintf("%s s: %s", Significant(r.Time.CycleS), strings.Join(parts, ", "))})
	const mostly = 0.5
	if m := &r.Metrics; m.ShareInGaps > mostly {
		t.AppendRow(table.Row{"gaps", fmt.Sprintf("%.0f %% of the agents' time, %.0f %% people", 100*m.ShareInGaps,
			100*m.ShareOfPeople)})
	}
	busy := []string{}
	for _, pool := range r.Memory {
		busy = append(busy, fmt.Sprintf("%s %.0f %%", pool.Pool, 100*r.Time.Busy[pool.Pool]))
	}
	t.AppendRow(table.Row{"busy", fmt.Sprintf("%s; %s sequences decoding per rank",
		strings.Join(busy, ", "), Significant(r.Time.Batch))})
}

// deployments lists what mode auto chose from.
func deployments(b *strings.Builder, list []metrics.Deployment) {
	if len(list) == 0 {
		return
	}
	header := table.Row{"deployment", "limit", "nearest public run", "budget", "batch", "drafts", "agents", "per MW",
		"estimated", "P25", "loses"}
	t := numbers(header, 4)
	screened := ""
	for _, d := range list {
		simulated := ""
		if d.Simulated > 0 {
			simulated = Count(d.Simulated)
		}
		loses := fmt.Sprintf("%.0f %%", 100*d.LosesBy)
		if d.FlowsAlone {
			loses = "flows alone"
		}
		if d.Protocol != "" {
			screened = d.Protocol
			simulated += "*"
		}
		t.AppendRow(table.Row{d.Shape, d.Limit, nearest(d.Nearest), d.TokenBudget, d.MaxBatchPerRank, d.DraftTokens,
			Count(float64(d.Agents)), simulated, Count(d.Estimated), Significant(d.P25), loses})
	}
	b.WriteString("\n" + t.Render() + "\n")
	if screened != "" {
		b.WriteString("* by protocol " + screened + "; the first by the scenario's own\n")
	}
	b.WriteString("\n")
}

// nearest says how near a deployment is to public runs.
func nearest(n *metrics.Nearest) string {
	if n == nil {
		return ""
	}
	text := n.Run
	if n.Level != "" {
		text += ", another " + n.Level
	}
	const far = 0.5 // doublings
	for _, d := range []struct {
		doublings float64
		of        string
	}{{n.Width, "width"}, {max(n.Batch, n.Slots), "batch"}} {
		if d.doublings >= far {
			text += fmt.Sprintf(", %s ×%s", d.of, Significant(math.Exp2(d.doublings)))
		}
	}
	if !n.Published {
		text = "unpublished shape; " + text
	}
	return text
}

// choice says what mode auto left out.
func choice(b *strings.Builder, c *metrics.Choice) {
	if c == nil {
		return
	}
	const text = "%s deployments ranked, %s of them fail the service level; " +
		"of %s workers tried, %s do not fit in memory and %s are illegal\n"
	by := "what three in four such predictions hold (P25)"
	if c.Optimistic {
		by = "the prediction itself"
	}
	if c.Objective != "" {
		fmt.Fprintf(b, "objective %s, ranked by %s; × is how many times beyond the nearest public run\n", c.Objective, by)
	}
	fmt.Fprintf(b, text, Count(float64(c.Deployments)), Count(float64(c.Failing.Count)),
		Count(float64(c.Workers)), Count(float64(c.Unfit.Count)), Count(float64(c.Illegal.Count)))
	for _, why := range []metrics.Excluded{c.Failing, c.Unfit, c.Illegal} {
		if why.Count > 0 {
			b.WriteString("  for example: " + why.Example + "\n")
		}
	}
	b.WriteByte('\n')
}

func footer(b *strings.Builder, r *metrics.Result, style Style) {
	line := fmt.Sprintf("seed %d · fingerprint %s · %s calls · %s events · %.1f s",
		r.Seed, r.Fingerprint, Count(float64(r.Calls)), Count(float64(r.Events)), r.WallS)
	b.WriteString(style.faint(line) + "\n")
}

// Count prints a whole number with thousands set apart by commas.
func Count(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "?"
	}
	digits := strconv.FormatFloat(math.Abs(math.Round(v)), 'f', 0, 64)
	var b strings.Builder
	if v <= -0.5 {
		b.WriteByte('-')
	}
	const group = 3
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%group == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// Significant prints three significant digits, whole numbers from 100 up.
func Significant(v float64) string {
	const whole = 100
	if math.Abs(v) >= whole {
		return Count(v)
	}
	s := strconv.FormatFloat(v, 'g', 3, 64)
	if strings.Contains(s, "e") {
		return strconv.FormatFloat(v, 'g', 2, 64)
	}
	return s
}
