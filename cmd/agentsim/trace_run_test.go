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
