package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/metrics"
)

func TestParetoInEveryFormat(t *testing.T) {
	node := "h200-agentperf-slo20"
	file := filepath.Join(t.TempDir(), "front.png")
	o := agentsim(t, "capacity", node, "--pareto", "--plot", file, "-o", "json")
	require.Zero(t, o.code, o.stderr)
	var f metrics.Front
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &f))
	require.Equal(t, "p25", f.Percentile)
	require.False(t, f.Open)
	before := 0.0
	for i, p := range f.Points {
		require.Greater(t, p.Speed, before)
		before = p.Speed
		if i > 0 {
			require.LessOrEqual(t, p.Agents, f.Points[i-1].Agents, "a higher floor never holds more")
		}
	}
	first, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Zero(t, agentsim(t, "capacity", node, "--pareto", "--plot", file).code)
	again, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, first, again, "same bytes")

	rows, err := csv.NewReader(strings.NewReader(agentsim(t, "capacity", node, "--pareto", "-o", "csv").stdout)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, len(f.Points)+1)
	table := agentsim(t, "capacity", node, "--pareto")
	require.Contains(t, table.stdout, "one deployment")
}

func TestParetoChoosesAtEverySpeed(t *testing.T) {
	front := dense("capacity", "h200-agentperf-slo20", "--pareto", "-o", "json")
	var open, fixed metrics.Front
	o := agentsim(t, append(slices.Clone(front), "--set", "deployment.mode=auto", "--set", "deployment.accelerators=8")...)
	require.Zero(t, o.code, o.stderr)
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &open))
	o = agentsim(t, front...)
	require.Zero(t, o.code, o.stderr)
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &fixed))
	require.True(t, open.Open)
	for i := range open.Points {
		require.GreaterOrEqual(t, open.Points[i].Estimated, fixed.Points[i].Estimated)
	}
}

func TestBadDeploymentsAndFronts(t *testing.T) {
	node := "h200-agentperf-slo20"
	auto := func(n string, more ...string) []string {
		return append([]string{node, "--set", "deployment.mode=auto", "--set", "deployment.accelerators=" + n}, more...)
	}
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{exitUsage, "mode auto needs the number of accelerators", auto("0")},
		{exitUsage, "want 100000 or fewer", auto("1000000000")},
		{exitInfeasible, "would fit", auto("2")},
		{exitInfeasible, "one agent already fails", auto("8", "--set", "slo.ttft.p95=1ms")},
		{exitUsage, "leave out --uncertainty", []string{node, "--pareto", "--uncertainty", "64"}},
		{exitUsage, "leave out --uncertainty", []string{node, "--pareto", "--target", "1.4"}},
		{exitUsage, "want --pareto as well", []string{node, "--check"}},
		{exitUsage, "ends in .png or .svg", []string{node, "--pareto", "--plot", "front.pdf"}},
		{exitInfeasible, "does not fit", []string{node, "--pareto", "--set", "system.accelerator.hbm.capacity=80GB"}},
	} {
		o := agentsim(t, append([]string{"capacity"}, c.args...)...)
		require.Equal(t, c.code, o.code, "%v: %s", c.args, o.stderr)
		require.Contains(t, o.stderr, c.want, "%v", c.args)
		require.Empty(t, o.stdout)
		require.Equal(t, 1, strings.Count(strings.TrimSpace(o.stderr), "\n")+1, "one line: %s", o.stderr)
	}
}
