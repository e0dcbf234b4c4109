package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"agentsim/metrics"
)

// WhatIf writes what changing a scenario did, for people.
func WhatIf(w io.Writer, f *metrics.WhatIf, style Style) error {
	var b strings.Builder
	b.WriteString(style.bold(cmp.Or(f.Question, f.Scenario+" beside "+f.Extends)) + "\n\n")
	t := numbers(table.Row{"", f.Extends, strings.TrimPrefix(f.Scenario, "what-if/"), "ratio"}, 2)
	base, result := f.Base.Capacity, f.Result.Capacity
	row := func(name string, before, after, ratio float64) {
		t.AppendRow(table.Row{name, Significant(before), Significant(after), style.bold(Significant(ratio))})
	}
	row("agents", float64(base.Agents), float64(result.Agents), f.Ratio.Agents)
	row("agents per accelerator", base.PerAccelerator, result.PerAccelerator, f.Ratio.PerAccelerator)
	was, is, ratio := base.PerMW, result.PerMW, f.Ratio.PerMW
	row("agents per MW of accelerator power", was.AcceleratorMeasured, is.AcceleratorMeasured, ratio.AcceleratorMeasured)
	if q := f.RatioInterval; q != nil {
		both := Significant(q.P10) + " to " + Significant(q.P90)
		t.AppendRow(table.Row{"  P10 to P90", intervalOf(base), intervalOf(result), both})
	}
	row("agents per MW with the building", was.Facility, is.Facility, ratio.Facility)
	row("watts of an accelerator", f.Base.Power.PerAcceleratorW, f.Result.Power.PerAcceleratorW, f.Ratio.AcceleratorW)
	plainRow := func(name string, figure func(*metrics.Result) float64) {
		t.AppendRow(table.Row{name, Significant(figure(f.Base)), Significant(figure(f.Result)), ""})
	}
	plainRow("output speed P25, tok/s", func(r *metrics.Result) float64 { return r.Metrics.OutputSpeedP25 })
	plainRow("time to first token P95, s", func(r *metrics.Result) float64 { return r.Metrics.TTFTP95S })
	plainRow("found in the cache, %", func(r *metrics.Result) float64 { return 100 * r.Metrics.PrefixHitRate })
	plainRow("sequences decoding per rank", func(r *metrics.Result) float64 { return r.Time.Batch })
	b.WriteString(t.Render() + "\n\n")
	fmt.Fprintf(&b, "limit  %s; now %s\n", f.Base.Limit, f.Result.Limit)
	if f.Answer != "" {
		b.WriteString("\n" + style.bold(f.Answer) + "\n" + strings.TrimRight(f.Because, "\n") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// intervalOf is where agents per megawatt of accelerator power lie.
func intervalOf(c *metrics.Capacity) string {
	if c.ModelInterval == nil {
		return ""
	}
	q := c.ModelInterval.PerMW.AcceleratorMeasured
	return Count(q.P10) + " to " + Count(q.P90)
}
