package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"agentsim/experiment/validate"
	"agentsim/report"
)

// validationTable writes the cases, then what they come to.
func validationTable(b *strings.Builder, r *validate.Result) error {
	const gap = 2
	w := tabwriter.NewWriter(b, 0, 0, gap, ' ', 0)
	fmt.Fprintln(w, "case\tmetric\tmeasured\tpredicted\terror\tP10\tP90")
	for _, c := range r.Cases {
		interval := "\t"
		if c.Inside != nil {
			interval = report.Significant(*c.P10) + "\t" + report.Significant(*c.P90)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", c.ID, c.Metric, report.Significant(c.Measured),
			report.Significant(c.Predicted), signed(c.Error), interval)
	}
	section(w, "%d of %d cases simulated. Without speculative decoding:", r.Simulated, r.Rows)
	fmt.Fprintln(w, "metric\tcases\tmedian\tmean\tbias\tfactors at 1: median\tmean\tbias")
	for _, m := range validate.Metrics() {
		if e, ok := r.Summary[m.String()]; ok {
			fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", m, e.N, errorCells(e), errorCells(r.Unfitted[m.String()]))
		}
	}
	if len(r.MTP) > 0 {
		section(w, "With speculative decoding, whose depth and acceptance the table does not record:")
		fmt.Fprintln(w, "metric\tcases\tmedian\tmean\tbias")
	}
	for _, m := range validate.Metrics() {
		if e, ok := r.MTP[m.String()]; ok {
			fmt.Fprintf(w, "%s\t%d\t%s\n", m, e.N, errorCells(e))
		}
	}
	if len(r.Bands) > 0 {
		section(w, "Drafts of unknown acceptance: how far outside the band over all that is plausible (inside = 0):")
		fmt.Fprintln(w, "metric\tcases\tmedian\tmean\tbias")
	}
	for _, m := range validate.Metrics() {
		if e, ok := r.Bands[m.String()]; ok {
			fmt.Fprintf(w, "%s\t%d\t%s\n", m, e.N, errorCells(e))
		}
	}
	coverageRows(w, r)
	foldRows(w, r)
	groupRows(w, r)
	factorRows(w, r)
	if len(r.Skipped) > 0 {
		section(w, "Not simulated:")
		for _, s := range r.Skipped {
			fmt.Fprintf(w, "%s\t%s\n", s.ID, s.Why)
		}
	}
	return w.Flush()
}

// section ends the columns before it, so that each table has widths of its own.
func section(w io.Writer, format string, args ...any) {
	fmt.Fprintf(w, "\n"+format+"\n", args...)
}

func errorCells(e validate.Errors) string {
	return fmt.Sprintf("%.1f %%\t%.1f %%\t%s", 100*e.MedianAPE, 100*e.MAPE, signed(e.Bias))
}

func signed(x float64) string {
	return fmt.Sprintf("%+.1f %%", 100*x)
}

// groupRows shows where the errors are, for step time, throughput and first
// tokens.
func groupRows(w io.Writer, r *validate.Result) {
	metrics := []validate.Metric{validate.TPOT, validate.TotalThroughput, validate.TTFT}
	for _, mtp := range []bool{false, true} {
		if mtp && len(r.MTP) == 0 {
			continue
		}
		section(w, "By group%s: cases, median error, bias", map[bool]string{true: ", with speculative decoding"}[mtp])
		fmt.Fprintf(w, "by\tvalue\t%s\t\t\t%s\t\t\t%s\n", metrics[0], metrics[1], metrics[2])
		for _, g := range r.Groups {
			if g.MTP != mtp {
				continue
			}
			fmt.Fprintf(w, "%s\t%s", g.By, g.Value)
			for _, m := range metrics {
				e, ok := g.Summary[m.String()]
				if !ok {
					fmt.Fprint(w, "\t\t\t")
					continue
				}
				fmt.Fprintf(w, "\t%d\t%.0f %%\t%s", e.N, 100*e.MedianAPE, signed(e.Bias))
			}
			fmt.Fprintln(w)
		}
	}
}

// factorRows shows what would centre the errors of each engine and family.
func factorRows(w io.Writer, r *validate.Result) {
	section(w, "Efficiency that would centre the errors:")
	fmt.Fprintln(w, "engine\tfamily\taccelerators\tefficiency\tpoints\tmean error at present")
	for _, f := range r.Factors {
		fmt.Fprintf(w, "%s\t%s\t%s\t%.2f\t%d\t%.1f %%\n", f.Engine, f.Family, strings.Join(f.Accelerators, " "), f.Efficiency,
			f.Points, 100*f.MAPE)
	}
}

// coverageRows shows how often measured figures lie inside their intervals.
func coverageRows(w io.Writer, r *validate.Result) {
	if len(r.Coverage) == 0 {
		return
	}
	section(w, "Measured figures between P10 and P90:")
	fmt.Fprintln(w, "metric\tcases\tinside\twidth")
	for _, m := range validate.Metrics() {
		if c, ok := r.Coverage[m.String()]; ok {
			fmt.Fprintf(w, "%s\t%d\t%.0f %%\t%s\n", m, c.N, 100*c.Inside, report.Significant(c.Width))
		}
	}
}

// covered is how many figures there are, the share inside and the width.
func covered(c *validate.Coverage) string {
	return fmt.Sprintf("%d\t%.0f %%\t%s", c.N, 100*c.Inside, report.Significant(c.Width))
}

// foldRows shows the errors of stacks as they look without their own runs.
func foldRows(w io.Writer, r *validate.Result) {
	if len(r.Folds) == 0 {
		return
	}
	section(w, "One stack left out: median error as predicted and once centred by all others,\n"+
		"what these say, and the share of its runs between the P10 and P90 that they give:")
	fmt.Fprintln(w, "quantity\tstack\truns\tas predicted\tcentred\tcentre\tP10 to P90\tinside")
	for _, f := range r.Folds {
		fmt.Fprintf(w, "%s\t%s\t%d\t%.0f %%\t%.0f %%\t%+.2f\t± %.2f\t%.0f %%\n",
			f.Quantity, f.Stack, f.N, 100*f.Before, 100*f.After, f.Centre, f.Spread, 100*f.Inside)
	}
	section(w, "Figures between the P10 and P90 that other runs give: without all runs of their stack, and\n"+
		"without their own run where the stack has others; width is the median of P90 over P10:")
	fmt.Fprintln(w, "load\tmetric\tno stack: figures\tinside\twidth\tno run: figures\tinside\twidth\twidest of 5 and more")
	for _, l := range r.LeftOut {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", l.Load, l.Metric, covered(&l.Stack), covered(&l.Run),
			report.Significant(l.Widest))
	}
}
