package experiment

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"agentsim/portable"
)

const (
	// about is how far from the crossing a phase counts, in the logarithm of agents.
	// Further away shares may fall many times as fast.
	about = 0.12
	// narrow bounds a step towards the crossing.
	narrow = 0.1
	// sheerest bounds how fast shares fall, in normal deviates a unit of the
	// logarithm of agents.
	sheerest = 40
)

// cross is a place where a condition is just met, in the logarithm of agents.
type cross struct {
	at, half float64 // and half of its 95 % interval
	share    float64 // the same as a share of calls
}

// crossing is where the first condition is just met.
func (r *regression) crossing() cross {
	first := cross{at: math.Inf(1)}
	for i := range r.phases[0].verdict.Scores {
		if c := r.fit(i); c.at < first.at {
			first = c
		}
	}
	return first
}

// fit is where the curve of a condition crosses the level: the normal
// distribution of a line over the logarithm of agents. It lies where as many calls
// of the phases near it meet the condition as the curve says. Weights are numbers
// of calls, and not what phases say of their own errors, which is least where luck
// is best.
func (r *regression) fit(condition int) (c cross) {
	const rounds = 20
	from := portable.Log(float64(r.phases[0].agents)) - most
	to := portable.Log(float64(r.phases[len(r.phases)-1].agents)) + most
	c.at = r.middle(condition)
	for range rounds {
		fall, width := r.fall(condition, c.at), r.width(c.at, about)
		var off, slope, variance float64
		for _, p := range r.phases {
			score := &p.verdict.Scores[condition]
			level := distuv.UnitNormal.Quantile(score.Criterion.Share)
			x := portable.Log(float64(p.agents))
			at := level + fall*(c.at-x)
			calls := score.Requests * kernel((x-c.at)/width)
			if calls == 0 {
				continue
			}
			off += calls * (score.Met.Mean - distuv.UnitNormal.CDF(at))
			slope += calls * fall * distuv.UnitNormal.Prob(at)
			variance += calls * calls * score.Met.Half * score.Met.Half
		}
		c.half = unknown
		if !(slope > 0) { // no call says anything
			c.share = 1
			break
		}
		c.half = min(math.Sqrt(variance)/slope, unknown)
		c.share = c.half * fall * density(&r.phases[0].verdict.Scores[condition])
		c.at = min(max(c.at+min(max(off/slope, -narrow), narrow), from), to)
	}
	return c
}

// kernel is how much a phase counts that is so many widths away.
func kernel(off float64) float64 {
	off = min(off*off, 1)
	return (1 - off) * (1 - off)
}

// width is how far from a place phases count: so far, or to half as far again as
// the second nearest of them.
func (r *regression) width(at, least float64) float64 {
	first, second := math.Inf(1), math.Inf(1)
	for _, p := range r.phases {
		switch off := math.Abs(portable.Log(float64(p.agents)) - at); {
		case off < first:
			first, second = off, first
		case off < second:
			second = off
		}
	}
	if len(r.phases) == 1 {
		second = first
	}
	return max(least, 1.5*second)
}

// fall is how fast the margin of a condition falls around a place, in normal
// deviates a unit of the logarithm of agents.
func (r *regression) fall(condition int, around float64) float64 {
	var l line
	width := r.width(around, about)
	for _, p := range r.phases {
		score := &p.verdict.Scores[condition]
		if score.Requests == 0 {
			continue
		}
		off := portable.Log(float64(p.agents)) - around
		half := 0.5 / max(1, score.Requests)
		share := min(max(score.Met.Mean, half), 1-half)
		density := distuv.UnitNormal.Prob(distuv.UnitNormal.Quantile(share))
		l.add(off, deviations(score), kernel(off/width)*score.Requests*density*density/(share*(1-share)))
	}
	if l.xx*l.n-l.x*l.x <= rounding*l.n*l.n {
		return slope
	}
	return min(max(-l.slope(), flattest), sheerest)
}

// middle is where a condition's margins change sign: half way between the phases
// from which on more of the weight would be on the wrong side.
func (r *regression) middle(condition int) float64 {
	wrong := 0.0 // passes above the place, weighted by how sure they are, and failures below
	for _, p := range r.phases {
		wrong += max(0, p.sureness(condition))
	}
	least, at := wrong, 0
	for i, p := range r.phases {
		if wrong -= p.sureness(condition); wrong < least {
			least, at = wrong, i+1
		}
	}
	below, above := r.phases[max(0, at-1)], r.phases[min(at, len(r.phases)-1)]
	return (portable.Log(float64(below.agents)) + portable.Log(float64(above.agents))) / 2
}

// sureness is a condition's margin over its doubt, up to one.
func (p *phase) sureness(condition int) float64 {
	margin := deviations(&p.verdict.Scores[condition])
	if p.verdict.Scores[condition].Requests == 0 || margin == 0 {
		return 0
	}
	return min(max(margin/p.doubtOf(condition), -1), 1)
}

// doubtOf is half of the 95 % interval of a condition's margin, in normal deviates.
func (p *phase) doubtOf(condition int) float64 {
	score := &p.verdict.Scores[condition]
	half := 0.5 / max(1, score.Requests)
	at := distuv.UnitNormal.Quantile(min(max(score.Met.Mean, half), 1-half))
	return min(score.Met.Half/distuv.UnitNormal.Prob(at), unknown)
}
