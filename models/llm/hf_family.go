//go:build !js || readers

package llm

import "strings"

// hfFamily is what a model_type tells beyond the fields of its config.
type hfFamily struct {
	attention hfAttention
	sliding   hfSliding
	slideStep int  // of slidesBetween, where the config gives no pattern
	gated     bool // attention has an output gate that the config may leave unsaid
	plain     bool // feed-forward networks have two matrices
	tied      bool // the head is tied unless the config says otherwise
	manyKV    bool // without num_key_value_heads every head has its own
	// narrow: without moe_intermediate_size, intermediate_size is that of an expert.
	narrow bool
	// shared: beside the routed experts stands a shared one of the same size,
	// or (beside) a dense network of intermediate_size.
	shared, beside bool
	// chunks: layers attend inside chunks, if attention_chunk_size is given;
	// blocks: to blocks, if sparse_attention_config is.
	chunks, blocks bool
}

// hfAttention is how a family's attention is described.
type hfAttention int

const (
	hfGrouped    hfAttention = iota // heads and KV heads, layer by layer full, sliding or linear
	hfLatent                        // MLA, with an indexer where index fields are given
	hfCompressed                    // DeepSeek V4
	hfHybrid                        // Nemotron: a letter for every layer
	hfSearched                      // Nemotron NAS: an object for every layer
)

// hfSliding says which layers have a sliding window where layer_types is absent.
type hfSliding int

const (
	slidesUnsaid  hfSliding = iota // a window without layer_types is a fault
	slidesAll                      // every layer
	slidesBetween                  // all but every n-th layer
	slidesAbove                    // from layer max_window_layers on, if use_sliding_window
)

// familyOf looks up a model_type; ok is false for one that is not known.
// Configs of text models inside larger ones carry the suffix _text.
func familyOf(modelType string) (family hfFamily, ok bool) {
	switch strings.TrimSuffix(modelType, "_text") {
	case "llama", "olmo", "olmo2", "stablelm", "yi", "internlm2", "internlm3", "minicpm", "mimo",
		"helium", "exaone", "granite", "seed_oss", "smollm3", "ernie4_5", "glm", "glm4", "olmo3", "ministral3":
		return hfFamily{manyKV: true}, true
	case "mistral", "ministral", "phi3":
		return hfFamily{sliding: slidesAll}, true
	case "qwen2", "qwen3", "qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen2_moe", "qwen3_moe", "qwen3_vl_moe":
		return hfFamily{sliding: slidesAbove}, true
	case "qwen3_next", "qwen3_5", "qwen3_5_moe", "qwen3_6", "qwen3_6_moe":
		return hfFamily{gated: true}, true
	case "gemma":
		return hfFamily{tied: true}, true
	case "gemma2":
		return hfFamily{tied: true, sliding: slidesBetween, slideStep: 2}, true
	case "gemma3":
		return hfFamily{tied: true, sliding: slidesBetween, slideStep: 6}, true
	case "cohere":
		return hfFamily{tied: true, manyKV: true}, true
	case "cohere2":
		return hfFamily{tied: true, sliding: slidesBetween, slideStep: 4}, true
	case "gpt_neox", "phi", "nemotron", "arcee", "apertus":
		return hfFamily{plain: true, manyKV: true}, true
	case "starcoder2":
		return hfFamily{plain: true, tied: true, sliding: slidesAll}, true
	case "mixtral", "phimoe":
		return hfFamily{sliding: slidesAll, narrow: true}, true
	case "olmoe", "granitemoe", "granitemoeshared", "minimax", "minimax_text_01", "minimax_m1", "minimax_m2":
		return hfFamily{narrow: true}, true
	case "gpt_oss":
		return hfFamily{sliding: slidesBetween, slideStep: 2, narrow: true}, true
	case "glm4_moe", "glm4v_moe", "dots1", "bailing_moe", "bailing_moe_v2", "ernie4_5_moe", "solar_open", "exaone4",
		"exaone_moe", "deepseek", "flex_olmo", "mimo_v2_flash":
		return hfFamily{}, true
	case "minimax_m3", "minimax_m3_vl":
		return hfFamily{blocks: true}, true
	case "step3p5", "step3p7", "mimo_v2", "mimo_v2_pro", "mimo_v2_omni":
		return hfFamily{}, true
	case "llama4":
		return hfFamily{narrow: true, shared: true, chunks: true}, true
	case "gemma4":
		return hfFamily{tied: true, beside: true}, true
	case "nemotron_h":
		return hfFamily{attention: hfHybrid, plain: true}, true
	case "nemotron-nas":
		return hfFamily{attention: hfSearched, manyKV: true}, true
	case "afmoe":
		return hfFamily{gated: true}, true
	case "deepseek_v2", "deepseek_v3", "deepseek_v32", "kimi_k2", "kimi_linear", "glm_moe_dsa", "glm4_moe_lite",
		"minicpm3":
		return hfFamily{attention: hfLatent}, true
	case "deepseek_v4", "deepseek_ref":
		return hfFamily{attention: hfCompressed}, true
	}
	return hfFamily{}, false
}
