//go:build !js || readers

package llm

import "fmt"

// layerKinds reads how each layer of a grouped family attends.
func (m *hfImport) layerKinds() []AttentionKind {
	m.ignore("full_attention_interval", "global_attn_every_n_layers", "sliding_window_pattern")
	if types, ok := m.typesWithDrafts(); ok {
		return m.namedKinds(types)
	}
	if m.family.blocks && m.has("sparse_attention_config") {
		return m.blockSparseKinds()
	}
	if m.family.chunks && m.has("attention_chunk_size") {
		return m.chunkedKinds()
	}
	if pattern, ok := list[int](m.hfConfig, "hybrid_layer_pattern", "0 (full) and 1 (sliding)", m.layers); ok {
		return m.codedKinds("hybrid_layer_pattern", pattern, [2]AttentionKind{GQA, Window})
	}
	if types, ok := list[int](m.hfConfig, "attn_type_list", "0 (linear) and 1 (full)", m.layers); ok {
		return m.codedKinds("attn_type_list", types, [2]AttentionKind{Linear, GQA})
	}
	if m.has("full_attention_interval") {
		return m.everyNth(m.integer("full_attention_interval"), Linear, "full_attention_interval")
	}
	return m.slidingKinds()
}

// typesWithDrafts reads layer_types, which may go on to the draft layers.
func (m *hfImport) typesWithDrafts() ([]string, bool) {
	types, ok := get[[]string](m.hfConfig, "layer_types", "a list of layer types")
	if ok && len(types) != m.layers && len(types) != m.layers+m.drafts {
		m.fail("layer_types", fmt.Sprintf("%d values do not match the %d layers", len(types), m.layers))
		return nil, false
	}
	return types[:min(len(types), m.layers)], ok
}

// blockSparseKinds reads which layers of MiniMax M3 attend to blocks.
func (m *hfImport) blockSparseKinds() []AttentionKind {
	c := m.object("sparse_attention_config")
	if c == nil || !c.flag("use_sparse_attention") {
		return m.from(m.layers)
	}
	const name = "sparse_attention_freq"
	sparse, ok := list[int](c, name, "0 (full) and 1 (sparse)", m.layers)
	if !ok {
		c.fail(name, "is missing")
	}
	m.faults = append(m.faults, c.faults...)
	return m.codedKinds(c.path+name, sparse, [2]AttentionKind{GQA, BlockSparse})
}

// chunkedKinds reads Llama 4, whose layers attend inside chunks but for those
// without rotation: every fourth, or as no_rope_layers lists them with 0.
func (m *hfImport) chunkedKinds() []AttentionKind {
	if rotated, ok := list[int](m.hfConfig, "no_rope_layers", "0 (full) and 1 (chunked)", m.layers); ok {
		return m.codedKinds("no_rope_layers", rotated, [2]AttentionKind{GQA, Chunked})
	}
	const everyFourth = 4
	return m.everyNth(m.integerOr(everyFourth, "no_rope_layer_interval"), Chunked, "no_rope_layer_interval")
}

func (m *hfImport) namedKinds(types []string) []AttentionKind {
	kinds := make([]AttentionKind, len(types))
	for i, name := range types {
		switch name {
		case "full_attention":
			kinds[i] = GQA
		case "sliding_attention":
			kinds[i] = Window
		case "linear_attention":
			kinds[i] = Linear
		case "chunked_attention":
			kinds[i] = Chunked
		default:
			m.unknownLayer(i, name, "full_attention, sliding_attention, chunked_attention or linear_attention")
		}
	}
	return kinds
}

// codedKinds translates a list of zeros and ones.
func (m *hfImport) codedKinds(name string, codes []int, meaning [2]AttentionKind) []AttentionKind {
	kinds := make([]AttentionKind, len(codes))
	for i, code := range codes {
		if code != 0 && code != 1 {
			m.fail(fmt.Sprintf("%s[%d]", name, i), fmt.Sprintf("%d is not a known attention type: want 0 (%s) or 1 (%s)",
				code, meaning[0], meaning[1]))
			continue
		}
		kinds[i] = meaning[code]
	}
	return kinds
}

// everyNth gives every n-th layer full attention and the others this kind.
func (m *hfImport) everyNth(n int, others AttentionKind, name string) []AttentionKind {
	if n < 1 {
		m.fail(name, fmt.Sprintf("%d is not 1 or more", n))
		return nil
	}
	kinds := make([]AttentionKind, m.layers)
	for i := range kinds {
		kinds[i] = others
		if (i+1)%n == 0 {
			kinds[i] = GQA
		}
	}
	return kinds
}

// slidingKinds applies the family's own rule, as a config without layer_types
// leaves it.
func (m *hfImport) slidingKinds() []AttentionKind {
	off := m.has("use_sliding_window") && !m.flag("use_sliding_window")
	unset := !m.has("sliding_window") && m.family.sliding != slidesBetween
	if off || unset || isOff(m.fields["sliding_window"]) {
		return m.from(m.layers)
	}
	switch m.family.sliding {
	case slidesAll:
		return m.from(0)
	case slidesBetween:
		return m.everyNth(m.integerOr(m.family.slideStep, "sliding_window_pattern"), Window, "sliding_window_pattern")
	case slidesAbove:
		if !m.has("use_sliding_window") {
			return m.from(m.layers)
		}
		return m.from(m.integer("max_window_layers"))
	}
	m.fail("sliding_window", fmt.Sprintf("%s is set, but not for which layers: want layer_types",
		m.fields["sliding_window"]))
	return nil
}

// from gives every layer from the first on a window, and those before full
// attention.
func (m *hfImport) from(first int) []AttentionKind {
	kinds := make([]AttentionKind, m.layers)
	for i := range kinds {
		kinds[i] = GQA
		if i >= first {
			kinds[i] = Window
		}
	}
	return kinds
}
