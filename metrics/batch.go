package metrics

// BatchMeans is the ratio over a series of equal spans of time, with the
// interval from batch means (modelling.md 4.3): the spans are joined into at
// most so many equal batches, long enough to be nearly independent, and the
// scatter of their ratios says how certain the whole is. Odd spans at the start
// count for the ratio but not for its scatter.
func BatchMeans(series []Ratio, most int) Interval {
	size := (len(series) + most - 1) / most
	if size < 2 {
		return RatioOf(series)
	}
	mean, _ := meanOf(series)
	batches := make([]Ratio, 0, most)
	for i := len(series) % size; i < len(series); i += size {
		var batch Ratio
		for _, s := range series[i : i+size] {
			batch = batch.Plus(s)
		}
		batches = append(batches, batch)
	}
	return Interval{Mean: mean, Half: halfWidth(batches, mean)}
}

// Values lists the ratio of every span, for a test of warm-up. A span without
// any has the value before it; those before the first, that of the whole.
func Values(series []Ratio) []float64 {
	value, _ := meanOf(series)
	values := make([]float64, len(series))
	for i, s := range series {
		if s.Below != 0 {
			value = s.value()
		}
		values[i] = value
	}
	return values
}

// WarmUp is how many leading spans of several series over the same spans are
// warm-up: the most that MSER5 cuts from any of them. Not ok means that one has
// no steady state yet; the cut is then the half that MSER5 looks at.
func WarmUp(all ...[]float64) (spans int, ok bool) {
	ok = true
	for _, series := range all {
		cut, settled := MSER5(series)
		spans, ok = max(spans, cut), ok && settled
	}
	return spans, ok
}
