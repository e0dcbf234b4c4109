package llm

// windowed is a sliding window over the projections of grouped attention.
type windowed struct{ grouped }

func (windowed) dimensions() (need, may []string) {
	need, may = grouped{}.dimensions()
	return append(need, "window"), may
}

func (windowed) until(a reach, n int64) Work {
	return Work{Pairs: float64(sumCapped(n, int64(a.Window)))}
}

func (windowed) decode(a reach, context float64) Work {
	return Work{Pairs: min(context, float64(a.Window))}
}

func (k windowed) components(a Attention, f CacheFormat) layerComponents {
	return layerComponents{lastTokens("window_kv", k.entryBytes(a, f.KV), a.Window)}
}
