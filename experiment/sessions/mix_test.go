package sessions_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/experiment/sessions"
	"agentsim/scenarios"
	"agentsim/trace"
)

func mix(t *testing.T, sets ...string) (*sessions.Source, error) {
	t.Helper()
	s, _, err := configs.LoadScenario(configs.Source{Name: "h200-agentperf-slo20", FS: scenarios.FS}, sets)
	require.NoError(t, err)
	return sessions.Open(s)
}

// Any number of agents has every kind in its share, and each agent the sessions
// that it would have among its own kind alone.
func TestAgentsAreOfKindsInTheirShares(t *testing.T) {
	const parts = "mix=[{share: 0.3, workload: {profile: claude-code}}, {share: 0.1, workload: {profile: swe-mini}}]"
	source, err := mix(t, parts)
	require.NoError(t, err)
	m := source.Sessions.(*sessions.Mixed)
	require.Equal(t, 3, m.Kinds())
	counts := make([]float64, 3)
	alone, err := mix(t, "workload={profile: claude-code}")
	require.NoError(t, err)
	var got, want trace.Session
	for agent := range 400 {
		kind := m.Kind(agent)
		counts[kind]++
		for k, share := range []float64{0.6, 0.3, 0.1} {
			require.InDelta(t, share*float64(agent+1), counts[k], 2.5, "of %d agents", agent+1)
		}
		if kind != 1 || agent > 40 {
			continue
		}
		require.NoError(t, m.Session(agent, 3, &got))
		require.NoError(t, alone.Session(agent, 3, &want))
		want.Shared = 0 // among other kinds nobody else has it
		require.Equal(t, want.Turns, got.Turns)
		require.Equal(t, want.Shared, got.Shared)
	}
	require.InDelta(t, 0.6, m.Share(0), 1e-12)
	require.InDelta(t, 0.1, m.Share(2), 1e-12)
	require.NotEmpty(t, source.Notes)
}

func TestMixesThatCannotBe(t *testing.T) {
	for set, want := range map[string]string{
		"mix=[{share: 1.2, workload: {profile: swe-mini}}]":                                                          "mix[0].share",
		"mix=[{share: 0.6, workload: {profile: swe-mini}}, {share: 0.6, workload: {profile: swe-mini}}]":             "sum to less than 1",
		"mix=[{share: 0.5, workload: {profile: swe-mini, arrivals: lanes}}]":                                         "arrivals",
		"mix=[{share: 0.5, workload: {profile: swe-minni}}]":                                                         "did you mean swe-mini?",
		"mix=[{share: 0.5, workload: {profile: swe-mini, turns: {kind: constant, median: 5}, tool_gap: {kind: x}}}]": "kind",
	} {
		_, _, err := configs.LoadScenario(configs.Source{Name: "h200-agentperf-slo20", FS: scenarios.FS}, []string{set})
		require.ErrorContains(t, err, want, set)
	}
}
