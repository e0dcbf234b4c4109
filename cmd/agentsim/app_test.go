package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"agentsim/metrics"
)

// outcome is what a run of the program left behind.
type outcome struct {
	code           int
	stdout, stderr string
}

// agentsim runs the program in this process, far from a terminal.
func agentsim(t testing.TB, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(context.Background(), process{args: args, stdout: &stdout, stderr: &stderr, readFile: os.ReadFile,
		now: func() time.Time { return time.Unix(0, 0) }, terminal: func(int) bool { return false }})
	return outcome{code, stdout.String(), stderr.String()}
}

// quick makes a search of the H200 node short.
func quick(args ...string) []string {
	return append(args, "--set", "protocol=steady-state", "--set", "protocol.calls_min=300")
}

func TestCapacityPrintsTheContract(t *testing.T) {
	o := agentsim(t, quick("capacity", "h200-agentperf-slo20", "-o", "json")...)
	require.Zero(t, o.code, o.stderr)
	require.Empty(t, o.stderr, "no progress where there is no terminal")
	var r map[string]any
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &r))
	for _, path := range []string{
		"scenario", "seed", "fingerprint", "version", "capacity.agents", "capacity.agents_low", "capacity.agents_high",
		"capacity.agents_per_accelerator", "capacity.agents_per_mw.accelerator_measured",
		"capacity.agents_per_mw.accelerator_tdp", "capacity.agents_per_mw.it", "capacity.agents_per_mw.facility", "limit",
		"metrics.output_speed_p25", "metrics.ttft_p50_s", "metrics.ttft_p95_s", "metrics.tpot_p50_ms", "metrics.turns_per_s",
		"metrics.input_tok_s", "metrics.output_tok_s", "metrics.prefix_hit_rate", "power.accelerator_w", "power.it_w",
		"power.facility_w", "power.by_component", "power.joules_per_output_token", "search", "calls", "events", "wall_s",
	} {
		node := any(r)
		for _, key := range strings.Split(path, ".") {
			fields, ok := node.(map[string]any)
			require.True(t, ok, path)
			node, ok = fields[key]
			require.True(t, ok, path)
		}
	}
	require.Equal(t, o, agentsim(t, quick("capacity", "h200-agentperf-slo20", "-o", "json")...), "same seed, same bytes")
	other := agentsim(t, quick("capacity", "h200-agentperf-slo20", "-o", "json", "--seed", "7")...)
	require.NotEqual(t, o.stdout, other.stdout)
}

func TestEveryFormatAndTheFile(t *testing.T) {
	table := agentsim(t, quick("run", "h200-agentperf-slo20", "--agents", "4")...)
	require.Zero(t, table.code, table.stderr)
	require.Contains(t, table.stdout, "time to first token")
	require.NotContains(t, table.stdout, "\x1b", "colour only on a terminal")
	csv := agentsim(t, quick("run", "h200-agentperf-slo20", "--agents", "4", "-o", "csv")...)
	lines := strings.Split(strings.TrimSpace(csv.stdout), "\n")
	require.Len(t, lines, 2)
	require.Contains(t, lines[0], "metrics.output_speed_p25")

	file := filepath.Join(t.TempDir(), "result.json")
	o := agentsim(t, quick("run", "h200-agentperf-slo20", "--agents", "4", "-o", "json", "--out", file)...)
	require.Zero(t, o.code, o.stderr)
	require.Empty(t, o.stdout)
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.True(t, json.Valid(content))
}

// A run writes its power over time beside its result, and prices give costs.
func TestRunWritesPowerAndCost(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "power.csv")
	o := agentsim(t, quick("run", "h200-agentperf-slo20", "--agents", "4", "--power", file, "--plot", dir, "--set",
		"price={currency: USD, accelerator_hour: 2.5, electricity_kwh: 0.1}")...)
	require.Zero(t, o.code, o.stderr)
	require.Contains(t, o.stdout, "an agent-hour")
	require.Contains(t, o.stdout, "USD")
	require.Contains(t, o.stdout, "Wh a session")
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	rows := strings.Split(strings.TrimSpace(string(content)), "\n")
	require.Contains(t, rows[0], "from_s,to_s,accelerator_w,")
	require.Greater(t, len(rows), 10)
	for _, figure := range []string{"power.png", "power.svg", "prompts.png", "prompts.svg"} {
		require.FileExists(t, filepath.Join(dir, figure))
	}
}

// A phase that ran out of time is no verdict, and the table says so.
func TestAnUndecidedPhaseIsToldOf(t *testing.T) {
	o := agentsim(t, "capacity", "h200-agentperf-slo20", "--set", "protocol.sessions_per_agent=3", "--set",
		"protocol.sessions_min=0", "--set", "protocol.duration_max=600s", "--set", "protocol.stop_when_certain=false")
	require.Zero(t, o.code, o.stderr)
	require.Contains(t, o.stdout, "ended at protocol.duration_max with ")
	require.Contains(t, o.stdout, " sessions: its verdict is a best guess")
}

// Bad input ends with one clear line, its exit code, and no output file.
func TestBadInput(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.jsonl")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	cut := filepath.Join(t.TempDir(), "cut.jsonl")
	whole := `{"timestamp": 0, "input_length": 100, "output_length": 5, "hash_ids": [0]}` + "\n"
	require.NoError(t, os.WriteFile(cut, []byte(whole+whole[:40]+"\n"+whole), 0o600))
	node := "h200-agentperf-slo20"
	cases := []struct {
		code int
		want string
		args []string
	}{
		{exitUsage, "did you mean accelerator?", []string{node, "--set", "system.acelerator.name=x"}},
		{exitUsage, "want a memory size such as 141GB", []string{node, "--set", "system.accelerator.hbm.capacity=700W"}},
		{exitUsage, "hbm.capacity", []string{node, "--set", "system.accelerator.hbm.capacity=-1GB"}},
		{exitUsage, "needs a unit, e.g. 141GB", []string{node, "--set", "system.accelerator.hbm.capacity=141"}},
		{exitUsage, "hgx-h200", []string{node, "--set", "system=hgx-h20O"}},
		{exitUsage, node, []string{"h200-agentperf-slo2O"}},
		{exitUsage, "slo.output_speed.p25", []string{node, "--set", "slo.output_speed.p25=0tok/s"}},
		{exitUsage, "protocol.batches", []string{node, "--set", "protocol.batches=3"}},
		{exitUsage, "protocol.duration_max", []string{node, "--set", "protocol.duration_max=1s"}},
		{exitUsage, "whose tools alone take", []string{node, "--set", "protocol.sessions_per_agent=10000"}},
		{exitUsage, "protocol.tolerance", []string{node, "--set", "protocol.tolerance=0"}},
		{exitUsage, "protocol.precision", []string{node, "--set", "protocol.precision=2"}},
		{exitUsage, "want stationary or fresh", []string{node, "--set", "protocol.start=cold"}},
		{exitUsage, "want start or after-shared", []string{node, "--set", "protocol.random_prefix=none"}},
		{exitUsage, "protocol.stop_when_certain", []string{node, "--set", "protocol.start=fresh"}},
		{exitUsage, "protocol.start_agents", []string{node, "--set", "protocol.start_agents=2000000"}},
		{exitUsage, "did you mean aa-deepseek-v4-pro-20?", []string{node, "--set", "slo=aa-deepseek-v4-pro-2"}},
		{exitUsage, "price.electricity_kwh", []string{node, "--set", "price.electricity_kwh=-1"}},
		{exitUsage, "--output \"yaml\": want table, json or csv", []string{node, "-o", "yaml"}},
		{exitUsage, "unknown flag: --agnets", []string{node, "--agnets", "3"}},
		{exitUsage, "capacity wants one scenario", nil},
		{exitUsage, "experts_path", []string{node, "--set", "deployment.experts_path=marlin"}},
		{exitUsage, "redundant", []string{node, "--set", "deployment.experts.placement.redundant=-1"}},
		{exitUsage, "the file is empty", []string{node, "--set", "workload.trace=" + empty}},
		{exitUsage, "cut.jsonl:2", []string{node, "--set", "workload.trace=" + cut}},
		{exitUsage, "no-such-trace", []string{node, "--set", "workload.trace=no-such-trace.jsonl"}},
		{exitInfeasible, "does not fit", []string{node, "--set", "system.accelerator.hbm.capacity=80GB"}},
		{exitInfeasible, "one agent already fails", quick(node, "--set", "slo.output_speed.p25=2000tok/s")},
		{exitInfeasible, "one agent already fails", quick(node, "--set", "slo.ttft.p95=1ms")},
	}
	for _, c := range cases {
		file := filepath.Join(t.TempDir(), "out.json")
		o := agentsim(t, append([]string{"capacity", "--out", file, "-o", "json"}, c.args...)...)
		require.Equal(t, c.code, o.code, "%v: %s", c.args, o.stderr)
		require.Contains(t, o.stderr, c.want, "%v", c.args)
		require.Empty(t, o.stdout)
		require.Equal(t, 1, strings.Count(strings.TrimSpace(o.stderr), "\n")+1, "one line: %s", o.stderr)
		require.NoFileExists(t, file)
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var stdout, stderr bytes.Buffer
	code := run(ctx, process{args: quick("capacity", "h200-agentperf-slo20"), stdout: &stdout, stderr: &stderr,
		readFile: os.ReadFile, now: time.Now, terminal: func(int) bool { return false }})
	require.Equal(t, exitInterrupted, code)
	require.Contains(t, stdout.String(), "not even one number of agents was decided; stopped")
}

// Settings come from a flag before the environment before a file.
func TestPrecedence(t *testing.T) {
	file := filepath.Join(t.TempDir(), "settings.yaml")
	require.NoError(t, os.WriteFile(file, []byte("output: csv\n"), 0o600))
	base := quick("run", "h200-agentperf-slo20", "--agents", "2", "--config", file)
	require.True(t, strings.HasPrefix(agentsim(t, base...).stdout, "agents,"), "file over default")
	t.Setenv("AGENTSIM_OUTPUT", "json")
	require.True(t, json.Valid([]byte(agentsim(t, base...).stdout)), "environment over file")
	require.Contains(t, agentsim(t, append(base, "-o", "table")...).stdout, "time to first token", "flag over environment")
}

// few makes sessions short, which every estimate looks at by the hundred: for
// what does not hang on how long they are.
func few(args ...string) []string { return append(args, "--set", "workload.turns.median=5") }

// dense asks about short sessions and a model without experts, for which there
// are few deployments to choose among.
func dense(args ...string) []string {
	return append(few(args...), "--set", "model=llama-3.1-70b", "--set", "deployment={mode: aggregated, aggregated: "+
		"{workers: 1, accelerators: 8, tp: 8, ep: 1, token_budget: 8192, max_batch_per_rank: 64, draft_tokens: 0}}")
}

// coarse makes a simulation of any system short: the shortest phases, and a
// search that ends early. Its figures are worth nothing.
func coarse(args ...string) []string {
	return append(quick(args...), "--set", "protocol.warmup=5s", "--set", "protocol.ramp=5s", "--set",
		"protocol.duration=20s", "--set", "protocol.batches=10", "--set", "protocol.cycles_min=0", "--set",
		"protocol.sessions_seen=0", "--set", "protocol.tolerance=0.5")
}

// allDocumented says whether every command of the documents and of the help is to run, as
// `make docs` asks, or a sample that takes seconds.
func allDocumented() bool { return os.Getenv("AGENTSIM_DOCS") != "" }

// light are commands that simulate little. Their examples run in every test.
func light() []string {
	return []string{"deployment", "explain-field", "init", "list", "man", "model", "run", "schema", "trace", "version"}
}

// Every example in the help is a command that there is, with flags that it has,
// and runs: those that simulate little here, all with `make docs`.
func TestHelpExamplesRun(t *testing.T) {
	t.Chdir(t.TempDir())
	ran := map[string]bool{} // commands share examples, and what those write
	a := &app{}
	for _, c := range commands(a.root()) {
		if !c.HasParent() || c.Name() == "help" || c.Parent().Name() == "completion" || c.Name() == "completion" {
			continue
		}
		require.NotEmpty(t, c.Example, "%s has no example", c.CommandPath())
		if c.Annotations["example"] == "slow" {
			continue
		}
		for _, line := range strings.Split(c.Example, "\n") {
			if ran[line] {
				continue
			}
			ran[line] = true
			args := strings.Fields(line)[1:]
			checkCommand(t, args, nil)
			if !allDocumented() && !slices.Contains(light(), args[0]) {
				continue
			}
			if slices.Contains([]string{"capacity", "run", "what-if"}, args[0]) && len(args) > 1 {
				args = coarse(args...)
			}
			o := agentsim(t, args...)
			require.Zero(t, o.code, "%s: %s", line, o.stderr)
		}
	}
}

func commands(c *cobra.Command) []*cobra.Command {
	list := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		list = append(list, commands(sub)...)
	}
	return list
}

// explanations are what explain said, by scenario: weighing hundreds of
// constants takes seconds.
var explanations sync.Map

func explained(t *testing.T, scenario string) *metrics.Explanation {
	t.Helper()
	if e, ok := explanations.Load(scenario); ok {
		return e.(*metrics.Explanation)
	}
	o := agentsim(t, few("explain", scenario, "-o", "json")...)
	require.Zero(t, o.code, o.stderr)
	e := new(metrics.Explanation)
	require.NoError(t, json.Unmarshal([]byte(o.stdout), e))
	explanations.Store(scenario, e)
	return e
}

// What the step times rest on adds up, and follows the constants.
func TestExplainWeighsTheConstants(t *testing.T) {
	e := explained(t, "h200-agentperf-slo20")
	sum := 0.0
	shares := map[string]float64{}
	for _, b := range e.Basis {
		sum += b.Share
		shares[b.Basis] = b.Share
	}
	require.InDelta(t, 1, sum, 1e-9)
	require.Greater(t, shares["fitted"], 0.2, "kernels carry the step")
	require.Positive(t, shares["assumed"], "the host and the small kernels are assumed")
	for _, step := range e.Steps {
		total := 0.0
		for _, operator := range step.Operators {
			total += operator.Share
		}
		require.InDelta(t, 1, total, 1e-6, "%s", step.Pool)
	}
}
