package llm

// sharedIndex is a DSA layer without an indexer of its own: it attends to the
// entries that the last layer with one has picked (GLM-5.2).
type sharedIndex struct{ latent }

func (sharedIndex) dimensions() (need, may []string) {
	need, may = latent{}.dimensions()
	return append(need, "index_top_k"), may
}

func (sharedIndex) until(a reach, n int64) Work {
	return Work{Pairs: float64(sumCapped(n, int64(a.IndexTopK)))}
}

func (sharedIndex) decode(a reach, context float64) Work {
	return Work{Pairs: min(context, float64(a.IndexTopK))}
}

func (sharedIndex) core(a Attention) Core {
	return Core{Decode: a.absorbed(), Prefill: a.absorbed()}
}
