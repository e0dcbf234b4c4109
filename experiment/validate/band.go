package validate

// band simulates a case at both ends of what its drafts may be accepted, where the
// table does not say. Of text that is what the model's preset leaves open; of the
// random tokens of fixed lengths the lower end is nothing, as some such runs gain
// nothing.
func (j *prepared) band(c *Case) (ends [2]prediction, err error) {
	pool := j.config.Deployment.Decode
	if c.Mode == aggregated {
		pool = j.config.Deployment.Aggregated
	}
	if pool == nil || !pool.Draft.Unknown() {
		return ends, nil
	}
	plausible := pool.Draft.Plausible(&j.config.LLM)
	low, high := plausible.Low, plausible.High
	if !c.Agents() {
		low = 1
	}
	for i, accepted := range []float64{low, high} {
		end := *j
		drafting := *pool
		drafting.Draft = pool.Draft.WithAccepted(accepted)
		if c.Mode == aggregated {
			end.config.Deployment.Aggregated = &drafting
		} else {
			end.config.Deployment.Decode = &drafting
		}
		if ends[i], err = end.run(c); err != nil {
			return ends, err
		}
	}
	return ends, nil
}

// between is how far a measured value lies outside a band, as a share of itself: 0
// inside, below 0 where even the upper end is less.
func between(measured, a, b float64, share bool) float64 {
	low, high := min(a, b), max(a, b)
	off := 0.0
	switch {
	case measured < low:
		off = low - measured
	case measured > high:
		off = high - measured
	}
	if share {
		return off
	}
	return off / measured
}

// bands sums up by metric how far cases lie outside their bands.
func bands(all []Comparison) map[string]Errors {
	off := map[string][]float64{}
	for i := range all {
		if c := &all[i]; c.Outside != nil {
			off[c.Metric] = append(off[c.Metric], *c.Outside)
		}
	}
	if len(off) == 0 {
		return nil
	}
	sums := map[string]Errors{}
	for metric, list := range off {
		sums[metric] = sumUp(list)
	}
	return sums
}
