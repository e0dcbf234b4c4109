package moe

import (
	"math"
	"math/rand/v2"

	"agentsim/portable"
)

// DefaultBound is the ratio of largest to smallest expert count of the
// power-law model: aiconfigurator draws counts between 1 and 0.8 × tokens
// (collector, commit 095f58a5); this is its value at 8,192 tokens.
const DefaultBound = 0.8 * 8192

// surest is the largest inclusion probability; certainty would need an
// infinite weight.
const surest = 1 - 1e-9

// bound is the ratio in force.
func (p Popularity) bound() float64 {
	if p.Bound == 0 {
		return DefaultBound
	}
	return p.Bound
}

// weights returns the router's weight of each expert of one layer as the
// statistics saw it. A token draws TopK experts one after another, without
// replacement, each time in proportion to the weights that are left.
func (p Popularity) weights(s Spec, random *rand.Rand) []float64 {
	w := make([]float64, s.Experts)
	switch p.Kind {
	case Uniform:
		for e := range w {
			w[e] = 1
		}
	case Lognormal:
		for e := range w {
			w[e] = portable.Exp(p.Sigma * random.NormFloat64())
		}
	case Zipf:
		for i, e := range random.Perm(len(w)) {
			w[e] = portable.Pow(float64(i+1), -p.Exponent)
		}
	case PowerLaw:
		for e := range w {
			w[e] = boundedPower(p.Exponent, p.bound(), random.Float64())
		}
		toWeights(w, s.TopK)
	case FromHistogram:
		copy(w, p.Histogram.Counts)
		toWeights(w, s.TopK)
	}
	return w
}

// boundedPower is the quantile u of the density x^-exponent on [1, bound].
func boundedPower(exponent, bound, u float64) float64 {
	if exponent == 1 {
		return portable.Pow(bound, u)
	}
	k := 1 - exponent
	return portable.Pow(1+u*(portable.Pow(bound, k)-1), 1/k)
}

// drifted returns live weights: the statistics' ones, each moved by an
// independent lognormal factor.
func drifted(weights []float64, drift float64, random *rand.Rand) []float64 {
	if drift == 0 {
		return weights
	}
	live := make([]float64, len(weights))
	for e, w := range weights {
		live[e] = w * portable.Exp(drift*random.NormFloat64())
	}
	return live
}

// inclusion returns the probability that a token chooses each expert: K draws
// without replacement are K exponential clocks that rang first, so expert e is
// in with 1-exp(-t·w), t being the time by which K have rung on average.
func inclusion(weights []float64, topK int) []float64 {
	total := 0.0
	for _, w := range weights {
		total += w
	}
	pi := make([]float64, len(weights))
	t := float64(topK) / total
	// Newton from below on a concave function: t never overshoots.
	for range 64 {
		chosen, slope := 0.0, 0.0
		for e, w := range weights {
			miss := portable.Exp(-t * w)
			pi[e] = min(1-miss, surest)
			chosen += 1 - miss
			slope += w * miss
		}
		missing := float64(topK) - chosen
		if missing < 1e-9*float64(topK) || slope == 0 {
			break
		}
		t += missing / slope
	}
	return pi
}

// toWeights turns counts into the weights whose inclusion probabilities are
// the counts' shares of all choices. No expert can be chosen twice by one
// token: what exceeds certainty goes to the others in proportion.
func toWeights(counts []float64, topK int) {
	factor := shareFactor(counts, topK)
	for e, c := range counts {
		counts[e] = -math.Log1p(-min(surest, factor*c))
	}
}

// shareFactor is the factor f that makes the sum of min(1, f·count) topK.
func shareFactor(counts []float64, topK int) float64 {
	factor := 0.0
	for range len(counts) {
		certain, rest := 0, 0.0
		for _, c := range counts {
			if factor*c >= 1 {
				certain++
			} else {
				rest += c
			}
		}
		if rest == 0 || certain >= topK {
			break
		}
		next := float64(topK-certain) / rest
		if next <= factor {
			break
		}
		factor = next
	}
	return factor
}

// stream returns the random numbers of one purpose in one layer, so that two
// configurations that share a seed see the same luck.
func stream(seed uint64, layer int, purpose uint64) *rand.Rand {
	return rand.New(rand.NewPCG(mix(seed), mix(mix(uint64(layer))+purpose)))
}

// The purposes of stream.
const (
	popularityStream uint64 = iota + 1
	driftStream
	placementStream
)

// mix is the finaliser of splitmix64 (Steele, Lea, Flood 2014): neighbouring
// seeds give unrelated streams.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
