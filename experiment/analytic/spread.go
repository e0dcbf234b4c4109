package analytic

import (
	"math"

	"gonum.org/v1/gonum/mathext"

	"agentsim/portable"
)

// classesMax is how many classes of lengths quantiles are made from, and classesMost
// how many there are where the long end has narrow ones.
const classesMax, classesMost = 64, 92

// classes averages values in groups of equal size.
func classes(sums histogram) []class {
	n := min(classesMax, int(sums.all().count))
	return grouped(sums, n, func(i int) float64 { return float64(i) / float64(n) })
}

// tailed is classes with narrow ones at the long end, where service levels cut:
// the longest prompts, a few in a hundred, are of another kind than the rest.
func tailed(sums histogram) []class {
	const tail, narrow = 0.15, 0.0025
	broad, fine := classesMax/2, int(math.Round(tail/narrow))
	if sums.all().count < classesMax/narrow*tail {
		return classes(sums)
	}
	return grouped(sums, broad+fine, func(i int) float64 {
		if i > broad {
			return 1 - tail + float64(i-broad)*narrow
		}
		return (1 - tail) * float64(i) / float64(broad)
	})
}

// grouped averages n groups of cumulated values, of which the i-th begins at a
// share of all.
func grouped(sums histogram, n int, begins func(i int) float64) []class {
	all := sums.all().count
	list := make([]class, n)
	before := 0.0
	for i := range list {
		sum, share := sums.upTo(begins(i+1)*all).tokens, begins(i+1)-begins(i)
		list[i] = class{share: share, tokens: (sum - before) / (share * all)}
		before = sum
	}
	return list
}

// bowed is how far from a line a function of classes may lie half-way between two
// for those between to be taken from the parabola through the three.
const bowed = 5e-4

// smooth evaluates a function of n classes, which changes evenly from each to the
// next: where it is all but straight it is asked for few of them.
func smooth(n int, f func(i int) float64) (values [classesMost]float64) {
	var fill func(low, high int)
	fill = func(low, high int) {
		if high-low < 2 {
			return
		}
		middle := (low + high) / 2
		slope := (values[high] - values[low]) / float64(high-low)
		line := func(i int) float64 { return values[low] + slope*float64(i-low) }
		values[middle] = f(middle)
		off := values[middle] - line(middle)
		if math.Abs(off) > bowed {
			fill(low, middle)
			fill(middle, high)
			return
		}
		bow := off / float64((middle-low)*(high-middle))
		for i := low + 1; i < high; i++ {
			if i != middle {
				values[i] = line(i) + bow*float64((i-low)*(high-i))
			}
		}
	}
	const parts = 4 // that are looked at in any case
	for part, low := 0, 0; part < parts; part++ {
		high := (part + 1) * (n - 1) / parts
		if part == 0 {
			values[0] = f(0)
		}
		if high > low {
			values[high] = f(high)
			fill(low, high)
		}
		low = high
	}
	return values
}

// pace is why output speeds differ from call to call.
type pace struct {
	step      float64 // mean seconds between the steps of a sequence
	plain     float64 // the same without prompts of others, which come in jolts
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
// takes a normally distributed time from first to last token, but for the
// prompts that hold it up, whose sum has a gamma distribution: few or none hit
// a short answer.
func (p *pace) met(speed float64) float64 { return p.metAfter(delay{}, 1, speed) }

// metAfter is the same where a delay counts too, and all tokens but the first
// few.
func (p *pace) metAfter(first delay, uncounted, speed float64) float64 {
	outputs := p.outputs // rising
	for len(outputs) > 0 && (outputs[0].tokens < p.minOutput || outputs[0].tokens < 2) {
		outputs = outputs[1:]
	}
	if len(outputs) == 0 {
		return 1
	}
	shares := smooth(len(outputs), func(i int) float64 {
		o := &outputs[i]
		n := o.tokens - 1
		steps := p.tokens.steps(n)
		mean := steps * p.step
		jitter := n * p.tokens.variance / (p.tokens.mean * p.tokens.mean * p.tokens.mean)
		jolts := mean * p.jolts
		deviation := math.Sqrt(first.variance + jitter*p.step*p.step + jolts + mean*mean*p.slow*p.slow + tiny)
		third := 2 * jolts * jolts / (steps*(p.step-p.plain) + tiny)
		spare := (o.tokens-uncounted)/speed - first.mean - mean
		return gammaBelow(spare/deviation, third/(deviation*deviation*deviation))
	})
	met, all := 0.0, 0.0
	for i := range outputs {
		met += outputs[i].share * shares[i]
		all += outputs[i].share
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
func normalBelow(z float64) float64 { return portable.Erfc(-z/math.Sqrt2) / 2 }

// gammaBelow is the distribution function of a gamma variable of mean 0,
// deviation 1 and the given skewness: Pearson's type III, the normal one
// without skewness.
func gammaBelow(z, skew float64) float64 {
	// Below straight the normal distribution is as good; beyond the far ends by
	// Chernoff's bound less than e^-far of the distribution lies.
	const straight, far = 0.02, 21
	switch {
	case z > 0 && z*z > far*(2+z*max(skew, 0)):
		return 1
	case z < 0 && z*z > far*2:
		return 0
	}
	if !(skew > straight) {
		return normalBelow(z)
	}
	shape := 4 / (skew * skew)
	if x := shape + z*math.Sqrt(shape); x > 0 {
		return mathext.GammaIncReg(shape, x)
	}
	return 0
}

// normalAt is the inverse of normalBelow.
func normalAt(share float64) float64 { return -math.Sqrt2 * math.Erfcinv(2*share) }

// delay is a random time of a given mean and variance, positive and skewed:
// taken to have a gamma distribution.
type delay struct{ mean, variance float64 }

func (d delay) plus(o delay) delay { return delay{d.mean + o.mean, d.variance + o.variance} }

// below is the share of delays that do not exceed a limit.
func (d delay) below(limit float64) float64 {
	switch {
	case math.IsInf(d.mean, 1):
		return 0
	case !(d.mean > 0), math.IsInf(limit, 1):
		return 1
	}
	if limit <= 0 {
		return 0
	}
	deviation := math.Sqrt(d.variance)
	return gammaBelow((limit-d.mean)/(deviation+tiny), 2*deviation/d.mean)
}

// positive is the delay of those that have any, where a share has none.
func (d delay) positive(none float64) delay {
	some := 1 - none
	if !(some > fine) {
		return delay{}
	}
	mean := d.mean / some
	return delay{mean, max(0, (d.variance+d.mean*d.mean)/some-mean*mean)}
}
