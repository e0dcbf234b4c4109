package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/metrics"
)

// sharedPath is a file of the data that lies beside the repository. Without
// it the test is skipped; in CI it has to be there.
func sharedPath(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", name)
	if _, err := os.Stat(path); err != nil {
		require.NotEqual(t, "true", os.Getenv("CI"), "%s is not there", path)
		t.Skipf("%s is not there", path)
	}
	return path
}

// Real sessions run as they are, far beyond 100k tokens of context.
func TestRealSessions(t *testing.T) {
	trace := sharedPath(t, "traces/claude-code-weka/dev-03.jsonl.gz")
	o := agentsim(t, quick("run", "gb300-agentperf-slo20", "--agents", "64", "-o", "json",
		"--set", "workload.trace="+trace)...)
	require.Zero(t, o.code, o.stderr)
	var r metrics.Result
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &r))
	require.Greater(t, r.Metrics.MeanInput, 80e3, "the mean prompt; the longest are ten times that")
	require.InDelta(t, 0.96, r.Metrics.PrefixHitRate, 0.04, "reuse as recorded")

	cut := agentsim(t, quick("run", "gb300-agentperf-slo20", "--agents", "64", "-o", "json",
		"--set", "workload.trace="+trace, "--set", "workload.input_max=50000")...)
	require.NoError(t, json.Unmarshal([]byte(cut.stdout), &r))
	require.Less(t, r.Metrics.MeanInput, 50e3)
}

// A trace with times needs no number of agents: it says itself who comes when.
func TestRunByTheTimesOfATrace(t *testing.T) {
	trace := "workload.trace=" + sharedPath(t, "traces/azure/AzureLLMInferenceTrace_code.csv.gz")
	open := []string{"run", "gb300-agentperf-slo20", "--set", trace, "--set", "workload.arrivals=open"}
	o := agentsim(t, append(open, "-o", "json")...)
	require.Zero(t, o.code, o.stderr)
	var r metrics.Result
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &r))
	require.EqualValues(t, 8819, r.Calls)
	require.EqualValues(t, 8819, r.Arrivals.Calls)
	require.InDelta(t, 3436, r.Arrivals.LastArrivalS, 1, "as the data's description says")
	require.InEpsilon(t, 18059974.0/8819, r.Metrics.MeanInput, 1e-3)
	require.Contains(t, agentsim(t, open...).stdout, "open, 8,819 sessions with 8,819 calls")

	o = agentsim(t, append(open, "--agents", "5")...)
	require.Equal(t, exitUsage, o.code)
	require.Contains(t, o.stderr, "leaves the number of agents to the trace")
	o = agentsim(t, "run", "gb300-agentperf-slo20")
	require.Equal(t, exitUsage, o.code)
	require.Contains(t, o.stderr, "--agents: missing")
	o = agentsim(t, append(open[:2:2], "--set", "workload.arrivals=open")...)
	require.Equal(t, exitUsage, o.code)
	require.Contains(t, o.stderr, "arrivals: open without a trace")
}
