package llm

import (
	"fmt"
	"strconv"

	"agentsim/models/hardware"
)

// sharedWindow is the part that all attention of DeepSeek V4 has: a sliding
// window over entries that are key and value at once, shared by all heads, and
// a grouped output projection. Alone it is that of the first Flash layers and
// of the draft layer.
type sharedWindow struct{}

func (sharedWindow) dimensions() (need, may []string) {
	return []string{"heads", "head_dim", "window", "o_groups", "o_lora"}, []string{"q_lora", "rope_dim"}
}

func (sharedWindow) rules(a Attention) []rule {
	return []rule{{
		holds: a.RopeDim <= a.HeadDim,
		field: "rope_dim",
		value: strconv.Itoa(a.RopeDim),
		want:  fmt.Sprintf("at most head_dim, %d", a.HeadDim),
	}, {
		holds: !a.Gated,
		field: "gated",
		value: strconv.FormatBool(a.Gated),
		want:  fmt.Sprintf("false: %s attention does not have it", a.Kind),
	}}
}

func (sharedWindow) weights(a Attention, hidden float64) AttentionWeights {
	headDim := float64(a.HeadDim)
	w := a.queryWeights(hidden, float64(a.Heads)*headDim)
	w.Replicated += hidden * headDim
	w.Sharded += a.outputDownWeights() + float64(a.OGroups)*float64(a.OLoRA)*hidden
	return w
}

func (k sharedWindow) projections(a Attention, hidden float64) []Projection {
	return a.sharedProjections(k.weights(a, hidden), hidden)
}

func (sharedWindow) until(a reach, n int64) Work {
	return Work{Pairs: float64(sumCapped(n, int64(a.Window)))}
}

func (sharedWindow) decode(a reach, context float64) Work {
	return Work{Pairs: min(context, float64(a.Window))}
}

func (sharedWindow) core(a Attention) Core {
	heads := CoreHeads{Query: a.Heads, KV: 1, Key: a.HeadDim, Value: a.HeadDim}
	return Core{Decode: heads, Prefill: heads}
}

func (sharedWindow) entryBytes(a Attention, f hardware.Format) float64 {
	nope := a.HeadDim - a.RopeDim
	scales := sharedScalePad * runs(int(runs(nope, sharedScaleRun)), sharedScalePad)
	return mixedBytes(nope, a.RopeDim, f, scales)
}

func (k sharedWindow) components(a Attention, f CacheFormat) layerComponents {
	return layerComponents{lastTokens("window_kv", k.entryBytes(a, f.KV), a.Window)}
}

// shards: an entry belongs to all heads at once.
func (sharedWindow) shards(Attention) int { return 1 }

// sharedProjections lists the matrices of a module of these weights. The
// grouped half of the output projection runs as one batched matrix.
func (a Attention) sharedProjections(w AttentionWeights, hidden float64) []Projection {
	width := float64(a.Heads) * float64(a.HeadDim)
	groups := float64(a.OGroups)
	up := Projection{width, float64(a.QLoRA), Columns}
	if a.QLoRA == 0 {
		up = Projection{width, hidden, Columns}
	}
	return []Projection{
		{w.Replicated / hidden, hidden, Whole},
		up,
		{float64(a.OLoRA) * groups, width / groups, Columns},
		{hidden, groups * float64(a.OLoRA), Depth},
	}
}

// outputDownWeights is the first, grouped half of V4's output projection: each
// of OGroups groups of heads goes to OLoRA values.
func (a Attention) outputDownWeights() float64 {
	return float64(a.Heads) * float64(a.HeadDim) * float64(a.OLoRA)
}
