package readers

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// tally is what some files add up to, and what the calls waited for: means in
// seconds, 0 = of no call.
type tally struct {
	calls, sessions, subAgents    int
	input, cached, prefix, output int
	toolGap, userGap, service     float64
}

func tallyOf(t testing.TB, opts Options, paths ...string) (tally, *Trace) {
	t.Helper()
	tr, err := OpenAll(paths, opts)
	require.NoError(t, err)
	var stats trace.Stats
	for _, c := range drain(t, tr) {
		requireSound(t, c)
		stats.Add(&c)
	}
	s := stats.Summary()
	return tally{
		calls:     int(s.Calls),
		sessions:  int(s.Sessions),
		subAgents: int(s.SubAgents),
		input:     int(s.InputTotal),
		cached:    int(s.CachedTotal),
		prefix:    int(s.PrefixTotal),
		output:    int(s.OutputTotal),
		toolGap:   s.ToolGap.Mean,
		userGap:   s.UserGap.Mean,
		service:   s.Service.Mean,
	}, tr
}

// miniature is a small log in the notation of a tool, with sums by hand.
type miniature struct {
	path, format string
	want         tally
}

// toolMiniatures were written after the published schemas of the tools. The
// comments add the counts up.
func toolMiniatures() []miniature {
	// Session a: prompts of 500+9,000, 200+10,200, 100+10,500 and 300+10,000; answers of 150+850, 60, 40 and 200. Calls
	// from 1 to 9 s (a tool runs till 12), 13 to 15 (a tool till 24), 24 to 30, and after a person 61 to 65.
	a := tally{4, 1, 0, 41_400, 39_700, 9_000 + 9_500 + 10_400 + 10_600, 1_300, (4 + 9) / 2., 31, (8 + 2 + 6 + 4) / 4.}
	// Beside it a sub-agent, 3,000 and 100 in 4 s, and what a fork adds to its copies: 10,000 (9,600 cached), 50 in 3 s.
	all := tally{6, 3, 1, 54_400, 49_300, 49_100, 1_450, 6.5, 31, (20 + 4 + 3) / 6.}
	// Two calls of which 303 tokens are told in the end; 15 of 21 s are the service's.
	spread := tally{2, 1, 0, 14_004 + 14_506, 19_000, 5_000 + 14_004, 303, 6, 0, 7.5}
	return []miniature{
		{"opencode/export.json", "opencode", a},
		{"opencode/storage", "opencode", all},
		{"opencode/opencode.db", "opencode", all},
		{"opencode/run.jsonl", "opencode", tally{2, 1, 0, 2_050, 1_900, 1_900, 35, 2, 0, 2.5}},
		// 8,000, 9,000+20 and 9,300; of a sub-agent 2,000 and 2,100. Thoughts of 50, 30 and 10.
		{"gemini", "gemini", tally{5, 2, 1, 30_420, 18_400, 8_000 + 9_020 + 2_000, 560, (3 + 0.5) / 2, 87,
			(6 + 4 + 5 + 1 + 0.5) / 5}},
		{"claude-stream/run.jsonl", "claude-stream", spread},
		// The events tell 120 of the 420; a sub-agent's 2,003 and 80 are beside it.
		{"claude-stream/partial.jsonl", "claude-stream", tally{3, 2, 1, 28_510 + 2_003, 19_000, 19_004, 500, 4, 0, 4}},
		// A turn of two rounds of tools, so three calls, then one more: the sums are those of the last event.
		{"codex-exec/run.jsonl", "codex-exec", tally{4, 1, 0, 42_000, 38_000, 9_000 + 9_000 + 10_000 + 10_000, 700, 0, 0, 0}},
		{"cursor/usage.csv", "cursor", tally{2, 2, 0, 30_520 + 9_000, 30_000, 30_000, 1_000, 0, 0, 0}},
		{"openhands-v0/sessions", "openhands-v0", tally{2, 1, 0, 6_300, 2_900, 3_000, 100, 4, 0, (5 + 4) / 2.}},
		{"openhands-v0/output.jsonl", "openhands-v0", tally{3, 1, 0, 7_200, 2_900, 3_000, 170, 4.5, 0, (4 + 3.5) / 2}},
		{"aiperf-export/profile_export.jsonl", "aiperf-export", tally{3, 2, 0, 5_300, 2_000, 2_000, 320, 0, 2, 2}},
		{"vllm-results/result.json", "vllm-results", tally{3, 3, 0, 600, 0, 0, 60, 0, 0, (0.8 + 0.5 + 1) / 3}},
		{"vllm-results/sglang.jsonl", "vllm-results", tally{2, 2, 0, 110, 0, 0, 11, 0, 0, 0.3}},
		{"otel-sdk/console.json", "otel-sdk", tally{2, 1, 0, 10_600, 9_000, 4_000 + 5_000, 300, 3, 0, 3.5}},
		{"otel-sdk/stdouttrace.json", "otel-sdk", tally{2, 1, 0, 2_200, 0, 1_000, 70, 0, 3, 1.5}},
		{"otel-sdk/javascript.jsonl", "otel-sdk", tally{3, 2, 1, 950, 128, 128 + 400, 65, 3, 0, (3 + 1.5 + 3) / 3}},
		{"otel-sdk/phoenix.jsonl", "otel-sdk", tally{2, 1, 0, 6_200, 2_000, 2_000 + 3_000, 140, 3, 0, 4.5}},
		{"jaeger/traces.json", "jaeger", tally{2, 1, 0, 8_400, 0, 4_000, 320, 6, 0, (150 + 4) / 2.}},
		{"langfuse-export/page.json", "langfuse-export", tally{2, 1, 0, 10_200, 4_000, 4_000 + 5_000, 250, 2, 0, 3.5}},
		{"langfuse-export/trace.json", "langfuse-export", tally{1, 1, 0, 800, 0, 0, 10, 0, 0, 2}},
		{"langfuse-export/blob", "langfuse-export", tally{2, 1, 0, 4_300, 0, 2_000, 50, 0, 6, 3}},
		{"langfuse-export/table.csv", "langfuse-export", tally{2, 1, 0, 6_100, 0, 3_000, 100, 0, 3, 1.5}},
		{"litellm-export/page.json", "litellm-pages", tally{2, 1, 0, 2_500, 1_024, 512 + 1_000, 50, 0, 3, 2}},
		{"litellm-export/spend.csv", "litellm-csv", tally{2, 1, 0, 2_500, 512, 512 + 1_000, 50, 0, 3, 2}},
	}
}

func toolPath(name string) string { return filepath.Join("testdata", "tools", name) }

func requireTally(t *testing.T, want, got tally, path string) {
	t.Helper()
	for _, times := range [][2]*float64{{&want.toolGap, &got.toolGap}, {&want.userGap, &got.userGap}, {&want.service, &got.service}} {
		require.InDelta(t, *times[0], *times[1], 2e-3, path) // statistics count milliseconds
		*times[0], *times[1] = 0, 0
	}
	require.Equal(t, want, got, path)
}

func TestToolMiniatures(t *testing.T) {
	for _, m := range toolMiniatures() {
		got, tr := tallyOf(t, Options{}, toolPath(m.path))
		require.Equal(t, m.format, tr.Format(), m.path)
		requireTally(t, m.want, got, m.path)
	}
}

// copyOf copies a file or a folder to another place, with an empty line more so
// that the copy is not the same to the byte.
func copyOf(t *testing.T, path string) string {
	to := filepath.Join(t.TempDir(), filepath.Base(path))
	require.NoError(t, filepath.WalkDir(path, func(at string, entry os.DirEntry, err error) error {
		require.NoError(t, err)
		inside, err := filepath.Rel(path, at)
		require.NoError(t, err)
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(to, inside), 0o700)
		}
		text, err := os.ReadFile(at)
		require.NoError(t, err)
		return os.WriteFile(filepath.Join(to, inside), append(text, '\n'), 0o600)
	}))
	return to
}

// A log that is given twice counts once, where it names its calls.
func TestToolLogsTwice(t *testing.T) {
	unnamed := map[string]bool{"cursor/usage.csv": true, "vllm-results/result.json": true, "vllm-results/sglang.jsonl": true}
	for _, m := range toolMiniatures() {
		if unnamed[m.path] {
			continue
		}
		got, _ := tallyOf(t, Options{}, toolPath(m.path), copyOf(t, toolPath(m.path)))
		requireTally(t, m.want, got, m.path)
	}
	all := tally{8, 4, 1, 56_450, 51_200, 51_000, 1_485, (4 + 9 + 2) / 3., 31, (27 + 3 + 2) / 8.}
	got, _ := tallyOf(t, Options{}, toolPath("opencode")) // its folder, its database and an export tell the same calls
	requireTally(t, all, got, "opencode")
}

// Lines of a log may come in any order where they say when they happened or how
// they are numbered.
func TestToolLogsShuffled(t *testing.T) {
	for _, path := range []string{
		"aiperf-export/profile_export.jsonl", "otel-sdk/phoenix.jsonl", "otel-sdk/javascript.jsonl",
		"langfuse-export/blob/observations.jsonl", "opencode/run.jsonl",
	} {
		want, _ := tallyOf(t, Options{}, toolPath(path))
		text, err := os.ReadFile(toolPath(path))
		require.NoError(t, err)
		rows := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
		for shift := 1; shift < len(rows); shift++ {
			var turned [][]byte
			for i := range rows {
				turned = append(turned, rows[(len(rows)-1-i+shift)%len(rows)])
			}
			got, _ := tallyOf(t, Options{}, write(t, "x.jsonl", string(bytes.Join(turned, []byte("\n")))))
			requireTally(t, want, got, path)
		}
	}
}

// A log that ends anywhere tells fewer calls, or says that it is cut.
func TestToolLogsCut(t *testing.T) {
	for _, m := range toolMiniatures() {
		text, err := os.ReadFile(toolPath(m.path))
		if err != nil || m.path == "opencode/opencode.db" {
			continue // a folder, or pages
		}
		step := max(1, len(text)/60)
		for n := 1; n < len(text); n += step {
			tr, err := OpenAll([]string{write(t, filepath.Base(m.path), string(text[:n]))}, Options{Format: m.format})
			if err != nil {
				continue
			}
			calls := 0
			for {
				var c trace.Call
				if err := tr.Read(&c); err != nil {
					if !errors.Is(err, io.EOF) {
						require.NotContains(t, err.Error(), "secret")
					}
					break
				}
				requireSound(t, c)
				calls++
			}
			require.NoError(t, tr.Close())
			require.LessOrEqual(t, calls, m.want.calls, "%s cut at %d", m.path, n)
		}
	}
}

// Byte order marks and line ends of other systems change nothing.
func TestToolLogsFromOtherSystems(t *testing.T) {
	for _, m := range toolMiniatures() {
		text, err := os.ReadFile(toolPath(m.path))
		if err != nil || m.path == "opencode/opencode.db" || bytes.HasPrefix(text, []byte(byteOrderMark)) {
			continue
		}
		text = append([]byte(byteOrderMark), bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))...)
		got, tr := tallyOf(t, Options{}, write(t, filepath.Base(m.path), string(text)))
		require.Equal(t, m.format, tr.Format(), m.path)
		got.sessions, m.want.sessions = 0, 0 // some are named after the file
		requireTally(t, m.want, got, m.path)
	}
}

func TestEpochsOfAnyUnit(t *testing.T) {
	const want = 1_782_896_400
	for text, unix := range map[string]float64{
		`1782896400`: want, `1782896400.5`: want + 0.5, `1782896400500`: want + 0.5, `1782896400500000`: want + 0.5,
		`1782896400500000000`: want + 0.5, `"1782896400500"`: want + 0.5, `"2026-07-01T09:00:00.5Z"`: want + 0.5,
		`"2026-07-01 09:00:00.500"`: want + 0.5, `"2026-07-01T11:00:00.5+02:00"`: want + 0.5, `null`: trace.Unknown,
		`""`: trace.Unknown, `{}`: trace.Unknown, `0`: trace.Unknown,
	} {
		s := jsonscan.NewText([]byte(text))
		require.InDelta(t, unix, looseTime(s, "t"), 1e-6, text)
		require.NoError(t, s.Err(), text)
	}
	for _, text := range []string{`-5`, `"soon"`, `1e30`, `"1969-07-01T09:00:00Z"`} {
		s := jsonscan.NewText([]byte(text))
		looseTime(s, "t")
		require.ErrorContains(t, s.Err(), "t: ", text)
	}
}

func TestCountsAsExportersWriteThem(t *testing.T) {
	for text, want := range map[string]int{`12`: 12, `12.0`: 12, `"1,234"`: 1234, `" 7 "`: 7, `0`: 0} {
		got, told := looseCount(jsonscan.NewText([]byte(text)), "n")
		require.True(t, told, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{`null`, `""`, `"-"`, `{"a":1}`, `[1]`, `true`} {
		_, told := looseCount(jsonscan.NewText([]byte(text)), "n")
		require.False(t, told, text)
	}
	for text, want := range map[string]string{`-1`: "want 0 to", `1.5`: "whole number", `"x"`: "not a number", `1e12`: "want 0 to"} {
		s := jsonscan.NewText([]byte(text))
		looseCount(s, "n")
		require.ErrorContains(t, s.Err(), want, text)
	}
}

func FuzzOpencode(f *testing.F)       { fuzz(f, "opencode", toolSeeds("opencode")...) }
func FuzzGemini(f *testing.F)         { fuzz(f, "gemini", toolSeeds("gemini")...) }
func FuzzClaudeStream(f *testing.F)   { fuzz(f, "claude-stream", toolSeeds("claude-stream")...) }
func FuzzCodexExec(f *testing.F)      { fuzz(f, "codex-exec", toolSeeds("codex-exec")...) }
func FuzzCursor(f *testing.F)         { fuzz(f, "cursor", toolSeeds("cursor")...) }
func FuzzOpenhandsV0(f *testing.F)    { fuzz(f, "openhands-v0", toolSeeds("openhands-v0")...) }
func FuzzAiperfExport(f *testing.F)   { fuzz(f, "aiperf-export", toolSeeds("aiperf-export")...) }
func FuzzVllmResults(f *testing.F)    { fuzz(f, "vllm-results", toolSeeds("vllm-results")...) }
func FuzzOtelSdk(f *testing.F)        { fuzz(f, "otel-sdk", toolSeeds("otel-sdk")...) }
func FuzzJaeger(f *testing.F)         { fuzz(f, "jaeger", toolSeeds("jaeger")...) }
func FuzzLangfuseExport(f *testing.F) { fuzz(f, "langfuse-export", toolSeeds("langfuse-export")...) }
func FuzzLitellmPages(f *testing.F)   { fuzz(f, "litellm-pages", toolSeeds("litellm-pages")...) }
func FuzzLitellmCsv(f *testing.F)     { fuzz(f, "litellm-csv", toolSeeds("litellm-csv")...) }
func FuzzChatRows(f *testing.F) {
	fuzz(f, "chat-rows", `{"conversation_id":"c","turn":1,"role":"user","content":"a"}`+"\n"+
		`{"conversation_id":"c","turn":2,"role":"assistant","content":"b"}`)
}

// toolSeeds returns the miniatures of a format.
func toolSeeds(format string) (seeds []string) {
	for _, m := range toolMiniatures() {
		if text, err := os.ReadFile(toolPath(m.path)); err == nil && m.format == format && m.path != "opencode/opencode.db" {
			seeds = append(seeds, string(text))
		}
	}
	return seeds
}
