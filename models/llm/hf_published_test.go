package llm

import (
	"encoding/csv"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/hardware"
)

// importShared imports a config kept beside the repository, with the second
// file of its checkpoint if it has one.
func importShared(t *testing.T, file string) *Spec {
	t.Helper()
	dir := sharedPath(t, "models")
	open := func(name string) io.Reader {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		require.NoError(t, err)
		return strings.NewReader(string(text))
	}
	stem := strings.TrimSuffix(strings.TrimSuffix(file, ".json"), ".config")
	checkpoint := Checkpoint{Config: open(file), Quant: open(stem + ".hf_quant_config.json")}
	s, err := checkpoint.Import("x")
	require.NoError(t, err)
	return s
}

// published is a size as its maker quotes it, and the unit of the last digit
// that is not 0.
func published(t *testing.T, text string) (size, unit float64) {
	t.Helper()
	size, err := strconv.ParseFloat(text, 64)
	require.NoError(t, err)
	if whole, fraction, ok := strings.Cut(text, "."); ok {
		unit = math.Pow10(-len(fraction))
	} else {
		unit = math.Pow10(len(whole) - len(strings.TrimRight(whole, "0")))
	}
	return size * 1e9, unit * 1e9
}

// Every published configuration imports, with the sizes that are quoted of it:
// within 1.5 %, or as exactly as the quotation is rounded or cut off, but never
// worse than 3 %. Makers differ in whether they count draft layers and the vision tower,
// and, of what a token passes, embedding and head.
func TestEveryPublishedConfigurationImports(t *testing.T) {
	const tolerance, most = 0.015, 0.03
	near := func(t *testing.T, text string, counts ...float64) {
		t.Helper()
		size, unit := published(t, text)
		for _, count := range counts {
			off := count - size
			quoted := -unit/2 <= off && off < unit && math.Abs(off) <= most*size
			if quoted || math.Abs(off) <= tolerance*size {
				return
			}
		}
		require.Fail(t, "no count comes near", "%s of %v", text, counts)
	}
	for _, row := range expectedRows(t) {
		t.Run(row["file"], func(t *testing.T) {
			s := importShared(t, row["file"])
			p := s.Params()
			near(t, row["total_b"], p.Total, p.Total+p.MTP, p.Total+p.Vision)
			near(t, row["active_b"], p.Active, p.Active-p.Embedding, p.Active-p.Embedding-p.Head,
				p.Active+p.Vision, p.Active+p.MTP)
			format := s.Weights.Experts
			if s.Experts == nil {
				format = s.Weights.Dense
			}
			require.Equal(t, expectedFormat(row["weights"]), format, row["weights"])
		})
	}
}

func expectedRows(t *testing.T) []map[string]string {
	t.Helper()
	file, err := os.Open(filepath.Join(sharedPath(t, "models"), "expected.csv"))
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	lines, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	require.Greater(t, len(lines), 60)
	var rows []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, name := range lines[0] {
			row[name] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// expectedFormat reads how a table tells the format of the experts.
func expectedFormat(text string) hardware.Format {
	for _, f := range []struct {
		word   string
		format hardware.Format
	}{
		{"nvfp4", hardware.NVFP4},
		{"fp4", hardware.MXFP4},
		{"int4", hardware.INT4},
		{"fp8", hardware.FP8},
	} {
		if strings.Contains(text, f.word) {
			return f.format
		}
	}
	return hardware.BF16
}

// What most modules of a kind are stored in, as two ways of writing tell it.
func TestFormatsOfMixedCheckpoints(t *testing.T) {
	require.Equal(t, WeightFormats{Experts: hardware.NVFP4, Dense: hardware.FP8},
		importShared(t, "nvidia--Qwen3.6-35B-A3B-NVFP4.json").Weights)
	require.Equal(t, WeightFormats{Experts: hardware.NVFP4, Dense: hardware.FP8},
		importShared(t, "nvidia--DeepSeek-V4-Pro-NVFP4.json").Weights)
	require.Equal(t, WeightFormats{Experts: hardware.NVFP4, Dense: hardware.BF16},
		importShared(t, "nvidia--DeepSeek-V3.1-NVFP4.json").Weights, "most of its attention is excluded")
	require.Equal(t, WeightFormats{Experts: hardware.NVFP4, Dense: hardware.NVFP4},
		importShared(t, "nvidia--Qwen3-235B-A22B-NVFP4.json").Weights)
}

// The layers of models whose layers differ, counted by hand from their cards.
func TestLayersOfMixedModels(t *testing.T) {
	count := func(s *Spec) map[AttentionKind]int {
		counts := map[AttentionKind]int{}
		for _, b := range s.Blocks {
			counts[b.Attention.Kind] += b.Count
		}
		return counts
	}
	nano := importShared(t, "nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-BF16.json")
	require.Equal(t, map[AttentionKind]int{Mamba: 23, GQA: 6}, count(nano))
	require.Equal(t, 23, nano.ExpertLayers())
	require.True(t, nano.PlainFFN)
	super := importShared(t, "nvidia--NVIDIA-Nemotron-3-Super-120B-A12B-FP8.json")
	require.Equal(t, map[AttentionKind]int{Mamba: 40, GQA: 8}, count(super))
	require.Equal(t, 1024, super.Experts.Latent)
	require.Equal(t, map[AttentionKind]int{Linear: 69, MLA: 24}, count(importShared(t, "moonshotai--Kimi-K3.json")))
	require.Equal(t, map[AttentionKind]int{BlockSparse: 57, GQA: 3}, count(importShared(t, "MiniMaxAI--MiniMax-M3.json")))
	require.Equal(t, map[AttentionKind]int{DSA: 21, DSAShared: 57}, count(importShared(t, "zai-org--GLM-5.2.json")))
	require.Equal(t, map[AttentionKind]int{Chunked: 36, GQA: 12}, count(importShared(t, "meta-llama--Llama-4-Scout-17B-16E-Instruct.json")))
	gemma := importShared(t, "google--gemma-4-26B-A4B.json")
	require.Equal(t, map[AttentionKind]int{Window: 25, GQA: 5}, count(gemma))
	for _, b := range gemma.Blocks {
		if b.Attention.Kind == GQA {
			require.Equal(t, Attention{Kind: GQA, Heads: 16, KVHeads: 2, HeadDim: 512, KeyIsValue: true}, b.Attention)
		}
	}
}

func TestTreatAs(t *testing.T) {
	config := `{"model_type": "brand_new", "num_hidden_layers": 2, "hidden_size": 64, "vocab_size": 100, "num_attention_heads": 4,
		"num_key_value_heads": 2, "intermediate_size": 128, "max_position_embeddings": 4096, "rope": Infinity, "x_norm": [NaN, "NaN \"Infinity"]}`
	_, err := ImportHF(strings.NewReader(config), "x")
	require.ErrorContains(t, err, "--treat-as")
	s, err := Checkpoint{Config: strings.NewReader(config), TreatAs: "llama"}.Import("x")
	require.NoError(t, err)
	require.Equal(t, `model_type "brand_new" read as "llama"`, s.Sources["blocks"].Note)
	_, err = Checkpoint{Config: strings.NewReader(config), TreatAs: "lama"}.Import("x")
	require.ErrorContains(t, err, `"lama" is not a known architecture`)
}

func FuzzImportQuant(f *testing.F) {
	f.Add(`{"quantization": {"quant_algo": "NVFP4", "exclude_modules": ["model.layers.0.self_attn*", "lm_head"]}}`)
	f.Add(`{"quantization": {"quant_algo": "MIXED_PRECISION", "quantized_layers": {"a.experts": {"quant_algo": "FP8"}}}}`)
	f.Add(`{"quantization": {"quant_algo": "MIXED_PRECISION", "quantized_layers": []}}`)
	f.Add(`{"quantization": NaN}`)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Checkpoint{Config: strings.NewReader("{" + plain + "}"), Quant: strings.NewReader(text)}.Import("x")
		if err == nil {
			require.NoError(t, s.Validate())
		}
	})
}
