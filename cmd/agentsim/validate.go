package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"agentsim/experiment/validate"
	"agentsim/report"
)

// validateCommands predict measured runs.
type validateCommands struct{ *app }

func (a validateCommands) validateCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "validate CASES",
		Short: "Predict public serving measurements, and say how far off the predictions are",
		Long: "validate reads a CSV table of fixed-length serving runs, builds every deployment from presets, runs it\n" +
			"as it was measured (ten requests per request in flight, from a cold start) and prints measured and\n" +
			"predicted figures with a summary. Engines may have one efficiency factor per generation of accelerators;\n" +
			"the summary without them stands beside it. Rows that cannot be expressed are listed with the reason.",
		Example: "  agentsim validate ../shared/validation/serving-dev.csv\n" +
			"  agentsim validate cases.csv -o json --plot figures",
		Annotations: map[string]string{"example": "slow"}, // needs a table
		Args:        exactly(1, "one table of cases"),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := a.readFile(args[0])
			if err != nil {
				return usageError{err}
			}
			cases, err := validate.Read(bytes.NewReader(text), args[0])
			if err != nil {
				return usageError{err}
			}
			r, err := a.validate(cmd, cases)
			if err != nil {
				return err
			}
			if dir := a.settings.GetString("plot"); dir != "" {
				if err := plotCases(dir, r); err != nil {
					return err
				}
			}
			return a.showValidation(r)
		},
	}
	c.Flags().String("plot", "", "draw predicted against measured, one figure per metric, in this existing directory")
	return c
}

// validate runs the cases with the engines' factors and without.
func (a validateCommands) validate(cmd *cobra.Command, cases []validate.Case) (*validate.Result, error) {
	o := validate.Options{Seed: a.settings.GetUint64("seed"), Progress: a.casesDone}
	defer a.endProgress()
	r, err := validate.Run(cmd.Context(), cases, o)
	if err != nil {
		return nil, err
	}
	o.Unfitted = true
	plain, err := validate.Run(cmd.Context(), cases, o)
	if err != nil {
		return nil, err
	}
	r.Unfitted = plain.Summary
	return r, nil
}

// casesDone shows on one line of a terminal how far the table is.
func (a validateCommands) casesDone(done, all int) {
	if a.settings.GetBool("quiet") || !a.terminal(stderrFD) {
		return
	}
	const eraseLine = "\r\x1b[K"
	fmt.Fprintf(a.stderr, "%s%d of %d cases", eraseLine, done, all)
}

func (a validateCommands) showValidation(r *validate.Result) error {
	return a.write(func(b *strings.Builder) error {
		switch a.settings.GetString("output") {
		case "json":
			return report.JSON(b, r)
		case "csv":
			return casesCSV(b, r)
		}
		return validationTable(b, r)
	})
}

func casesCSV(b *strings.Builder, r *validate.Result) error {
	w := csv.NewWriter(b)
	rows := [][]string{{"id", "metric", "measured", "predicted", "error", "mtp"}}
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	for _, c := range r.Cases {
		rows = append(rows, []string{c.ID, c.Metric, number(c.Measured), number(c.Predicted), number(c.Error),
			strconv.FormatBool(c.MTP)})
	}
	return w.WriteAll(rows)
}

// plotCases draws a figure per metric, a series per engine; cases with
// speculative decoding are left out.
func plotCases(dir string, r *validate.Result) error {
	for _, m := range validate.Metrics() {
		figure := report.Scatter{Title: "predicted against measured", Unit: m.String()}
		for _, c := range r.Cases {
			if c.Metric != m.String() || c.MTP {
				continue
			}
			s := seriesOf(&figure, c.Engine)
			s.Measured = append(s.Measured, c.Measured)
			s.Predicted = append(s.Predicted, c.Predicted)
		}
		if len(figure.Series) == 0 {
			continue
		}
		if _, err := figure.Draw(dir, "validate-"+m.String()); err != nil {
			return err
		}
	}
	return nil
}

func seriesOf(figure *report.Scatter, name string) *report.Series {
	for i := range figure.Series {
		if figure.Series[i].Name == name {
			return &figure.Series[i]
		}
	}
	figure.Series = append(figure.Series, report.Series{Name: name})
	return &figure.Series[len(figure.Series)-1]
}
