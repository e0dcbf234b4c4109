package moe

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// modelling.md 2.1: sigma 0.3, 0.6, 1.0 have a variation of 0.31, 0.66, 1.31.
func TestLognormalVariation(t *testing.T) {
	for _, c := range [][2]float64{{0.3, 0.31}, {0.6, 0.66}, {1, 1.31}} {
		p := Popularity{Kind: Lognormal, Sigma: c[0]}
		w := p.weights(Spec{Experts: 200000, TopK: 1}, stream(0, 0, popularityStream))
		require.InEpsilon(t, c[1], variation(w), 0.03)
	}
}

func variation(values []float64) float64 {
	mean, squares := sum(values)/float64(len(values)), 0.0
	for _, v := range values {
		squares += (v - mean) * (v - mean)
	}
	return math.Sqrt(squares/float64(len(values))) / mean
}

func TestZipfWeights(t *testing.T) {
	p := Popularity{Kind: Zipf, Exponent: 0.5}
	w := p.weights(Spec{Experts: 4, TopK: 1}, stream(0, 0, popularityStream))
	slices.Sort(w)
	require.InDeltaSlice(t, []float64{0.5, 1 / math.Sqrt(3), 1 / math.Sqrt2, 1}, w, 1e-12)
}

// aiconfigurator's docs/POWER_LAW_DISTRIBUTION.md: at exponent 1.2 the top
// fifth of the experts takes 60 to 70 % of the load. That is what its bounds
// give for some hundred tokens; with more tokens the share grows.
func TestPowerLawShares(t *testing.T) {
	p := Popularity{Kind: PowerLaw, Exponent: 1.2, Bound: 0.8 * 100}
	top := 0.0
	for layer := range 50 {
		pi := inclusion(p.weights(Spec{Experts: 256, TopK: 8}, stream(0, layer, popularityStream)), 8)
		slices.Sort(pi)
		top += sum(pi[256-51:]) / 8 / 50
	}
	require.InDelta(t, 0.65, top, 0.05)
}

func TestBoundedPower(t *testing.T) {
	for _, exponent := range []float64{0, 0.5, 1, 1.01, 2} {
		require.InDelta(t, 1, boundedPower(exponent, 50, 0), 1e-9)
		require.InDelta(t, 50, boundedPower(exponent, 50, 1), 1e-9)
	}
	require.InDelta(t, 25.5, boundedPower(0, 50, 0.5), 1e-9)           // even
	require.InDelta(t, math.Sqrt(50), boundedPower(1, 50, 0.5), 1e-9)  // even in the logarithm
	require.InDelta(t, 1/(1-0.5*0.98), boundedPower(2, 50, 0.5), 1e-9) // even in the inverse
}

// Inclusion probabilities sum to topK, are ordered as the weights, and are
// all topK/experts if those are equal.
func TestInclusion(t *testing.T) {
	pi := inclusion([]float64{1, 2, 4, 1000, 0}, 3)
	require.InDelta(t, 3, sum(pi), 1e-6)
	require.True(t, slices.IsSorted(pi[:4]))
	require.Zero(t, pi[4])
	for _, p := range inclusion([]float64{5, 5, 5, 5, 5, 5, 5, 5}, 2) {
		require.InDelta(t, 0.25, p, 1e-9)
	}
	for _, p := range inclusion([]float64{1, 3, 9}, 3) {
		require.InDelta(t, 1, p, 1e-6)
	}
}

func TestDriftLeavesStatisticsAlone(t *testing.T) {
	s := v4(0.6, 32, EPLB, 32)
	s.Popularity.Drift = 0
	still := newLayer(s, 3)
	s.Popularity.Drift = 0.5
	moved := newLayer(s, 3)
	require.Equal(t, still.slots, moved.slots, "the placement sees the statistics only")
	require.NotEqual(t, still.inclusion, moved.inclusion)
}

func TestStreamsAreUnrelated(t *testing.T) {
	seen := map[uint64]bool{}
	for seed := range uint64(4) {
		for layer := range 4 {
			for purpose := popularityStream; purpose <= placementStream; purpose++ {
				seen[stream(seed, layer, purpose).Uint64()] = true
			}
		}
	}
	require.Len(t, seen, 48)
}
