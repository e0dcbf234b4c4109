package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"agentsim/experiment/sweep"
	"agentsim/experiment/sweep/queue"
)

// tiers is a study of six quick points, one of which serves no agent.
const tiers = `
name: tiers
question: What do tiers cost?
scenario: h200-agentperf-slo20
evaluate: flows
interval: none
axes:
  - {path: slo.output_speed.p25, values: [10tok/s, 20tok/s, 900tok/s]}
  - {path: deployment.batching, values: [mixed, prefill-priority]}
`

// folder is an empty working folder with a study in it; nothing is kept
// beyond the test.
func folder(t *testing.T, study string) {
	t.Helper()
	t.Chdir(t.TempDir())
	t.Setenv("AGENTSIM_NO_CACHE", "true")
	t.Setenv("AGENTSIM_QUIET", "true")
	require.NoError(t, os.WriteFile("study.yaml", []byte(study), 0o600))
}

func TestSweep(t *testing.T) {
	folder(t, tiers)
	o := agentsim(t, "sweep", "study.yaml", "--plot")
	require.Zero(t, o.code, o.stderr)
	require.Empty(t, o.stderr)
	require.Contains(t, o.stdout, "tiers: What do tiers cost?\n6 points, 2 that serve no agent\n")
	for _, file := range []string{"results.parquet", "results.jsonl", "results.csv", "manifest.json", "lines.svg", "heatmap.png"} {
		require.FileExists(t, filepath.Join("sweep-tiers", file))
	}
	require.Equal(t, o, agentsim(t, "sweep", "study.yaml", "--plot"), "a second time nothing is left to do")
	require.Equal(t, o.stdout, agentsim(t, "sweep", "show", "sweep-tiers").stdout)

	text, err := os.ReadFile("sweep-tiers/results.jsonl")
	require.NoError(t, err)
	var row map[string]any
	require.NoError(t, json.Unmarshal(text[:bytes.IndexByte(text, '\n')], &row))
	require.InDelta(t, 10, row["slo.output_speed.p25"], 0)
	require.Positive(t, row["capacity.agents_per_mw.it"])

	rows, err := csv.NewReader(strings.NewReader(agentsim(t, "sweep", "show", "sweep-tiers", "-o", "csv").stdout)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 7)
	var s sweep.Summary
	o = agentsim(t, "sweep", "show", "sweep-tiers", "-o", "json", "--metric", "-power.it_w", "--top", "1")
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &s))
	require.Equal(t, sweep.Objective{Metric: "power.it_w", Goal: "min"}, s.Objectives[0])
	require.Len(t, s.Best, 1)
}

// Only what a study asks for is written, also when it asks later.
func TestOutputs(t *testing.T) {
	folder(t, tiers+"outputs: [csv]\n")
	require.Zero(t, agentsim(t, "sweep", "study.yaml", "--out", "x").code)
	require.FileExists(t, "x/results.parquet")
	require.FileExists(t, "x/results.csv")
	require.NoFileExists(t, "x/results.jsonl")
	require.NoError(t, os.WriteFile("study.yaml", []byte(tiers+"outputs: [jsonl, figures]\nobjectives: [{metric: capacity.agents}]\n"), 0o600))
	o := agentsim(t, "sweep", "study.yaml", "--out", "x")
	require.Zero(t, o.code, o.stderr)
	require.FileExists(t, "x/results.jsonl")
	require.FileExists(t, "x/lines.png")
	require.Contains(t, agentsim(t, "sweep", "show", "x").stdout, "effect of each axis on capacity.agents")
}

func TestThresholds(t *testing.T) {
	folder(t, tiers+"thresholds: [max(agents_per_mw.it) >= 1, agents_per_mw.it >= 100]\n")
	o := agentsim(t, "sweep", "study.yaml", "--out", "x")
	require.Equal(t, exitThreshold, o.code)
	require.Contains(t, o.stderr, "threshold missed: agents_per_mw.it >= 100 at points 4, 5")
	require.Contains(t, o.stdout, "best", "the results are shown all the same")

	for index := range 2 { // shards are judged when they are whole
		o = agentsim(t, "sweep", "study.yaml", "--out", "y", "--shard-index", fmt.Sprint(index), "--shard-count", "2")
		require.Zero(t, o.code, o.stderr)
	}
	o = agentsim(t, "sweep", "merge", "y")
	require.Equal(t, exitThreshold, o.code)
	require.Contains(t, o.stderr, "at points 4, 5")
	a, err := os.ReadFile("x/results.parquet")
	require.NoError(t, err)
	b, err := os.ReadFile("y/results.parquet")
	require.NoError(t, err)
	require.True(t, bytes.Equal(a, b), "merged shards are the whole study")
}

// Kubernetes and Slurm say which shard a process is.
func TestShards(t *testing.T) {
	folder(t, tiers)
	for name, c := range map[string]struct {
		env          map[string]string
		args         []string
		index, count int
		want         string
	}{
		"none":            {},
		"flags":           {args: []string{"--shard-index", "1", "--shard-count", "3"}, index: 1, count: 3},
		"flags go first":  {env: map[string]string{"JOB_COMPLETION_INDEX": "2"}, args: []string{"--shard-index", "1", "--shard-count", "3"}, index: 1, count: 3},
		"kubernetes":      {env: map[string]string{"JOB_COMPLETION_INDEX": "2"}, args: []string{"--shard-count", "3"}, index: 2, count: 3},
		"slurm":           {env: map[string]string{"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_MIN": "3", "SLURM_ARRAY_TASK_STEP": "2", "SLURM_ARRAY_TASK_COUNT": "4"}, index: 2, count: 4},
		"an array of all": {env: map[string]string{"SLURM_ARRAY_TASK_ID": "7"}, args: []string{"--shard-count", "1"}},
		"environment":     {env: map[string]string{"AGENTSIM_SHARD_INDEX": "1", "AGENTSIM_SHARD_COUNT": "2"}, index: 1, count: 2},
		"no count":        {env: map[string]string{"JOB_COMPLETION_INDEX": "2"}, want: "shard 2 of how many? want --shard-count"},
		"no index":        {args: []string{"--shard-count", "3"}, want: "which of 3 shards? want --shard-index"},
		"beyond":          {args: []string{"--shard-index", "3", "--shard-count", "3"}, want: "--shard-index 3: want less than --shard-count, 3"},
	} {
		t.Run(name, func(t *testing.T) {
			for key, value := range c.env {
				t.Setenv(key, value)
			}
			o := agentsim(t, append([]string{"sweep", "study.yaml", "--dry-run", "-o", "json"}, c.args...)...)
			if c.want != "" {
				require.Equal(t, exitUsage, o.code)
				require.Contains(t, o.stderr, c.want)
				return
			}
			require.Zero(t, o.code, o.stderr)
			var rows []previewRow
			require.NoError(t, json.Unmarshal([]byte(o.stdout), &rows))
			want := c.index
			for _, r := range rows {
				require.Equal(t, want, r.Point)
				want += max(1, c.count)
			}
			require.GreaterOrEqual(t, want, 6)
		})
	}
}

// A dry run tells the points, those that cannot be, and the time, and leaves
// nothing behind.
func TestDryRun(t *testing.T) {
	folder(t, tiers+"  - {path: deployment.aggregated.tp, values: [8, 3]}\nconstraints: [slo.output_speed.p25 != 10tok/s]\n")
	o := agentsim(t, "sweep", "study.yaml", "--dry-run")
	require.Zero(t, o.code, o.stderr)
	require.Contains(t, o.stdout, "tiers: 8 points; constraints drop 4 combinations\n")
	require.Contains(t, o.stdout, "impossible: --set: deployment.aggregated.tp: 3 does not divide the worker's 8 accelerators: point 1, 3, 5, 7\n")
	require.Contains(t, o.stdout, "infeasible: one agent already fails")
	require.Contains(t, o.stdout, "nothing was evaluated")
	require.NoDirExists(t, "sweep-tiers")
	rows, err := csv.NewReader(strings.NewReader(agentsim(t, "sweep", "study.yaml", "--dry-run", "-o", "csv").stdout)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 9)
	require.Equal(t, impossible, rows[2][2])
}

// A point that fails is told, and does not stop the others.
func TestFailedPoints(t *testing.T) {
	folder(t, strings.Replace(tiers, "900tok/s", "0tok/s", 1))
	o := agentsim(t, "sweep", "study.yaml", "--out", "x")
	require.Equal(t, exitFailure, o.code)
	require.Contains(t, o.stderr, "2 points failed, the first: point 4: ")
	require.Contains(t, o.stdout, "6 points, 2 failed")
	o = agentsim(t, "sweep", "study.yaml", "--out", "y", "--fail-fast")
	require.Equal(t, exitFailure, o.code)
	require.Regexp(t, `point [45] failed: `, o.stderr)
}

// Bad input ends with exit code 2 and one clear line, before anything is
// computed.
func TestBadSweeps(t *testing.T) {
	domain := "name: x\nscenario: h200-agentperf-slo20\nevaluate: analytic\naxes: [{path: system.domain, values: [8, 16]}]\n"
	dense := "name: x\nscenario: h200-agentperf-slo20\naxes:\n" +
		"  - {path: workload.tool_gap.median, range: {from: 1s, to: 2s, steps: 1001}}\n" +
		"  - {path: slo.output_speed.p25, range: {from: 10tok/s, to: 20tok/s, steps: 1000}}\n"
	folder(t, tiers)
	require.Zero(t, agentsim(t, "sweep", "study.yaml", "--out", "other").code)
	for name, c := range map[string]struct {
		study string
		args  []string
		want  string
	}{
		"unknown axis":             {strings.Replace(domain, "system.domain", "system.domian", 1), nil, "study.yaml:4:39: axes[0].values[0]: system.domian: unknown key, did you mean domain?"},
		"empty axis":               {strings.Replace(domain, "[8, 16]", "[]", 1), nil, "axes[0].values: system.domain: is empty, want at least one value"},
		"wrong value":              {strings.Replace(domain, "16", "16GB", 1), nil, "study.yaml:4:42: axes[0].values[1]: system.domain 16GB: want a whole number"},
		"a million points":         {dense, nil, "1001000 points are more than 1000000: if you mean it, say so with --yes"},
		"contradiction":            {domain + "constraints: [system.domain > 8, system.domain < 10]\n", nil, `none of the 2 points meets them all: "system.domain > 8" alone holds at 1, "system.domain < 10" alone holds at 1`},
		"constraint on nothing":    {domain + "constraints: [system.size > 8]\n", nil, "constraints[0]: \"system.size > 8\": unknown name: system.size: unknown key"},
		"another study's results":  {domain, []string{"--out", "other"}, "other: holds results of another study, tiers ("},
		"threshold on nothing":     {domain + "thresholds: [agents_per_kw > 8]\n", nil, "thresholds[0] agents_per_kw: is no column of the results"},
		"unknown output":           {domain + "outputs: [excel]\n", nil, `outputs[0]: "excel": want parquet, jsonl, csv or figures`},
		"unknown key":              {domain + "axis: []\n", nil, "study.yaml:5:1: axis: unknown key, did you mean axes?"},
		"no scenario":              {strings.Replace(domain, "h200-", "h20-", 1), nil, "did you mean h200-agentperf-slo20?"},
		"no study":                 {domain, []string{"studi.yaml"}, "sweep wants one study, got 2 arguments"},
		"unknown way":              {domain, []string{"--evaluate", "guess"}, `evaluate: "guess": want simulate, analytic or flows`},
		"no workers":               {domain, []string{"--workers", "0"}, "--workers 0: want 1 or more, or 0 with --nats"},
		"shards with a server":     {domain, []string{"--nats", "nats://x", "--shard-index", "0", "--shard-count", "2"}, "--nats and --shard-count exclude each other"},
		"impatience":               {domain, []string{"--silence", "1ms"}, "--silence 1ms: want 1s or more"},
		"an override that is none": {domain, []string{"--set", "system.domian=8"}, "system.domian: unknown key, did you mean domain?"},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile("study.yaml", []byte(c.study), 0o600))
			o := agentsim(t, append([]string{"sweep", "study.yaml"}, c.args...)...)
			require.Equal(t, exitUsage, o.code, o.stderr)
			require.Contains(t, o.stderr, c.want)
			require.Equal(t, 1, strings.Count(o.stderr, "\n"), "one line: %s", o.stderr)
			require.Empty(t, o.stdout)
			require.NoDirExists(t, "sweep-x")
		})
	}
}

func TestBadResults(t *testing.T) {
	folder(t, tiers)
	require.NoError(t, os.WriteFile("x.parquet", []byte("PAR1 no more PAR1"), 0o600))
	for want, args := range map[string][]string{
		"nowhere: is not there: want the folder that a sweep wrote":   {"show", "nowhere"},
		"x.parquet: not a whole Parquet file":                         {"show", "x.parquet"},
		"nowhere: has no folder of a shard, such as shard-0000-of-00": {"merge", "nowhere"},
		"want --nats, the URL of a NATS server":                       {"../worker"},
	} {
		args = append([]string{"sweep"}, args...)
		if args[1] == "../worker" {
			args = []string{"worker"}
		}
		o := agentsim(t, args...)
		require.Equal(t, exitUsage, o.code, o.stderr)
		require.Contains(t, o.stderr, want)
	}
	require.Zero(t, agentsim(t, "sweep", "study.yaml", "--out", "x").code)
	o := agentsim(t, "sweep", "show", "x", "--metric", "speed")
	require.Equal(t, exitUsage, o.code)
	require.Contains(t, o.stderr, "objectives speed: is no column of numbers in the results")
}

// Progress is plain lines in a file, one line that changes on a terminal, and
// nothing with --quiet.
func TestProgress(t *testing.T) {
	folder(t, tiers)
	t.Setenv("AGENTSIM_QUIET", "false")
	o := agentsim(t, "sweep", "study.yaml")
	require.Zero(t, o.code)
	require.Regexp(t, `^tiers: 6 of 6 points done, 2 infeasible, best [0-9,]+ at point [0-3]\n$`, o.stderr, "there is no clock")

	p := queue.Progress{Total: 1000, Done: 250, Infeasible: 3, Failed: 2, Running: 4, Connected: true, PerSecond: 12.5, Left: 60 * time.Second}
	require.Equal(t, "250 of 1,000 points done, 3 infeasible, 2 failed, 4 running, 12.5 a second, 1m0s left", progressLine(&p))
	p.Connected = false
	require.Contains(t, progressLine(&p), "the NATS server cannot be reached at the moment")
	p.Connected, p.Running = true, 0
	require.Contains(t, progressLine(&p), "no worker of this build is there")
}
