package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/metrics"
)

func expertsOf(t *testing.T, args ...string) metrics.ExpertsExplanation {
	t.Helper()
	o := agentsim(t, append([]string{"explain", "--experts", "-o", "json"}, args...)...)
	require.Zero(t, o.code, o.stderr)
	var e metrics.ExpertsExplanation
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &e))
	return e
}

func TestExplainExperts(t *testing.T) {
	e := expertsOf(t, "gb300-agentperf-slo20")
	require.Len(t, e.Pools, 2)
	decode := e.Pools[1]
	require.Equal(t, "decode", decode.Pool)
	require.Equal(t, []int{384, 6, 8, 1, 48}, []int{decode.Experts, decode.TopK, decode.Ranks, decode.Domains,
		decode.SlotsPerRank})
	require.Zero(t, decode.Memory.Redundant)
	require.Len(t, decode.RankLoad, 8)
	sum := 0.0
	for _, load := range decode.RankLoad {
		sum += load
	}
	require.InDelta(t, 8, sum, 1e-6, "loads are over the mean")
	for i, l := range decode.Loads {
		require.GreaterOrEqual(t, l.DistinctMax, l.Distinct)
		if i > 0 {
			require.LessOrEqual(t, l.Straggler, decode.Loads[i-1].Straggler, "larger steps even out")
		}
	}
	require.InDelta(t, 1, decode.Traffic.LocalShare, 1e-9)
	require.Zero(t, decode.Traffic.Dispatch.Across)

	require.Nil(t, expertsOf(t, "h200-agentperf-slo20").Pools[0].Traffic, "tensor parallel attention sends nothing")
}

// Across domains bytes cross, and one copy per domain crosses less; replicas
// cost memory.
func TestExplainExpertsAcrossDomains(t *testing.T) {
	near := expertsOf(t, "gb300-agentperf-slo20").Pools[1]
	far := expertsOf(t, "gb300-agentperf-slo20", "--set", "system.domain=4",
		"--set", "deployment.experts.placement.redundant=32").Pools[1]
	require.Equal(t, 2, far.Domains)
	require.Equal(t, 52, far.SlotsPerRank)
	require.InEpsilon(t, near.Memory.Bytes*4/48, far.Memory.Redundant, 1e-9)
	require.Less(t, far.Traffic.LocalShare, 0.6)
	require.Less(t, far.Traffic.Dispatch.AcrossDedup, far.Traffic.Dispatch.Across)
	require.Greater(t, far.Rebalance.Seconds, near.Rebalance.Seconds, "over slower links")
}

// The memory that the placement asks for is what the budget sets aside.
func TestExpertMemoryAgreesWithTheBudget(t *testing.T) {
	for _, scenario := range []string{"gb300-agentperf-slo20", "h200-agentperf-slo20"} {
		e := explained(t, scenario)
		for i, p := range expertsOf(t, scenario).Pools {
			require.InEpsilon(t, e.Memory[i].Experts, p.Memory.Bytes, 1e-6, "%s %s", scenario, p.Pool)
		}
	}
}

func TestExpertFiguresRepeat(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	expertsOf(t, "gb300-agentperf-slo20", "--plot", first)
	expertsOf(t, "gb300-agentperf-slo20", "--plot", second)
	for _, name := range []string{"experts-prefill.png", "experts-decode.svg"} {
		require.Equal(t, read(t, filepath.Join(first, name)), read(t, filepath.Join(second, name)))
	}
	require.Contains(t, string(read(t, filepath.Join(first, "experts-decode.svg"))), "contiguous")
}

func TestExpertTable(t *testing.T) {
	o := agentsim(t, "explain", "gb300-agentperf-slo20", "--experts", "--set", "system.domain=4")
	require.Zero(t, o.code, o.stderr)
	require.Contains(t, o.stdout, "dispatch, a copy per domain")
	require.Contains(t, o.stdout, "between domains this engine sends")
	o = agentsim(t, "explain", "h200-agentperf-slo20", "--experts")
	require.Contains(t, o.stdout, "none: attention is tensor parallel")
}

func TestBadExpertsInput(t *testing.T) {
	for want, args := range map[string][]string{
		"--plot":       {"h200-agentperf-slo20", "--plot", t.TempDir()},
		"--output csv": {"h200-agentperf-slo20", "--experts", "-o", "csv"},
		"has no experts": {"h200-agentperf-slo20", "--experts", "--set", "model=llama-3.1-70b",
			"--set", "deployment.aggregated.draft_tokens=0"},
		"did you mean h200-ag": {"h200-agentperf-slo2O", "--experts"},
	} {
		o := agentsim(t, append([]string{"explain"}, args...)...)
		require.Equal(t, exitUsage, o.code, "%v: %s", args, o.stderr)
		require.Contains(t, o.stderr, want)
		require.Equal(t, 1, strings.Count(o.stderr, "\n"))
		require.Empty(t, o.stdout)
	}
}
