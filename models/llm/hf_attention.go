//go:build !js || readers

package llm

import (
	"encoding/json"
	"fmt"
	"slices"
)

// attention reads the attention module of every layer and of a draft layer.
func (m *hfImport) attention() (layers []Attention, draft Attention) {
	switch m.family.attention {
	case hfCompressed:
		return m.compressedLayers()
	case hfLatent:
		return m.latentLayers()
	case hfSearched:
		return m.searchedLayers()
	}
	return m.groupedLayers()
}

// compressedLayers reads DeepSeek V4: a compression ratio for every layer and,
// behind them, for the draft layers.
func (m *hfImport) compressedLayers() (layers []Attention, draft Attention) {
	if kv := m.integer("num_key_value_heads"); kv != 1 {
		m.fail("num_key_value_heads", fmt.Sprintf("%d: V4 shares one latent among all heads", kv))
	}
	base := Attention{
		Kind:    SWA,
		Heads:   m.integer("num_attention_heads"),
		HeadDim: m.integer("head_dim"),
		RopeDim: m.integer("qk_rope_head_dim"),
		QLoRA:   m.integer("q_lora_rank"),
		Window:  m.integer("sliding_window"),
		OGroups: m.integer("o_groups"),
		OLoRA:   m.integer("o_lora_rank"),
	}
	ratios, ok := get[[]int](m.hfConfig, "compress_ratios", "a list of numbers")
	if !ok || (len(ratios) != m.layers && len(ratios) != m.layers+m.drafts) {
		m.fail("compress_ratios", fmt.Sprintf("%d values do not match %d layers and %d draft layers",
			len(ratios), m.layers, m.drafts))
		return nil, draft
	}
	all := make([]Attention, len(ratios))
	for i := range all {
		all[i] = m.compressedLayer(base, ratios[i], i)
	}
	draft = base
	if len(all) > m.layers {
		draft = all[m.layers]
	}
	return all[:m.layers], draft
}

// Ratios of V4's layers: 0 is a window alone; light compression comes with an
// indexer, heavy compression is attended to whole.
const (
	ratioCSA = 4
	ratioHCA = 128
)

func (m *hfImport) compressedLayer(a Attention, ratio, layer int) Attention {
	a.Compress = ratio
	switch ratio {
	case 0:
		return a
	case ratioHCA:
		a.Kind = HCA
	case ratioCSA:
		a.Kind = CSA
		m.index(&a)
	default:
		m.fail(fmt.Sprintf("compress_ratios[%d]", layer),
			fmt.Sprintf("%d is not 0 (window), %d (CSA) or %d (HCA)", ratio, ratioCSA, ratioHCA))
	}
	return a
}

func (m *hfImport) index(a *Attention) {
	a.IndexHeads = m.integer("index_n_heads")
	a.IndexDim = m.integer("index_head_dim")
	a.IndexTopK = m.integer("index_topk")
}

// latentLayers reads MLA, the same in every layer; index fields make it DSA,
// and linear_attn_config (Kimi Linear) makes some layers linear.
func (m *hfImport) latentLayers() (layers []Attention, draft Attention) {
	a := Attention{
		Kind:     MLA,
		Heads:    m.integer("num_attention_heads"),
		QLoRA:    m.integerOr(0, "q_lora_rank"),
		KVLoRA:   m.integer("kv_lora_rank"),
		NopeDim:  m.integer("qk_nope_head_dim"),
		RopeDim:  m.integer("qk_rope_head_dim"),
		ValueDim: m.integer("v_head_dim"),
	}
	m.ignore("num_key_value_heads", "head_dim", "indexer_rope_interleave") // the latent has neither
	if width := m.integerOr(a.NopeDim+a.RopeDim, "qk_head_dim"); width != a.NopeDim+a.RopeDim {
		m.fail("qk_head_dim", fmt.Sprintf("%d is not the sum of qk_nope_head_dim and qk_rope_head_dim", width))
	}
	if m.has("index_topk") || m.has("index_n_heads") {
		a.Kind = DSA
		m.index(&a)
	}
	a.Gated = m.flag("mla_use_output_gate")
	layers = slices.Repeat([]Attention{a}, m.layers)
	if a.Kind == DSA {
		m.shareIndices(layers)
	}
	if types, ok := list[string](m.hfConfig, "layer_types", "layer types", m.layers); ok {
		for i, name := range types {
			if name != "full_attention" && (a.Kind != DSA || name != "deepseek_sparse_attention") {
				m.unknownLayer(i, name, "full_attention, or deepseek_sparse_attention with an indexer")
			}
		}
	}
	if linear := m.object("linear_attn_config"); linear != nil {
		m.deltaLayers(linear, layers)
	}
	return layers, a
}

// shareIndices takes the indexer out of the layers that use what an earlier
// one picked.
func (m *hfImport) shareIndices(layers []Attention) {
	m.ignore("index_topk_freq", "index_skip_topk_offset", "index_share_for_mtp_iteration")
	types, ok := list[string](m.hfConfig, "indexer_types", "indexer types", m.layers)
	if !ok {
		if m.has("index_topk_freq") && m.integer("index_topk_freq") > 1 {
			m.fail("index_topk_freq", "is given without indexer_types, which say what layers share their indices")
		}
		return
	}
	for i, name := range types {
		switch {
		case name == "full":
		case name == "shared" && i > 0:
			layers[i] = layers[0]
			layers[i].Kind, layers[i].IndexHeads, layers[i].IndexDim = DSAShared, 0, 0
		default:
			m.fail(fmt.Sprintf("indexer_types[%d]", i), fmt.Sprintf("%q is not full, or shared behind a full one", name))
		}
	}
}

// deltaLayers puts Kimi Delta Attention in the layers that the object lists,
// counted from 1. Its two gates have the rank of one head.
func (m *hfImport) deltaLayers(c *hfConfig, layers []Attention) {
	heads, dim := c.integer("num_heads"), c.integer("head_dim")
	delta := Attention{
		Kind:       Linear,
		KeyHeads:   heads,
		KeyDim:     dim,
		ValueHeads: heads,
		ValueDim:   dim,
		Conv:       c.integerOr(0, "short_conv_kernel_size"),
		Gated:      true,
		GateLoRA:   dim,
		FullGate:   c.flag("use_full_rank_gate"),
	}
	c.ignore("gate_lower_bound")
	if m.has("attn_res_block_size") {
		m.note("attention residuals over blocks of layers are not priced")
		m.ignore("attn_res_block_size")
	}
	linear, _ := get[[]int](c, "kda_layers", "a list of layers")
	full, _ := get[[]int](c, "full_attn_layers", "a list of layers")
	if len(linear)+len(full) != m.layers {
		c.fail("kda_layers", fmt.Sprintf("%d, with %d of full attention, do not match the %d layers",
			len(linear), len(full), m.layers))
	}
	for _, layer := range linear {
		if layer < 1 || layer > m.layers || slices.Contains(full, layer) {
			c.fail("kda_layers", fmt.Sprintf("%d is not a layer from 1 to %d without full attention", layer, m.layers))
			continue
		}
		layers[layer-1] = delta
	}
	c.leftovers()
	m.faults = append(m.faults, c.faults...)
}

// groupedLayers reads models whose layers attend in full, in a window or a
// chunk, to the best blocks, or linearly.
func (m *hfImport) groupedLayers() (layers []Attention, draft Attention) {
	full := m.groupedModule("")
	if m.has("global_head_dim") || m.has("num_global_key_value_heads") { // Gemma 4: its full layers have their own
		full = m.groupedModule("global_")
		full.KeyIsValue = m.flag("attention_k_eq_v")
	}
	of := map[AttentionKind]Attention{GQA: full}
	kinds := m.layerKinds()
	for _, kind := range kinds {
		if _, ok := of[kind]; ok {
			continue
		}
		switch kind {
		case Window:
			of[kind] = m.slidingModule()
		case Chunked:
			chunk := full
			chunk.Kind, chunk.Window = Chunked, m.integer("attention_chunk_size")
			of[kind] = chunk
		case BlockSparse:
			of[kind] = m.blockSparseModule(full)
		case Linear:
			of[kind] = m.linearModule(full)
		}
	}
	if m.has("attention_chunk_size") && m.integer("attention_chunk_size") != of[Window].Window && !m.family.chunks {
		m.fail("attention_chunk_size", fmt.Sprintf("%s is not understood beside a window of %d",
			m.fields["attention_chunk_size"], of[Window].Window))
	}
	m.ignore("sliding_window", "sliding_window_size", "use_sliding_window", "sliding_window_pattern")
	for _, kind := range kinds {
		layers = append(layers, of[kind])
	}
	return layers, full
}

// slidingModule reads a layer with a window, which may have its own heads.
func (m *hfImport) slidingModule() Attention {
	a := m.groupedModule("swa_")
	if other := m.object("attention_other_setting"); other != nil { // Step
		a.Heads = other.integer("num_attention_heads")
		a.KVHeads = other.integer("num_attention_groups")
		a.HeadDim = other.integer("head_dim")
		other.ignore("attention_type", "true_head_dim")
		other.leftovers()
		m.faults = append(m.faults, other.faults...)
	}
	a.Kind = Window
	a.Window = m.integer("sliding_window", "sliding_window_size")
	return a
}

// blockSparseModule reads a layer that attends to the best blocks of tokens.
func (m *hfImport) blockSparseModule(full Attention) Attention {
	c := m.object("sparse_attention_config")
	if c == nil {
		m.fail("sparse_attention_config", "is missing")
		return full
	}
	full.Kind = BlockSparse
	full.IndexHeads = c.integer("sparse_num_index_heads")
	full.IndexDim = c.integer("sparse_index_dim")
	full.IndexTopK = c.integer("sparse_topk_blocks") * c.integer("sparse_block_size")
	c.ignore("sparse_attention_freq", "use_sparse_attention", "sparse_disable_index_value", "sparse_init_block",
		"sparse_local_block", "sparse_score_type")
	c.leftovers()
	m.faults = append(m.faults, c.faults...)
	m.note("block-sparse layers are taken to keep one index key a token")
	return full
}

// groupedModule reads the projections of a GQA layer. Fields with the prefix
// stand before those without: MiMo gives its sliding layers other heads.
func (m *hfImport) groupedModule(prefix string) Attention {
	a := Attention{Kind: GQA}
	a.Heads = m.integer(m.prefixed(prefix, "num_attention_heads", "n_heads", "n_head"))
	a.KVHeads = m.kvHeads(prefix, a.Heads)
	a.HeadDim = m.integerOr(0, m.prefixed(prefix, "head_dim", "attention_head_dim"))
	if a.HeadDim == 0 && a.Heads > 0 {
		a.HeadDim = m.hidden / a.Heads
		if m.hidden%a.Heads != 0 {
			m.fail("head_dim", fmt.Sprintf("is missing, and %d heads do not divide hidden_size %d", a.Heads, m.hidden))
		}
	}
	if value := m.integerOr(a.HeadDim, m.prefixed(prefix, "v_head_dim")); value != a.HeadDim {
		a.ValueDim = value
	}
	a.Gated = m.family.gated
	if m.has("attn_output_gate") {
		a.Gated = m.flag("attn_output_gate")
	}
	return a
}

// prefixed is the first of the names that is given, with the prefix or
// without; the first name where none is.
func (m *hfImport) prefixed(prefix string, names ...string) string {
	for _, name := range names {
		if prefix != "" && m.has(prefix+name) {
			return prefix + name
		}
	}
	for _, name := range names {
		if m.has(name) {
			return name
		}
	}
	return names[0]
}

func (m *hfImport) kvHeads(prefix string, heads int) int {
	name := m.prefixed(prefix, "num_key_value_heads", "num_kv_heads", "n_kv_heads", "num_attention_groups")
	if prefix == "global_" && m.has("num_global_key_value_heads") {
		name = "num_global_key_value_heads"
	}
	if !m.has(name) && m.family.manyKV {
		return heads
	}
	return m.integer(name)
}

// linearModule reads gated delta layers (Qwen3-Next), or the lightning layers
// of MiniMax, which have the heads of the full ones.
func (m *hfImport) linearModule(full Attention) Attention {
	if m.has("attn_type_list") {
		return Attention{
			Kind:       Linear,
			KeyHeads:   full.Heads,
			KeyDim:     full.HeadDim,
			ValueHeads: full.Heads,
			ValueDim:   full.HeadDim,
			Gated:      true,
		}
	}
	if format := m.text("mamba_ssm_dtype"); format != "" && format != "float32" {
		m.fail("mamba_ssm_dtype", fmt.Sprintf("%q: a linear layer's state is taken to be float32", format))
	}
	return Attention{
		Kind:       Linear,
		KeyHeads:   m.integer("linear_num_key_heads"),
		KeyDim:     m.integer("linear_key_head_dim"),
		ValueHeads: m.integer("linear_num_value_heads"),
		ValueDim:   m.integer("linear_value_head_dim"),
		Conv:       m.integer("linear_conv_kernel_dim"),
		Gated:      true,
	}
}

func (m *hfImport) unknownLayer(layer int, name, known string) {
	quoted, _ := json.Marshal(name)
	m.fail(fmt.Sprintf("layer_types[%d]", layer), shorten(quoted)+" is not a known attention type: want "+known)
}
