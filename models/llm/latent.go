package llm

import "agentsim/models/hardware"

// latent is DeepSeek V3's multi-head latent attention (MLA). Decode stays in
// the latent space, where a pair costs 2·heads·(576+512); prefill expands the
// latents to keys and values of every head, 2·heads·(192+128) a pair.
type latent struct{}

func (latent) dimensions() (need, may []string) {
	return []string{"heads", "kv_lora", "nope_dim", "value_dim"}, []string{"q_lora", "rope_dim"}
}

func (latent) rules(Attention) []rule { return nil }

func (latent) weights(a Attention, hidden float64) AttentionWeights {
	heads := float64(a.Heads)
	w := a.queryWeights(hidden, heads*float64(a.NopeDim+a.RopeDim))
	w.Replicated += hidden * float64(a.latentDim())
	w.Sharded += a.expansion() + heads*float64(a.ValueDim)*hidden
	if a.Gated {
		w.Sharded += hidden * heads * float64(a.ValueDim)
	}
	return w
}

func (latent) projections(a Attention, hidden float64) []Projection {
	heads := float64(a.Heads)
	queries := heads * float64(a.NopeDim+a.RopeDim)
	values := heads * float64(a.ValueDim)
	expand := Projection{heads * float64(a.NopeDim+a.ValueDim), float64(a.KVLoRA), Columns}
	list := []Projection{
		{float64(a.QLoRA + a.latentDim()), hidden, Whole},
		{queries, float64(a.QLoRA), Columns},
		expand,
		{hidden, values, Depth},
	}
	if a.QLoRA == 0 {
		list = []Projection{
			{queries, hidden, Columns},
			{float64(a.latentDim()), hidden, Whole},
			expand,
			{hidden, values, Depth},
		}
	}
	if a.Gated {
		list = append(list, Projection{values, hidden, Columns})
	}
	return list
}

func (latent) until(_ reach, n int64) Work { return Work{Pairs: float64(sumTo(n))} }

func (latent) decode(_ reach, context float64) Work { return Work{Pairs: context} }

func (latent) core(a Attention) Core {
	return Core{
		Decode:  a.absorbed(),
		Prefill: CoreHeads{Query: a.Heads, KV: a.Heads, Key: a.NopeDim + a.RopeDim, Value: a.ValueDim},
		Expand:  flopsPerMAC * a.expansion(),
	}
}

func (latent) entryBytes(a Attention, f hardware.Format) float64 {
	return mixedBytes(a.KVLoRA, a.RopeDim, f, bytesFP32*runs(a.KVLoRA, latentScaleRun))
}

func (k latent) components(a Attention, f CacheFormat) layerComponents {
	return layerComponents{growing("latent", k.entryBytes(a, f.KV), 1)}
}

// shards: the latent belongs to all heads at once.
func (latent) shards(Attention) int { return 1 }

// absorbed is the core in latent space: one latent for all heads.
func (a Attention) absorbed() CoreHeads {
	return CoreHeads{Query: a.Heads, KV: 1, Key: a.latentDim(), Value: a.KVLoRA}
}

// latentDim is the width of a cached MLA entry: the latent and the rotary key.
func (a Attention) latentDim() int { return a.KVLoRA + a.RopeDim }

// expansion is the parameters of MLA's up-projection from latents to the keys
// and values of all heads.
func (a Attention) expansion() float64 {
	return float64(a.KVLoRA) * float64(a.Heads) * float64(a.NopeDim+a.ValueDim)
}

// queryWeights is the query projection to width values, through QLoRA if any.
func (a Attention) queryWeights(hidden, width float64) AttentionWeights {
	if a.QLoRA == 0 {
		return AttentionWeights{Sharded: hidden * width}
	}
	rank := float64(a.QLoRA)
	return AttentionWeights{Sharded: rank * width, Replicated: hidden * rank}
}
