package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"agentsim/configs"
	"agentsim/experiment/validate"
	"agentsim/report"
)

// validateCommands predict measured runs.
type validateCommands struct{ *app }

func (a validateCommands) validateCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "validate CASES...",
		Short: "Predict public serving measurements, and say how far off the predictions are",
		Long: "validate reads CSV tables of public serving runs, of requests of fixed length or of agents, builds every\n" +
			"deployment from presets, runs it as it was measured (ten requests per request in flight from a cold start;\n" +
			"agents through their warm-up and their window) and prints measured and predicted figures with a summary.\n" +
			"P10 to P90 is where the errors of the stack (agentsim list accuracy) put the measured figure. Engines may\n" +
			"have one efficiency factor per generation of accelerators; the summary without them stands beside it. Rows\n" +
			"that cannot be expressed are listed with the reason.\n\n" +
			"CASES may also be what validate -o json wrote before, which is then not simulated again. --fit fits the\n" +
			"hierarchy of errors to all of them and writes it as a preset; --folds says how far off every stack is when\n" +
			"its errors are taken from all other stacks. --runs writes where the runs of tables lie, by worker and\n" +
			"batch, as the preset that mode auto measures its candidates' distance by; nothing is then simulated. With\n" +
			"what validate -o json said of these tables beside them it finds how errors spread with distance, too.",
		Example: "  agentsim validate ../shared/validation/serving-dev.csv\n" +
			"  agentsim validate cases.csv -o json --plot figures\n" +
			"  agentsim validate serving.json agents.json --folds\n" +
			"  agentsim validate serving.json agents.json --fit serving.yaml\n" +
			"  agentsim validate serving.csv agents.csv serving.json agents.json --runs runs.yaml",
		Annotations: map[string]string{"example": "slow"}, // needs a table
		Args:        atLeastOne,
		RunE:        a.run,
	}
	c.Flags().String("plot", "", "draw predicted against measured, one figure per metric, in this existing directory")
	c.Flags().String("fit", "", "write the hierarchy of errors of all cases to this file, as a preset of kind accuracy")
	c.Flags().String("runs", "", "write which workers these runs had to this file, as a preset of kind runs, and stop")
	c.Flags().Bool("folds", false, "print the errors of every stack as they look without its own runs")
	return c
}

func atLeastOne(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return nil
	}
	return usageError{fmt.Errorf("%s wants a table of cases or results, got none; see %s --help",
		cmd.Name(), cmd.CommandPath())}
}

func (a validateCommands) run(cmd *cobra.Command, args []string) error {
	cases, results, err := a.tables(args)
	if err != nil {
		return usageError{err}
	}
	if file := a.settings.GetString("runs"); file != "" {
		if len(cases) == 0 {
			return usageError{errors.New("--runs wants tables of runs: results of validate do not tell their workers")}
		}
		before, err := configs.PublicRuns()
		if err != nil {
			return err
		}
		where, err := validate.Where(cases, results, before, a.now().UTC().Format(time.DateOnly))
		if err != nil {
			return usageError{err}
		}
		return report.WriteFile(file, validate.RunsYAML(where))
	}
	if len(cases) > 0 {
		r, err := a.validate(cmd, cases)
		if err != nil {
			return err
		}
		results = append(results, r)
	}
	accuracy, err := a.accuracy()
	if err != nil {
		return err
	}
	r := validate.Join(results, accuracy)
	if a.settings.GetBool("folds") {
		if r.Folds, r.LeftOut, err = validate.Folds(results); err != nil {
			return err
		}
	}
	if file := a.settings.GetString("fit"); file != "" {
		if err := a.fit(file, results, accuracy); err != nil {
			return err
		}
	}
	if dir := a.settings.GetString("plot"); dir != "" {
		if err := plotCases(dir, r); err != nil {
			return err
		}
	}
	return a.showValidation(r)
}

// fit writes the hierarchy of errors.
func (a validateCommands) fit(file string, results []*validate.Result, before *configs.Accuracy) error {
	fitted, err := validate.Fit(results, before, a.now().UTC().Format(time.DateOnly))
	if err != nil {
		return err
	}
	return report.WriteFile(file, validate.YAML(fitted, "agentsim validate --fit"))
}

// tables reads cases to simulate, and results of earlier validations.
func (a validateCommands) tables(names []string) (cases []validate.Case, results []*validate.Result, err error) {
	for _, name := range names {
		text, err := a.readFile(name)
		if err != nil {
			return nil, nil, err
		}
		if !bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
			more, err := validate.Read(bytes.NewReader(text), name)
			if err != nil {
				return nil, nil, err
			}
			cases = append(cases, more...)
			continue
		}
		r, err := validate.ReadResult(text, name)
		if err != nil {
			return nil, nil, err
		}
		results = append(results, r)
	}
	return cases, results, nil
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
			return a.writeJSON(b, r)
		case "csv":
			return a.writeCSV(b, func(rows *strings.Builder) error { return casesCSV(rows, r) })
		}
		return validationTable(b, r)
	})
}

func casesCSV(b *strings.Builder, r *validate.Result) error {
	w := csv.NewWriter(b)
	rows := [][]string{{"id", "metric", "measured", "predicted", "error", "mtp", "p10", "p90", "inside"}}
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	for _, c := range r.Cases {
		rows = append(rows, []string{c.ID, c.Metric, number(c.Measured), number(c.Predicted), number(c.Error),
			strconv.FormatBool(c.MTP), "", "", ""})
		if c.Inside != nil {
			last := rows[len(rows)-1]
			copy(last[len(last)-3:], []string{number(*c.P10), number(*c.P90), strconv.FormatBool(*c.Inside)})
		}
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
