//go:build !js || readers

package llm

import (
	"fmt"
	"strconv"
	"strings"
)

// hfExperts finds out which layers have experts, and which experts.
type hfExperts struct{ *hfImport }

// experts reads the mixture of experts; nil for a dense model.
func (m hfExperts) experts() *Experts {
	if m.has("enable_moe_block") && !m.flag("enable_moe_block") {
		return nil
	}
	routed := m.integerOr(0, "n_routed_experts", "num_experts", "num_local_experts", "moe_num_experts")
	if routed == 0 {
		return nil
	}
	e := &Experts{
		Routed: routed,
		TopK: m.integer("num_experts_per_tok", "experts_per_token", "num_experts_per_token", "moe_k", "moe_topk",
			"moe_top_k", "top_k_experts"),
		Shared: m.integerOr(0, "n_shared_experts", "num_shared_experts", "moe_num_shared_experts"),
	}
	if m.family.narrow {
		e.Inner = m.integer("moe_intermediate_size", "intermediate_size")
	} else {
		e.Inner = m.integer("moe_intermediate_size")
	}
	shared := m.integerOr(0, "shared_expert_intermediate_size", "moe_shared_expert_intermediate_size",
		"shared_intermediate_size", "share_expert_dim", "share_expert_dims")
	if m.family.shared {
		e.Shared = 1
	}
	if m.family.beside {
		shared = m.integer("intermediate_size")
	}
	e.Latent = m.integerOr(0, "moe_latent_size", "routed_expert_hidden_size")
	if shared > 0 {
		e.Shared = max(e.Shared, 1)
	}
	if shared > 0 && shared != e.Inner {
		e.SharedInner = shared
	}
	return e
}

// denseSizes reads the inner size of every layer's dense feed-forward
// network, 0 for a layer with experts. Where nothing says otherwise a model
// with experts has them in every layer.
func (m hfExperts) denseSizes(experts bool) []int {
	if m.family.attention == hfSearched {
		return m.searchedSizes()
	}
	if !experts {
		return m.sizes(m.integer("intermediate_size"), make([]bool, m.layers))
	}
	expertLayers := m.expertLayers()
	inner := m.denseInner()
	for i, has := range expertLayers {
		if !has && inner == 0 {
			m.fail("intermediate_size", fmt.Sprintf("is missing, and layer %d has no experts", i))
			return nil
		}
	}
	return m.sizes(inner, expertLayers)
}

// denseInner is the inner size of the dense layers of a model with experts,
// 0 where it is not given.
func (m hfExperts) denseInner() int {
	for _, name := range []string{"dense_intermediate_size", "intermediate_size_mlp"} {
		if m.has(name) {
			m.ignore("intermediate_size")
			return m.integer(name)
		}
	}
	return m.integerOr(0, "intermediate_size")
}

func (m hfExperts) sizes(inner int, expertLayers []bool) []int {
	sizes := make([]int, len(expertLayers))
	for i, has := range expertLayers {
		if !has {
			sizes[i] = inner
		}
	}
	return sizes
}

// expertLayers reads which layers have experts. The layer counts of a family
// are given in one of several ways; nil where a fault was noted.
func (m hfExperts) expertLayers() []bool {
	if types, ok := list[string](m.hfConfig, "mlp_layer_types", "dense and sparse", m.layers); ok {
		m.ignore("first_k_dense_replace", "moe_layer_freq", "is_moe_layer")
		return m.namedExperts(types)
	}
	if flags, ok := list[bool](m.hfConfig, "is_moe_layer", "true and false", m.layers); ok {
		m.ignore("first_k_dense_replace")
		return flags
	}
	if m.isList("moe_layer_freq") {
		m.ignore("first_k_dense_replace")
		flags, _ := list[int](m.hfConfig, "moe_layer_freq", "0 (dense) and 1 (experts)", m.layers)
		return m.codedExperts(flags)
	}
	if layers, ok := get[[]int](m.hfConfig, "moe_layers", "a list of layers"); ok {
		m.ignore("interleave_moe_layer_step")
		return m.numberedExperts(layers)
	}
	if m.has("moe_layers_enum") {
		m.ignore("use_moe", "moe_every_n_layer", "moe_layer_offset")
		return m.listedExperts(m.text("moe_layers_enum"))
	}
	return m.steppedExperts()
}

func (m hfExperts) isList(name string) bool {
	return strings.HasPrefix(strings.TrimSpace(string(m.fields[name])), "[")
}

func (m hfExperts) namedExperts(types []string) []bool {
	has := make([]bool, len(types))
	for i, name := range types {
		switch name {
		case "sparse", "moe":
			has[i] = true
		case "dense":
		default:
			m.fail(fmt.Sprintf("mlp_layer_types[%d]", i), strconv.Quote(name)+" is not dense or sparse")
		}
	}
	return has
}

func (m hfExperts) codedExperts(codes []int) []bool {
	has := make([]bool, len(codes))
	for i, code := range codes {
		if code != 0 && code != 1 {
			m.fail(fmt.Sprintf("moe_layer_freq[%d]", i), fmt.Sprintf("%d is not 0 (dense) or 1 (experts)", code))
		}
		has[i] = code == 1
	}
	return has
}

// listedExperts reads "3,4,5": the layers with experts, counted from 0.
func (m hfExperts) listedExperts(text string) []bool {
	has := make([]bool, m.layers)
	for _, word := range strings.Split(text, ",") {
		layer, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || layer < 0 || layer >= m.layers {
			m.fail("moe_layers_enum", fmt.Sprintf("%q is not a layer from 0 to %d", word, m.layers-1))
			continue
		}
		has[layer] = true
	}
	return has
}

// numberedExperts reads a list of the layers with experts, counted from 0.
func (m hfExperts) numberedExperts(layers []int) []bool {
	has := make([]bool, m.layers)
	for _, layer := range layers {
		if layer < 0 || layer >= m.layers {
			m.fail("moe_layers", fmt.Sprintf("%d is not a layer from 0 to %d", layer, m.layers-1))
			continue
		}
		has[layer] = true
	}
	return has
}

// steppedExperts reads experts from some layer on, in every n-th layer.
func (m hfExperts) steppedExperts() []bool {
	first := m.integerOr(0, "first_k_dense_replace", "num_dense_layers", "moe_layer_start_index")
	last := m.integerOr(m.layers-1, "moe_layer_end_index")
	if last < 0 { // -1 stands for the last layer
		last = m.layers - 1
	}
	every := m.step("moe_layer_freq")                                     // counted from layer 0
	step := m.step("decoder_sparse_step")                                 // counted from layer 1
	interval := m.step("moe_layer_interval", "interleave_moe_layer_step") // counted from layer 1
	has := make([]bool, m.layers)
	for i := range has {
		has[i] = i >= first && i <= last && i%every == 0 && (i+1)%step == 0 && (i+1)%interval == 0
	}
	without, _ := get[[]int](m.hfConfig, "mlp_only_layers", "a list of layers")
	for _, layer := range without {
		if layer < 0 || layer >= m.layers {
			m.fail("mlp_only_layers", fmt.Sprintf("%d is not a layer from 0 to %d", layer, m.layers-1))
			continue
		}
		has[layer] = false
	}
	return has
}

// step reads "every n-th layer", 1 where it is absent.
func (m hfExperts) step(names ...string) int {
	n := m.integerOr(1, names...)
	if n < 1 {
		m.fail(names[0], fmt.Sprintf("%d is not 1 or more", n))
		return 1
	}
	return n
}
