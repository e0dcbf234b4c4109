package serve

import (
	"slices"

	"agentsim/sim"
)

// drafts draws how many decode steps a call needs: with speculation a step
// gives one token and the drafted tokens that the model accepts.
type drafts struct {
	draws
	yields []yield // tokens of many steps, of fewer, …, of one; none without drafts
}

// Steps are drawn 64, 16 and 4 at a time while a call is far from its end.
const (
	yieldSizes  = 4
	yieldFactor = 4
)

// newDrafts takes the depth of the pool that decodes.
func newDrafts(cfg *Config) drafts {
	d := drafts{draws: draws{seed: cfg.Seed}}
	pools := cfg.Deployment.Pools()
	depth := pools[len(pools)-1].Spec.DraftTokens
	if depth == 0 {
		return d
	}
	y := newYield(cfg.LLM.Acceptance[:depth])
	for range yieldSizes {
		d.yields = append(d.yields, y)
		one := y
		for range yieldFactor - 1 {
			y = y.plus(one)
		}
	}
	slices.Reverse(d.yields)
	for i := range d.yields {
		d.yields[i].accumulate()
	}
	return d
}

// steps draws how many decode steps a request needs for so many tokens. Several
// steps are drawn together only where they cannot be too many.
func (d *drafts) steps(r *request, tokens int) int64 {
	if len(d.yields) == 0 {
		return int64(tokens)
	}
	sim.Rekey(&d.source, d.seed, "acceptance", uint64(r.luck), uint64(r.k), uint64(r.number))
	steps := 0
	for i := range d.yields {
		y := &d.yields[i]
		for tokens > y.most() || tokens > 0 && y.least == 1 {
			tokens -= y.at(d.next())
			steps += y.least
		}
	}
	return int64(steps)
}

// yield is the distribution of the tokens that a number of steps gives.
// chance[i] is the probability of least+i tokens and, after accumulate, of at
// most so many. Every step gives one token at least, so least is also the
// number of steps.
type yield struct {
	least  int
	chance []float64
}

// newYield is the distribution of one step's tokens, from the mean number of
// tokens a step gives at draft depth 1, 2, …: the i-th draft token is
// accepted, with all before it, in mean[i]-mean[i-1] of the steps.
func newYield(mean []float64) yield {
	y := yield{least: 1, chance: make([]float64, len(mean)+1)}
	reached, before := 1.0, 1.0
	for i, m := range mean {
		further := min(reached, max(0, m-before))
		y.chance[i] = reached - further
		reached, before = further, m
	}
	y.chance[len(mean)] = reached
	return y
}

// plus is the distribution of the sum of two independent yields.
func (y yield) plus(o yield) yield {
	sum := yield{least: y.least + o.least, chance: make([]float64, len(y.chance)+len(o.chance)-1)}
	for i, a := range y.chance {
		for j, b := range o.chance {
			sum.chance[i+j] += a * b
		}
	}
	return sum
}

func (y *yield) accumulate() {
	total := 0.0
	for i, c := range y.chance {
		total += c
		y.chance[i] = total
	}
}

func (y *yield) most() int { return y.least + len(y.chance) - 1 }

// at inverts the accumulated distribution.
func (y *yield) at(u float64) int {
	low, high := 0, len(y.chance)-1
	for low < high {
		mid := (low + high) / 2
		if u < y.chance[mid] {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return y.least + low
}
