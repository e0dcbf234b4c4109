package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"agentsim/configs"
	"agentsim/experiment/validate"
	"agentsim/report"
)

// fitCommands learn from measurements of one's own.
type fitCommands struct{ *app }

const fitHelp = `fit-deployment reads measurements of a deployment that runs, predicts them as they were made, and says
by how much predictions of its stack (engine, generation, model family, accelerator, release) are off. What public
runs say counts beside it: few runs of one's own move it little, many take its place. --write keeps the result as a
preset of kind accuracy; whatever is asked with --accuracy FILE from then on has its intervals from it, on other racks
and in other deployments, too.

RUNS are result files of AIPerf (profile_export_aiperf.json), vllm bench serve --save-result, sglang.bench_serving
--output-file or InferenceX (agg_*.json), which --scenario tells the deployment of; or CSV tables with the columns that
validate reads, which tell it themselves. Requests in flight, lengths, times and throughput are read from them.`

func (a fitCommands) fitCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "fit-deployment RUNS...",
		Short: "Learn from measurements of a deployment how far its predictions are off",
		Long:  fitHelp,
		Example: "  agentsim fit-deployment run.json --scenario h200-agentperf-slo20 --write mine.yaml\n" +
			"  agentsim capacity h200-agentperf-slo20 --accuracy mine.yaml",
		Annotations: map[string]string{"example": "slow"}, // needs measurements
		Args:        atLeastOne,
		RunE:        a.fit,
	}
	c.Flags().String("scenario", "", "the scenario whose system, model, engine and deployment were measured")
	c.Flags().String("write", "", "write what was learnt to this file, as a preset of kind accuracy")
	return c
}

func (a fitCommands) fit(cmd *cobra.Command, args []string) error {
	if err := a.noCSV(cmd); err != nil {
		return err
	}
	var runs []validate.Measured
	var cases []validate.Case
	for _, name := range args {
		text, err := a.readFile(name)
		if err != nil {
			return usageError{err}
		}
		if start := bytes.TrimSpace(text); bytes.HasPrefix(start, []byte("{")) || bytes.HasPrefix(start, []byte("[")) {
			more, err := validate.ReadMeasured(text, name)
			if err != nil {
				return usageError{err}
			}
			runs = append(runs, more...)
			continue
		}
		more, err := validate.Read(bytes.NewReader(text), name)
		if err != nil {
			return usageError{err}
		}
		cases = append(cases, more...)
	}
	before, err := a.accuracy()
	if err != nil {
		return err
	}
	results, own, err := a.predict(cmd.Context(), runs, cases)
	if err != nil {
		return err
	}
	after, list, err := validate.Refine(before, results, own)
	if err != nil {
		return err
	}
	after.Name, after.Date = "own", a.now().UTC().Format(time.DateOnly)
	if file := a.settings.GetString("write"); file != "" {
		command := "agentsim fit-deployment " + strings.Join(args, " ")
		if err := report.WriteFile(file, validate.YAML(after, command)); err != nil {
			return err
		}
	}
	return a.showFit(validate.Join(results, after), list)
}

// predict simulates what was measured.
func (a fitCommands) predict(ctx context.Context, runs []validate.Measured, cases []validate.Case) (
	results []*validate.Result, own map[string]*configs.Scenario, err error) {
	o := validate.Options{Seed: a.settings.GetUint64("seed")}
	if len(cases) > 0 {
		r, err := validate.Run(ctx, cases, o)
		if err != nil {
			return nil, nil, err
		}
		results = append(results, r)
	}
	if len(runs) == 0 {
		return results, nil, nil
	}
	name := a.settings.GetString("scenario")
	if name == "" {
		return nil, nil, usageError{errors.New("--scenario: missing; results of benchmark clients do not tell the " +
			"deployment: want the scenario whose system, model, engine and deployment were measured")}
	}
	s, _, err := a.load(name)
	if err != nil {
		return nil, nil, err
	}
	r, err := validate.Own(ctx, s, runs, o)
	if err != nil {
		return nil, nil, err
	}
	return append(results, r), map[string]*configs.Scenario{s.System.Name: s}, nil
}

// fitResult is what fit-deployment found.
type fitResult struct {
	Runs     int                   `json:"runs"`
	Refined  []validate.Refined    `json:"refined"`
	Cases    []validate.Comparison `json:"cases"`
	Skipped  []validate.Skipped    `json:"skipped"`
	Accuracy string                `json:"accuracy,omitempty"` // file that holds it
}

func (a fitCommands) showFit(r *validate.Result, list []validate.Refined) error {
	f := &fitResult{
		Runs:     r.Simulated,
		Refined:  list,
		Cases:    r.Cases,
		Skipped:  r.Skipped,
		Accuracy: a.settings.GetString("write"),
	}
	return a.write(func(b *strings.Builder) error {
		if a.settings.GetString("output") == "json" {
			return a.writeJSON(b, f)
		}
		var rows [][]string
		around := func(e validate.ErrorOfStack) string { return fmt.Sprintf("%.3g (%.3g to %.3g)", e.P50, e.P10, e.P90) }
		for _, x := range list {
			rows = append(rows, []string{x.Quantity, x.Stack, fmt.Sprint(x.Runs), around(x.Before), around(x.After)})
		}
		report.Plain(b, fmt.Sprintf("measured over predicted, P50 (P10 to P90), with %d runs", f.Runs),
			[]string{"quantity", "stack", "runs", "public runs alone", "with these"}, rows)
		for _, s := range f.Skipped {
			fmt.Fprintf(b, "left out: %s: %s\n", s.ID, s.Why)
		}
		if f.Accuracy == "" {
			b.WriteString("--write FILE keeps this, and --accuracy FILE uses it\n")
		} else {
			fmt.Fprintf(b, "written to %s; --accuracy %s uses it\n", f.Accuracy, f.Accuracy)
		}
		return a.writeInputs(b)
	})
}
