package moe

import "math"

// choice is the set of experts one token chooses: topK of them, each set in
// proportion to the product of its experts' odds (conditional Poisson
// sampling). For equal odds that is any topK of the experts alike.
type choice struct {
	odds []float64
	topK int
	all  float64 // elementary symmetric polynomial of degree topK in the odds
	poly []float64
}

// A choice includes each expert as asked within fitted; hundreds of experts take
// three or four rounds of correction, three experts some twenty.
const (
	fitted        = 1e-6
	fittingRounds = 100
)

// newChoice finds the odds that include each expert with the given
// probability (Chen, Dempster and Liu 1994): start from p/(1-p) and correct by
// what comes out.
func newChoice(inclusion []float64, topK int) choice {
	c := choice{odds: make([]float64, len(inclusion)), topK: topK, poly: make([]float64, topK+1)}
	for e, p := range inclusion {
		c.odds[e] = p / (1 - p)
	}
	c.normalise()
	for range fittingRounds {
		if c.correct(inclusion) < fitted {
			break
		}
	}
	c.all = c.symmetric(nil)
	return c
}

// correct moves the odds towards the inclusion probabilities asked for and
// returns how far the worst was off.
func (c choice) correct(inclusion []float64) float64 {
	worst := 0.0
	for e, miss := range c.misses() {
		p := inclusion[e]
		worst = max(worst, math.Abs(1-miss-p))
		if p > 0 && miss > 0 {
			c.odds[e] *= p / (1 - p) * miss / (1 - miss)
		}
	}
	c.normalise()
	return worst
}

// normalise makes the mean odds 1, which changes no probability and keeps the
// polynomials in range.
func (c choice) normalise() {
	total := 0.0
	for _, w := range c.odds {
		total += w
	}
	for e := range c.odds {
		c.odds[e] *= float64(len(c.odds)) / total
	}
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
		if w > 0 {
			multiply(c.poly, w)
		}
	}
	return c.poly[c.topK]
}

// multiply multiplies a polynomial by 1 + w·x, dropping the highest power.
func multiply(poly []float64, w float64) {
	for k := len(poly) - 1; k > 0; k-- {
		poly[k] += poly[k-1] * w
	}
}

// misses is the probability of each expert not to be chosen: the sum over sets
// without it, put together from the polynomials of those before and after it.
func (c choice) misses() []float64 {
	size := c.topK + 1
	after := make([]float64, (len(c.odds)+1)*size) // row e: experts e and later
	after[len(c.odds)*size] = 1
	for e := len(c.odds) - 1; e >= 0; e-- {
		row := after[e*size : (e+1)*size]
		copy(row, after[(e+1)*size:])
		multiply(row, c.odds[e])
	}
	all := after[c.topK]
	misses := make([]float64, len(c.odds))
	before := c.poly
	clear(before)
	before[0] = 1
	for e, w := range c.odds {
		row := after[(e+1)*size:]
		for k := range size {
			misses[e] += before[k] * row[c.topK-k] / all
		}
		multiply(before, w)
	}
	return misses
}
