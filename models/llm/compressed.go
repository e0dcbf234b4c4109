package llm

// compressedSparse is DeepSeek V4's CSA: a window, and the best of the entries
// into which runs of Compress tokens are pooled, as an indexer picks them.
type compressedSparse struct{ sharedWindow }

// compressorOverlap: the CSA compressor pools two neighbouring runs of c
// tokens into each entry, so it projects and keeps twice the width
// (DeepSeek-V4 report; modelling.md 1.3 and eq. 10).
const compressorOverlap = 2

// valuesAndScores: a compressor projects what to pool and how much of it.
const valuesAndScores = 2

func (compressedSparse) dimensions() (need, may []string) {
	need, may = sharedWindow{}.dimensions()
	return append(append(need, "compress"), indexerDimensions()...), may
}

func (compressedSparse) weights(a Attention, hidden float64) AttentionWeights {
	w := sharedWindow{}.weights(a, hidden)
	w.Replicated += valuesAndScores * compressorOverlap * hidden * (float64(a.HeadDim) + float64(a.IndexDim))
	w.Replicated += a.indexerWeights(hidden)
	return w
}

func (k compressedSparse) projections(a Attention, hidden float64) []Projection {
	return a.sharedProjections(k.weights(a, hidden), hidden)
}

func (compressedSparse) until(a reach, n int64) Work {
	window, topK, ratio := int64(a.Window), int64(a.IndexTopK), int64(a.Compress)
	return Work{
		Pairs:      float64(sumCapped(n, window) + sumFloorsCapped(n, ratio, topK)),
		IndexPairs: float64(sumFloors(n, ratio)),
	}
}

func (compressedSparse) decode(a reach, context float64) Work {
	entries := context / float64(a.Compress)
	return Work{Pairs: min(context, float64(a.Window)) + min(entries, float64(a.IndexTopK)), IndexPairs: entries}
}

func (k compressedSparse) components(a Attention, f CacheFormat) layerComponents {
	const perValue = compressorOverlap * pooledBytes
	return layerComponents{
		growing("csa_kv", k.entryBytes(a, f.KV), a.Compress),
		growing("csa_index_keys", a.indexBytes(f.Index), a.Compress),
		buffered("csa_state", perValue*float64(a.HeadDim), a.Compress, compressorOverlap),
		buffered("csa_index_state", perValue*float64(a.IndexDim), a.Compress, compressorOverlap),
		lastTokens("window_kv", k.entryBytes(a, f.KV), a.Window),
	}
}

// pooledBytes is what a compressor keeps of each value of a token that it has
// not pooled yet, in FP32.
const pooledBytes = valuesAndScores * bytesFP32
