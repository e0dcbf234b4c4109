package validate

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// One run of eight requests in flight, 1,000 tokens in and 100 out, as each
// client writes it.
func TestResultsOfBenchmarkClients(t *testing.T) {
	for client, text := range map[string]string{
		"vllm bench serve": `{"model_id": "org/m", "max_concurrency": 8, "completed": 80, "total_input_tokens": 80000,
			"total_output_tokens": 8000, "output_throughput": 800, "median_tpot_ms": 9, "median_ttft_ms": 500}`,
		"sglang.bench_serving": `{"backend": "sglang", "completed": 80, "total_input_tokens": 80000, "total_output_tokens": 8000,
			"request_throughput": 8, "mean_e2e_latency_ms": 1000, "output_throughput": 800, "median_tpot_ms": 9, "median_ttft_ms": 500}`,
		"AIPerf": `{"input_config": {"loadgen": {"concurrency": 8}, "endpoint": {"model_names": ["org/m"]}},
			"input_sequence_length": {"avg": 1000}, "output_sequence_length": {"avg": 100}, "request_count": {"avg": 80},
			"output_token_throughput": {"unit": "tokens/sec", "avg": 800},
			"inter_token_latency": {"unit": "ms", "p50": 9}, "time_to_first_token": {"unit": "ms", "p50": 500}}`,
		"AIPerf, records": `{"records": {"input_sequence_length": {"avg": 1000}, "output_sequence_length": {"avg": 100},
			"request_throughput": {"avg": 8}, "request_latency": {"avg": 1000}, "output_token_throughput": {"avg": 800},
			"inter_token_latency": {"p50": 9}, "time_to_first_token": {"p50": 500}}}`,
		"InferenceX": `[{"hw": "h200", "model": "org/m", "conc": 8, "isl": 1000, "osl": 100, "tput_per_gpu": 1100,
			"output_tput_per_gpu": 800, "median_tpot": 0.009, "median_ttft": 0.5}]`,
	} {
		runs, err := ReadMeasured([]byte(text), "run.json")
		require.NoError(t, err, client)
		require.Len(t, runs, 1)
		m := runs[0]
		require.Equal(t, []float64{1000, 100, 8}, []float64{m.Input, m.Output, float64(m.Concurrency)}, client)
		require.InDelta(t, 9, m.values[TPOT], 1e-9, client)
		require.InDelta(t, 0.5, m.values[TTFT], 1e-9, client)
		require.InDelta(t, 800, m.values[OutputThroughput], 1e-9, client)
	}
	lines, err := ReadMeasured([]byte(strings.Repeat(`{"max_concurrency": 2, "completed": 1, "total_input_tokens": 5,
		"total_output_tokens": 5, "mean_ttft_ms": 3}`+"\n", 3)), "runs.jsonl")
	require.NoError(t, err)
	require.Len(t, lines, 3)
	require.Equal(t, "runs.jsonl: run 3", lines[2].Name)
}

func TestNamesOfCheckpoints(t *testing.T) {
	require.True(t, sameModel("deepseek-ai/DeepSeek-R1-0528", "deepseek-r1"))
	require.True(t, sameModel("nvidia/DeepSeek-V4-Pro-NVFP4", "deepseek-v4-pro"))
	require.True(t, sameModel("openai/gpt-oss-120b", "gpt-oss-120b"))
	require.False(t, sameModel("zai-org/GLM-5.2-FP8", "glm-5"))
	require.False(t, sameModel("Qwen/Qwen3-8B", "qwen3-235b-a22b"))
}

// Whatever a file holds, it is refused or read.
func FuzzReadMeasured(f *testing.F) {
	f.Add([]byte(`{"max_concurrency": 1e300, "completed": 0, "mean_tpot_ms": -1}`))
	f.Add([]byte(`[[], null, 3]`))
	f.Add([]byte(`{"records": {"time_to_first_token": {"p50": "x"}}, "input_config": []}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		runs, err := ReadMeasured(text, "x")
		if err != nil {
			return
		}
		for _, m := range runs {
			require.Positive(t, m.Concurrency)
			require.GreaterOrEqual(t, m.Input, 1.)
		}
	})
}
