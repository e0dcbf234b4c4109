package llm

import (
	"strconv"

	"agentsim/models/hardware"
)

// deltaProducts is how often linear attention goes over its state per token:
// the old value under the key is read, the correction is written, the query
// reads the result (gated delta rule; modelling.md 1.4 gives 2 to 4).
const deltaProducts = 3

// delta is linear attention by the gated delta rule (Qwen3-Next, Kimi Linear):
// a recurrent state in FP32 instead of a cache, and a short convolution whose
// inputs are kept in BF16. A token meets one key, the state.
type delta struct{}

func (delta) dimensions() (need, may []string) {
	return []string{"key_heads", "key_dim", "value_heads", "value_dim"}, []string{"conv", "gate_lora", "full_gate"}
}

func (delta) rules(a Attention) []rule {
	return []rule{{
		holds: !a.FullGate || a.GateLoRA > 0,
		field: "full_gate",
		value: strconv.FormatBool(a.FullGate),
		want:  "false without gate_lora: then the gate is of full rank anyway",
	}}
}

func (delta) weights(a Attention, hidden float64) AttentionWeights {
	values := float64(a.ValueHeads) * float64(a.ValueDim)
	mixed := a.mixedChannels()
	sharded := hidden*(mixed+values) + float64(a.Conv)*mixed
	switch {
	case a.GateLoRA > 0: // decay per key dimension and output gate, both low-rank, and beta per head
		rank := float64(a.GateLoRA)
		decays := float64(a.ValueHeads) * float64(a.KeyDim)
		sharded += rank*decays + hidden*float64(a.ValueHeads)
		if a.FullGate {
			return AttentionWeights{Sharded: sharded + hidden*values, Replicated: hidden * rank}
		}
		return AttentionWeights{Sharded: sharded + rank*values, Replicated: 2 * hidden * rank}
	case a.Gated: // output gate, and decay and beta per head
		sharded += hidden * (values + 2*float64(a.ValueHeads))
	}
	return AttentionWeights{Sharded: sharded}
}

func (k delta) projections(a Attention, hidden float64) []Projection {
	w := k.weights(a, hidden)
	values := float64(a.ValueHeads) * float64(a.ValueDim)
	in := (w.Sharded - values*hidden) / hidden
	list := []Projection{{in, hidden, Columns}, {hidden, values, Depth}}
	if w.Replicated > 0 {
		list = append(list, Projection{w.Replicated / hidden, hidden, Whole})
	}
	return list
}

func (delta) until(_ reach, n int64) Work { return Work{Pairs: float64(n)} }

func (delta) decode(reach, float64) Work { return Work{Pairs: 1} }

func (delta) core(a Attention) Core {
	return Core{State: StateHeads{
		Key:      a.KeyHeads,
		Value:    a.ValueHeads,
		KeyDim:   a.KeyDim,
		ValueDim: a.ValueDim,
		Products: deltaProducts,
	}}
}

func (delta) entryBytes(Attention, hardware.Format) float64 { return 0 }

func (delta) components(a Attention, _ CacheFormat) layerComponents {
	inputs := bytesBF16 * float64(max(a.Conv-1, 0)) * a.mixedChannels()
	state := StateHeads{Key: a.KeyHeads, Value: a.ValueHeads, KeyDim: a.KeyDim, ValueDim: a.ValueDim}
	return layerComponents{fixedState("linear_state", bytesFP32*state.values()+inputs)}
}

func (delta) shards(a Attention) int { return a.ValueHeads }

// mixedChannels is how many queries, keys and values pass the convolution.
func (a Attention) mixedChannels() float64 {
	return 2*float64(a.KeyHeads)*float64(a.KeyDim) + float64(a.ValueHeads)*float64(a.ValueDim)
}
