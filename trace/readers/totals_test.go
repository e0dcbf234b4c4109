package readers

import (
	"math"
	"path/filepath"
	"slices"
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
	sound := c.Cached <= c.Input && min(c.Input, c.Output, c.Cached, c.Turn, c.Shared, c.After) >= 0 &&
		(c.Turn == 0) == (c.Kind == trace.First)
	for _, time := range []float64{c.Start, c.Gap, c.Service} {
		sound = sound && (time == trace.Unknown || time >= 0)
	}
	if !sound { // require is too slow to ask for millions of calls
		require.FailNow(t, "not a sound call", "%+v", c)
	}
}

// known is what a file of the shared data adds up to.
type known struct {
	path, format string
	want         totals
}

// miniatures of all formats; their figures were added up by hand.
func knownMiniatures() []known {
	return []known{
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
		{"formats/mini_swe_agent_v2.traj.json", "mini-swe-agent", totals{2, 1, 3060, 60, 0}},
		{"formats/mooncake.jsonl", "mooncake", totals{3, 3, 21977, 1016, 7168}},
		{"formats/mooncake_session.jsonl", "mooncake", totals{4, 2, 7266, 132, 4836}},
		{"formats/openhands_v1", "openhands", totals{1, 1, 9500, 150, 3800}},
		{"formats/otel_genai.otlp.json", "otel", totals{1, 1, 9500, 150, 3800}},
		{"formats/sharegpt.json", "chat", totals{2, 1, 47, 18, 9}},
		{"formats/tracelab_multiround.csv", "tracelab-csv", totals{2, 1, 67844, 1051, 59489}},
		{"formats/vllm_multi_turn_conversations.json", "chat", totals{2, 1, 100, 49, 23}},
		{"formats/wildchat.jsonl", "chat", totals{1, 1, 9, 3, 0}},
	}
}

// knownFiles are the real files. A script in another language that shares no
// code with the readers added them up.
func knownFiles() []known {
	return []known{
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
		{"lmcache-miniswe/063925220f0d2954505eb37612b11ab3.jsonl.gz", "lmcache", totals{30, 1, 714332, 12791, 669199}},
		{"lmcache-miniswe/0d858f596973e20b4e8a66cc6d7efb8d.jsonl.gz", "lmcache", totals{30, 1, 631565, 10314, 602880}},
		{"lmcache-miniswe/189f0222310bd8eee310f204e91b9c84.jsonl.gz", "lmcache", totals{6, 1, 39872, 3246, 31693}},
		{"lmcache-miniswe/39f322b016f240b738243a425ddd8049.jsonl.gz", "lmcache", totals{9, 1, 100041, 3085, 85309}},
		{"lmcache-miniswe/5518cbf6b5c90e74800c7cdaf91da2f7.jsonl.gz", "lmcache", totals{30, 1, 689169, 20927, 645465}},
		{"lmcache-miniswe/5e964bd93f8c35ab4430fd68b91abf13.jsonl.gz", "lmcache", totals{30, 1, 627305, 11712, 580340}},
		{"lmcache-miniswe/6f1a88fc2fa796cf515b263d8f5f55c4.jsonl.gz", "lmcache", totals{30, 1, 944152, 19737, 896122}},
		{"lmcache-miniswe/abe6103153a804525aa167d60cc30912.jsonl.gz", "lmcache", totals{13, 1, 115916, 4374, 103360}},
		{"lmcache-miniswe/ae5bc34ffaf6e553cc320e6499db0d47.jsonl.gz", "lmcache", totals{8, 1, 84807, 3935, 70927}},
		{"lmcache-miniswe/ba443702286bd3610b74b264aaf2b6a3.jsonl.gz", "lmcache", totals{30, 1, 2574386, 10819, 2425289}},
		{"lmcache-miniswe/c7d0fc25aec9ae6e509fb167782bbe54.jsonl.gz", "lmcache", totals{6, 1, 60459, 1895, 47240}},
		{"lmcache-miniswe/ce5308d303aa2043af2fdc79cf92ff71.jsonl.gz", "lmcache", totals{30, 1, 669141, 14868, 635272}},
		{"lmcache-miniswe/d80534b26b1c83c2c3bcf6be4ca2eb0e.jsonl.gz", "lmcache", totals{14, 1, 169378, 7272, 151989}},
		{"lmcache-miniswe", "lmcache", totals{266, 13, 7420523, 124975, 6945085}},
		{"swe-agent/ctf__web__i_got_id_demo.traj.gz", "swe-agent", totals{21, 1, 522868, 10482, 479915}},
		{"swe-agent/function_calling_simple.traj.gz", "swe-agent", totals{5, 1, 28179, 1150, 21441}},
		{"swe-agent/gpt4__swe-bench-dev-easy_first_only__default__t-0.00__p-0.95__c-3.00__install-1__pydicom__" +
			"pydicom-1458.traj.gz", "swe-agent", totals{12, 1, 498437, 6111, 442018}},
		{"swe-agent/replay__marshmallow-code__marshmallow-1867__function_calling_replace_from_source__" +
			"marshmallow-code__marshmallow-1867.traj.gz", "swe-agent", totals{13, 1, 236127, 3442, 207200}},
		{"mini-swe-agent/github_issue.traj.json.gz", "mini-swe-agent", totals{10, 1, 50711, 2308, 43641}},
		{"mini-swe-agent/local.traj.json.gz", "mini-swe-agent", totals{2, 1, 5380, 171, 2621}},
		{"synthetic/aa_like_v1.csv.gz", "session-csv", totals{19852, 500, 519528171, 9919939, 497249016}},
		{"claude-code-weka/dev-00.jsonl.gz", "weka", totals{6309, 125, 910251005, 2679818, 870473088}},
		{"claude-code-weka/dev-01.jsonl.gz", "weka", totals{8440, 156, 947468686, 3806457, 907583232}},
		{"claude-code-weka/dev-02.jsonl.gz", "weka", totals{8511, 132, 956260292, 3610729, 923960192}},
		{"claude-code-weka/dev-03.jsonl.gz", "weka", totals{5096, 57, 456763763, 2046185, 445300928}},
		{"claude-code-weka/samples/trace_0007.json.gz", "weka", totals{12, 1, 1605375, 8929, 1465728}},
		{"claude-code-weka/samples/trace_0013.json.gz", "weka", totals{68, 1, 6539611, 22213, 6286784}},
		{"claude-code-weka/samples/trace_0016.json.gz", "weka", totals{12, 1, 943452, 2607, 859008}},
		{"claude-code-weka/samples/trace_0021.json.gz", "weka", totals{14, 1, 401061, 4943, 365056}},
		{"claude-code-weka/samples/trace_0277.json.gz", "weka", totals{53, 5, 2576410, 31862, 2248896}},
	}
}

// TestTotals reads every file of the shared data with its format detected, and
// with its name given. A token of text counts as one character.
func TestTotals(t *testing.T) {
	for _, test := range slices.Concat(knownMiniatures(), knownFiles()) {
		t.Run(filepath.Base(test.path), func(t *testing.T) {
			got, tr := add(t, sharedPath(t, "traces/"+test.path), Options{Tokens: tokens.ByRatio(1)})
			require.Equal(t, test.format, tr.Format())
			require.Equal(t, test.want, got)
			for _, note := range tr.Report().Notes {
				require.NotContains(t, note.Text, "unknown ")
			}
			forced, _ := add(t, sharedPath(t, "traces/"+test.path), Options{Format: test.format, Tokens: tokens.ByRatio(1)})
			require.Equal(t, got, forced)
		})
	}
}

// A profile of a client gives as many calls as its rates say, each time the
// same ones, with the mean lengths of its tables. The figures are the sums of
// rates times windows, and of these times the means of the windows' tables.
func TestServegenDrawsTheCallsOfItsRates(t *testing.T) {
	for name, want := range map[string]struct {
		calls         int
		input, output float64 // means
	}{
		"deepseek-r1__chunk-57": {976, 137.49, 401.29}, "m-large__chunk-1": {361631, 351.81, 81.631},
		"m-small__chunk-20": {1803050, 924.74, 71.096},
	} {
		calls := want.calls
		rates, _ := add(t, sharedPath(t, "traces/servegen/"+name+"-trace.csv.gz"), Options{})
		lengths, tr := add(t, sharedPath(t, "traces/servegen/"+name+"-dataset.json.gz"), Options{})
		require.Equal(t, "servegen", tr.Format())
		require.Equal(t, calls, rates.calls)
		require.Equal(t, rates, lengths)
		sampling := max(0.003, 2/math.Sqrt(float64(calls)))
		require.InEpsilon(t, want.input, float64(rates.input)/float64(calls), sampling, name)
		require.InEpsilon(t, want.output, float64(rates.output)/float64(calls), sampling, name)
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
