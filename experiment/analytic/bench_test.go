package analytic_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/experiment/analytic"
	"agentsim/scenarios"
)

func BenchmarkCapacity(b *testing.B) {
	for _, name := range []string{"gb300-agentperf-slo20", "h200-agentperf-slo20", "gb300-claude-code"} {
		b.Run(name, func(b *testing.B) {
			s, _, err := configs.LoadScenario(configs.Source{Name: name, FS: scenarios.FS}, nil)
			require.NoError(b, err)
			var solver analytic.Solver
			for b.Loop() {
				_, err := solver.Flows(s)
				require.NoError(b, err)
			}
		})
	}
}
