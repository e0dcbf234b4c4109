package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func shownModel(t *testing.T, name string) modelAccount {
	t.Helper()
	o := agentsim(t, "model", "show", name, "-o", "json")
	require.Zero(t, o.code, o.stderr)
	var m modelAccount
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &m))
	return m
}

// DeepSeek publishes 671 B parameters, 37 B of them active, and 685 B with the
// draft layer; its cache holds a latent of 512 and a rope key of 64 per layer.
func TestModelShow(t *testing.T) {
	m := shownModel(t, "deepseek-r1")
	require.InEpsilon(t, 671e9, m.Params.Total, 0.01)
	require.InEpsilon(t, 37e9, m.Params.Active, 0.05)
	require.InEpsilon(t, 684e9, m.Params.TotalWithDraft, 0.01)
	require.Greater(t, m.Params.ActiveWithDraft, m.Params.Active)
	require.Less(t, m.Params.ActiveWithDraft, m.Params.Active*1.05, "a token skips most experts of the draft layer too")
	require.Equal(t, "bf16", string(m.Cache[0].Format))
	require.Equal(t, 2.*61*(512+64), m.Cache[0].BytesPerToken)
	require.Equal(t, []int{1_000, 100_000, 1_000_000}, []int{m.FLOPs[0].Context, m.FLOPs[1].Context, m.FLOPs[2].Context})
	require.InEpsilon(t, 2*(m.Params.Active-m.Params.Embedding), m.FLOPs[0].Linear, 0.01)
	require.InEpsilon(t, 1000, m.FLOPs[2].Attention/m.FLOPs[0].Attention, 0.01, "full attention")

	table := agentsim(t, "model", "show", "deepseek-r1")
	require.Contains(t, table.stdout, "with draft layers")
	require.Contains(t, table.stdout, "1,000,000 (beyond its limit)")
	dense := shownModel(t, "llama-3.1-70b")
	require.Equal(t, dense.Params.Total, dense.Params.TotalWithDraft, "no draft layer")
}

const smallConfig = `{"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
"num_key_value_heads": 2, "intermediate_size": 128, "vocab_size": 100, "max_position_embeddings": 4096,
"torch_dtype": "bfloat16"%s}`

func TestImportedModelLoads(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "Small-Llama")
	require.NoError(t, os.Mkdir(dir, 0o755))
	file, preset := filepath.Join(dir, "config.json"), filepath.Join(dir, "small.yaml")
	require.NoError(t, os.WriteFile(file, []byte(fmt.Sprintf(smallConfig, "")), 0o600))
	o := agentsim(t, "model", "import", file, "--out", preset)
	require.Zero(t, o.code, o.stderr)
	require.Empty(t, o.stdout)
	m := shownModel(t, preset)
	require.Equal(t, "small-llama", m.Name, "after the directory")
	require.Equal(t, 2.*2*2*2*16, m.Cache[0].BytesPerToken, "layers, keys and values, heads, bytes")
	o = agentsim(t, "model", "import", file, "--name", "mine")
	require.Contains(t, o.stdout, "name: mine\n")
}

// A checkpoint whose second file alone says how its weights are stored, in a
// directory of its own and among others.
func TestImportReadsTheQuantisationBesideTheConfig(t *testing.T) {
	dir := t.TempDir()
	const quant = `{"producer": {"name": "modelopt"}, "quantization": {"quant_algo": "%s", "exclude_modules": ["lm_head"]}}`
	for name, text := range map[string]string{
		"config.json":                     fmt.Sprintf(smallConfig, ""),
		"hf_quant_config.json":            fmt.Sprintf(quant, "FP8"),
		"org--other.config.json":          fmt.Sprintf(smallConfig, ""),
		"org--other.hf_quant_config.json": fmt.Sprintf(quant, "NVFP4"),
		"org--plain.json":                 fmt.Sprintf(smallConfig, ""),
		"broken.json":                     fmt.Sprintf(smallConfig, ""),
		"broken.hf_quant_config.json":     fmt.Sprintf(quant, "Q4_0"),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	for file, want := range map[string]string{
		"config.json": "weights: {dense: fp8}", "org--other.config.json": "weights: {dense: nvfp4}", "org--plain.json": "weights: {dense: bf16}",
	} {
		o := agentsim(t, "model", "import", filepath.Join(dir, file))
		require.Zero(t, o.code, o.stderr)
		require.Contains(t, o.stdout, want+"\n", file)
	}
	o := agentsim(t, "model", "import", filepath.Join(dir, "broken.json"))
	require.Equal(t, exitUsage, o.code)
	require.Contains(t, o.stderr, `hf_quant_config.json: quantization.quant_algo: "Q4_0" is not`)
}

func TestImportTreatsAnUnknownArchitectureAsAKnownOne(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new.json")
	text := strings.Replace(fmt.Sprintf(smallConfig, ""), "llama", "llama9", 1)
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	o := agentsim(t, "model", "import", file)
	require.Equal(t, exitUsage, o.code)
	require.Contains(t, o.stderr, "--treat-as")
	o = agentsim(t, "model", "import", file, "--treat-as", "llama")
	require.Zero(t, o.code, o.stderr)
	require.Contains(t, o.stdout, `read as`)
}

func TestBadModelInput(t *testing.T) {
	dir := t.TempDir()
	odd := filepath.Join(dir, "odd.json")
	require.NoError(t, os.WriteFile(odd, []byte(fmt.Sprintf(smallConfig, `, "new_attention_trick": 7`)), 0o600))
	out := filepath.Join(dir, "out.yaml")
	cases := []struct {
		want string
		args []string
	}{
		{"new_attention_trick", []string{"import", odd, "--out", out}},
		{"no-such.json", []string{"import", "no-such.json", "--out", out}},
		{"import wants one config.json", []string{"import"}},
		{"did you mean deepseek-r1?", []string{"show", "deepsek-r1"}},
		{"show wants one model", []string{"show"}},
		{"--output csv", []string{"show", "deepseek-r1", "-o", "csv"}},
		{"did you mean show?", []string{"shwo"}},
	}
	for _, c := range cases {
		o := agentsim(t, append([]string{"model"}, c.args...)...)
		require.Equal(t, exitUsage, o.code, "%v: %s", c.args, o.stderr)
		require.Contains(t, o.stderr, c.want)
		require.NotContains(t, o.stderr[:len(o.stderr)-1], "\n", "one line")
		require.Empty(t, o.stdout)
		require.NoFileExists(t, out)
	}
}

func TestModelNames(t *testing.T) {
	for file, want := range map[string]string{
		"x/Some-Model/config.json":               "some-model",
		"deepseek-ai--DeepSeek-V3.2.config.json": "deepseek-v3.2",
		"models--org--Name/../Other/config.json": "other",
		"my.json":                                "my",
		"config.json":                            "imported",
		"/config.json":                           "imported",
	} {
		require.Equal(t, want, modelName(file), file)
	}
}
