package llm

// compressedHeavily is DeepSeek V4's HCA: a window, and all of the entries into
// which runs of Compress tokens, many more than in CSA, are pooled.
type compressedHeavily struct{ sharedWindow }

func (compressedHeavily) dimensions() (need, may []string) {
	need, may = sharedWindow{}.dimensions()
	return append(need, "compress"), may
}

func (compressedHeavily) weights(a Attention, hidden float64) AttentionWeights {
	w := sharedWindow{}.weights(a, hidden)
	w.Replicated += valuesAndScores * hidden * float64(a.HeadDim)
	return w
}

func (k compressedHeavily) projections(a Attention, hidden float64) []Projection {
	return a.sharedProjections(k.weights(a, hidden), hidden)
}

func (compressedHeavily) until(a reach, n int64) Work {
	return Work{Pairs: float64(sumCapped(n, int64(a.Window)) + sumFloors(n, int64(a.Compress)))}
}

func (compressedHeavily) decode(a reach, context float64) Work {
	return Work{Pairs: min(context, float64(a.Window)) + context/float64(a.Compress)}
}

func (k compressedHeavily) components(a Attention, f CacheFormat) layerComponents {
	return layerComponents{
		growing("hca_kv", k.entryBytes(a, f.KV), a.Compress),
		buffered("hca_state", pooledBytes*float64(a.HeadDim), a.Compress, 1),
		lastTokens("window_kv", k.entryBytes(a, f.KV), a.Window),
	}
}
