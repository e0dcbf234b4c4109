package main

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/metrics"
)

// A day on the command line: short forms of failures, JSON that says what it is
// about, a page that holds its figures, and one clear line for what cannot be.
func TestDayOnTheCommandLine(t *testing.T) {
	t.Chdir(t.TempDir())
	short := []string{"day", "h200-agentperf-slo20", "--agents", "6", "--set", "day.length=2h", "--set", "day.window=20s"}
	o := agentsim(t, append(short, "--fail", "accelerator:2@30m+10m", "--report", "day.html", "-o", "json")...)
	require.Zero(t, o.code, o.stderr)
	var d struct {
		Inputs metrics.Inputs `json:"inputs"`
		metrics.Day
	}
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &d))
	require.Equal(t, "hgx-h200", d.Inputs.System)
	require.Len(t, d.Failures, 1)
	require.InDelta(t, 1800, d.Failures[0].AtS, 1e-9)
	require.Equal(t, 8, d.Failures[0].Down)
	page, err := os.ReadFile("day.html")
	require.NoError(t, err)
	require.Contains(t, string(page), "<svg")
	require.Contains(t, string(page), "holds again after")
	require.Contains(t, agentsim(t, append(short, "-o", "csv")...).stdout, "from_s,to_s,agents,holds")

	for want, args := range map[string][]string{
		"nothing fails before the start":   append(short, "--fail", "node:0@-1h+1h"),
		"want KIND[:NUMBER]@AT+REPAIR":     append(short, "--fail", "node"),
		"want accelerator, node, rack":     append(short, "--fail", "hall@1h+1h"),
		"--agents 0: want the most agents": {"day", "h200-agentperf-slo20"},
	} {
		o := agentsim(t, args...)
		require.Equal(t, exitUsage, o.code, o.stderr)
		require.Contains(t, o.stderr, want)
	}
}
