package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/experiment/uncertainty"
	"agentsim/metrics"
	"agentsim/report"
)

// Fewer draws have no tenth; more would only cost.
const (
	drawsLeast = 10
	drawsMost  = 100_000
)

const uncertaintyHelp = `With --uncertainty N it also draws N settings of everything that is not known exactly:
the ranges and residuals that presets give with their sources (agentsim list), and the scenario's own block

  uncertainty:
    workload.output: {kind: lognormal, low: 0.5, high: 2}   # factors; here the 5th and 95th percentile
    system.accelerator.power.idle: {kind: uniform, low: 120W, high: 220W}
    longer sessions: {kind: loguniform, low: 0.7, high: 1.4, scales: {workload.turns: 1, workload.append_late: -1}}

and prints P10, P50 and P90 of the answer, the inputs that move it most, and with --target what each alone
would have to be. Kinds are uniform, loguniform, triangular, logtriangular (both with the value in use as
their mode) and lognormal.`

func uncertaintyFlags(c *cobra.Command) {
	c.Flags().Int("uncertainty", 0, "draw this many settings of all uncertain inputs and print P10, P50 and P90")
	c.Flags().String("evaluate", uncertainty.Analytic,
		"how draws are evaluated: analytic (seconds: its ratios around the simulated answer) or simulator (minutes)")
	c.Flags().StringArray("target", nil, "say what each input alone would have to be for this answer: agents per\n"+
		"accelerator, or agents_per_mw=61354, or agents=1840; repeatable")
	c.Flags().String("plot", "", "write the tornado of the inputs, or the front, to this file, .png or .svg")
}

// question is what the flags ask of the uncertainty of a scenario.
type question struct {
	scenario uncertainty.Scenario
	options  uncertainty.Options
	plot     string
}

// uncertain reads the flags and checks what is uncertain before anything is
// simulated. It is nil where nothing is asked.
func (a capacityCommands) uncertain(s *configs.Scenario, p *configs.Provenance) (*question, error) {
	q := &question{scenario: uncertainty.Scenario{Scenario: s, Provenance: p}, plot: a.settings.GetString("plot")}
	q.options = uncertainty.Options{Draws: a.settings.GetInt("uncertainty"), By: a.settings.GetString("evaluate"),
		Seed: s.Seed, Run: experiment.Options{Version: version()}}
	targets := a.settings.GetStringSlice("target")
	if q.options.Draws == 0 {
		if len(targets) > 0 || q.plot != "" {
			return nil, usageError{errors.New("--target and --plot tell of uncertain inputs: want --uncertainty 64 as well")}
		}
		return nil, nil
	}
	if err := q.check(targets); err != nil {
		return nil, usageError{err}
	}
	if !a.settings.GetBool("quiet") && a.terminal(stderrFD) {
		q.options.Progress = func(done, of int) { fmt.Fprintf(a.stderr, "\r\x1b[Kdraw %d of %d", done, of) }
	}
	protocol, _, err := configs.LoadPreset[configs.Protocol](configs.Presets(), "protocols", steadyState, nil)
	if err != nil {
		return nil, err
	}
	q.options.Protocol = protocol
	return q, uncertainty.Check(&q.scenario)
}

// steadyState is the protocol of simulated draws: its answers agree with those
// of the benchmark's own and cost a fraction.
const steadyState = "steady-state"

func (q *question) check(targets []string) error {
	o := &q.options
	if o.Draws < drawsLeast || o.Draws > drawsMost {
		return fmt.Errorf("--uncertainty %d: want %d to %d draws", o.Draws, drawsLeast, drawsMost)
	}
	if o.By != uncertainty.Analytic && o.By != uncertainty.Simulator {
		return fmt.Errorf("--evaluate %q: want %s or %s", o.By, uncertainty.Analytic, uncertainty.Simulator)
	}
	if err := checkFigure(q.plot); err != nil {
		return err
	}
	for _, text := range targets {
		g, err := goal(text)
		if err != nil {
			return err
		}
		o.Goals = append(o.Goals, g)
	}
	return nil
}

// goal reads "57.5" or "agents_per_mw=61354".
func goal(text string) (uncertainty.Goal, error) {
	metric, number, ok := strings.Cut(text, "=")
	if !ok {
		metric, number = uncertainty.PerAccelerator, text
	}
	known := []string{uncertainty.Agents, uncertainty.PerAccelerator, uncertainty.PerMW}
	if !slices.Contains(known, metric) {
		return uncertainty.Goal{}, fmt.Errorf("--target %q: want one of %s, as in agents_per_mw=61354", text,
			strings.Join(known, ", "))
	}
	value, err := strconv.ParseFloat(number, 64)
	const most = 1e12
	if err != nil || !(value > 0 && value < most) {
		return uncertainty.Goal{}, fmt.Errorf("--target %q: want a number above 0", text)
	}
	return uncertainty.Goal{Metric: metric, Value: value}, nil
}

// answer studies the uncertainty of the simulated answer, with the deployment
// that the scenario has by then.
func (q *question) answer(ctx context.Context, simulated *metrics.Result) error {
	u, err := uncertainty.Run(ctx, &q.scenario, simulated, q.options)
	if err != nil {
		return err
	}
	simulated.Uncertainty = u
	if q.plot == "" {
		return nil
	}
	picture, err := report.Tornado(simulated, strings.TrimPrefix(filepath.Ext(q.plot), "."))
	if err != nil {
		return err
	}
	return report.WriteFile(q.plot, picture)
}
