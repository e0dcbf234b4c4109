package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/trace"
)

// synthesised draws a small trace into a directory of its own.
func synthesised(t *testing.T, args ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sessions.parquet")
	o := agentsim(t, append([]string{"trace", "synth", "swe-mini", "--sessions", "40", file}, args...)...)
	require.Zero(t, o.code, o.stderr)
	require.Empty(t, o.stdout)
	return file
}

func statsOf(t *testing.T, args ...string) trace.Summary {
	t.Helper()
	o := agentsim(t, append([]string{"trace", "stats", "-o", "json"}, args...)...)
	require.Zero(t, o.code, o.stderr)
	var s trace.Summary
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &s))
	return s
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	return content
}

func TestSynthesisRepeats(t *testing.T) {
	first := read(t, synthesised(t))
	require.Equal(t, first, read(t, synthesised(t)), "same seed, same bytes")
	require.NotEqual(t, first, read(t, synthesised(t, "--seed", "7")))
	short := statsOf(t, synthesised(t, "--set", "turns.median=6", "--set", "turns.sigma=0.1"))
	require.InDelta(t, 6, short.Turns.P50, 1, "overrides reach the profile")
}

func TestStatsPrintTheSummary(t *testing.T) {
	file := synthesised(t)
	s := statsOf(t, file)
	require.Equal(t, int64(40), s.Sessions)
	require.Equal(t, s.Turns.Mean*40, float64(s.Calls))
	table := agentsim(t, "trace", "stats", file)
	require.Contains(t, table.stdout, "40 sessions (0 of sub-agents)")
	require.Contains(t, table.stdout, "tool gap, s")
	require.Contains(t, table.stderr, "read as agentsim")
	require.Empty(t, agentsim(t, "trace", "stats", file, "--quiet").stderr)
}

func TestTraceFiguresRepeat(t *testing.T) {
	file := synthesised(t)
	first, second := filepath.Join(t.TempDir(), "new"), t.TempDir()
	statsOf(t, file, "--plot", first)
	statsOf(t, file, "--plot", second)
	for _, name := range []string{"turns", "context", "tokens", "gaps", "reuse"} {
		for _, ending := range []string{".png", ".svg"} {
			require.Equal(t, read(t, filepath.Join(first, name+ending)), read(t, filepath.Join(second, name+ending)))
		}
	}
}

// What the formats have room for survives the way there and back.
func TestConvertThereAndBack(t *testing.T) {
	file := synthesised(t)
	rows, again := filepath.Join(t.TempDir(), "a.jsonl"), filepath.Join(t.TempDir(), "b")
	o := agentsim(t, "trace", "convert", file, rows, "--block-tokens", "1")
	require.Zero(t, o.code, o.stderr)
	require.Contains(t, o.stderr, "texts of prompts and answers are dropped")
	o = agentsim(t, "trace", "convert", rows, again, "--to", "parquet", "--source", "here", "--licence", "CC0")
	require.Zero(t, o.code, o.stderr)
	require.Contains(t, string(read(t, again)), "CC0")
	want, got := statsOf(t, file), statsOf(t, again)
	require.Equal(t, want.Turns, got.Turns)
	require.Equal(t, want.Input, got.Input)
	require.Equal(t, want.Output, got.Output)
	require.InDelta(t, want.PrefixReuse, got.PrefixReuse, 0.01)
}

func TestFittedProfileLoads(t *testing.T) {
	file, profile := synthesised(t), filepath.Join(t.TempDir(), "mine.yaml")
	o := agentsim(t, "trace", "fit", file, profile, "-o", "json", "--name", "mine")
	require.Zero(t, o.code, o.stderr)
	var f fitted
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &f))
	require.Equal(t, 40, f.Sessions)
	for _, q := range f.Fits {
		require.Less(t, q.Distance, 0.25, q.Field)
	}
	require.Contains(t, string(read(t, profile)), "source: trace sessions.parquet (agentsim)")
	o = agentsim(t, quick("run", "h200-agentperf-slo20", "--agents", "2", "--set", "workload.profile="+profile)...)
	require.Zero(t, o.code, o.stderr)
	drawn := filepath.Join(t.TempDir(), "drawn.parquet")
	o = agentsim(t, "trace", "synth", profile, drawn, "--sessions", "200")
	require.Zero(t, o.code, o.stderr)
	require.InEpsilon(t, statsOf(t, file).Output.P50, statsOf(t, drawn).Output.P50, 0.1)
}

// Bad records are an error by default, and told about if allowed.
func TestSkippedRecordsAreTold(t *testing.T) {
	file := filepath.Join(t.TempDir(), "trace.jsonl")
	row := `{"timestamp": 0, "input_length": 100, "output_length": 5, "hash_ids": [0]}` + "\n"
	require.NoError(t, os.WriteFile(file, []byte(row+"{broken\n"+row), 0o600))
	require.Equal(t, exitFailure, agentsim(t, "trace", "stats", file).code)
	o := agentsim(t, "trace", "stats", file, "--skip-bad", "1")
	require.Zero(t, o.code, o.stderr)
	require.Contains(t, o.stderr, "skipped: "+file+":2")
}

func TestBadTraceInput(t *testing.T) {
	file, dir := synthesised(t), t.TempDir()
	out := filepath.Join(dir, "out.parquet")
	few := filepath.Join(t.TempDir(), "few.parquet")
	require.Zero(t, agentsim(t, "trace", "synth", "swe-mini", "--sessions", "2", few).code)
	cases := []struct {
		code int
		want string
		args []string
	}{
		{exitUsage, "did you mean stats?", []string{"stat", file}},
		{exitUsage, "stats wants one trace or more", []string{"stats"}},
		{exitUsage, "did you mean mooncake?", []string{"stats", file, "--format", "moncake"}},
		{exitUsage, "--skip-bad -1", []string{"stats", file, "--skip-bad", "-1"}},
		{exitUsage, "--output csv", []string{"stats", file, "-o", "csv"}},
		{exitFailure, "no-such-trace", []string{"stats", "no-such-trace"}},
		{exitUsage, "convert wants a trace and a file", []string{"convert", file}},
		{exitUsage, "ends in .parquet", []string{"convert", file, filepath.Join(dir, "out.csv")}},
		{exitUsage, `--to "cvs"`, []string{"convert", file, out, "--to", "cvs"}},
		{exitUsage, "would replace", []string{"convert", file, file}},
		{exitUsage, "--block-tokens 0", []string{"convert", file, filepath.Join(dir, "o.jsonl"), "--block-tokens", "0"}},
		{exitUsage, "ends in .yaml", []string{"fit", file, filepath.Join(dir, "profile")}},
		{exitFailure, "want at least 10", []string{"fit", few, filepath.Join(dir, "p.yaml")}},
		{exitUsage, "did you mean swe-mini?", []string{"synth", "swe-mimi", out}},
		{exitUsage, "--sessions 0", []string{"synth", "swe-mini", out, "--sessions", "0"}},
		{exitUsage, "turns.median", []string{"synth", "swe-mini", out, "--set", "turns.median=-1"}},
	}
	before := read(t, file)
	for _, c := range cases {
		o := agentsim(t, append([]string{"trace"}, c.args...)...)
		require.Equal(t, c.code, o.code, "%v: %s", c.args, o.stderr)
		require.Contains(t, o.stderr, c.want, "%v", c.args)
		require.Empty(t, o.stdout)
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left, "nothing half written")
	require.Equal(t, before, read(t, file))
}

// doctor names what was passed over and the command to run next, which works.
func TestDoctorSaysWhatToRun(t *testing.T) {
	dir := t.TempDir()
	rows := `{"timestamp": 0, "input_length": 900, "output_length": 5, "hash_ids": [0, 1]}` + "\n" +
		`{"timestamp": 500, "input_length": 1000, "output_length": 5, "hash_ids": [0, 2]}` + "\n" + `{"timestamp": 9`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "rows.jsonl"), []byte(rows), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "notes.md"), []byte("# notes\n"), 0o600))
	o := agentsim(t, "trace", "doctor", dir)
	require.Zero(t, o.code, o.stderr)
	for _, want := range []string{
		"mooncake, files: 1", "files of no known format passed over: notes.md (1)", "files that end in the middle of a record",
		"by ids of blocks", "open: calls belong to no sessions",
		"agentsim run gb300-agentperf-slo20 --set workload.trace=" + dir + " --set workload.arrivals=open",
	} {
		require.Contains(t, o.stdout, want)
	}
	o = agentsim(t, "run", "h200-agentperf-slo20", "--set", "workload.trace="+dir, "--set", "workload.arrivals=open", "-o", "json")
	require.Zero(t, o.code, o.stderr)
	require.Contains(t, o.stdout, "notes.md", "the result says what of the trace was left out")

	var d diagnosis
	o = agentsim(t, "trace", "doctor", dir, "--block-tokens", "500", "-o", "json")
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &d))
	require.EqualValues(t, 500, d.Summary.PrefixTotal, "the block in common")
	require.Equal(t, "open", d.Arrivals)
	require.Equal(t, exitUsage, agentsim(t, "trace", "doctor", dir, "--prefix", "provide").code)
	require.Equal(t, exitUsage, agentsim(t, "trace", "doctor", dir, "--block-tokens", "-1").code)
}

func TestFormatsAreListed(t *testing.T) {
	o := agentsim(t, "trace", "formats")
	require.Zero(t, o.code, o.stderr)
	require.Contains(t, o.stdout, "claude-code\n  sessions that Claude Code keeps\n  needs     keys sessionId, parentUuid, message.role")
	require.Contains(t, o.stdout, "export    cp -r ~/.claude/projects/PROJECT .")
}
