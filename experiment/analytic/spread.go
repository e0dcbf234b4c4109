package analytic

import (
	"math"
	"slices"
)

// classesMax is how many classes of lengths quantiles are made from.
const classesMax = 64

// classes sorts values and averages them in groups of equal size.
func classes(values []float64) []class {
	slices.Sort(values)
	n := min(classesMax, len(values))
	list := make([]class, n)
	for i := range list {
		group := values[i*len(values)/n : (i+1)*len(values)/n]
		sum := 0.0
		for _, v := range group {
			sum += v
		}
		list[i] = class{share: float64(len(group)) / float64(len(values)), tokens: sum / float64(len(group))}
	}
	return list
}

// pace is why output speeds differ from call to call.
type pace struct {
	step      float64 // mean seconds between the steps of a sequence
	jolts     float64 // variance of the decode time of a call, per second of decoding
	slow      float64 // relative deviation of the step time that lasts for a whole call: that of the batch size
	tokens    tokens
	outputs   []class
	minOutput float64 // tokens; calls with fewer have no output speed
}

// tokens is how many tokens a decode step gives a sequence.
type tokens struct{ mean, variance float64 }

// newTokens gets the distribution from the mean tokens of a step at draft
// depth 1, 2, …: the i-th draft token is accepted, with all before it, in
// mean[i]-mean[i-1] of the steps (modelling.md 1.10).
func newTokens(mean []float64) tokens {
	t := tokens{mean: 1}
	second, before := 1.0, 1.0
	for i, m := range mean {
		reached := max(0, m-before)
		n := float64(i + 1)
		t.mean += reached
		second += reached * ((n+1)*(n+1) - n*n)
		before = m
	}
	t.variance = second - t.mean*t.mean
	return t
}

// steps is the mean number of steps to give so many tokens: renewals until
// the sum of whole-numbered steps reaches them.
func (t tokens) steps(n float64) float64 {
	if n <= 0 {
		return 0
	}
	overshoot := (t.variance + t.mean*t.mean - t.mean) / (2 * t.mean)
	return max(1, (n+overshoot)/t.mean)
}

// meanSteps is the mean number of decode steps of a call.
func (w *workload) meanSteps(t tokens) float64 {
	sum := 0.0
	for _, o := range w.outputs {
		sum += o.share * t.steps(o.tokens-1)
	}
	return sum
}

// met is the share of calls at or above an output speed: each class of calls
// takes a normally distributed time from first to last token.
func (p *pace) met(speed float64) float64 { return p.metAfter(delay{}, 1, speed) }

// metAfter is the same where a delay counts too, and all tokens but the first
// few.
func (p *pace) metAfter(first delay, uncounted, speed float64) float64 {
	met, all := 0.0, 0.0
	for _, o := range p.outputs {
		n := o.tokens - 1
		if o.tokens < p.minOutput || n < 1 {
			continue
		}
		steps := p.tokens.steps(n)
		mean := steps * p.step
		jitter := n * p.tokens.variance / (p.tokens.mean * p.tokens.mean * p.tokens.mean)
		variance := jitter*p.step*p.step + mean*p.jolts + mean*mean*p.slow*p.slow
		all += o.share
		spare := (o.tokens-uncounted)/speed - first.mean - mean
		met += o.share * normalBelow(spare/math.Sqrt(first.variance+variance+tiny))
	}
	if all == 0 {
		return 1
	}
	return met / all
}

// tiny keeps divisions by a vanishing spread finite.
const tiny = 1e-18

// quantile is the output speed that a share of calls reaches or exceeds.
func (p *pace) quantile(share float64) float64 {
	low, high := 0.0, 2*p.tokens.mean/p.step+tiny
	for p.met(high) > share && high < math.MaxFloat64/2 {
		high *= 2
	}
	return root(low, high, coarse, func(speed float64) float64 { return p.met(speed) - share })
}

// normalBelow is the standard normal distribution function.
func normalBelow(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

// normalAt is its inverse.
func normalAt(share float64) float64 { return -math.Sqrt2 * math.Erfcinv(2*share) }

// delay is a random time of a given mean and variance, positive and skewed:
// taken to be lognormal.
type delay struct{ mean, variance float64 }

func (d delay) plus(o delay) delay { return delay{d.mean + o.mean, d.variance + o.variance} }

// log returns mean and deviation of the logarithm.
func (d delay) log() (mean, deviation float64) {
	square := math.Log1p(d.variance / (d.mean * d.mean))
	return math.Log(d.mean) - square/2, math.Sqrt(square)
}

// below is the share of delays that do not exceed a limit.
func (d delay) below(limit float64) float64 {
	switch {
	case math.IsInf(d.mean, 1):
		return 0
	case !(d.mean > 0), math.IsInf(limit, 1):
		return 1
	}
	mean, deviation := d.log()
	return normalBelow((math.Log(limit) - mean) / (deviation + tiny))
}
