package step

import (
	"agentsim/models/hardware"
	"agentsim/models/llm"
)

// layerKind is a set of identical layers, with all that follows from their
// architecture and the worker's shape.
type layerKind struct {
	worker    *worker
	count     float64
	attention llm.Attention
	ffn       ffn
	weights   llm.AttentionWeights
	pairs     llm.Module
	shape     llm.Core
	reads     llm.Reads // by decode, of one token

	module *hardware.AttentionAt // measured as a whole; nil = composed of what follows
	// Where the constants of the module stand in the kernel set.
	decodeConstants, prefillConstants string
	projections                       []matrix // on one accelerator
	prefillCore                       hardware.Roofline
	decodeCore                        hardware.Roofline

	prefillShape, decodeShape hardware.CoreWork // heads and dimensions on one accelerator
	cacheShards               int               // accelerators of a group that divide the heads of the cache
	context                   float64           // accelerators of a rank that divide the entries of a context by token
	cores                     [2]joined         // of decode with one token of a sequence, and with all that are verified

	perPair, perPrefillPair, perIndex float64 // FLOPs
}

// ffn says what follows attention in a layer.
type ffn struct {
	dense int  // inner size of a dense network; 0 = experts, or none
	none  bool // nothing
}

// experts reports whether it is experts.
func (f ffn) experts() bool { return f.dense == 0 && !f.none }

type matrix struct{ columns, depth float64 }

// layerKind is the layers of a block on the worker.
func (w *worker) layerKind(b llm.Block) layerKind {
	a := b.Attention
	k := layerKind{
		worker:         w,
		count:          float64(b.Count),
		attention:      a,
		ffn:            ffn{dense: b.Dense, none: b.NoFFN},
		weights:        a.Weights(w.cfg.LLM.Hidden),
		pairs:          a.Module(),
		shape:          a.Core(),
		reads:          a.Reads(w.cacheFormat()),
		perPair:        a.FLOPsPerPair(),
		perPrefillPair: a.PrefillFLOPsPerPair(),
		perIndex:       a.FLOPsPerIndexPair(),
		cacheShards:    min(w.shape.TP, max(1, a.CacheShards())),
		context:        w.contextShards(&a),
	}
	for _, p := range a.Projections(w.cfg.LLM.Hidden) {
		columns, depth := p.On(w.shape.TP)
		k.projections = append(k.projections, matrix{columns, depth})
	}
	want := hardware.AttentionShape{Kind: string(a.Kind), Hidden: w.cfg.LLM.Hidden,
		Dense: w.cfg.Precision.Dense, KV: w.cfg.Precision.KV}
	module, name, ok := w.cfg.Kernels.AttentionFor(want)
	if !ok {
		want.Kind = string(a.Kind.MeasuredAs())
		module, name, ok = w.cfg.Kernels.AttentionFor(want)
	}
	if ok {
		k.decodeConstants, k.prefillConstants = "attention."+name, "attention."+name+".prefill"
		at := module.At(module.Degree(a.Heads, w.shape.TP))
		k.module = &at
		for i, tokens := range []int{1, w.perSequence} {
			k.cores[i] = k.joined(&module, tokens)
		}
	}
	k.prefillCore, _ = w.cfg.Kernels.CoreFor(string(a.Kind.CoreAs()), "prefill", w.cfg.Precision.KV)
	k.decodeCore, _ = w.cfg.Kernels.CoreFor(string(a.Kind.CoreAs()), "decode", w.cfg.Precision.KV)
	k.shapeCores()
	return k
}

// shapeCores fixes the heads and dimensions of the attention core on one
// accelerator.
func (k *layerKind) shapeCores() {
	tp := float64(k.worker.shape.TP)
	entry := k.attention.CacheBytesPerToken(k.worker.cacheFormat()) / float64(k.cacheShards)
	on := func(h llm.CoreHeads) hardware.CoreWork {
		return hardware.CoreWork{
			Heads:     float64(h.Query) / tp,
			KVHeads:   max(1, float64(h.KV)/tp),
			KeyDim:    float64(h.Key),
			ValueDim:  float64(h.Value),
			EntrySize: entry,
		}
	}
	k.prefillShape, k.decodeShape = on(k.shape.Prefill), on(k.shape.Decode)
	if k.context > 1 {
		k.decodeShape.Heads *= float64(k.worker.shape.DCP)
	}
}
