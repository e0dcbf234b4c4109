package llm

// A multiplication and an addition count as two FLOPs.
const flopsPerMAC = 2

// stateProducts is how often linear attention goes over its state per token:
// the old value under the key is read, the correction is written, the query
// reads the result (gated delta rule; modelling.md 1.4 gives 2 to 4).
const stateProducts = 3

// FLOPsPerPair is the cost of one pair of the attention core over all heads,
// as decode computes it: MLA stays in its latent space, where a pair costs
// 2·heads·(576+512). Linear attention pays for one visit of its state.
func (a Attention) FLOPsPerPair() float64 {
	heads, headDim := float64(a.Heads), float64(a.HeadDim)
	switch a.Kind {
	case GQA, Window:
		return flopsPerMAC * heads * (headDim + float64(a.valueDim()))
	case MLA, DSA:
		return flopsPerMAC * heads * float64(a.latentDim()+a.KVLoRA)
	case CSA, HCA, SWA: // the entry is both key and value
		return flopsPerMAC * heads * (headDim + headDim)
	case Linear:
		return flopsPerMAC * stateProducts * a.stateValues()
	}
	return 0
}

// PrefillFLOPsPerPair is the cost of one pair in prefill. MLA expands its
// latents to keys and values of every head there, 2·heads·(192+128) a pair;
// all other kinds compute as in decode (DSA picks latents, so stays absorbed).
func (a Attention) PrefillFLOPsPerPair() float64 {
	if a.Kind != MLA {
		return a.FLOPsPerPair()
	}
	return flopsPerMAC * float64(a.Heads) * float64(a.NopeDim+a.RopeDim+a.ValueDim)
}

// ExpandFLOPs is what prefill pays per token of the cached prefix to expand
// its latent to keys and values again: MLA only. The expansion of the new
// tokens is part of their projections.
func (a Attention) ExpandFLOPs() float64 {
	if a.Kind != MLA {
		return 0
	}
	return flopsPerMAC * a.expansion()
}

// FLOPsPerIndexPair is the cost of one (query, indexed key) pair of the
// indexer over all its heads; 0 without one.
func (a Attention) FLOPsPerIndexPair() float64 {
	return flopsPerMAC * float64(a.IndexHeads) * float64(a.IndexDim)
}

// CoreFLOPs is the cost of decoding one token at this context, without the
// projections: the core and the indexer.
func (a Attention) CoreFLOPs(context float64) (core, index float64) {
	work := a.Decode(context)
	return work.Pairs * a.FLOPsPerPair(), work.IndexPairs * a.FLOPsPerIndexPair()
}

func (a Attention) valueDim() int {
	if a.ValueDim == 0 {
		return a.HeadDim
	}
	return a.ValueDim
}

// latentDim is the width of a cached MLA entry: the latent and the rotary key.
func (a Attention) latentDim() int { return a.KVLoRA + a.RopeDim }

// expansion is the parameters of MLA's up-projection from latents to the keys
// and values of all heads.
func (a Attention) expansion() float64 {
	return float64(a.KVLoRA) * float64(a.Heads) * float64(a.NopeDim+a.ValueDim)
}

// stateValues is the size of a linear layer's recurrent state.
func (a Attention) stateValues() float64 {
	return float64(a.ValueHeads) * float64(a.KeyDim) * float64(a.ValueDim)
}
