package llm

// blockSparse is grouped attention to the tokens of the best blocks, which an
// indexer picks by the best score of any key in them (MiniMax M3). IndexTopK
// counts tokens: blocks times their size.
type blockSparse struct{ grouped }

func (blockSparse) dimensions() (need, may []string) {
	need, may = grouped{}.dimensions()
	return append(need, indexerDimensions()...), may
}

func (blockSparse) weights(a Attention, hidden float64) AttentionWeights {
	w := grouped{}.weights(a, hidden)
	w.Replicated += a.blockIndexer() * hidden
	return w
}

func (blockSparse) projections(a Attention, hidden float64) []Projection {
	return append(grouped{}.projections(a, hidden), Projection{a.blockIndexer(), hidden, Whole})
}

func (blockSparse) until(a reach, n int64) Work {
	return Work{Pairs: float64(sumCapped(n, int64(a.IndexTopK))), IndexPairs: float64(sumTo(n))}
}

func (blockSparse) decode(a reach, context float64) Work {
	return Work{Pairs: min(context, float64(a.IndexTopK)), IndexPairs: context}
}

func (k blockSparse) components(a Attention, f CacheFormat) layerComponents {
	keys := growing("index_keys", a.indexBytes(f.Index), 1)
	keys.Shards = 1 // they serve all heads at once
	return layerComponents{growing("kv", k.entryBytes(a, f.KV), 1), keys}
}

// blockIndexer is the width of the indexer's queries and of its one key.
func (a Attention) blockIndexer() float64 { return float64(a.IndexHeads+1) * float64(a.IndexDim) }
