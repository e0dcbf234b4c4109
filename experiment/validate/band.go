package validate

import (
	"agentsim/models/step"
	"agentsim/serve"
)

// band simulates a case at both ends of what its drafts may be accepted, where the
// table does not say. Of text that is what the model's preset leaves open; of the
// random tokens of fixed lengths the lower end is nothing, as some such runs gain
// nothing.
func (j *prepared) band(c *Case) (ends [2]prediction, err error) {
	pool := j.decoding(c)
	if pool == nil || !pool.Draft.Unknown() {
		return ends, nil
	}
	plausible := pool.Draft.Plausible(&j.config.LLM)
	low, high := plausible.Low, plausible.High
	if !c.Agents() {
		low = 1
	}
	for i, accepted := range []float64{low, high} {
		if ends[i], err = j.drafting(c, pool.Draft.WithAccepted(accepted)).run(c); err != nil {
			return ends, err
		}
	}
	return ends, nil
}

// decoding is the pool that decodes.
func (j *prepared) decoding(c *Case) *serve.PoolSpec {
	if c.Mode == aggregated {
		return j.config.Deployment.Aggregated
	}
	return j.config.Deployment.Decode
}

// drafting is the same case with another draft.
func (j *prepared) drafting(c *Case, d *step.DraftSpec) *prepared {
	other, pool := *j, *j.decoding(c)
	pool.Draft = d
	if c.Mode == aggregated {
		other.config.Deployment.Aggregated = &pool
	} else {
		other.config.Deployment.Decode = &pool
	}
	return &other
}

// runAtDepth simulates a case; one whose recipe was set to its batch at every
// depth, and keeps the one with the shortest time between tokens, as who sets a
// recipe does.
func (j *prepared) runAtDepth(c *Case) (prediction, error) {
	pool := j.decoding(c)
	if pool == nil || !pool.Draft.Drafts() {
		return j.run(c)
	}
	from, to := pool.Draft.Depth, pool.Draft.Depth
	if c.depthOpen() {
		from, to = 1, depthMost
	}
	var best prediction
	var chosen *prepared
	for depth := from; depth <= to; depth++ {
		draft := *pool.Draft
		draft.Depth = depth
		at := j.drafting(c, &draft)
		p, err := at.onRandom(c)
		if err != nil {
			return p, err
		}
		if chosen == nil || p[TPOT] < best[TPOT] {
			best, chosen = p, at
		}
	}
	*j = *chosen // the band is that of the depth
	return best, nil
}

// randomChance is the chance that a draft token on random tokens is accepted over
// that on code: DeepSeek V4's MTP at depth 2 has 1.99 tokens a step on random ones
// (vllm 41044, probabilistic drafts), a chance of 0.613, and 2.27 on code, 0.733.
const randomChance = 0.836

// onRandom simulates a case. Requests of fixed length are random tokens, of which
// less is accepted than of the text that presets tell of.
func (j *prepared) onRandom(c *Case) (prediction, error) {
	d := j.decoding(c).Draft
	if c.Agents() || !d.Unknown() {
		return j.run(c)
	}
	lengths, err := d.Lengths(&j.config.LLM)
	if err != nil {
		return prediction{}, err
	}
	accepted, before, chance := 1.0, 1.0, 1.0
	for _, length := range lengths {
		chance *= randomChance
		accepted += chance * (length - before)
		before = length
	}
	return j.drafting(c, d.WithAccepted(accepted)).run(c)
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
