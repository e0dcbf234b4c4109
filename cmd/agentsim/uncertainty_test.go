package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/metrics"
	"agentsim/scenarios"
)

func TestUncertaintyInEveryFormat(t *testing.T) {
	picture := filepath.Join(t.TempDir(), "tornado.svg")
	// Hundreds of estimates are made, which caches that lose nothing make short.
	draws := quick(few("capacity", "h200-agentperf-slo20", "--uncertainty", "10", "--set", "engine.cache.policy=ideal")...)
	args := append(slices.Clone(draws), "--target", "1.4", "--target", "agents_per_mw=2594", "--plot", picture)
	table := agentsim(t, args...)
	require.Zero(t, table.code, table.stderr)
	for _, want := range []string{"uncertainty: 10 draws of ", "analytic model's ratios around the simulated answer", "P90",
		"kernels.experts.marlin-w4a16", "target agents_per_accelerator 1.4", "its range"} {
		require.Contains(t, table.stdout, want)
	}
	first, err := os.ReadFile(picture)
	require.NoError(t, err)
	require.Contains(t, string(first), "kernels.experts.marlin-w4a16")

	text := agentsim(t, append(slices.Clone(args), "-o", "json")...)
	require.Zero(t, text.code, text.stderr)
	var r metrics.Result
	require.NoError(t, json.Unmarshal([]byte(text.stdout), &r))
	require.Len(t, r.Uncertainty.Sample, 10)
	require.Len(t, r.Uncertainty.Targets, 2)
	second, err := os.ReadFile(picture)
	require.NoError(t, err)
	require.Equal(t, first, second, "the same bytes")

	png := strings.TrimSuffix(picture, "svg") + "png"
	csv := agentsim(t, append(slices.Clone(draws), "--plot", png, "-o", "csv")...)
	require.Contains(t, strings.Split(csv.stdout, "\n")[0], "uncertainty.agents_per_mw.accelerator_measured.p90")
	content, err := os.ReadFile(png)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(content), "\x89PNG"))
}

// What the flags or the block cannot mean ends before anything is simulated.
func TestBadUncertainty(t *testing.T) {
	text, err := scenarios.FS.ReadFile("h200-agentperf-slo20.yaml")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "s.yaml")
	block := "uncertainty:\n  engine.memory.utilisation: {kind: uniform, low: 0.9, high: 1.2}\n"
	require.NoError(t, os.WriteFile(file, append(text, block...), 0o600))
	chosen := filepath.Join(t.TempDir(), "chosen.yaml")
	block = "uncertainty:\n  deployment.experts.popularity.sigma: {kind: uniform, low: 0.5, high: 2}\n"
	require.NoError(t, os.WriteFile(chosen, append(text, block...), 0o600))
	node := "h200-agentperf-slo20"
	for _, c := range []struct {
		want string
		args []string
	}{
		{"--uncertainty 3: want 10 to 100000 draws", []string{node, "--uncertainty", "3"}},
		{"--uncertainty -1: want 10", []string{node, "--uncertainty", "-1"}},
		{"--evaluate \"guess\": want analytic or simulator", []string{node, "--uncertainty", "64", "--evaluate", "guess"}},
		{"want --uncertainty 64 as well", []string{node, "--target", "57.5"}},
		{"want --uncertainty 64 as well", []string{node, "--plot", "x.png"}},
		{"want a file that ends in .png or .svg", []string{node, "--uncertainty", "64", "--plot", "x.pdf"}},
		{"want a number above 0", []string{node, "--uncertainty", "64", "--target", "many"}},
		{"want a number above 0", []string{node, "--uncertainty", "64", "--target", "nan"}},
		{"want one of agents, agents_per_accelerator, agents_per_mw", []string{node, "--uncertainty", "64", "--target", "watts=3"}},
		{fmt.Sprintf("%s:%d:3: engine.memory.utilisation: 1.2, an end of its range, leaves what is possible", file,
			strings.Count(string(text), "\n")+2), []string{file, "--uncertainty", "64"}},
		{"is part of the deployment, which mode auto chooses", []string{chosen, "--uncertainty", "64", "--set",
			"deployment.mode=auto", "--set", "deployment.accelerators=8"}},
	} {
		o := agentsim(t, append([]string{"capacity"}, c.args...)...)
		require.Equal(t, exitUsage, o.code, "%v: %s", c.args, o.stderr)
		require.Contains(t, o.stderr, c.want, "%v", c.args)
		require.Empty(t, o.stdout)
		require.Equal(t, 1, strings.Count(strings.TrimSpace(o.stderr), "\n")+1, "one line: %s", o.stderr)
	}
}
