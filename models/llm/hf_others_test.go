package llm

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// repeated is a JSON list of a pattern, so often, and of what follows it.
func repeated(pattern string, times int, more ...string) string {
	items := strings.Split(strings.Repeat(pattern+" ", times)+strings.Join(more, " "), " ")
	var kept []string
	for _, item := range items {
		if item != "" {
			kept = append(kept, item)
		}
	}
	return "[" + strings.Join(kept, ",") + "]"
}

// Fields by which other makers describe their layers, against the sizes that
// their cards give: 400B and 17B, 309B and 15B, 196B and 11B.
func TestOtherWaysToDescribeLayers(t *testing.T) {
	full, sliding := `"full_attention"`, `"sliding_attention"`
	for _, c := range []struct {
		name, config  string
		total, active float64
	}{{
		name: "Llama 4 Maverick",
		config: fmt.Sprintf(`{"model_type": "llama4", "text_config": {"model_type": "llama4_text", "attention_chunk_size": 8192, "head_dim": 128,
			"hidden_size": 5120, "interleave_moe_layer_step": 2, "intermediate_size": 8192, "intermediate_size_mlp": 16384,
			"max_position_embeddings": 1048576, "no_rope_layers": %s, "num_attention_heads": 40, "num_experts_per_tok": 1,
			"num_hidden_layers": 48, "num_key_value_heads": 8, "num_local_experts": 128, "vocab_size": 202048}}`, repeated("1 1 1 0", 12)),
		total:  400e9,
		active: 17e9,
	}, {
		name: "MiMo-V2-Flash",
		config: fmt.Sprintf(`{"model_type": "mimo_v2_flash", "sliding_window": 128, "attention_chunk_size": 128, "hidden_size": 4096,
			"intermediate_size": 16384, "num_attention_heads": 64, "num_key_value_heads": 4, "head_dim": 192, "v_head_dim": 128,
			"num_hidden_layers": 48, "vocab_size": 152576, "hybrid_layer_pattern": %s, "moe_layer_freq": %s, "n_routed_experts": 256,
			"num_experts_per_tok": 8, "moe_intermediate_size": 2048, "swa_num_attention_heads": 64, "swa_num_key_value_heads": 8,
			"swa_head_dim": 192, "swa_v_head_dim": 128, "max_position_embeddings": 262144}`,
			repeated("0 1 1 1 1 1", 7, "0 1 1 1 1 0"), repeated("0", 1, strings.Repeat("1 ", 47))),
		total:  309e9,
		active: 15e9,
	}, {
		name: "Step-3.5-Flash",
		config: fmt.Sprintf(`{"model_type": "step3p5", "hidden_size": 4096, "intermediate_size": 11264, "num_attention_heads": 64,
			"num_attention_groups": 8, "num_hidden_layers": 45, "max_seq_len": 262144, "vocab_size": 128896, "moe_intermediate_size": 1280,
			"moe_num_experts": 288, "moe_top_k": 8, "share_expert_dim": 1280, "head_dim": 128, "moe_layers_enum": "%s", "sliding_window": 512,
			"layer_types": %s, "num_nextn_predict_layers": 3, "attention_other_setting": {"attention_type": "sliding_attention",
			"num_attention_heads": 96, "num_attention_groups": 8, "head_dim": 128}}`,
			strings.Trim(strings.ReplaceAll(fmt.Sprint(upTo(3, 44)), " ", ","), "[]"), repeated(strings.Join([]string{full, sliding, sliding, sliding}, " "), 12)),
		total:  196e9,
		active: 11e9,
	}} {
		t.Run(c.name, func(t *testing.T) {
			s, err := ImportHF(strings.NewReader(c.config), "x")
			require.NoError(t, err)
			p := s.Params()
			require.InEpsilon(t, c.total, p.Total, 0.01)
			require.LessOrEqual(t, p.Active-p.Embedding-p.Head, 1.015*c.active)
			require.GreaterOrEqual(t, 1.015*p.Active, c.active)
		})
	}
}

func upTo(first, last int) []int {
	var list []int
	for i := first; i <= last; i++ {
		list = append(list, i)
	}
	return list
}

// A model whose layers a search chose: some without attention, some without a
// network, each with an inner size of its own.
func TestSearchedLayers(t *testing.T) {
	const config = `{"model_type": "nemotron-nas", "hidden_size": 1024, "num_hidden_layers": 3, "num_attention_heads": 8, "vocab_size": 1000,
		"max_position_embeddings": 4096, "block_configs": [
		{"attention": {"n_heads_in_group": 4}, "ffn": {"ffn_mult": 1.5}},
		{"attention": {"no_op": true}, "ffn": {"ffn_mult": 0.5}},
		{"attention": {"n_heads_in_group": 8}, "ffn": {"no_op": true}}]}`
	s, err := ImportHF(strings.NewReader(config), "x")
	require.NoError(t, err)
	require.Equal(t, []Block{
		{Count: 1, Attention: Attention{Kind: GQA, Heads: 8, KVHeads: 2, HeadDim: 128}, Dense: 1024},
		{Count: 1, Attention: Attention{Kind: NoAttention}, Dense: 512},
		{Count: 1, Attention: Attention{Kind: GQA, Heads: 8, KVHeads: 1, HeadDim: 128}, NoFFN: true},
	}, s.Blocks)
	_, err = ImportHF(strings.NewReader(strings.Replace(config, `"n_heads_in_group": 4`, `"n_heads_in_group": 3`, 1)), "x")
	require.ErrorContains(t, err, "block_configs[0].attention.n_heads_in_group: 3 does not divide the 8 heads")
}
