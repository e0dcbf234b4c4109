package readers

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/trace"
	"agentsim/trace/tokens"
	"agentsim/trace/writers"
)

func open(t testing.TB, path string) *Trace {
	t.Helper()
	tr, err := OpenAll([]string{path}, Options{Tokens: tokens.ByRatio(4)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, tr.Close()) })
	return tr
}

func shared(t testing.TB) []string {
	return []string{
		sharedPath(t, "traces/claude-code-weka/samples/trace_0277.json.gz"),
		sharedPath(t, "traces/claude-code-weka/samples/trace_0013.json.gz"),
		sharedPath(t, "traces/tracelab/round_trace.jsonl"),
		sharedPath(t, "traces/tracelab/multi_session_large.csv"),
		sharedPath(t, "traces/formats/mooncake_session.jsonl"),
		sharedPath(t, "traces/lmcache-miniswe"),
	}
}

// Our own table keeps every field of every call.
func TestParquetKeepsEverything(t *testing.T) {
	for _, path := range shared(t) {
		out := filepath.Join(t.TempDir(), "x.parquet")
		n, err := writers.Parquet(out, open(t, path), writers.About{Source: "a", Licence: "b", Format: "c"})
		require.NoError(t, err)
		want := drain(t, open(t, path))
		require.Len(t, want, n)
		back := open(t, out)
		require.Equal(t, "agentsim", back.Format())
		require.Equal(t, want, drain(t, back))
	}
}

// Agentic Mooncake keeps tokens, gaps, parents and, in whole blocks, prefixes.
func TestAgenticMooncakeKeepsWhatItHasRoomFor(t *testing.T) {
	for _, path := range shared(t) {
		out := filepath.Join(t.TempDir(), "x.jsonl")
		_, err := writers.AgenticMooncake(out, open(t, path), 16)
		require.NoError(t, err)
		want, got := drain(t, open(t, path)), drain(t, open(t, out))
		require.Equal(t, "dynamo-mooncake", open(t, out).Format())
		require.Len(t, got, len(want))
		last := map[string]int{} // longest prompt of the session: only that can match
		for i, w := range want {
			g := got[i]
			require.Equal(t, []int{w.Input, w.Output, w.Turn}, []int{g.Input, g.Output, g.Turn}, "call %d of %s", i, path)
			require.Equal(t, w.Parent, g.Parent)
			if w.Turn > 0 {
				require.InDelta(t, max(w.Gap, 0), max(g.Gap, 0), 1e-3)
				require.Equal(t, min(w.Prefix, last[w.Session+w.Agent])/16*16, min(g.Prefix, w.Input)/16*16)
			}
			last[w.Session+w.Agent] = (w.Input + 15) / 16 * 16
		}
	}
}

// Who started and who waits for whom survives in both formats.
func TestTreesSurvive(t *testing.T) {
	source := sharedPath(t, "traces/formats/dynamo_agentic_mooncake.jsonl")
	want := drain(t, open(t, source))
	rows, table := filepath.Join(t.TempDir(), "x.jsonl"), filepath.Join(t.TempDir(), "x.parquet")
	_, err := writers.AgenticMooncake(rows, open(t, source), 128)
	require.NoError(t, err)
	_, err = writers.Parquet(table, open(t, source), writers.About{})
	require.NoError(t, err)
	for _, path := range []string{rows, table} {
		got := drain(t, open(t, path))
		require.Len(t, got, len(want))
		for i := range got {
			require.Equal(t, want[i].After, got[i].After, path)
			require.Equal(t, want[i].Joins, got[i].Joins, path)
			require.Equal(t, want[i].Parent, got[i].Parent, path)
			require.Equal(t, max(want[i].Gap, 0), max(got[i].Gap, 0), path)
		}
	}
}

func TestWritersLeaveNothingHalfWritten(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.parquet")
	require.NoError(t, os.WriteFile(path, []byte("older"), 0o600))
	bad := write(t, "bad.jsonl", lines(goodRow, goodRow, "{oops"))
	_, err := writers.Parquet(path, open(t, bad), writers.About{})
	require.ErrorContains(t, err, "bad.jsonl:3: ")
	_, err = writers.AgenticMooncake(path, open(t, bad), 64)
	require.ErrorContains(t, err, "bad.jsonl:3: ")
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "older", string(data))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	_, err = writers.AgenticMooncake(path, open(t, bad), 0)
	require.ErrorContains(t, err, "want at least 1")
	_, err = writers.Parquet(filepath.Join(dir, "no", "x"), open(t, bad), writers.About{})
	require.ErrorIs(t, err, os.ErrNotExist)
}

// What people said is in none of the files that we write.
func TestTextIsNeverWritten(t *testing.T) {
	text := write(t, "x.jsonl", `{"id":"1","messages":[{"role":"user","content":"top secret"},`+
		`{"role":"assistant","content":"very secret"}]}`)
	parquet, rows := filepath.Join(t.TempDir(), "x.parquet"), filepath.Join(t.TempDir(), "x.jsonl")
	_, err := writers.Parquet(parquet, open(t, text), writers.About{})
	require.NoError(t, err)
	_, err = writers.AgenticMooncake(rows, open(t, text), 64)
	require.NoError(t, err)
	for _, path := range []string{parquet, rows} {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NotContains(t, string(data), "secret")
	}
}

func TestSynthSameSeedSameBytes(t *testing.T) {
	p := &trace.Profile{Name: "p", Turns: trace.Tokens{Kind: trace.Constant, Value: 4},
		FirstInput: trace.Tokens{Kind: trace.LogNormal, Median: 9000, Sigma: 0.3},
		Output:     trace.Tokens{Kind: trace.LogNormal, Median: 90, Sigma: 1},
		AppendLate: trace.Tokens{Kind: trace.LogNormal, Median: 300, Sigma: 1},
		History:    trace.History{Tokens: trace.Tokens{Kind: trace.WholeOutput}},
		ToolGap:    trace.Span{Kind: trace.LogNormal, Median: 1, Sigma: 1}}
	require.NoError(t, p.Validate())
	written := func(seed uint64) [2]string {
		dir := t.TempDir()
		n, err := writers.Parquet(filepath.Join(dir, "a"), trace.NewGenerator(p, seed, 50), writers.About{Source: "synth"})
		require.NoError(t, err)
		require.Equal(t, 200, n)
		_, err = writers.AgenticMooncake(filepath.Join(dir, "b"), trace.NewGenerator(p, seed, 50), 64)
		require.NoError(t, err)
		a, err := os.ReadFile(filepath.Join(dir, "a"))
		require.NoError(t, err)
		b, err := os.ReadFile(filepath.Join(dir, "b"))
		require.NoError(t, err)
		return [2]string{string(a), string(b)}
	}
	require.Equal(t, written(1), written(1))
	require.NotEqual(t, written(1), written(2))
}

func TestDamagedTablesAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.parquet")
	_, err := writers.Parquet(path, open(t, sharedPath(t, "traces/formats/mooncake_session.jsonl")), writers.About{})
	require.NoError(t, err)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, at := range []int{0, 5, len(data) / 2, len(data) - 20, len(data) - 5} {
		bad := append([]byte(nil), data...)
		bad[at] ^= 0x40
		require.NoError(t, os.WriteFile(path, bad, 0o600))
		_, err := Open(path, "agentsim")
		require.ErrorIs(t, err, writers.ErrDamaged, "byte %d of %d", at, len(data))
	}
	require.NoError(t, os.WriteFile(path, data[:len(data)-1], 0o600))
	_, err = Open(path, Auto)
	require.ErrorIs(t, err, writers.ErrDamaged)
	_, err = Open(write(t, "x.parquet", "PAR1 not really"), Auto)
	require.ErrorIs(t, err, writers.ErrDamaged)
}
