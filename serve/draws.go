package serve

import (
	"math/rand/v2"

	"agentsim/sim"
)

// draws holds the random choices of a run. Every draw is keyed by what it is
// for, so that two clusters with the same seed see the same luck.
type draws struct {
	seed   uint64
	source rand.PCG

	single yield // tokens of one step
	block  yield // tokens of blockSteps steps
}

// blockSteps is how many decode steps are drawn at once while a call is far
// from its end.
const blockSteps = 16

func newDraws(cfg *Config) draws {
	d := draws{seed: cfg.Seed}
	pools := cfg.Deployment.Pools()
	depth := pools[len(pools)-1].Spec.DraftTokens
	if depth == 0 {
		return d
	}
	d.single = newYield(cfg.LLM.Acceptance[:depth])
	d.block = d.single
	for range blockSteps - 1 {
		d.block = d.block.plus(d.single)
	}
	d.single.accumulate()
	d.block.accumulate()
	return d
}

// yield is the distribution of the tokens that some steps give: chance[i] is
// that of least+i tokens; after accumulate, of at most so many.
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

// steps draws how many decode steps a call needs for so many tokens: each
// step yields one token and the accepted prefix of its draft.
func (d *draws) steps(id int32, a *call, tokens int) int64 {
	if len(d.single.chance) == 0 {
		return int64(tokens)
	}
	sim.Rekey(&d.source, d.seed, "acceptance", uint64(id), uint64(a.k), uint64(a.turn))
	steps := int64(0)
	for tokens > d.block.most() {
		tokens -= d.block.at(d.next())
		steps += blockSteps
	}
	for tokens > 0 {
		tokens -= d.single.at(d.next())
		steps++
	}
	return steps
}

// next is a uniform number in [0, 1).
func (d *draws) next() float64 { return float64(d.source.Uint64()>>11) / (1 << 53) }

// uniform draws one number in [0, 1) for an agent and a purpose.
func (d *draws) uniform(purpose string, agent int32, k int) float64 {
	sim.Rekey(&d.source, d.seed, purpose, uint64(agent), uint64(k))
	return d.next()
}
