package experiment_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/scenarios"
)

func scenario(t testing.TB, name string, sets ...string) *configs.Scenario {
	t.Helper()
	s, _, err := configs.LoadScenario(configs.Source{Name: name, FS: scenarios.FS}, sets)
	require.NoError(t, err)
	return s
}

func BenchmarkPhase(b *testing.B) {
	s := scenario(b, "gb300-agentperf-slo20", "protocol=steady-state")
	for b.Loop() {
		r, err := experiment.Run(context.Background(), s, 2048, experiment.Options{})
		require.NoError(b, err)
		b.ReportMetric(float64(r.Events)/b.Elapsed().Seconds()*float64(b.N), "events/s")
	}
}
