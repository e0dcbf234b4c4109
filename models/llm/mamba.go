package llm

import "strconv"

// mamba is a Mamba-2 layer (Nemotron): KeyHeads groups of ValueHeads heads keep
// a state of KeyDim × ValueDim each, in FP32 as engines set it, and a short
// convolution keeps its inputs.
type mamba struct{ delta }

// mambaProducts: the state is updated with the token's input and read by its
// output (arXiv 2405.21060).
const mambaProducts = 2

func (mamba) dimensions() (need, may []string) {
	return []string{"key_heads", "key_dim", "value_heads", "value_dim"}, []string{"conv"}
}

func (mamba) rules(a Attention) []rule {
	return []rule{{
		holds: !a.Gated,
		field: "gated",
		value: strconv.FormatBool(a.Gated),
		want:  "false: the gate is part of every mamba layer",
	}}
}

// weights: gate and input, the groups' input and output matrices and a step
// size per head in one projection, the convolution, and the way out.
func (mamba) weights(a Attention, hidden float64) AttentionWeights {
	inner := float64(a.ValueHeads) * float64(a.ValueDim)
	in := inner + a.mixedChannels() + float64(a.ValueHeads)
	return AttentionWeights{Sharded: hidden*(in+inner) + float64(a.Conv)*a.mixedChannels()}
}

func (k mamba) projections(a Attention, hidden float64) []Projection {
	inner := float64(a.ValueHeads) * float64(a.ValueDim)
	in := k.weights(a, hidden).Sharded/hidden - inner
	return []Projection{{in, hidden, Columns}, {hidden, inner, Depth}}
}

func (mamba) core(a Attention) Core {
	return Core{State: StateHeads{
		Key:      a.KeyHeads,
		Value:    a.ValueHeads,
		KeyDim:   a.KeyDim,
		ValueDim: a.ValueDim,
		Products: mambaProducts,
	}}
}
