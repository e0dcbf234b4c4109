package deploy_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/experiment/deploy"
	"agentsim/metrics"
	"agentsim/scenarios"
	"agentsim/serve"
)

func load(t testing.TB, name string, sets ...string) *configs.Scenario {
	t.Helper()
	s, _, err := configs.LoadScenario(configs.Source{Name: name, FS: scenarios.FS}, sets)
	require.NoError(t, err)
	return s
}

func auto(t testing.TB, name, accelerators string, sets ...string) *configs.Scenario {
	t.Helper()
	return load(t, name, append(sets, "deployment.mode=auto", "deployment.accelerators="+accelerators,
		"protocol=steady-state", "protocol.calls_min=300")...)
}

func TestCandidatesAreLegalAndWithinTheBudget(t *testing.T) {
	s := auto(t, "gb300-agentperf-slo20", "32")
	list := deploy.Candidates(s)
	published := false
	for i := range list {
		d := &list[i]
		require.NoError(t, d.Validate())
		require.LessOrEqual(t, d.Accelerators(), 32)
		require.GreaterOrEqual(t, d.Accelerators(), 28, "few stand idle")
		for _, p := range d.Pools() {
			require.LessOrEqual(t, p.Spec.Shape.Accelerators, s.System.Domain)
		}
		published = published || deploy.Shape(d) == "6×4 dp ep4 + 1×8 dp ep8"
	}
	require.True(t, published, "the published deployment is among them")
}

// On one H200 node the search finds a deployment that is at least as good as
// the published recipe in the same simulator, and ranks it first.
func TestTheChoiceBeatsThePublishedRecipe(t *testing.T) {
	s := auto(t, "h200-agentperf-slo20", "8")
	ranked, err := deploy.Choose(context.Background(), s, experiment.Options{})
	require.NoError(t, err)
	published, err := experiment.Capacity(context.Background(), load(t, "h200-agentperf-slo20", "protocol=steady-state",
		"protocol.calls_min=300"), experiment.Options{})
	require.NoError(t, err)
	require.GreaterOrEqual(t, ranked[0].PerMW(), published.Capacity.PerMW.AcceleratorMeasured)

	table := deploy.Table(ranked)
	require.Zero(t, table[0].LosesBy)
	for i := 1; i < len(table); i++ {
		if table[i].Simulated > 0 {
			require.GreaterOrEqual(t, table[i].LosesBy, table[i-1].LosesBy)
		}
	}
	again, err := deploy.Choose(context.Background(), s, experiment.Options{})
	require.NoError(t, err)
	require.Equal(t, table, deploy.Table(again), "the choice does not depend on luck")
}

func TestAnUnresolvedDeploymentDoesNotRun(t *testing.T) {
	_, err := experiment.Run(context.Background(), auto(t, "h200-agentperf-slo20", "8"), 4, experiment.Options{})
	require.ErrorContains(t, err, "only capacity resolves it")
}

func TestTooFewAcceleratorsAreInfeasible(t *testing.T) {
	_, err := deploy.Rank(context.Background(), auto(t, "h200-agentperf-slo20", "2"))
	require.ErrorIs(t, err, metrics.ErrInfeasible)
}

func TestShapeNamesAWorker(t *testing.T) {
	d := load(t, "h200-agentperf-slo20").Deployment
	require.Equal(t, "1×8 tp8 ep8", deploy.Shape(&d))
	d.Units = 3
	require.Equal(t, "3×8 tp8 ep8", deploy.Shape(&d))
	require.Equal(t, serve.Aggregated, d.Mode)
}
