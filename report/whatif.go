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
	between := func(of func(*metrics.ModelInterval) *metrics.Quantiles, in func(float64) string, both string) {
		if was, is := intervalOf(base, of, in), intervalOf(result, of, in); was != "" || is != "" {
			t.AppendRow(table.Row{"  P10, P50, P90", was, is, both})
		}
	}
	row("agents", float64(base.Agents), float64(result.Agents), f.Ratio.Agents)
	between(func(m *metrics.ModelInterval) *metrics.Quantiles { return &m.Agents }, Count, "")
	row("agents per accelerator", base.PerAccelerator, result.PerAccelerator, f.Ratio.PerAccelerator)
	between(func(m *metrics.ModelInterval) *metrics.Quantiles { return &m.PerAccelerator }, Significant, "")
	was, is, ratio := base.PerMW, result.PerMW, f.Ratio.PerMW
	row("agents per MW of accelerator power", was.AcceleratorMeasured, is.AcceleratorMeasured, ratio.AcceleratorMeasured)
	both := ""
	if q := f.RatioInterval; q != nil {
		both = three(q, Significant)
	}
	between(func(m *metrics.ModelInterval) *metrics.Quantiles { return &m.PerMW.AcceleratorMeasured }, Count, both)
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

// intervalOf is where a figure of a capacity lies; nothing where that is not
// known.
func intervalOf(c *metrics.Capacity, of func(*metrics.ModelInterval) *metrics.Quantiles,
	in func(float64) string) string {
	if c.ModelInterval == nil {
		return ""
	}
	return three(of(c.ModelInterval), in)
}
