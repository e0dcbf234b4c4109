package llm

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/hardware"
)

// otherModel is a text model of another maker, by the dimensions that its config gives
// and the size that it publishes.
type otherModel struct {
	name, config string
	billions     float64 // of parameters
	groups       string  // count, attention, dense or experts
}

func denseModels() []otherModel {
	return []otherModel{
		{"Mistral-7B-v0.1", `"model_type": "mistral", "hidden_size": 4096, "num_hidden_layers": 32,
			"num_attention_heads": 32, "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 32000,
			"sliding_window": 4096, "hidden_act": "silu", "rope_theta": 10000.0`, 7.24, "32 window dense"},
		{"Qwen2.5-72B", `"model_type": "qwen2", "hidden_size": 8192, "num_hidden_layers": 80, "num_attention_heads": 64,
			"num_key_value_heads": 8, "intermediate_size": 29568, "vocab_size": 152064, "max_window_layers": 80,
			"sliding_window": 131072, "use_sliding_window": false`, 72.7, "80 gqa dense"},
		{"Qwen2 with windows above", `"model_type": "qwen2", "hidden_size": 1024, "num_hidden_layers": 10,
			"num_attention_heads": 8, "num_key_value_heads": 8, "intermediate_size": 1024, "vocab_size": 1000,
			"max_window_layers": 7, "sliding_window": 4096, "use_sliding_window": true`, 0.0755, "7 gqa dense, 3 window dense"},
		{"Gemma-2-27B", `"model_type": "gemma2", "hidden_size": 4608, "num_hidden_layers": 46, "num_attention_heads": 32,
			"num_key_value_heads": 16, "head_dim": 128, "intermediate_size": 36864, "vocab_size": 256000,
			"sliding_window": 4096, "attn_logit_softcapping": 50.0, "query_pre_attn_scalar": 144`, 27.2,
			"23 window dense, 23 gqa dense"},
		{"Gemma-3-27B", `"model_type": "gemma3", "boi_token_index": 255999, "mm_tokens_per_image": 256,
			"vision_config": {"hidden_size": 1152}, "text_config": {"model_type": "gemma3_text", "hidden_size": 5376,
			"num_hidden_layers": 62, "num_attention_heads": 32, "num_key_value_heads": 16, "head_dim": 128,
			"intermediate_size": 21504, "vocab_size": 262208, "sliding_window": 1024, "max_position_embeddings": 131072}`,
			27.0, "52 window dense, 10 gqa dense"},
		{"Phi-4", `"model_type": "phi3", "hidden_size": 5120, "num_hidden_layers": 40, "num_attention_heads": 40,
			"num_key_value_heads": 10, "intermediate_size": 17920, "vocab_size": 100352, "sliding_window": null`, 14.7,
			"40 gqa dense"},
		{"Granite-3.3-8B", `"model_type": "granite", "hidden_size": 4096, "num_hidden_layers": 40,
			"num_attention_heads": 32, "num_key_value_heads": 8, "intermediate_size": 12800, "vocab_size": 49159,
			"tie_word_embeddings": true, "embedding_multiplier": 12.0, "logits_scaling": 16.0`, 8.17, "40 gqa dense"},
		{"StarCoder2-15B", `"model_type": "starcoder2", "hidden_size": 6144, "num_hidden_layers": 40,
			"num_attention_heads": 48, "num_key_value_heads": 4, "intermediate_size": 24576, "vocab_size": 49152,
			"sliding_window": 4096, "tie_word_embeddings": false, "use_bias": true`, 16.0, "40 window dense"},
	}
}

func expertModels() []otherModel {
	return []otherModel{
		{"Qwen3-Next-80B-A3B", `"model_type": "qwen3_next", "hidden_size": 2048, "num_hidden_layers": 48,
			"num_attention_heads": 16, "num_key_value_heads": 2, "head_dim": 256, "full_attention_interval": 4,
			"linear_num_key_heads": 16, "linear_num_value_heads": 32, "linear_key_head_dim": 128,
			"linear_value_head_dim": 128, "linear_conv_kernel_dim": 4, "num_experts": 512, "num_experts_per_tok": 10,
			"moe_intermediate_size": 512, "shared_expert_intermediate_size": 512, "intermediate_size": 5120,
			"decoder_sparse_step": 1, "mlp_only_layers": [], "vocab_size": 151936`, 80, "36 linear experts, 12 gqa experts"},
		{"GLM-4.6", `"model_type": "glm4_moe", "hidden_size": 5120, "num_hidden_layers": 92, "num_attention_heads": 96,
			"num_key_value_heads": 8, "head_dim": 128, "n_routed_experts": 160, "n_shared_experts": 1,
			"num_experts_per_tok": 8, "moe_intermediate_size": 1536, "intermediate_size": 12288,
			"first_k_dense_replace": 3, "num_nextn_predict_layers": 1, "vocab_size": 151552, "use_qk_norm": true,
			"partial_rotary_factor": 0.5, "attention_bias": true`, 355, "3 gqa dense, 89 gqa experts"},
		{"DeepSeek-V2-Lite", `"model_type": "deepseek_v2", "hidden_size": 2048, "num_hidden_layers": 27,
			"num_attention_heads": 16, "num_key_value_heads": 16, "q_lora_rank": null, "kv_lora_rank": 512,
			"qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128, "n_routed_experts": 64,
			"n_shared_experts": 2, "num_experts_per_tok": 6, "moe_intermediate_size": 1408, "moe_layer_freq": 1,
			"first_k_dense_replace": 1, "intermediate_size": 10944, "vocab_size": 102400`, 15.7, "1 mla dense, 26 mla experts"},
		{"Kimi-Linear-48B-A3B", `"model_type": "kimi_linear", "hidden_size": 2304, "num_hidden_layers": 27,
			"num_attention_heads": 32, "num_key_value_heads": 32, "head_dim": 72, "q_lora_rank": null,
			"kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128,
			"linear_attn_config": {"full_attn_layers": [4, 8, 12, 16, 20, 24, 27], "num_heads": 32, "head_dim": 128,
			"kda_layers": [1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15, 17, 18, 19, 21, 22, 23, 25, 26],
			"short_conv_kernel_size": 4}, "num_experts": 256, "num_experts_per_token": 8, "num_shared_experts": 1,
			"moe_intermediate_size": 1024, "first_k_dense_replace": 1, "moe_layer_freq": 1, "intermediate_size": 9216,
			"vocab_size": 163840, "mla_use_nope": true, "moe_router_activation_func": "sigmoid"`, 49.1,
			"1 linear dense, 19 linear experts, 7 mla experts"},
		{"MiniMax-Text with four layers", `"model_type": "minimax_text_01", "hidden_size": 6144, "num_hidden_layers": 4,
			"num_attention_heads": 64, "num_key_value_heads": 8, "head_dim": 128, "attn_type_list": [0, 0, 0, 1],
			"num_local_experts": 32, "num_experts_per_tok": 2, "intermediate_size": 9216, "vocab_size": 200064,
			"shared_intermediate_size": 0`, 25.0, "3 linear experts, 1 gqa experts"},
		{"ERNIE-4.5-300B-A47B", `"model_type": "ernie4_5_moe", "hidden_size": 8192, "num_hidden_layers": 54,
			"num_attention_heads": 64, "num_key_value_heads": 8, "intermediate_size": 28672, "moe_num_experts": 64,
			"moe_k": 8, "moe_intermediate_size": 3584, "moe_layer_start_index": 3, "moe_layer_end_index": 53,
			"moe_layer_interval": 1, "vocab_size": 103424, "use_bias": false`, 300, "3 gqa dense, 51 gqa experts"},
		{"two kinds of heads", `"model_type": "mimo_v2_flash", "hidden_size": 1024, "num_hidden_layers": 3,
			"num_attention_heads": 16, "num_key_value_heads": 4, "swa_num_key_value_heads": 8, "head_dim": 192,
			"v_head_dim": 128, "hybrid_layer_pattern": [0, 1, 1], "sliding_window_size": 128, "moe_layer_freq": [0, 1, 1],
			"n_routed_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 512, "intermediate_size": 4096,
			"vocab_size": 1000`, 0.0621, "1 gqa dense, 2 window experts"},
	}
}

func TestImportOtherMakersModels(t *testing.T) {
	for _, c := range append(denseModels(), expertModels()...) {
		t.Run(c.name, func(t *testing.T) {
			config := "{" + c.config + "}"
			if !strings.Contains(config, "max_position_embeddings") {
				config = `{"max_position_embeddings": 32768, ` + c.config + "}"
			}
			s, err := ImportHF(strings.NewReader(config), c.name)
			require.NoError(t, err)
			var groups []string
			for _, g := range s.Groups() {
				ffn := "experts"
				if g.Dense > 0 {
					ffn = "dense"
				}
				groups = append(groups, strings.Join([]string{strconv.Itoa(g.Count), string(g.Attention.Kind), ffn}, " "))
			}
			require.Equal(t, c.groups, strings.Join(groups, ", "))
			require.InEpsilon(t, c.billions*1e9, s.Params().Total, 0.015)
			require.Positive(t, s.CacheBytes(32_000, CacheFormat{KV: hardware.BF16}))
		})
	}
}

// plain is a small config of a known architecture.
const plain = `"model_type": "qwen3_moe", "hidden_size": 1024, "num_hidden_layers": 2, "num_attention_heads": 8,
	"num_key_value_heads": 2, "head_dim": 128, "intermediate_size": 2048, "moe_intermediate_size": 512,
	"num_experts": 8, "num_experts_per_tok": 2, "vocab_size": 1000, "max_position_embeddings": 4096`

// The last of repeated keys counts, so a test overrides a field by adding it.
func TestImportNamesTheFieldItDoesNotUnderstand(t *testing.T) {
	for _, c := range []struct{ add, path, problem string }{
		{`"layer_types": ["full_attention", "hyena"]`, "layer_types[1]", `"hyena" is not a known attention type`},
		{`"layer_types": ["full_attention"]`, "layer_types", "1 values do not match the 2 layers"},
		{`"attn_type_list": [1, 2]`, "attn_type_list[1]", "2 is not a known attention type"},
		{`"attention_type": "ring"`, "attention_type", `"ring" is not understood`},
		{`"num_kv_shared_layers": 1`, "num_kv_shared_layers", "1 is not understood"},
		{`"sparse_attention_config": {"block": 64}`, "sparse_attention_config", `{"block": 64} is not understood`},
		{`"attention_chunk_size": 8192`, "attention_chunk_size", "8192 is not understood"},
		{`"kv_lora_rank": 512`, "kv_lora_rank", "512 is not understood"},
		{`"use_glu": false`, "use_glu", "false is not understood"},
		{`"is_encoder_decoder": true`, "is_encoder_decoder", "true is not understood"},
		{`"mlp_multiplier": 2.0`, "mlp_multiplier", "2.0 is not understood"},
		{`"model_type": "mamba9"`, "model_type", `"mamba9" is not a known architecture`},
		{`"hidden_size": null`, "hidden_size", "is missing"},
		{`"hidden_size": "wide"`, "hidden_size", `"wide" is not a number`},
		{`"hidden_size": 1024.5`, "hidden_size", "1024.5 is not a whole number"},
		{`"hidden_size": 1e18`, "hidden_size", "1e+18 is not a whole number"},
		{`"hidden_size": -1`, "hidden", "-1: want a number from 1"},
		{`"num_hidden_layers": 99999`, "num_hidden_layers", "99999 is not a number of layers"},
		{`"num_local_experts": 9`, "num_local_experts", "9 contradicts num_experts, 8"},
		{`"num_experts_per_tok": 9`, "experts.top_k", "9: want 1 to the 8 routed experts"},
		{`"num_key_value_heads": 3`, "blocks[0].attention.kv_heads", "3: want a divisor"},
		{`"mlp_only_layers": [2]`, "mlp_only_layers", "2 is not a layer from 0 to 1"},
		{`"mlp_layer_types": ["sparse", "wide"]`, "mlp_layer_types[1]", `"wide" is not dense or sparse`},
		{`"decoder_sparse_step": 0`, "decoder_sparse_step", "0 is not 1 or more"},
		{`"tie_word_embeddings": "yes"`, "tie_word_embeddings", `"yes" is not true or false`},
		{`"torch_dtype": "float32"`, "torch_dtype", `"float32" is not a weight format`},
		{`"quantization_config": {"quant_method": "quip"}`, "quantization_config.quant_method", `"quip" is not a known way`},
		{`"quantization_config": {"quant_method": "awq", "bits": 3}`, "quantization_config.bits", "3 is not 4 or 8"},
		{`"quantization_config": []`, "quantization_config", "[] is not an object"},
		{`"model_type": "olmoe", "sliding_window": 128`, "sliding_window", "128 is set, but not for which layers"},
		{`"text_config": {"model_type": "qwen3_moe"}`, "hidden_size", "1024 is not understood"},
	} {
		t.Run(c.add, func(t *testing.T) {
			s, err := ImportHF(strings.NewReader("{"+plain+", "+c.add+"}"), "x")
			require.Nil(t, s)
			require.ErrorContains(t, err, c.path+": "+c.problem)
			require.ErrorContains(t, err, "config.json: ")
		})
	}
}

func TestImportRefusesWhatIsNoConfig(t *testing.T) {
	for _, text := range []string{"", "null", "[]", "3", "{", "{}{}", `{"model_type": 3}`, `{"text_config": 3}`, "{}"} {
		s, err := ImportHF(strings.NewReader(text), "x")
		require.Error(t, err, text)
		require.Nil(t, s, text)
	}
}

func TestImportIgnoresWhatCostsNothing(t *testing.T) {
	want, err := ImportHF(strings.NewReader("{"+plain+"}"), "x")
	require.NoError(t, err)
	got, err := ImportHF(strings.NewReader("{"+plain+`, "bos_token_id": 1, "eos_token_id": [1, 2], "rope_theta": 1e6,
		"rope_scaling": {"factor": 4}, "attention_dropout": 0.1, "rms_norm_eps": 1e-6, "initializer_range": 0.02,
		"router_aux_loss_coef": 0.001, "norm_topk_prob": true, "hidden_act": "silu", "transformers_version": "5.0",
		"architectures": ["X"], "use_cache": true, "num_kv_shared_layers": 0, "cross_attention": null,
		"swiglu_limit": 7.0, "torch_dtype": "float16", "is_encoder_decoder": false, "rotary_pct": 0.5}`), "x")
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func TestImportReadsWeightFormats(t *testing.T) {
	groups := func(scheme, ignore string) string {
		return `{"quant_method": "compressed-tensors", "ignore": [` + ignore + `],
			"config_groups": {"group_0": {"weights": ` + scheme + `}}}`
	}
	for _, c := range []struct {
		config         string
		experts, dense hardware.Format
	}{
		{`{"quant_method": "fp8", "weight_block_size": [128, 128]}`, hardware.FP8, hardware.FP8},
		{`{"quant_method": "mxfp4", "modules_to_not_convert": ["model.layers.*.self_attn"]}`, hardware.MXFP4, hardware.BF16},
		{`{"quant_method": "awq", "bits": 4, "group_size": 128}`, hardware.INT4, hardware.INT4},
		{`{"quant_method": "gptq", "bits": 8}`, hardware.INT8, hardware.INT8},
		{`{"quant_method": "modelopt", "quant_algo": "NVFP4", "ignore": ["lm_head"]}`, hardware.NVFP4, hardware.NVFP4},
		{`{"quant_method": "modelopt", "quant_algo": "NVFP4", "exclude_modules": ["model.layers.0.self_attn*"]}`,
			hardware.NVFP4, hardware.BF16},
		{groups(`{"num_bits": 4, "type": "int", "group_size": 32}`, `"re:.*self_attn.*"`), hardware.INT4, hardware.BF16},
		{groups(`{"num_bits": 8, "type": "float"}`, `"lm_head"`), hardware.FP8, hardware.FP8},
		{groups(`{"num_bits": 4, "type": "float", "group_size": 16}`, ``), hardware.NVFP4, hardware.NVFP4},
		{groups(`{"num_bits": 4, "type": "float", "group_size": 32}`, ``), hardware.MXFP4, hardware.MXFP4},
	} {
		s, err := ImportHF(strings.NewReader("{"+plain+`, "quantization_config": `+c.config+"}"), "x")
		require.NoError(t, err, c.config)
		require.Equal(t, WeightFormats{Experts: c.experts, Dense: c.dense}, s.Weights, c.config)
	}
}

func TestImportedModelCanBeWritten(t *testing.T) {
	s, err := ImportHF(strings.NewReader("{"+plain+"}"), "mine")
	require.NoError(t, err)
	var text strings.Builder
	require.NoError(t, s.WriteYAML(&text))
	require.Equal(t, s, decode(t, []byte(text.String())))
}

// V4's list of ratios names the attention of every layer.
func TestImportOfV4RefusesOtherRatios(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(sharedPath(t, "models"), "deepseek-ai--DeepSeek-V4-Flash.config.json"))
	require.NoError(t, err)
	for _, c := range []struct{ from, to, problem string }{
		{`"hc_mult": 4`, `"hc_mult": 4, "num_hidden_layers": 40`, "44 values do not match 40 layers and 1 draft layers"},
		{`"num_key_value_heads": 1`, `"num_key_value_heads": 2`, "num_key_value_heads: 2: V4 shares one latent"},
		{`"expert_dtype": "fp4"`, `"expert_dtype": "fp3"`, `expert_dtype: "fp3" is not fp4 or fp8`},
	} {
		changed := strings.Replace(string(text), c.from, c.to, 1)
		require.NotEqual(t, string(text), changed, c.from)
		if strings.Contains(c.to, "num_hidden_layers") {
			changed = strings.Replace(changed, `"num_hidden_layers": 43`, `"use_cache": true`, 1)
		}
		_, err = ImportHF(strings.NewReader(changed), "x")
		require.ErrorContains(t, err, c.problem)
	}
	_, after, found := strings.Cut(string(text), `"compress_ratios"`)
	require.True(t, found)
	changed := strings.Replace(string(text), after, strings.Replace(after, "128", "7", 1), 1)
	_, err = ImportHF(strings.NewReader(changed), "x")
	require.ErrorContains(t, err, "compress_ratios[3]: 7 is not 0 (window), 4 (CSA) or 128 (HCA)")
}

func FuzzImportHF(f *testing.F) {
	f.Add("{" + plain + "}")
	f.Add("{" + plain + `, "layer_types": ["linear_attention", "sliding_attention"], "sliding_window": 1}`)
	f.Add(`{"model_type": "deepseek_v4", "compress_ratios": [4, 0], "num_hidden_layers": 1}`)
	f.Add(`{"model_type": "kimi_linear", "num_hidden_layers": 2, "linear_attn_config": {"kda_layers": [1, 2]}}`)
	f.Add(`{"model_type": "x", "text_config": {"model_type": "llama", "num_hidden_layers": -1}}`)
	if paths, err := filepath.Glob("../../../shared/models/*.json"); err == nil {
		for _, path := range paths {
			if text, err := os.ReadFile(path); err == nil {
				f.Add(string(text))
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ImportHF(strings.NewReader(text), "fuzzed")
		if err != nil {
			require.Nil(t, s)
			return
		}
		require.NoError(t, s.Validate())
		p := s.Params()
		require.Positive(t, p.Total)
		require.LessOrEqual(t, p.Active, p.Total)
		require.GreaterOrEqual(t, s.CacheBytes(1000, CacheFormat{KV: hardware.FP8}), 0.0)
	})
}
