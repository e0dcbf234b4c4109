//go:build !js || readers

package llm

import (
	"regexp"
	"slices"
)

// harmlessPattern matches families of field names that do not change what a
// model costs: how it was initialised and trained, how it normalises, scales
// and rotates, how its router scores, its special tokens, and its other senses.
var harmlessPattern = regexp.MustCompile(`^(` +
	`.*_token(_id|_ids|_index)?|` +
	`.*(dropout|_pdrop|initializer).*|init_.*|.*_init|.*_std|` +
	`.*norm.*|.*(_eps|epsilon)|.*bias|` +
	`.*(rope|rotary|yarn).*|` +
	`(moe_)?(router|route)_.*|.*_router_.*|.*(aux|_z)_loss.*|.*(score|scoring)_func.*|` +
	`(embedding|residual|attention|logits?|lm_head)_multiplier|scale_.*|` +
	`.*(_scale|_scaling|_scaling_factor|softcapping|softcap)|` +
	`.*(vision|image|video|audio|projector|placeholder|multimodal).*|(mm|vit|vt|media)_.*` +
	`)$`)

// harmless tells whether a field is known not to change what a model costs.
func harmless(name string) bool {
	return slices.Contains(harmlessNames(), name) || (harmlessPattern.MatchString(name) && !offMatters(name))
}

// offMatters names fields whose "false" changes the cost: a feed-forward
// network without a gate, attention that looks ahead.
func offMatters(name string) bool {
	return offMattersPattern.MatchString(name)
}

var offMattersPattern = regexp.MustCompile(`(^|_)(gated|glu|swiglu|geglu|is_causal|causal)(_|$)`)

func harmlessNames() []string {
	return slices.Concat(harmlessBookkeeping(), harmlessGeneration(), harmlessArithmetic(), harmlessRouting())
}

// harmlessBookkeeping describes the file and the software around it.
func harmlessBookkeeping() []string {
	return []string{
		"_name_or_path", "_attn_implementation", "_commit_hash", "architectures", "attn_implementation", "auto_map",
		"custom_pipelines", "finetuning_task", "id2label", "ignore_index", "is_decoder", "label2id", "language",
		"model_type", "name_or_path", "output_attentions", "output_hidden_states", "prefix", "problem_type",
		"pruned_heads", "return_dict", "task_specific_params", "tf_legacy_loss", "tokenizer_class", "torchscript",
		"transformers.js_config", "transformers_version", "unsloth_fixed", "unsloth_version", "use_bfloat16", "use_cache",
		"use_mamba_kernels", "num_logits_to_keep", "chunk_size",
		"use_return_dict", "gradient_checkpointing", "pretraining_tp", "ep_size", "fused_mlp", "flash_attn",
		"use_flash_attn", "use_flash_attention", "disable_exllama", "cache_implementation", "max_model_len",
	}
}

// harmlessGeneration holds sampling defaults that old files carry.
func harmlessGeneration() []string {
	return []string{
		"bad_words_ids", "begin_suppress_tokens", "diversity_penalty", "do_sample", "early_stopping",
		"exponential_decay_length_penalty", "length_penalty", "max_length", "min_length", "no_repeat_ngram_size",
		"num_beam_groups", "num_beams", "num_return_sequences", "remove_invalid_values", "repetition_penalty",
		"return_dict_in_generate", "suppress_tokens", "temperature", "top_k", "top_p", "typical_p",
		"chunk_size_feed_forward", "encoder_no_repeat_ngram_size", "logits_to_keep", "eos_token_ids",
	}
}

// harmlessArithmetic changes values, not how many there are.
func harmlessArithmetic() []string {
	return []string{
		"hidden_act", "hidden_activation", "activation_function", "swiglu_limit", "swiglu_limits", "swiglu_alpha",
		"query_pre_attn_scalar", "logits_scaling", "dim_model_base", "original_max_position_embeddings",
		"initial_context_length", "position_embedding_type", "hc_eps", "hc_sinkhorn_iters", "mup_enabled",
		"use_parallel_residual", "parallel_residual", "attn_temperature_tuning", "floor_scale", "clip_qkv",
		"qk_norm_type", "no_rope_layer_interval", "no_rope_layers", "mla_use_nope", "rescale_every",
		"attention_temperature", "max_window_layers", "residual_in_fp32", "attn_scale", "activation_situ_beta",
		"activation_situ_linear_beta", "swiglu_limits_shared", "mamba_hidden_act", "mlp_hidden_act", "time_step_floor",
		"time_step_limit", "time_step_max", "time_step_min", "time_step_rank", "zero_centered",
		"use_bidirectional_attention", "vocab_size_per_layer_input", "use_head_wise_attn_gate", "partial_rotary_factors",
		"yarn_only_types", "att_impl_type", "fuse_qkv",
	}
}

// harmlessRouting chooses among experts; how many are chosen is read elsewhere.
func harmlessRouting() []string {
	return []string{
		"n_group", "num_expert_group", "num_expert_groups", "num_limited_groups", "topk_group", "topk_method",
		"use_grouped_topk", "norm_topk_prob", "moe_renormalize", "renormalize", "seq_aux", "output_router_logits",
		"moe_capacity", "moe_use_aux_free", "load_balance_coeff", "input_jitter_noise", "moe_router_activation_func",
		"use_expert_bias", "norm_expert_weight", "need_fp32_gate", "moe_router_activation", "use_moe_router_bias",
		"moe_shared_expert_overlap", "moe_gate_act", "expert_selection_fn", "shared_moe_mode",
	}
}
