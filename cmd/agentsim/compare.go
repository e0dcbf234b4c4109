package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"agentsim/ask"
	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/experiment/analytic"
	"agentsim/experiment/compare"
	"agentsim/metrics"
	"agentsim/report"
	"agentsim/scenarios"
)

const compareHelp = `compare prints how many times the agents of scenario B scenario A holds, per megawatt, and
shares that ratio out to factors. A factor is a named group of fields (agentsim list factors rack); every subset of
the factors is a corner that has A's values in those fields and B's in all others, and for every corner the
deployment is chosen anew. A factor's multiplier is its Shapley value: what it changes, averaged over all orders in
which B can be turned into A. All multipliers, and how far the given deployments stand behind the best, have the
ratio as their product.

Instead of two scenarios a comparison can be named, or a YAML file:

  name: gb300-vs-h200
  a: gb300-agentperf-slo20       # a name, or a path from here
  b: h200-agentperf-slo20
  set: [protocol=steady-state]   # overrides of both; set_a and set_b of one
  factors: rack                  # a preset, a path, or {name: …, factors: [{name: …, fields: […]}]}
  per: accelerator_measured      # or accelerator_tdp, it, facility, provisioned, accelerator
  published:                     # gives the residual, which belongs to no factor
    - {per: accelerator_measured, a: 61354, b: 2594, source: …}

With --evaluate simulator sampled permutations are simulated; the analytic model serves as control variate.`

// compareCommands set two scenarios against each other.
type compareCommands struct{ *app }

func (a compareCommands) compareCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "compare A B | compare COMPARISON",
		Short: "Say why one scenario holds more agents than another, factor by factor",
		Long:  compareHelp,
		Example: "  agentsim compare gb300-vs-h200\n" +
			"  agentsim compare gb300-agentperf-slo20 h200-agentperf-slo20 -o json\n" +
			"  agentsim compare h200-agentperf-slo20 h200-agentperf-slo20 --set-a system.accelerator.hbm.capacity=282GB\n" +
			"  agentsim compare gb300-vs-h200 --per accelerator --plot gap.svg",
		Annotations: map[string]string{"example": "slow"},
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return nil
			}
			return exactly(2, "two scenarios or one comparison")(cmd, args)
		},
		RunE: a.compare,
	}
	f := c.Flags()
	f.String("evaluate", "analytic", "analytic: all corners by mean flows; simulator: those of sampled permutations")
	f.Int("permutations", compare.PermutationsDefault, "permutations that the simulator samples")
	f.String("factors", "", "preset or file of factors, instead of the comparison's")
	f.String("per", "", "what agents are counted per, instead of the comparison's; see above")
	f.StringArray("set-a", nil, "override a field of A alone; repeatable")
	f.StringArray("set-b", nil, "override a field of B alone; repeatable")
	f.String("plot", "", "draw the waterfall from B to A in this file, .png or .svg")
	return c
}

func (a compareCommands) compare(cmd *cobra.Command, args []string) error {
	o := compare.Options{Version: version(), Clock: a.now, Permutations: a.settings.GetInt("permutations")}
	switch how := a.settings.GetString("evaluate"); how {
	case "analytic":
	case "simulator":
		var solver analytic.Solver
		o.Simulate = func(ctx context.Context, s *configs.Scenario) (*metrics.Result, error) {
			return solver.Search(ctx, s, experiment.Options{Side: 1}) // corners are what runs side by side
		}
	default:
		return usageError{fmt.Errorf("--evaluate %q: want analytic or simulator", how)}
	}
	if o.Permutations < 1 {
		return usageError{fmt.Errorf("--permutations %d: want 1 or more", o.Permutations)}
	}
	plot := a.settings.GetString("plot")
	if err := checkFigure(plot); err != nil {
		return usageError{err}
	}
	var err error
	if o.Accuracy, err = a.accuracy(); err != nil {
		return err
	}
	file, first, second, err := compare.Load(a.comparison(args))
	if err != nil {
		return err
	}
	if a.asksElse() {
		file.Question = ""
	}
	for _, s := range []**configs.Scenario{&first, &second} {
		if *s, err = compare.Settled(cmd.Context(), *s, o.Accuracy); err != nil {
			return err
		}
	}
	a.about.scenarios = []subject{{Scenario: first, sets: slices.Concat(file.Set, file.SetA)},
		{Scenario: second, sets: slices.Concat(file.Set, file.SetB)}}
	if !a.settings.GetBool("quiet") && a.terminal(stderrFD) {
		o.Progress = a.compareProgress
		defer a.endProgress()
	}
	r, err := compare.Run(cmd.Context(), file, first, second, o)
	if err != nil {
		return err
	}
	if err := ask.BoundEnds(cmd.Context(), file, o.Accuracy, [2]*configs.Scenario{first, second}, r); err != nil {
		return err
	}
	if plot != "" {
		if err := report.Waterfall(plot, r); err != nil {
			return err
		}
		if err := a.stamp(plot); err != nil {
			return err
		}
	}
	return writeResult(a.app, r, report.Comparison, report.ComparisonCSV)
}

// comparison is the source of what the arguments name.
func (a compareCommands) comparison(args []string) compare.Source {
	s := compare.Source{
		Scenarios: scenarios.FS,
		Set:       a.sets(),
		SetA:      a.settings.GetStringSlice("set-a"),
		SetB:      a.settings.GetStringSlice("set-b"),
		Factors:   a.settings.GetString("factors"),
		Per:       compare.Metric(a.settings.GetString("per")),
	}
	if len(args) == 1 {
		s.File = configs.Source{Name: args[0], FS: scenarios.Comparisons()}
	} else {
		s.File = compare.Two(args[0], args[1])
	}
	s.File.ReadFile = a.readFile
	return s
}

// compareProgress shows on one line of a terminal how far the comparison is.
func (a compareCommands) compareProgress(stage string, n, all int) {
	const eraseLine = "\r\x1b[K"
	fmt.Fprintf(a.stderr, "%s%s: %d of %d", eraseLine, stage, n, all)
}
