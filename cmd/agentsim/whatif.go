package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"agentsim/configs"
	"agentsim/experiment/uncertainty"
	"agentsim/metrics"
	"agentsim/report"
	"agentsim/scenarios"
)

// whatIfFolder holds the built-in scenarios that change another.
const whatIfFolder = "what-if/"

// whatIfCommands set a scenario beside the one it extends.
type whatIfCommands struct{ *app }

func (a whatIfCommands) whatIfCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "what-if [SCENARIO]",
		Short: "Set a scenario beside the one it extends",
		Long: "what-if finds the capacity of a scenario and of the one it extends, and prints both side by side. Without\n" +
			"an argument it lists the built-in questions. SCENARIO is the name of one of these, or of any scenario or YAML\n" +
			"file with extends: NAME. Overrides (--set) hold for both.",
		Example: "  agentsim what-if\n" +
			"  agentsim what-if h200-native-fp4\n" +
			"  agentsim what-if h200-twice-hbm --set protocol=steady-state -o json",
		Args: atMost(1, "one question"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.listWhatIfs()
			}
			f, err := a.whatIf(cmd, args[0])
			a.endProgress()
			if err != nil {
				return err
			}
			return a.showWhatIf(f)
		},
	}
}

// listWhatIfs prints the built-in questions.
func (a whatIfCommands) listWhatIfs() error {
	for _, name := range configs.NamesIn(scenarios.FS) {
		short, ok := strings.CutPrefix(name, whatIfFolder)
		if !ok {
			continue
		}
		s, _, err := a.load(name)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(a.stdout, "%-22s%s\n", short, s.Question); err != nil {
			return err
		}
	}
	return nil
}

func (a whatIfCommands) whatIf(cmd *cobra.Command, name string) (*metrics.WhatIf, error) {
	for _, known := range configs.NamesIn(scenarios.FS) {
		if known == whatIfFolder+name {
			name = known
		}
	}
	s, provenance, err := a.load(name)
	if err != nil {
		return nil, err
	}
	if s.Extends == "" {
		return nil, usageError{fmt.Errorf("%s extends no other scenario to set it beside", name)}
	}
	base, provenanceOfBase, err := a.extended(name)
	if err != nil {
		return nil, err
	}
	slices.Reverse(a.about.scenarios) // as in the result: base, then what changed
	f := &metrics.WhatIf{
		Scenario: s.Name,
		Extends:  s.Extends,
		Question: s.Question,
		Answer:   s.Answer,
		Because:  s.Because,
	}
	if f.Base, err = bounded(cmd.Context(), a.app, base, provenanceOfBase); err != nil {
		return nil, fmt.Errorf("%s: %w", s.Extends, err)
	}
	if f.Result, err = bounded(cmd.Context(), a.app, s, provenance); err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	f.Ratio = f.Result.Over(f.Base)
	f.RatioInterval = uncertainty.Ratio(f.Result.Capacity.ModelInterval, f.Base.Capacity.ModelInterval)
	return f, nil
}

// extended loads the scenario that another extends.
func (a whatIfCommands) extended(name string) (*configs.Scenario, *configs.Provenance, error) {
	source, err := a.source(name).Extended()
	if err != nil {
		return nil, nil, err
	}
	base, p, err := configs.LoadScenario(source, a.sets())
	if err != nil {
		return nil, nil, err
	}
	a.note(base, p)
	return base, p, nil
}

func (a whatIfCommands) showWhatIf(f *metrics.WhatIf) error {
	return writeResult(a.app, f, report.WhatIf, rowOf)
}
