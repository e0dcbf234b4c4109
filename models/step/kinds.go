package step

import (
	"slices"

	"agentsim/models/hardware"
	"agentsim/models/llm"
	"agentsim/units"
)

// layerKind is a set of identical layers, with all that follows from their
// architecture and the worker's shape.
type layerKind struct {
	count     float64
	attention llm.Attention
	dense     int // inner size of a dense FFN; 0 = experts
	weights   llm.AttentionWeights

	module      *hardware.AttentionKernel // measured as a whole; nil = composed of what follows
	degree      int                       // of tensor parallelism, as the module counts it
	projections []matrix                  // on one accelerator
	prefillCore hardware.Roofline
	decodeCore  hardware.Roofline

	prefillShape, decodeShape hardware.CoreWork // heads and dimensions on one accelerator
	cacheShards               int               // accelerators of a rank that divide the cache

	perPair, perPrefillPair, perIndex float64 // FLOPs
}

type matrix struct{ columns, depth float64 }

// body is what surrounds attention in a number of layers: it costs the same
// whatever their attention is.
type body struct {
	count float64
	dense int // inner size of a dense FFN; 0 = experts
}

// bodies groups layers of all attention kinds by what surrounds it.
func bodies(kinds []layerKind) []body {
	var list []body
	for i := range kinds {
		k := &kinds[i]
		at := slices.IndexFunc(list, func(b body) bool { return b.dense == k.dense })
		if at < 0 {
			at = len(list)
			list = append(list, body{dense: k.dense})
		}
		list[at].count += k.count
	}
	return list
}

func (m *Model) layerKind(b llm.Block) layerKind {
	a := b.Attention
	k := layerKind{count: float64(b.Count), attention: a, dense: b.Dense, weights: a.Weights(m.cfg.LLM.Hidden),
		perPair: a.FLOPsPerPair(), perPrefillPair: a.PrefillFLOPsPerPair(), perIndex: a.FLOPsPerIndexPair(),
		cacheShards: min(m.shape.TP, max(1, a.CacheShards()))}
	for _, p := range a.Projections(m.cfg.LLM.Hidden) {
		columns, depth := p.On(m.shape.TP)
		k.projections = append(k.projections, matrix{columns, depth})
	}
	want := hardware.AttentionShape{Kind: string(measuredAs(a.Kind)), Hidden: m.cfg.LLM.Hidden,
		Dense: m.cfg.Precision.Dense, KV: m.cfg.Precision.KV}
	if module, ok := m.cfg.Kernels.AttentionFor(want); ok {
		k.module, k.degree = &module, module.Degree(a.Heads, m.shape.TP)
	}
	k.prefillCore, _ = m.cfg.Kernels.CoreFor(string(a.Kind), "prefill", m.cfg.Precision.KV)
	k.decodeCore, _ = m.cfg.Kernels.CoreFor(string(a.Kind), "decode", m.cfg.Precision.KV)
	m.shapeCores(&k)
	return k
}

// measuredAs is the attention kind whose module stands in for one that is not
// measured: a window-only V4 layer runs the HCA module without its entries.
func measuredAs(kind llm.AttentionKind) llm.AttentionKind {
	if kind == llm.SWA {
		return llm.HCA
	}
	return kind
}

// shapeCores fixes the heads and dimensions of the attention core. MLA
// expands its latents in prefill and stays in latent space in decode.
func (m *Model) shapeCores(k *layerKind) {
	a, tp := &k.attention, float64(m.shape.TP)
	value := a.ValueDim
	if value == 0 {
		value = a.HeadDim
	}
	heads := float64(a.Heads) / tp
	c := hardware.CoreWork{Heads: heads, KVHeads: max(1, float64(a.KVHeads)/tp), KeyDim: float64(a.HeadDim),
		ValueDim:  float64(value),
		EntrySize: a.CacheBytesPerToken(m.CacheFormat()) / float64(k.cacheShards)}
	k.prefillShape, k.decodeShape = c, c
	if a.Kind == llm.MLA || a.Kind == llm.DSA {
		latent := float64(a.KVLoRA + a.RopeDim)
		k.prefillShape.KVHeads, k.prefillShape.KeyDim = heads, float64(a.NopeDim+a.RopeDim)
		k.decodeShape.KVHeads, k.decodeShape.KeyDim, k.decodeShape.ValueDim = 1, latent, float64(a.KVLoRA)
		if a.Kind == llm.DSA {
			k.prefillShape = k.decodeShape
		}
	}
}

// merge adds a kind, joining it with an identical one.
func merge(kinds []layerKind, k layerKind) []layerKind {
	for i := range kinds {
		if kinds[i].attention == k.attention && kinds[i].dense == k.dense {
			kinds[i].count += k.count
			return kinds
		}
	}
	return append(kinds, k)
}

// corePeak is the compute rate that core efficiencies refer to.
func (m *Model) corePeak() units.FLOPRate {
	if peak := m.accelerator.Peak(m.cfg.Precision.KV); peak > 0 {
		return peak
	}
	return m.accelerator.Peak(hardware.BF16)
}
