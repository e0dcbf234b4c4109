package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"agentsim/configs"
	"agentsim/experiment/analytic"
	"agentsim/experiment/plan"
	"agentsim/metrics"
	"agentsim/report"
)

// capsCommands say what caps on power cost.
type capsCommands struct{ *app }

const capsHelp = `caps puts --racks racks into the power that the nameplates of --within reserve, and says how many
agents that costs by how each rack's watts are given out: to all accelerators alike (uniform), to those that decode or
prefill first (decode-first, prefill-first: power.policy), or in the split with which the estimate serves most agents
(energy-aware). A cap makes clocks slow down where a step would draw more; prompts feel that before decoding does.

Numbers are estimated in seconds, each with short phases of the simulator; --evaluate simulator searches each policy,
which takes minutes and is worth them before a site is set so. The last line says
what to --set for capacity, run, explain or a what-if to take the best policy.`

func (a capsCommands) capsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "caps [SCENARIO]",
		Short: "Say what more racks within the same power cost in agents, by policy",
		Long:  capsHelp,
		Example: "  agentsim caps gb300-agentperf-slo20\n" +
			"  agentsim caps gb300-agentperf-slo20 --racks 5 --within 3 -o json",
		Args: atMost(1, "one scenario"),
		RunE: a.caps,
	}
	c.Flags().Int("racks", 4, "racks or nodes that share the power")
	c.Flags().Int("within", 3, "racks or nodes whose nameplates that power is")
	c.Flags().String("evaluate", "analytic", "analytic or simulator")
	return c
}

func (a capsCommands) caps(cmd *cobra.Command, args []string) error {
	name := "gb300-agentperf-slo20"
	if len(args) > 0 {
		name = args[0]
	}
	o := plan.Oversubscription{Racks: a.settings.GetInt("racks"), Within: a.settings.GetInt("within")}
	if err := o.Validate(); err != nil {
		return usageError{err}
	}
	for _, set := range a.sets() {
		if path, _, _ := strings.Cut(set, "="); configs.Holds("power", strings.TrimSpace(path)) && path != "power.pue" {
			return usageError{fmt.Errorf("--set %s: caps sets the caps of the site itself; leave it out", set)}
		}
	}
	known, err := a.accuracy()
	if err != nil {
		return err
	}
	var solver analytic.Solver
	c := plan.Capping{Accuracy: known, Guess: solver.Flows, Answer: solver.Capacity}
	c.Load = func(sets ...string) (*configs.Scenario, error) {
		s, _, err := configs.LoadScenario(a.source(name), slices.Concat(a.sets(), sets))
		return s, err
	}
	switch by := a.settings.GetString("evaluate"); by {
	case "analytic":
	case "simulator":
		c.Answer = func(ctx context.Context, s *configs.Scenario) (*metrics.Result, error) {
			return solver.Search(ctx, s, a.options())
		}
	default:
		return usageError{fmt.Errorf("--evaluate %q: want analytic or simulator", by)}
	}
	if _, _, err := a.load(name); err != nil { // for the inputs
		return err
	}
	result, err := c.Caps(cmd.Context(), o)
	a.endProgress()
	if err != nil {
		return err
	}
	return writeResult(a.app, result, report.Caps, report.CapsCSV)
}
