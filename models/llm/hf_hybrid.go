//go:build !js || readers

package llm

import "fmt"

// hybridStack reads Nemotron-H: a letter for every layer, each of which is
// attention, a Mamba-2 layer, experts or a dense network alone. What attends
// and the network behind it make one layer here.
func (m *hfImport) hybridStack(s *Spec) {
	pattern := m.text("hybrid_override_pattern")
	if len(pattern) != m.layers {
		m.fail("hybrid_override_pattern", fmt.Sprintf("%d letters do not match the %d layers", len(pattern), m.layers))
		return
	}
	attention, state := m.groupedModule(""), m.mambaModule()
	m.ignore("intermediate_size", "expand", "sliding_window")
	s.Blocks = m.hybridLayers("hybrid_override_pattern", pattern, attention, state)
	if draft := m.text("mtp_hybrid_override_pattern"); m.drafts > 0 {
		blocks := m.hybridLayers("mtp_hybrid_override_pattern", draft, attention, state)
		if len(blocks) != 1 {
			m.fail("mtp_hybrid_override_pattern", fmt.Sprintf("%q is not one layer", draft))
			return
		}
		s.MTP = &blocks[0]
		s.MTP.Count = m.drafts
	}
}

// hybridLayers pairs what attends with the network behind it.
func (m *hfImport) hybridLayers(name, pattern string, attention, state Attention) []Block {
	var blocks []Block
	for i := 0; i < len(pattern); i++ {
		b := Block{Count: 1, Attention: Attention{Kind: NoAttention}, NoFFN: true}
		switch pattern[i] {
		case '*':
			b.Attention = attention
		case 'M':
			b.Attention = state
		}
		if b.Attention.Kind != NoAttention {
			i++
		}
		switch {
		case i == len(pattern):
		case pattern[i] == 'E':
			b.NoFFN = false
		case pattern[i] == '-':
			b.NoFFN, b.Dense = false, m.integer("intermediate_size")
		case pattern[i] == '*' || pattern[i] == 'M':
			i-- // what attends comes twice in a row
		default:
			m.fail(name, fmt.Sprintf("%q at %d is not M (mamba), * (attention), E (experts) or - (dense)", pattern[i], i))
			return nil
		}
		blocks = addLayers(blocks, b)
	}
	return blocks
}

// mambaModule reads the Mamba-2 layers, whose state is kept in float32.
func (m *hfImport) mambaModule() Attention {
	if format := m.text("mamba_ssm_cache_dtype"); format != "" && format != "float32" {
		m.note(fmt.Sprintf("states are counted in float32, not %s", format))
	}
	return Attention{
		Kind:       Mamba,
		KeyHeads:   m.integer("n_groups", "mamba_n_groups"),
		KeyDim:     m.integer("ssm_state_size", "mamba_d_state"),
		ValueHeads: m.integer("mamba_num_heads"),
		ValueDim:   m.integer("mamba_head_dim"),
		Conv:       m.integer("conv_kernel"),
	}
}

// searchedBlock is one layer of a model whose layers a search chose.
type searchedBlock struct {
	Attention struct {
		NoOp    bool `json:"no_op"`
		Linear  bool `json:"replace_with_linear"`
		InGroup int  `json:"n_heads_in_group"`
	} `json:"attention"`
	FFN struct {
		NoOp   bool    `json:"no_op"`
		Linear bool    `json:"replace_with_linear"`
		Factor float64 `json:"ffn_mult"`
	} `json:"ffn"`
}

// searchedLayers reads Nemotron NAS (DeciLM): an object for every layer.
func (m *hfImport) searchedLayers() (layers []Attention, draft Attention) {
	blocks, ok := list[searchedBlock](m.hfConfig, "block_configs", "layers", m.layers)
	heads := m.integer("num_attention_heads")
	if !ok || heads < 1 {
		m.fail("block_configs", "is missing")
		return nil, draft
	}
	m.ignore("num_key_value_heads", "intermediate_size")
	for i, b := range blocks {
		a := Attention{Kind: NoAttention}
		switch in := b.Attention.InGroup; {
		case b.Attention.Linear || b.FFN.Linear:
			m.fail(fmt.Sprintf("block_configs[%d]", i), "a layer replaced by a matrix is not known")
		case b.Attention.NoOp:
		case in < 1 || heads%in != 0:
			m.fail(fmt.Sprintf("block_configs[%d].attention.n_heads_in_group", i),
				fmt.Sprintf("%d does not divide the %d heads", in, heads))
		default:
			a = Attention{Kind: GQA, Heads: heads, KVHeads: heads / in, HeadDim: m.integerOr(m.hidden/heads, "head_dim")}
		}
		layers = append(layers, a)
	}
	return layers, draft
}

// searchedSizes reads the inner sizes of such layers' dense networks: two
// thirds of a multiple of the hidden size, rounded up to 256; -1 where there is
// no network.
func (m *hfImport) searchedSizes() []int {
	blocks, _ := list[searchedBlock](m.hfConfig, "block_configs", "layers", m.layers)
	var sizes []int
	for i, b := range blocks {
		const (
			multiple = 256
			most     = 1 << 10
		)
		size := -1
		if !b.FFN.NoOp {
			if !(b.FFN.Factor > 0 && b.FFN.Factor < most) {
				m.fail(fmt.Sprintf("block_configs[%d].ffn.ffn_mult", i), fmt.Sprintf("%g is not a factor above 0", b.FFN.Factor))
				return nil
			}
			inner := int(2 * b.FFN.Factor * float64(m.hidden) / 3)
			size = (inner + multiple - 1) / multiple * multiple
		}
		sizes = append(sizes, size)
	}
	return sizes
}
