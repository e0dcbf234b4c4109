package hardware

import (
	"maps"
	"slices"

	"agentsim/units"
)

// AttentionShape says which measured module is wanted.
type AttentionShape struct {
	Kind   string
	Hidden int
	Dense  Format // of the projections
	KV     Format // of the cache
}

// AttentionFor returns the module of the kind that comes nearest: the same
// cache format before the same projection format before the nearest hidden
// size, and its name. It reports false where the kind was not measured at all.
func (k KernelSet) AttentionFor(want AttentionShape) (AttentionKernel, string, bool) {
	var best AttentionKernel
	found, bestScore, bestName := false, 0.0, ""
	for _, name := range slices.Sorted(maps.Keys(k.Attention)) {
		a := k.Attention[name]
		kind := a.Kind
		if kind == "" {
			kind = name
		}
		if kind != want.Kind {
			continue
		}
		if score := a.distance(want); !found || score < bestScore {
			best, bestScore, bestName, found = a, score, name, true
		}
	}
	return best, bestName, found
}

// Weights of a mismatch: a cache format outweighs a projection format, which
// outweighs any hidden size.
const (
	kvMismatch    = 100.0
	denseMismatch = 10.0
)

func (k AttentionKernel) distance(want AttentionShape) float64 {
	d := 0.0
	if k.KV != want.KV {
		d += kvMismatch
	}
	if k.Dense != want.Dense {
		d += denseMismatch
	}
	if k.Hidden > 0 && want.Hidden > 0 {
		d += logRatio(k.Hidden, want.Hidden)
	}
	return d
}

// Degree is the tensor-parallel degree of the measured model that leaves a
// rank as many query heads as a model with heads at tp.
func (k AttentionKernel) Degree(heads, tp int) int {
	if k.Heads == 0 || heads == 0 {
		return tp
	}
	return max(1, k.Heads*tp/heads)
}

// CoreFor returns the attention core of a kind and phase ("prefill" or
// "decode") with cache entries in format kv. Its FLOP efficiency refers to the
// peak rate of kv, or of BF16 where the accelerator has none.
func (k KernelSet) CoreFor(kind, phase string, kv Format) (Roofline, bool) {
	names := [...]string{kind + "." + phase + "." + string(kv), kind + "." + phase, phase + "." + string(kv), phase}
	for _, name := range names {
		if r, ok := k.Core[name]; ok {
			return r, true
		}
	}
	return Roofline{}, false
}

// groupedSuffix marks an expert path that an engine runs under expert
// parallelism where it runs another without.
const groupedSuffix = ".ep"

// ExpertsFor returns the expert kernel that an engine runs for a path at an
// expert-parallel size.
func (k KernelSet) ExpertsFor(path string, ep int) (ExpertKernel, bool) {
	e, ok := k.Experts[k.ExpertsName(path, ep)]
	return e, ok
}

// ExpertsName is the entry of Experts that ExpertsFor returns.
func (k KernelSet) ExpertsName(path string, ep int) string {
	if _, ok := k.Experts[path+groupedSuffix]; ok && ep > 1 {
		return path + groupedSuffix
	}
	return path
}

// For is the linear form at another hidden size: what it costs per token
// grows with the width of the residual stream.
func (l Linear) For(hidden int) Linear {
	if l.Hidden > 0 && hidden > 0 {
		l.PerToken *= units.Seconds(float64(hidden) / float64(l.Hidden))
		l.Hidden = hidden
	}
	return l
}
