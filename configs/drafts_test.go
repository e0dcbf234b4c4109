package configs

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/step"
)

// drafted is a shipped scenario whose decode pool drafts as it is told.
func drafted(t *testing.T, sets ...string) (*Scenario, error) {
	t.Helper()
	s, _, err := LoadScenario(Source{Text: []byte(`
system: hgx-h200
model: deepseek-v4-pro
engine: vllm
deployment:
  mode: aggregated
  aggregated: {workers: 1, accelerators: 8}
  precision: {experts: mxfp4, dense: fp8, kv: fp8}
  router: round-robin
workload: {profile: aa-agentperf}
slo: {output_speed: {p25: 20tok/s}, ttft: {p95: 10s}}
protocol: steady-state
`)}, sets)
	return s, err
}

// A pool without limits takes those of the engine's schedule.
func TestPoolsTakeTheLimitsOfTheEngine(t *testing.T) {
	s, err := drafted(t)
	require.NoError(t, err)
	d := s.Deployment.Completed(&s.Engine)
	require.Equal(t, [2]int{8192, 1024}, [2]int{d.Aggregated.TokenBudget, d.Aggregated.MaxBatchPerRank})
	_, err = drafted(t, "engine.schedule.budget=0")
	require.ErrorContains(t, err, "deployment.aggregated.token_budget")
	_, err = drafted(t, "engine.schedule.poll=-1")
	require.ErrorContains(t, err, "engine.schedule.poll: -1")
}

func TestDraftsArePresetsAndSettings(t *testing.T) {
	s, err := drafted(t, "deployment.aggregated.draft={preset: deepseek-v4-pro-dspark, depth: 5}")
	require.NoError(t, err)
	d := s.Deployment.Aggregated.Draft
	require.Equal(t, step.BlockDraft, d.Kind)
	lengths, err := d.Lengths(&s.Model)
	require.NoError(t, err)
	require.InDelta(t, 3.61, lengths[4], 1e-9)

	s, err = drafted(t, "deployment.aggregated.draft={kind: recurrent, depth: 3, accepted_length: unknown, by_batch: {4: 3, 32: 1}}")
	require.NoError(t, err)
	require.Equal(t, 1, s.Deployment.Aggregated.Draft.DepthAt(20))
	require.Contains(t, s.Notes()[len(s.Notes())-1], "the answer is the band from 2.15 to 2.72 tokens a step")

	for set, want := range map[string]string{
		"deployment.aggregated.draft={kind: eagle, depth: 3}":                             "want one of none, recurrent, block, lookup",
		"deployment.aggregated.draft={kind: block, depth: 3, accepted_length: 0.3}":       "want tokens a step",
		"deployment.aggregated.draft={kind: block, depth: 3, accepted_length: 7}":         "of 4 tokens verified",
		"deployment.aggregated.draft={kind: block, deep: 3}":                              "deep",
		"deployment.aggregated.draft={kind: block, depth: 3, by_batch: {many: 3}}":        "want the largest batch",
		"deployment.aggregated.draft={kind: block, depth: 3, by_position: [0.5, 0.7, 0]}": "by_position[1]",
	} {
		_, err := drafted(t, set)
		require.ErrorContains(t, err, want, set)
	}
}
