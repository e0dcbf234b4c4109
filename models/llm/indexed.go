package llm

import "agentsim/models/hardware"

// indexedLatent is MLA with a lightning indexer that picks the entries to
// attend to (DSA, DeepSeek V3.2). It picks latents, so prefill stays in the
// latent space too.
type indexedLatent struct{ latent }

func (indexedLatent) dimensions() (need, may []string) {
	need, may = latent{}.dimensions()
	return append(need, indexerDimensions()...), may
}

func indexerDimensions() []string { return []string{"index_heads", "index_dim", "index_top_k"} }

func (indexedLatent) weights(a Attention, hidden float64) AttentionWeights {
	w := latent{}.weights(a, hidden)
	w.Replicated += a.indexerWeights(hidden) + hidden*float64(a.IndexDim)
	return w
}

func (indexedLatent) projections(a Attention, hidden float64) []Projection {
	indexer := a.indexerWeights(hidden) + hidden*float64(a.IndexDim)
	return append(latent{}.projections(a, hidden), Projection{indexer / hidden, hidden, Whole})
}

func (indexedLatent) until(a reach, n int64) Work {
	return Work{Pairs: float64(sumCapped(n, int64(a.IndexTopK))), IndexPairs: float64(sumTo(n))}
}

func (indexedLatent) decode(a reach, context float64) Work {
	return Work{Pairs: min(context, float64(a.IndexTopK)), IndexPairs: context}
}

func (indexedLatent) core(a Attention) Core {
	return Core{Decode: a.absorbed(), Prefill: a.absorbed()}
}

func (k indexedLatent) components(a Attention, f CacheFormat) layerComponents {
	return layerComponents{growing("latent", k.entryBytes(a, f.KV), 1), growing("index_keys", a.indexBytes(f.Index), 1)}
}

// indexerWeights are the indexer's queries and the weights of its heads; how
// its keys are made differs between DSA and CSA.
func (a Attention) indexerWeights(hidden float64) float64 {
	from := float64(a.QLoRA)
	if a.QLoRA == 0 {
		from = hidden
	}
	return from*float64(a.IndexHeads)*float64(a.IndexDim) + hidden*float64(a.IndexHeads)
}

// indexBytes is the size of one indexer key.
func (a Attention) indexBytes(f hardware.Format) float64 {
	if a.IndexDim == 0 {
		return 0
	}
	if f == "" {
		f = hardware.FP8
	}
	if f == hardware.FP8 || f == hardware.INT8 {
		return valueBytes(a.IndexDim, f) + bytesFP32*runs(a.IndexDim, indexScaleRun)
	}
	return valueBytes(a.IndexDim, f) + scaleBytes(a.IndexDim, f)
}
