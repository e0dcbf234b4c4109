package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"agentsim/metrics"
	"agentsim/report"
)

// diffCommands compare saved results.
type diffCommands struct{ *app }

func (a diffCommands) diffCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "diff A.json B.json",
		Short: "Say what is different between two saved results",
		Long: "diff compares two results that were saved with -o json: what changed in their inputs, what in their\n" +
			"figures, and whether a change is beyond the intervals of both. Where a figure has no interval nothing is\n" +
			"said of that.",
		Example: "  agentsim capacity h200-agentperf-slo20 -o json --out a.json\n" +
			"  agentsim capacity h200-agentperf-slo20 --set system.domain=4 -o json --out b.json\n" +
			"  agentsim diff a.json b.json",
		Annotations: map[string]string{"example": "slow"}, // needs the files
		Args:        exactly(2, "two saved results"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.noCSV(cmd); err != nil {
				return err
			}
			var sides [2]map[string]any
			for i, file := range args {
				text, err := a.readFile(file)
				if err != nil {
					return usageError{err}
				}
				if err := json.Unmarshal(text, &sides[i]); err != nil {
					return usageError{fmt.Errorf("%s: is no result in JSON: %w", file, err)}
				}
				if _, ok := sides[i]["inputs"].(map[string]any); !ok {
					return usageError{fmt.Errorf("%s: has no inputs: want a result that was saved with -o json", file)}
				}
			}
			d := metrics.DiffOf(sides[0], sides[1])
			return a.write(func(b *strings.Builder) error {
				if a.settings.GetString("output") == "json" {
					return report.JSON(b, d)
				}
				return report.Diff(b, d, a.style())
			})
		},
	}
}
