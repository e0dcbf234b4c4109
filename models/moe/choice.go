package moe

import "math"

// choice is the set of experts one token chooses: each expert says yes or no
// by itself, given that topK of them say yes (conditional Poisson sampling).
// With equal probabilities that is any topK of the experts alike.
type choice struct {
	yes   []float64 // by expert
	topK  int
	given float64   // probability of topK yeses
	count []float64 // scratch: P(k yeses), k = 0 … topK
}

// A choice includes each expert as asked within fitted, after two to twelve
// rounds of correction; where most experts are all but certain it stops early,
// off by less than 1e-3.
const (
	fitted        = 1e-6
	fittingRounds = 100
)

// newChoice finds the choice that includes each expert with the given
// probability: start from these probabilities and scale their odds by what is
// missing, which converges (Chen, Dempster and Liu 1994).
func newChoice(inclusion []float64, topK int) choice {
	c := choice{yes: make([]float64, len(inclusion)), topK: topK, count: make([]float64, topK+1)}
	copy(c.yes, inclusion)
	for range fittingRounds {
		if c.correct(inclusion) < fitted {
			break
		}
	}
	c.given = c.elsewhere(nil)
	return c
}

// correct moves the odds towards the inclusion probabilities asked for and
// returns how far the worst was off.
func (c choice) correct(inclusion []float64) float64 {
	worst := 0.0
	for e, now := range c.inclusion() {
		want := inclusion[e]
		worst = max(worst, math.Abs(now-want))
		if now > 0 {
			odds := c.yes[e] / (1 - c.yes[e]) * want / now
			c.yes[e] = min(odds/(1+odds), surest)
		}
	}
	return worst
}

// visits is the probability that at least one chosen expert is served at a
// place that serves the given share of each expert's tokens. For whole experts
// and equal probabilities it is 1 - C(E-s,K)/C(E,K).
func (c choice) visits(served []float64) float64 {
	return min(1, max(0, 1-c.elsewhere(served)/c.given))
}

// elsewhere is the probability of topK yeses, none of which is served here.
func (c choice) elsewhere(served []float64) float64 {
	clear(c.count)
	c.count[0] = 1
	for e, p := range c.yes {
		other := p
		if served != nil {
			other *= max(0, 1-served[e])
		}
		step(c.count, 1-p, other)
	}
	return c.count[c.topK]
}

// step adds one expert, with its probabilities of no and yes, to the
// distribution of the number of yeses.
func step(count []float64, no, yes float64) {
	for k := len(count) - 1; k > 0; k-- {
		count[k] = count[k]*no + count[k-1]*yes
	}
	count[0] *= no
}

// inclusion is the probability of each expert to be chosen, put together from
// the counts of those before and after it.
func (c choice) inclusion() []float64 {
	size := c.topK + 1
	after := make([]float64, (len(c.yes)+1)*size) // row e: experts e and later
	after[len(c.yes)*size] = 1
	for e := len(c.yes) - 1; e >= 0; e-- {
		row := after[e*size : (e+1)*size]
		copy(row, after[(e+1)*size:])
		step(row, 1-c.yes[e], c.yes[e])
	}
	given := after[c.topK]
	chosen := make([]float64, len(c.yes))
	before := c.count
	clear(before)
	before[0] = 1
	for e, p := range c.yes {
		row := after[(e+1)*size:]
		for k := range c.topK {
			chosen[e] += before[k] * row[c.topK-1-k] * p / given
		}
		step(before, 1-p, p)
	}
	return chosen
}
