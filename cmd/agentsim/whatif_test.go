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

func TestWhatIfSetsBothSideBySide(t *testing.T) {
	o := agentsim(t, quick("what-if", "h200-twice-hbm")...)
	require.Zero(t, o.code, o.stderr)
	require.Contains(t, o.stdout, "What if an H200 had twice the memory?")
	require.Regexp(t, `h200-agentperf-slo20 +h200-twice-hbm +ratio`, o.stdout)
	const each, ratio = `[0-9,.]+ · [0-9,.]+ · [0-9,.]+`, `[0-9.]+ · [0-9.]+ · [0-9.]+`
	require.Regexp(t, `agents +[0-9 ,.]+\n +P10, P50, P90 +`+each+` +`+each, o.stdout)
	require.Regexp(t, `agents per accelerator [0-9 ,.]+\n +P10, P50, P90 +`+each+` +`+each, o.stdout)
	require.Regexp(t, `agents per MW of accelerator power [0-9 ,.]+\n +P10, P50, P90 +`+each+` +`+each+` +`+ratio, o.stdout)
	require.Contains(t, o.stdout, "\nlimit  output_speed.p25")

	var f metrics.WhatIf
	o = agentsim(t, quick(few("what-if", "what-if/h200-twice-hbm", "-o", "json")...)...)
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &f))
	require.Equal(t, "h200-agentperf-slo20", f.Extends)
	require.NotNil(t, f.Base.Capacity.ModelInterval)
	require.LessOrEqual(t, f.RatioInterval.P10, f.RatioInterval.P90)
	require.InDelta(t, f.Result.Capacity.PerAccelerator/f.Base.Capacity.PerAccelerator, f.Ratio.PerAccelerator, 1e-12)

	o = agentsim(t, quick(few("what-if", "h200-twice-hbm", "-o", "csv")...)...)
	require.Contains(t, o.stdout, "ratio.agents_per_mw.accelerator_measured")
}

func TestWhatIfListsItsQuestions(t *testing.T) {
	o := agentsim(t, "what-if")
	require.Zero(t, o.code, o.stderr)
	require.Contains(t, o.stdout, "slow-tools-host-tier  What if evicted caches")
	require.GreaterOrEqual(t, strings.Count(o.stdout, "\n"), 10)
}

// A file of one's own may extend a scenario, or another file beside it.
func TestWhatIfOfAFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		return file
	}
	write("slow.yaml", "{name: slow, question: How slow?, extends: h200-agentperf-slo20, slo: {output_speed: {p25: 15tok/s}}}")
	mine := write("mine.yaml", "{name: mine, question: And with a deeper draft?, extends: slow.yaml,\n"+
		"deployment: {aggregated: {draft_tokens: 3}}}")
	o := agentsim(t, quick("what-if", mine)...)
	require.Zero(t, o.code, o.stderr)
	require.Contains(t, o.stdout, "And with a deeper draft?")

	for _, c := range []struct{ name, text, want string }{
		{"lost.yaml", "{name: lost, extends: h200-agentperf}", "unknown name, did you mean h200-agentperf-slo20?"},
		{"self.yaml", "{name: self, extends: self.yaml}", "extends itself"},
		{"slip.yaml", "{name: slip, extends: slow.yaml, slo: {output_sped: {p25: 15tok/s}}}", "unknown key, did you mean output_speed?"},
		{"none.yaml", "name: none", "want"},
	} {
		o := agentsim(t, "what-if", write(c.name, c.text))
		require.Equal(t, exitUsage, o.code, c.name)
		require.Contains(t, o.stderr, c.want)
		if c.name != "none.yaml" { // which is told all that it lacks at once
			require.Equal(t, 1, strings.Count(o.stderr, "\n"), o.stderr)
		}
	}
	o = agentsim(t, "what-if", "gb300-hall-1mw")
	require.Equal(t, exitUsage, o.code)
	require.Contains(t, o.stderr, "extends no other scenario")
}
