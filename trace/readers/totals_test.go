package readers

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/trace"
	"agentsim/trace/tokens"
)

// totals are what a file adds up to.
type totals struct{ calls, sessions, input, output, cached int }

func add(t testing.TB, path string, opts Options) (totals, *Trace) {
	t.Helper()
	tr, err := OpenAll([]string{path}, opts)
	require.NoError(t, err)
	var sum totals
	sessions := map[string]bool{}
	for _, c := range drain(t, tr) {
		sum.calls++
		sum.input += c.Input
		sum.output += c.Output
		sum.cached += c.Cached
		if c.Session == "" {
			sum.sessions++
		} else if key := c.Session + "/" + c.Agent; !sessions[key] {
			sessions[key] = true
			sum.sessions++
		}
		requireSound(t, c)
	}
	return sum, tr
}

// requireSound checks what holds for every call of every format.
func requireSound(t testing.TB, c trace.Call) {
	require.LessOrEqual(t, c.Cached, c.Input)
	require.GreaterOrEqual(t, min(c.Input, c.Output, c.Cached, c.Turn, c.Shared), 0)
	require.Equal(t, c.Turn == 0, c.Kind == trace.First)
	for _, time := range []float64{c.Start, c.Gap, c.Service} {
		require.True(t, time == trace.Unknown || time >= 0, "%v", time)
	}
}

// TestTotals reads every file of the shared data with its format detected. The
// figures come from the files by other means: for the miniatures by hand, for
// the others by a script in another language that shares no code with the
// readers. A token of text counts as one character.
func TestTotals(t *testing.T) {
	for _, test := range []struct {
		path, format string
		want         totals
	}{
		{"formats/aa_rwlt.jsonl", "aa-rwlt", totals{2, 1, 157, 27, 59}},
		{"formats/aiperf_dag.jsonl", "aiperf-dag", totals{6, 3, 363, 176, 155}},
		{"formats/aiperf_multi_turn.jsonl", "aiperf-multi-turn", totals{3, 2, 114, 96, 19}},
		{"formats/atif_v1.json", "atif", totals{1, 1, 9500, 150, 3800}},
		{"formats/azure_2024.csv", "azure", totals{2, 2, 4561, 11, 0}},
		{"formats/bailian.jsonl", "bailian", totals{3, 2, 153, 157, 64}},
		{"formats/blis_trace_v2.csv", "blis", totals{2, 1, 19400, 210, 9500}},
		{"formats/blis_trace_v2.yaml", "blis", totals{2, 1, 19400, 210, 9500}},
		{"formats/burstgpt_v1.csv", "burstgpt", totals{3, 3, 1976, 524, 0}},
		{"formats/burstgpt_v3.csv", "burstgpt", totals{2, 1, 680, 65, 300}},
		{"formats/coding_agent_traces_isl_osl.json", "isl-osl", totals{2, 1, 41262, 164, 20423}},
		{"formats/dynamo_agentic_mooncake.jsonl", "dynamo-mooncake", totals{3, 2, 896, 103, 256}},
		{"formats/dynamo_request_trace.jsonl", "dynamo-trace", totals{1, 1, 128, 16, 0}},
		{"formats/langfuse_observations.jsonl", "langfuse", totals{1, 1, 9500, 150, 3800}},
		{"formats/langsmith_runs.jsonl", "langsmith", totals{1, 1, 9500, 150, 3800}},
		{"formats/litellm_standard_logging.jsonl", "litellm", totals{1, 1, 9500, 150, 3800}},
		{"formats/mini_swe_agent_v2.traj.json", "mini-swe-agent", totals{2, 1, 3060, 60, 1500}},
		{"formats/mooncake.jsonl", "mooncake", totals{3, 3, 21977, 1016, 7168}},
		{"formats/mooncake_session.jsonl", "mooncake", totals{4, 2, 7266, 132, 4836}},
		{"formats/openhands_v1", "openhands", totals{1, 1, 9500, 150, 3800}},
		{"formats/otel_genai.otlp.json", "otel", totals{1, 1, 9500, 150, 3800}},
		{"formats/sharegpt.json", "chat", totals{2, 1, 47, 18, 9}},
		{"formats/tracelab_multiround.csv", "tracelab-csv", totals{2, 1, 67844, 1051, 59489}},
		{"formats/vllm_multi_turn_conversations.json", "chat", totals{2, 1, 100, 49, 23}},
		{"formats/wildchat.jsonl", "chat", totals{1, 1, 9, 3, 0}},

		{"mooncake/conversation_trace.jsonl.gz", "mooncake", totals{12031, 12031, 144793823, 4122048, 54098411}},
		{"azure/AzureLLMInferenceTrace_code.csv.gz", "azure", totals{8819, 8819, 18059974, 245896, 0}},
		{"vidur/arxiv_summarization_stats_llama2_tokenizer_filtered_v2.head500.csv", "vidur",
			totals{500, 500, 1271189, 148968, 0}},
		{"vidur/splitwise_code.head500.csv", "vidur", totals{500, 500, 1081658, 12040, 0}},
		{"tracelab/round_trace.jsonl", "tracelab-rounds", totals{19, 2, 514012, 11335, 473556}},
		{"tracelab/claude_code_session.jsonl.gz", "claude-code", totals{10, 1, 418193, 9423, 394068}},
		{"tracelab/codex_rollout.jsonl.gz", "codex", totals{9, 1, 95819, 1912, 79488}},
		{"tracelab/multi_session_example.csv", "tracelab-csv", totals{8, 3, 5308, 448, 3240}},
		{"tracelab/multi_session_large.csv", "tracelab-csv", totals{303, 48, 1150397, 58678, 939365}},
		{"tracelab/session_workload_example.csv", "tracelab-csv", totals{11, 1, 535277, 24798, 480497}},
		{"lmcache-miniswe", "lmcache", totals{266, 13, 7420523, 124975, 6945085}},
		{"swe-agent/ctf__web__i_got_id_demo.traj.gz", "swe-agent", totals{21, 1, 522868, 10482, 479915}},
		{"swe-agent/function_calling_simple.traj.gz", "swe-agent", totals{5, 1, 28179, 1150, 21441}},
		{"mini-swe-agent/github_issue.traj.json.gz", "mini-swe-agent", totals{10, 1, 50711, 2308, 43641}},
		{"mini-swe-agent/local.traj.json.gz", "mini-swe-agent", totals{2, 1, 5380, 171, 2621}},
		{"synthetic/aa_like_v1.csv.gz", "session-csv", totals{19852, 500, 519528171, 9919939, 497249016}},
		{"claude-code-weka/samples/trace_0007.json.gz", "weka", totals{12, 1, 1605375, 8929, 1465728}},
		{"claude-code-weka/samples/trace_0013.json.gz", "weka", totals{68, 1, 6539611, 22213, 6286784}},
		{"claude-code-weka/samples/trace_0016.json.gz", "weka", totals{12, 1, 943452, 2607, 859008}},
		{"claude-code-weka/samples/trace_0021.json.gz", "weka", totals{14, 1, 401061, 4943, 365056}},
		{"claude-code-weka/samples/trace_0277.json.gz", "weka", totals{53, 5, 2576410, 31862, 2248896}},
	} {
		t.Run(filepath.Base(test.path), func(t *testing.T) {
			got, tr := add(t, sharedPath(t, "traces/"+test.path), Options{Tokens: tokens.ByRatio(1)})
			require.Equal(t, test.format, tr.Format())
			require.Equal(t, test.want, got)
			for _, note := range tr.Report().Notes {
				require.NotContains(t, note.Text, "unknown key")
			}
			forced, _ := add(t, sharedPath(t, "traces/"+test.path), Options{Format: test.format, Tokens: tokens.ByRatio(1)})
			require.Equal(t, got, forced)
		})
	}
}

// A profile of a client gives as many calls as its rates say, each time the
// same ones.
func TestServegenDrawsTheCallsOfItsRates(t *testing.T) {
	for name, calls := range map[string]int{"deepseek-r1__chunk-57": 976, "m-large__chunk-1": 361631} {
		rates, _ := add(t, sharedPath(t, "traces/servegen/"+name+"-trace.csv.gz"), Options{})
		lengths, tr := add(t, sharedPath(t, "traces/servegen/"+name+"-dataset.json.gz"), Options{})
		require.Equal(t, "servegen", tr.Format())
		require.Equal(t, calls, rates.calls)
		require.Equal(t, rates, lengths)
	}
}

// drain reads all calls and closes the trace.
func drain(t testing.TB, tr *Trace) []trace.Call {
	t.Helper()
	calls, err := all(tr)
	require.NoError(t, err)
	require.NoError(t, tr.Close())
	return calls
}
