package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const srtRecipe = `name: small
model: {path: deepseek-v4-pro, container: sglang-v0.5.14, precision: fp4}
resources: {gpu_type: gb300, gpus_per_node: 4, prefill_nodes: 1, prefill_workers: 1, decode_nodes: 2, decode_workers: 1}
backend:
  type: sglang
  sglang_config:
    prefill: {tp-size: 4, dp-size: 4, enable-dp-attention: true, ep-size: 4, chunked-prefill-size: 65536}
    decode: {tp-size: 8, dp-size: 8, enable-dp-attention: true, ep-size: 8, max-running-requests: 512, kv-cache-dtype: fp8_e4m3}
frontend: {type: dynamo, args: {router-mode: kv}}
`

// write puts files into a new directory.
func write(t *testing.T, files map[string]string) string {
	dir := t.TempDir()
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

func TestAScenarioTakesAnImportedDeployment(t *testing.T) {
	dir := write(t, map[string]string{"recipe.yaml": srtRecipe})
	o := agentsim(t, "deployment", "import", dir, "-o", "json")
	require.Zero(t, o.code, o.stderr)
	var got struct {
		Deployment json.RawMessage
		Assumed    []string
		NotRead    []string `json:"not_read"`
	}
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &got))
	require.NotNil(t, got.NotRead, "an empty list, not null")
	require.NotEmpty(t, got.Assumed)
	scenario := "name: imported\nquestion: What does the recipe serve?\nsystem: gb300-nvl72\nmodel: deepseek-v4-pro\nengine: sglang\n" +
		"deployment: " + string(got.Deployment) + "\nworkload: {profile: aa-agentperf}\n" +
		"slo: {output_speed: {p25: 20tok/s}, ttft: {p95: 10s}}\nprotocol: aa-agentperf\n"
	file := filepath.Join(write(t, map[string]string{"s.yaml": scenario}), "s.yaml")
	o = agentsim(t, few("explain", file, "-o", "json")...)
	require.Zero(t, o.code, o.stderr)

	o = agentsim(t, "deployment", "export", file, "--for", "sglang")
	require.Zero(t, o.code, o.stderr)
	require.Contains(t, o.stdout, "--chunked-prefill-size 65536")
	require.Contains(t, o.stdout, "--max-running-requests 512")
	require.Contains(t, o.stdout, "--policy cache_aware")
}

func TestImportShowsATable(t *testing.T) {
	dir := write(t, map[string]string{"serve.sh": "vllm serve m -tp 8 --max-num-seqs $N --frobnicate 3\n"})
	o := agentsim(t, "deployment", "import", filepath.Join(dir, "serve.sh"), "--set", "N=32")
	require.Zero(t, o.code, o.stderr)
	require.Contains(t, o.stdout, "mode: aggregated")
	require.Contains(t, o.stdout, "max_batch_per_rank: 32")
	require.Contains(t, o.stdout, "not read: serve.sh:1: --frobnicate")
	require.Contains(t, o.stdout, "assumed: mixed.token_budget: 8192")
}

func TestBadRecipesEndInUsage(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		args  []string
		want  string
	}{
		"substitution": {map[string]string{"a.sh": "vllm serve m -tp $(nproc)\n"}, nil, "a.sh:1: -tp: $(nproc): a substitution"},
		"no variant": {map[string]string{"a.yaml": "base: {name: x, backend: {type: vllm}}\noverride_y: {name: z}\n"},
			[]string{"--variant", "q"}, `no variant "q": want one of z, or base`},
		"empty directory": {nil, nil, "holds no file"},
		"csv":             {map[string]string{"a.sh": "vllm serve m\n"}, []string{"-o", "csv"}, "prints table or json"},
		"set":             {map[string]string{"a.sh": "vllm serve m\n"}, []string{"--set", "x"}, "want NAME=VALUE"},
	} {
		t.Run(name, func(t *testing.T) {
			o := agentsim(t, append([]string{"deployment", "import", write(t, c.files)}, c.args...)...)
			require.Equal(t, exitUsage, o.code, o.stdout)
			require.Empty(t, o.stdout)
			require.Contains(t, o.stderr, c.want)
		})
	}
	require.Equal(t, exitUsage, agentsim(t, "deployment", "import").code)
	require.Equal(t, exitUsage, agentsim(t, "deployment", "import", "nowhere.yaml").code)
	o := agentsim(t, "deployment", "export", "gb300-agentperf-slo20", "--for", "ollama")
	require.Equal(t, exitUsage, o.code)
	require.Contains(t, o.stderr, "want vllm, sglang or trtllm")
}

func TestAutoIsExportedAsItsChoice(t *testing.T) {
	o := agentsim(t, dense("deployment", "export", "h200-agentperf-slo20", "--for", "vllm", "-o", "json",
		"--set", "deployment.mode=auto", "--set", "deployment.accelerators=8")...)
	require.Zero(t, o.code, o.stderr)
	var files []struct{ Name, Text string }
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &files))
	require.True(t, strings.HasPrefix(files[0].Text, "#!/bin/bash"))
	require.Contains(t, files[0].Text, "vllm serve ")
}
