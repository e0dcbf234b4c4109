package main

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// vllmRun is what vllm bench serve --save-result writes, cut to what is read.
const vllmRun = `{"backend": "vllm", "model_id": "deepseek-ai/DeepSeek-V4-Pro", "max_concurrency": 8, "completed": 80,
 "total_input_tokens": 655360, "total_output_tokens": 40960, "request_throughput": 0.5, "output_throughput": 250.0,
 "mean_ttft_ms": 1700.0, "median_ttft_ms": 1500.0, "p99_ttft_ms": 6000.0, "mean_tpot_ms": 28.0, "median_tpot_ms": 27.0}`

func TestFitDeploymentLearnsFromOwnRuns(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("run.json", []byte(vllmRun), 0o600))
	o := agentsim(t, "fit-deployment", "run.json", "--scenario", "h200-agentperf-slo20", "--write", "mine.yaml", "-o", "json")
	require.Zero(t, o.code, o.stderr)
	var f fitResult
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &f))
	require.Equal(t, 1, f.Runs)
	seen := map[string]bool{}
	for _, r := range f.Refined {
		seen[r.Quantity] = true
		require.Equal(t, "vllm/hopper/deepseek-v4/h200", r.Stack)
		require.Equal(t, 1, r.Runs)
		require.Less(t, r.After.P10, r.After.P90)
	}
	require.True(t, seen["any.decode"] && seen["fixed.first"] && seen["fixed.throughput"], "%v", seen)

	width := func(args ...string) float64 {
		o := agentsim(t, append(few("explain", "h200-agentperf-slo20", "-o", "json"), args...)...)
		require.Zero(t, o.code, o.stderr)
		var e struct {
			Interval struct {
				Agents struct{ P10, P90 float64 }
			} `json:"model_interval"`
		}
		require.NoError(t, json.Unmarshal([]byte(o.stdout), &e))
		return e.Interval.Agents.P90 / e.Interval.Agents.P10
	}
	require.NotEqual(t, width(), width("--accuracy", "mine.yaml"), "what was learnt is used")
}

func TestRunsThatTeachNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	write := func(name, text string) { require.NoError(t, os.WriteFile(name, []byte(text), 0o600)) }
	write("run.json", vllmRun)
	write("other.json", `{"model_id": "Qwen/Qwen3-235B-A22B", "max_concurrency": 8, "completed": 1, "total_input_tokens": 9,
 "total_output_tokens": 9, "mean_tpot_ms": 3}`)
	write("junk.json", `{"a": 1}`)
	write("broken.json", `{"a": `)
	write("bare.json", `{"mean_tpot_ms": 3}`)
	for want, args := range map[string][]string{
		"--scenario: missing":                             {"run.json"},
		"is a run of Qwen/Qwen3-235B-A22B":                {"other.json", "--scenario", "h200-agentperf-slo20"},
		"no result of a benchmark that is known":          {"junk.json"},
		"broken.json":                                     {"broken.json"},
		"tells no prompt tokens of a request":             {"bare.json"},
		"none.json":                                       {"none.json"},
		"auto: want the deployment that was measured":     {"run.json", "--scenario", "h200-agentperf-slo20", "--set", "deployment={mode: auto, accelerators: 8}"},
		"want a file of fit-deployment or one of serving": {"run.json", "--scenario", "h200-agentperf-slo20", "--accuracy", "none.yaml"},
	} {
		o := agentsim(t, append([]string{"fit-deployment"}, args...)...)
		require.Equal(t, exitUsage, o.code, "%v: %s", args, o.stderr)
		require.Contains(t, o.stderr, want)
	}
}
