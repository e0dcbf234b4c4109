package moe

// choice is the set of experts one token chooses: topK of them, each set as
// likely as the product of its experts' odds.
type choice struct {
	odds []float64
	topK int
	all  float64 // elementary symmetric polynomial of degree topK in the odds
	poly []float64
}

// newChoice takes odds from inclusion probabilities. Dividing by their mean
// changes nothing and keeps the polynomial in range.
func newChoice(inclusion []float64, topK int) choice {
	c := choice{odds: make([]float64, len(inclusion)), topK: topK, poly: make([]float64, topK+1)}
	total := 0.0
	for e, p := range inclusion {
		c.odds[e] = p / (1 - p)
		total += c.odds[e]
	}
	for e := range c.odds {
		c.odds[e] *= float64(len(inclusion)) / total
	}
	c.all = c.symmetric(nil)
	return c
}

// visits is the probability that at least one chosen expert is served at a
// place that serves the given share of each expert's tokens. For whole experts
// and equal odds it is 1 - C(E-s,K)/C(E,K).
func (c choice) visits(served []float64) float64 {
	return max(0, 1-c.symmetric(served)/c.all)
}

// symmetric sums over all sets of topK experts the product of odds·(1-served).
func (c choice) symmetric(served []float64) float64 {
	clear(c.poly)
	c.poly[0] = 1
	for e, w := range c.odds {
		if served != nil {
			w *= 1 - served[e]
		}
		if w <= 0 {
			continue
		}
		for k := c.topK; k > 0; k-- {
			c.poly[k] += c.poly[k-1] * w
		}
	}
	return c.poly[c.topK]
}
