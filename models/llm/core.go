package llm

// A multiplication and an addition count as two FLOPs.
const flopsPerMAC = 2

// Core is the shape of one layer's attention core: that of decode and of
// prefill, or a recurrent state.
type Core struct {
	Decode, Prefill CoreHeads
	// Expand is the FLOPs that prefill pays per token of a cached prefix before
	// its core can read it: MLA makes keys and values of its latents again. For
	// the new tokens that is part of their projections.
	Expand float64
	State  StateHeads // of a recurrent layer, which has no heads of the other kinds
}

// CoreHeads are the heads of a core, and the dimensions of one pair.
type CoreHeads struct{ Query, KV, Key, Value int }

// flops is the cost of one (query, key) pair over all heads.
func (h CoreHeads) flops() float64 {
	return flopsPerMAC * float64(h.Query) * (float64(h.Key) + float64(h.Value))
}

// StateHeads is the shape of a recurrent state: a matrix of KeyDim × ValueDim
// for every value head, over which a token goes Products times.
type StateHeads struct{ Key, Value, KeyDim, ValueDim, Products int }

// values is the size of the state.
func (s StateHeads) values() float64 {
	return float64(s.Value) * float64(s.KeyDim) * float64(s.ValueDim)
}

// Recurrent reports whether the layer keeps a state in place of a cache.
func (c Core) Recurrent() bool { return c.State.Value > 0 }

// Core is the shape of the module's attention core.
func (a Attention) Core() Core { return a.kind().core(a) }

// FLOPsPerPair is the cost of one pair of the attention core over all heads,
// as decode computes it. A recurrent layer pays for one visit of its state.
func (a Attention) FLOPsPerPair() float64 {
	core := a.Core()
	if core.Recurrent() {
		return flopsPerMAC * float64(core.State.Products) * core.State.values()
	}
	return core.Decode.flops()
}

// PrefillFLOPsPerPair is the cost of one pair in prefill.
func (a Attention) PrefillFLOPsPerPair() float64 {
	core := a.Core()
	if core.Recurrent() {
		return a.FLOPsPerPair()
	}
	return core.Prefill.flops()
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
