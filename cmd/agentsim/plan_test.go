package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/metrics"
)

func TestPlanFillsABudget(t *testing.T) {
	args := few("plan", "h200-agentperf-slo20", "--mw", "0.1", "--systems", "hgx-h200,hgx-b200")
	o := agentsim(t, append(args, "-o", "json")...)
	require.Zero(t, o.code, o.stderr)
	require.True(t, strings.HasPrefix(o.stdout, "{\n  \"inputs\""))
	var p metrics.Plan
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &p))
	require.Len(t, p.Options, 2)
	require.Equal(t, "hgx-b200", p.Options[0].System, "4-bit arithmetic serves more")
	for _, option := range p.Options {
		require.Equal(t, option.Units*8, option.Accelerators)
		require.LessOrEqual(t, option.MW, 0.1)
		require.InDelta(t, 1-option.MW/0.1, option.Headroom, 1e-9)
		require.InDelta(t, option.MW, float64(option.Units)*option.Unit.FacilityMW, 1e-9)
		require.Greater(t, option.MW+option.Unit.FacilityMW, 0.1, "one more would not fit")
		require.LessOrEqual(t, option.Agents.P10, option.Agents.P50)
		require.InDelta(t, option.Unit.Agents*float64(option.Units), option.Estimate, 1e-6)
		require.NotEmpty(t, option.Deployment)
	}
	require.Contains(t, agentsim(t, few("plan", "h200-agentperf-slo20", "--racks", "3", "--systems", "hgx-h200", "--mtbf", "900",
		"--repair", "100", "--availability", "0.9")...).stdout, "hgx-h200", "a table")
}

func TestPlansThatCannotBe(t *testing.T) {
	for want, args := range map[string][]string{
		"one of --mw, --racks and --money": {},
		"accelerator, it or facility":      {"--mw", "1", "--boundary", "hall"},
		"the budget is too small":          {"h200-agentperf-slo20", "--mw", "0.001", "--systems", "hgx-h200"},
		"has no prices":                    {"--money", "100"},
		"a share below 1":                  {"--mw", "1", "--availability", "2", "--mtbf", "900"},
		"--systems: is empty":              {"--mw", "1", "--systems", ""},
		"--engines: is empty":              {"--mw", "1", "--engines", ""},
	} {
		o := agentsim(t, few(append([]string{"plan"}, args...)...)...)
		require.NotZero(t, o.code, want)
		require.Contains(t, o.stderr, want)
		require.Equal(t, 1, strings.Count(strings.TrimSpace(o.stderr), "\n")+1, o.stderr)
	}
}

// What init writes works as it is, all of it together too: a new accelerator in
// a new system to a first answer in three commands and one.
func TestInitWritesFilesThatWork(t *testing.T) {
	dir := t.TempDir()
	for _, kind := range []string{"accelerator", "system", "engine", "workload", "scenario", "study"} {
		o := agentsim(t, "init", kind, "--out", filepath.Join(dir, kind+".yaml"))
		require.Zero(t, o.code, o.stderr)
	}
	file := func(kind string) string { return filepath.Join(dir, kind+".yaml") }
	o := agentsim(t, few("explain", file("scenario"), "--set", "system="+file("system"), "--set",
		"system.accelerator="+file("accelerator"), "--set", "engine="+file("engine"), "--set", "workload="+file("workload"))...)
	require.Zero(t, o.code, o.stderr)
	require.Contains(t, o.stdout, "my-hgx-h200 (my-h200) · deepseek-v4-pro · my-vllm")
	require.Contains(t, o.stdout, "defaults: deployment.mode=auto")
	text, err := os.ReadFile(file("accelerator"))
	require.NoError(t, err)
	require.Contains(t, string(text), "# scale_up: link inside the domain, one way")

	require.NoError(t, os.WriteFile(file("accelerator"), append(text, "# mine\n"...), 0o600))
	o = agentsim(t, "init", "accelerator", "--out", file("accelerator"))
	require.Equal(t, 2, o.code)
	require.Contains(t, o.stderr, "stays as it is")
	kept, err := os.ReadFile(file("accelerator"))
	require.NoError(t, err)
	require.Equal(t, string(text)+"# mine\n", string(kept))
	require.Zero(t, agentsim(t, "init", "engine", "--out", file("engine")).code, "what it wrote itself")

	require.Contains(t, agentsim(t, "init", "rack").stderr, "want one of accelerator, engine")
	require.Contains(t, agentsim(t, "init", "system", "--from", "hgx-h20x").stderr, "did you mean hgx-h20")
}

// Kernels of the nearest kin stand for those that an accelerator has not.
func TestAnAcceleratorWithoutKernels(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mine.yaml")
	o := agentsim(t, "init", "accelerator", "--from", "b200")
	lines := strings.Split(o.stdout, "\n")
	for i := range lines {
		if strings.HasPrefix(lines[i], "kernels:") {
			lines[i] = ""
		}
	}
	require.NoError(t, os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600))
	o = agentsim(t, quick("run", "h200-agentperf-slo20", "--agents", "2", "-o", "json", "--set",
		"system.accelerator="+file, "--set", "engine=vllm")...)
	require.Zero(t, o.code, o.stderr)
	var r metrics.Result
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &r))
	require.Contains(t, strings.Join(r.Warnings, " "), "there are no kernels of my-b200 under vllm: those of b200")
	wrong := agentsim(t, "explain", "h200-agentperf-slo20", "--set", "system.accelerator.kernels=h20x")
	require.Contains(t, wrong.stderr, "did you mean h20", "a name that was given is not replaced")
}

// All that is wrong in a file is told at once.
func TestAllErrorsAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bad.yaml")
	require.NoError(t, os.WriteFile(file, []byte("name: q\nsystem: hgx-h20x\nmodel: deepseek-v4-pr\nengine: vllm\n"+
		"workload: aa-agentper\nslo: {output_speed: {p25: 20}}\nprotocl: steady-state\n"), 0o600))
	o := agentsim(t, "explain", file)
	require.Equal(t, exitUsage, o.code)
	for _, want := range []string{"bad.yaml:2:9: system hgx-h20x", "bad.yaml:3:8: model", "bad.yaml:5:11: workload",
		"bad.yaml:6:27: slo.output_speed.p25", "bad.yaml:7:1: protocl"} {
		require.Contains(t, o.stderr, want)
	}
	o = agentsim(t, "explain", "h200-agentperf-slo20", "--set", "system.domin=8", "--set", "engine.grphs=[1]")
	require.Contains(t, o.stderr, "did you mean domain?")
	require.Contains(t, o.stderr, "did you mean graphs?")
}
