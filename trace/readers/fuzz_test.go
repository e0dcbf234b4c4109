package readers

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/trace"
	"agentsim/trace/tokens"
	"agentsim/trace/writers"
)

// fuzz feeds a reader with anything: it must end with calls that are sound or
// with an error, and not make more calls than the text can hold.
func fuzz(f *testing.F, format string, seeds ...string) {
	for _, seed := range append(seeds, miniatures(format)...) {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		tr, err := memory(t, format, data)
		if err != nil {
			return
		}
		defer func() { require.NoError(t, tr.Close()) }()
		var c trace.Call
		for n := 0; ; n++ {
			if err := tr.Read(&c); err != nil {
				return
			}
			requireSound(t, c)
			if !slices.Contains([]string{"agentsim", "parquet", "servegen", "vllm-generate", "claude-stream"}, format) {
				// These compress, make up or share out; the others have a record a call.
				require.LessOrEqual(t, n, len(data))
			}
		}
	})
}

// memory opens data as a trace. Pairs of files need a directory.
func memory(t *testing.T, format string, data []byte) (*Trace, error) {
	opts := Options{Format: format, SkipBad: 3, Tokens: tokens.ByRatio(4)}
	if format == "agentsim" || format == "parquet" {
		path := filepath.Join(t.TempDir(), "x.parquet")
		require.NoError(t, os.WriteFile(path, data, 0o600))
		return OpenAll([]string{path}, opts)
	}
	if format == "blis" || format == "servegen" {
		return pair(t, format, data, opts)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, io.EOF
	}
	tr := &Trace{opts: opts, env: newEnv(opts.Tokens)}
	return tr, tr.begin(&file{input: input{path: "fuzz"}, r: newHead(bytes.NewReader(data))})
}

// pair writes the fuzzed file and a fixed companion.
func pair(t *testing.T, format string, data []byte, opts Options) (*Trace, error) {
	dir := t.TempDir()
	names := map[string][3]string{
		"blis": {"x.csv", "x.yaml", "trace_version: 2\nsession_context_growth: accumulate\n"},
		"servegen": {"x-trace.csv", "x-dataset.json",
			`{"0":{"input_tokens":"{5: 1}","output_tokens":"{6: 0.5, 7: 0.5}"}}`},
	}[format]
	require.NoError(t, os.WriteFile(filepath.Join(dir, names[0]), data, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, names[1]), []byte(names[2]), 0o600))
	return OpenAll([]string{filepath.Join(dir, names[0])}, opts)
}

// miniatures returns the shared example of a format, where there is one.
func miniatures(format string) []string {
	paths, _ := filepath.Glob("../../../shared/traces/formats/*" + strings.ReplaceAll(format, "-", "_") + "*")
	var out []string
	for _, path := range paths {
		if data, err := os.ReadFile(path); err == nil {
			out = append(out, string(data))
		}
	}
	return out
}

func FuzzWeka(f *testing.F) {
	fuzz(f, "weka",
		`{"id":"s","block_size":64,"hash_id_scope":"local","requests":[{"t":0,"in":130,"out":5,`+
			`"hash_ids":[1,2]},{"type":"subagent","agent_id":"A","t":3,"requests":[{"in":64,`+
			`"hash_ids":[1]}]}]}`)
}
func FuzzDynamoTrace(f *testing.F) { fuzz(f, "dynamo-trace") }
func FuzzTracelabRounds(f *testing.F) {
	fuzz(f, "tracelab-rounds",
		`{"session_id":"s","round_index":0,"input_tokens_total":10,"prefix_tokens":4,`+
			`"newly_append_tokens":6,"timing_events":[{"event_type":"text",`+
			`"timestamp":"2026-01-01T00:00:00Z"}]}`)
}
func FuzzTracelabCsv(f *testing.F) {
	fuzz(f, "tracelab-csv", "id,input_len,output_len,arrival_time,round_idx,tool_wait_after_ms,prefix_len\n"+
		"0,5055,931,0,0,20151,27217\n")
}
func FuzzClaudeCode(f *testing.F) {
	fuzz(f, "claude-code",
		`{"type":"assistant","sessionId":"s","parentUuid":null,"timestamp":"2026-01-01T00:00:00Z",`+
			`"message":{"id":"m","role":"assistant","usage":{"input_tokens":1}}}`)
}
func FuzzCodex(f *testing.F) {
	fuzz(f, "codex",
		`{"timestamp":"2026-01-01T00:00:01Z","type":"event_msg","payload":{"type":"token_count",`+
			`"info":{"total_token_usage":{"total_tokens":3},"last_token_usage":{"input_tokens":2}}}}`)
}
func FuzzOpenhands(f *testing.F) {
	fuzz(f, "openhands",
		`{"kind":"ConversationStateUpdateEvent","key":"stats",`+
			`"value":{"usage_to_metrics":{"agent":{"token_usages":[{"response_id":"r","prompt_tokens":5}],`+
			`"response_latencies":[{"response_id":"r","latency":1}]}}}}`)
}
func FuzzAtif(f *testing.F)      { fuzz(f, "atif") }
func FuzzOtel(f *testing.F)      { fuzz(f, "otel") }
func FuzzLangfuse(f *testing.F)  { fuzz(f, "langfuse") }
func FuzzLangsmith(f *testing.F) { fuzz(f, "langsmith") }
func FuzzLitellm(f *testing.F)   { fuzz(f, "litellm") }
func FuzzIslOsl(f *testing.F)    { fuzz(f, "isl-osl") }
func FuzzSessionCsv(f *testing.F) {
	fuzz(f, "session-csv", "session_id,turn,input_tokens,cached_prefix_tokens,output_tokens,tool_delay_before_s\n"+
		"a,0,9,0,4,0\n")
}
func FuzzDynamoMooncake(f *testing.F) { fuzz(f, "dynamo-mooncake") }
func FuzzBailian(f *testing.F)        { fuzz(f, "bailian") }
func FuzzMooncake(f *testing.F)       { fuzz(f, "mooncake") }
func FuzzAzure(f *testing.F) {
	fuzz(f, "azure", "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-10 00:00:00.009930+00:00,2162,5\n")
}
func FuzzBurstgpt(f *testing.F) {
	fuzz(f, "burstgpt", "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens\n0.5,a,2.1,m,300,40\n")
}
func FuzzVidur(f *testing.F) {
	fuzz(f, "vidur", "arrived_at,num_prefill_tokens,num_decode_tokens\n0.5,5,6\n")
}
func FuzzBlis(f *testing.F) {
	fuzz(f, "blis", "request_id,session_id,input_tokens,output_tokens,arrival_time_us,last_chunk_time_us\n0,s,5,6,0,7\n")
}
func FuzzServegen(f *testing.F)        { fuzz(f, "servegen", "0,0.5,1,Gamma,0.5,2\n") }
func FuzzVllmGenerate(f *testing.F)    { fuzz(f, "vllm-generate") }
func FuzzAaRwlt(f *testing.F)          { fuzz(f, "aa-rwlt") }
func FuzzAiperfDag(f *testing.F)       { fuzz(f, "aiperf-dag") }
func FuzzAiperfMultiTurn(f *testing.F) { fuzz(f, "aiperf-multi-turn") }
func FuzzLmcache(f *testing.F) {
	fuzz(f, "lmcache",
		`{"timestamp":1760428436442742,"input":"a","output":"b","session_id":"s"}`)
}
func FuzzSweAgent(f *testing.F) {
	fuzz(f, "swe-agent",
		`{"history":[{"role":"user","content":"x"},{"role":"assistant","content":"y"}],`+
			`"trajectory":[{"observation":"z","execution_time":1}]}`)
}
func FuzzMiniSweAgent(f *testing.F) { fuzz(f, "mini-swe-agent") }
func FuzzChat(f *testing.F)         { fuzz(f, "chat") }

func FuzzAgentsim(f *testing.F) {
	path := filepath.Join(f.TempDir(), "x.parquet")
	rows := sliceReader{
		{Session: "s", Input: 5, Output: 6, Start: 1, Gap: trace.Unknown},
		{Session: "s", Input: 7, Kind: trace.Tool, Turn: 1},
	}
	_, err := writers.Parquet(path, &rows, writers.About{})
	require.NoError(f, err)
	data, err := os.ReadFile(path)
	require.NoError(f, err)
	fuzz(f, "agentsim", string(data))
}

// sliceReader reads calls from memory.
type sliceReader []trace.Call

func (s *sliceReader) Read(c *trace.Call) error {
	if len(*s) == 0 {
		return io.EOF
	}
	*c, *s = (*s)[0], (*s)[1:]
	return nil
}

// Detection looks at anything without failing.
func FuzzProbe(f *testing.F) {
	f.Add([]byte(goodRow))
	f.Fuzz(func(t *testing.T, data []byte) {
		p := probe(input{path: "x"}, data)
		for _, format := range formats() {
			format.score(p)
		}
	})
}
