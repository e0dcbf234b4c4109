package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/scenarios"
)

// Every result of a scenario says what it is about, in every format.
func TestResultsSayWhatTheyAreAbout(t *testing.T) {
	node := "h200-agentperf-slo20"
	set := []string{"--set", "system.domain=4", "--set", "protocol=steady-state", "--set", "protocol.calls_min=300", "--set",
		"workload.turns.median=5"}
	for _, args := range [][]string{
		{"run", node, "--agents", "2"}, {"explain", node}, {"explain", node, "--experts"},
		{"capacity", node, "--pareto"}, {"compare", node, node}, {"what-if", "h200-twice-hbm"},
	} {
		set := set
		if args[0] != "run" {
			set = set[2:] // domains of 4 would need another deployment
		}
		o := agentsim(t, append(append(args, "-o", "json"), set...)...)
		require.Zero(t, o.code, o.stderr)
		require.True(t, strings.HasPrefix(o.stdout, "{\n  \"inputs\": {"), "%v: %.80s", args, o.stdout)
		var r struct {
			Inputs   metrics.Inputs
			Question string
		}
		require.NoError(t, json.Unmarshal([]byte(o.stdout), &r))
		in := r.Inputs
		if len(in.Scenarios) > 0 {
			in = in.Scenarios[1]
		}
		require.Equal(t, "hgx-h200", in.System, args)
		require.Equal(t, "h200", in.Accelerator, args)
		require.Equal(t, "0.24.0", in.EngineVersion, args)
		require.Contains(t, in.Level, "ttft p95 <= 10s", args)
		require.Contains(t, strings.Join(r.Inputs.Overrides, " "), "protocol.calls_min=300", args)
	}
	table := agentsim(t, quick("run", node, "--agents", "2")...)
	require.Contains(t, table.stdout, "inputs: hgx-h200 (h200) · deepseek-v4-pro · vllm-2026-06 0.24.0")
	csv := agentsim(t, quick("run", node, "--agents", "2", "-o", "csv")...)
	require.Contains(t, csv.stdout, "inputs.deployment")
	front := agentsim(t, "capacity", node, "--pareto", "-o", "csv")
	require.Contains(t, strings.SplitN(front.stdout, "\n", 2)[0], "limit,inputs.accelerator")
}

// What an author says of a question holds for that question.
func TestProseIsLeftOutUnderOverrides(t *testing.T) {
	for _, args := range [][]string{{"run", "h200-agentperf-slo20", "--agents", "2"}, {"what-if", "h200-twice-hbm"}} {
		as := agentsim(t, quick(append(args, "-o", "json")...)...)
		require.Contains(t, as.stdout, `"question"`, "the protocol says how exactly, not what")
		other := agentsim(t, quick(few(append(args, "-o", "json", "--set", "slo.output_speed.p25=15tok/s")...)...)...)
		require.Zero(t, other.code, other.stderr)
		require.NotContains(t, other.stdout, `"question"`)
		require.NotContains(t, other.stdout, `"answer"`)
	}
}

// The deployment in the inputs is one that a scenario can say.
func TestTheDeploymentReadsBack(t *testing.T) {
	for _, name := range configs.NamesIn(scenarios.FS) {
		source := configs.Source{Name: name, FS: scenarios.FS}
		s, _, err := configs.LoadScenario(source, nil)
		require.NoError(t, err)
		text := "extends: " + name + "\nname: again\ndeployment:\n  " +
			strings.ReplaceAll(strings.TrimSpace(subject{Scenario: s}.inputs().Deployment.YAML), "\n", "\n  ") + "\n"
		again, _, err := configs.LoadScenario(configs.Source{Text: []byte(text), Name: "again.yaml", FS: scenarios.FS}, nil)
		require.NoError(t, err, "%s\n%s", name, text)
		require.Equal(t, configs.Digest(s.Deployment), configs.Digest(again.Deployment), name)
	}
}

// Files are named with what was in them.
func TestFilesAreNamedWithTheirDigests(t *testing.T) {
	dir := t.TempDir()
	scenario := filepath.Join(dir, "mine.yaml")
	text := []byte("extends: h200-agentperf-slo20\nname: mine\nquestion: And mine?\n")
	require.NoError(t, os.WriteFile(scenario, text, 0o600))
	o := agentsim(t, quick("run", scenario, "--agents", "2", "-o", "json")...)
	require.Zero(t, o.code, o.stderr)
	digest := sha256.Sum256(text)
	require.Contains(t, o.stdout, hex.EncodeToString(digest[:]))
	o = agentsim(t, few("explain", scenario)...)
	require.Contains(t, o.stdout, "file "+scenario+" sha256 "+hex.EncodeToString(digest[:])[:12])
}

func TestFiguresCarryTheInputs(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"front.svg", "front.png"} {
		file := filepath.Join(dir, name)
		o := agentsim(t, "capacity", "h200-agentperf-slo20", "--pareto", "--plot", file)
		require.Zero(t, o.code, o.stderr)
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Contains(t, string(content), "hgx-h200 (h200) · deepseek-v4-pro")
	}
	o := agentsim(t, "run", "h200-agentperf-slo20", "--agents", "2", "--plot", dir)
	require.Zero(t, o.code, o.stderr)
	content, err := os.ReadFile(filepath.Join(dir, "power.svg"))
	require.NoError(t, err)
	require.Contains(t, string(content), `<desc>inputs: hgx-h200`)
	require.Contains(t, string(content), `fill="#FFFFFF"`, "a ground of its own")
}

func TestDiffOfSavedResults(t *testing.T) {
	dir := t.TempDir()
	save := func(name string, more ...string) string {
		file := filepath.Join(dir, name)
		o := agentsim(t, append(quick("capacity", "h200-agentperf-slo20", "-o", "json", "--out", file), more...)...)
		require.Zero(t, o.code, o.stderr)
		return file
	}
	a, b := save("a.json"), save("b.json", "--set", "slo.output_speed.p25=10tok/s")
	o := agentsim(t, "diff", a, b, "-o", "json")
	require.Zero(t, o.code, o.stderr)
	var d metrics.Diff
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &d))
	require.Equal(t, []metrics.InputChange{{Path: "level", A: "output_speed p25 >= 20tok/s, ttft p95 <= 10s", B: "output_speed p25 >= 10tok/s, ttft p95 <= 10s"},
		{Path: "overrides.slo.output_speed.p25", B: "10tok/s"}}, d.Inputs)
	beyond := map[string]bool{}
	for _, c := range d.Answers {
		beyond[c.Path] = c.Beyond != nil && *c.Beyond
	}
	require.True(t, beyond["capacity.agents"], "slower agents are more: %v", d.Answers)
	table := agentsim(t, "diff", a, b)
	require.Contains(t, table.stdout, "what changed")
	require.Equal(t, "inputs: no difference\nfigures: no difference\n", agentsim(t, "diff", a, a).stdout)

	empty := filepath.Join(dir, "empty.json")
	require.NoError(t, os.WriteFile(empty, []byte("{}"), 0o600))
	o = agentsim(t, "diff", a, empty)
	require.Equal(t, exitUsage, o.code)
	require.Contains(t, o.stderr, "empty.json: has no inputs: want a result that was saved with -o json")
	require.Equal(t, exitUsage, agentsim(t, "diff", a, filepath.Join(dir, "none.json")).code)
}
