package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A scenario may name a count of how often each expert is chosen; the more
// uneven, the more the busiest rank of a contiguous placement has to do.
func TestExpertPopularityFromAFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, count func(expert int) int) string {
		var b strings.Builder
		b.WriteString("expert,count\n")
		const experts = 384 // of deepseek-v4-pro
		for e := range experts {
			fmt.Fprintf(&b, "%d,%d\n", e, count(e))
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(b.String()), 0o600))
		return filepath.Join(dir, name)
	}
	even := write("even.csv", func(int) int { return 7 })
	uneven := write("uneven.csv", func(e int) int { return 1000/(e+1) + 1 })
	speed := func(popularity string) string {
		o := agentsim(t, quick("run", "h200-agentperf-slo20", "--agents", "8", "-o", "json", "--set",
			"deployment.experts.popularity="+popularity)...)
		require.Zero(t, o.code, o.stderr)
		_, rest, _ := strings.Cut(o.stdout, "\"output_speed_p25\": ")
		value, _, _ := strings.Cut(rest, ",")
		return value
	}
	require.Equal(t, speed("{kind: uniform}"), speed("{kind: histogram, file: "+even+"}"))
	require.NotEqual(t, speed("{kind: uniform}"), speed("{kind: histogram, file: "+uneven+"}"))

	scenario := filepath.Join(dir, "mine.yaml")
	require.NoError(t, os.WriteFile(scenario, []byte("{name: mine, question: How?, extends: h200-agentperf-slo20,\n"+
		"deployment: {experts: {popularity: {kind: histogram, file: uneven.csv}}}}"), 0o600))
	o := agentsim(t, "explain", scenario, "--experts")
	require.Zero(t, o.code, "beside the scenario: %s", o.stderr)

	for file, want := range map[string]string{
		filepath.Join(dir, "none.csv"):                     "no such file",
		write("bad.csv", func(e int) int { return e - 1 }): "line 2: count",
	} {
		o := agentsim(t, "explain", "h200-agentperf-slo20", "--set",
			"deployment.experts.popularity={kind: histogram, file: "+file+"}")
		require.Equal(t, exitUsage, o.code, o.stderr)
		require.Contains(t, o.stderr, want)
		require.Equal(t, 1, strings.Count(o.stderr, "\n"), o.stderr)
	}
}
