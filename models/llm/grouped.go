package llm

import (
	"fmt"
	"strconv"

	"agentsim/models/hardware"
)

// grouped is multi-head and grouped-query attention over the whole context.
type grouped struct{}

func (grouped) dimensions() (need, may []string) {
	return []string{"heads", "kv_heads", "head_dim"}, []string{"value_dim", "key_is_value"}
}

func (grouped) rules(a Attention) []rule {
	return []rule{{
		holds: a.KVHeads < 1 || a.Heads%a.KVHeads == 0,
		field: "kv_heads",
		value: strconv.Itoa(a.KVHeads),
		want:  fmt.Sprintf("a divisor of the %d query heads", a.Heads),
	}, {
		holds: !a.KeyIsValue || a.valueDim() == a.HeadDim,
		field: "value_dim",
		value: strconv.Itoa(a.ValueDim),
		want:  fmt.Sprintf("head_dim, %d: keys are values", a.HeadDim),
	}}
}

func (grouped) weights(a Attention, hidden float64) AttentionWeights {
	queries := float64(a.Heads) * float64(a.HeadDim)
	outputs := float64(a.Heads) * float64(a.valueDim())
	keysValues := a.keysValues()
	sharded := hidden * (queries + keysValues + outputs)
	if a.Gated {
		sharded += hidden * outputs
	}
	return AttentionWeights{Sharded: sharded}
}

func (grouped) projections(a Attention, hidden float64) []Projection {
	outputs := float64(a.Heads) * float64(a.valueDim())
	in := float64(a.Heads)*float64(a.HeadDim) + a.keysValues()
	if a.Gated {
		in += outputs
	}
	return []Projection{{in, hidden, Columns}, {hidden, outputs, Depth}}
}

func (grouped) until(_ reach, n int64) Work { return Work{Pairs: float64(sumTo(n))} }

func (grouped) decode(_ reach, context float64) Work { return Work{Pairs: context} }

func (grouped) core(a Attention) Core {
	heads := CoreHeads{Query: a.Heads, KV: a.KVHeads, Key: a.HeadDim, Value: a.valueDim()}
	return Core{Decode: heads, Prefill: heads}
}

func (grouped) entryBytes(a Attention, f hardware.Format) float64 {
	width := a.HeadDim + a.valueDim()
	return float64(a.KVHeads) * (valueBytes(width, f) + scaleBytes(width, f))
}

func (k grouped) components(a Attention, f CacheFormat) layerComponents {
	return layerComponents{growing("kv", k.entryBytes(a, f.KV), 1)}
}

func (grouped) shards(a Attention) int { return a.KVHeads }

// keysValues is the width of the projection to keys and values.
func (a Attention) keysValues() float64 {
	if a.KeyIsValue {
		return float64(a.KVHeads) * float64(a.HeadDim)
	}
	return float64(a.KVHeads) * float64(a.HeadDim+a.valueDim())
}

func (a Attention) valueDim() int {
	if a.ValueDim == 0 {
		return a.HeadDim
	}
	return a.ValueDim
}
