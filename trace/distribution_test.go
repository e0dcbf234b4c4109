package trace

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func examples() map[string]Tokens {
	return map[string]Tokens{
		"constant":  {Kind: Constant, Value: 7},
		"uniform":   {Kind: Uniform, Min: 2, Max: 10},
		"lognormal": {Kind: LogNormal, Median: 150, Sigma: 1.5},
		"clipped":   {Kind: LogNormal, Median: 1, Sigma: 1, Min: 0.1, Max: 5},
		"gamma":     {Kind: Gamma, Shape: 1.4, Scale: 62.6},
		"gamma < 1": {Kind: Gamma, Shape: 0.3, Scale: 10},
		"mixture": {Kind: Mixture, Zero: 0.128, Max: 60000, Parts: []Part[float64]{
			{Weight: 0.363, Median: 54.9, Sigma: 1.33}, {Weight: 0.637, Median: 847, Sigma: 1.335}}},
	}
}

func drawn(d Tokens, n int) []float64 {
	r := rand.New(rand.NewPCG(1, 1))
	out := make([]float64, n)
	for i := range out {
		out[i] = d.Draw(r)
	}
	slices.Sort(out)
	return out
}

// Draws follow the distribution function: the Kolmogorov-Smirnov distance of
// n draws exceeds 1.63/sqrt(n) with a probability of 1 %.
func TestDrawsFollowTheirDistribution(t *testing.T) {
	const n = 40000
	for name, d := range examples() {
		require.NoError(t, d.Validate(), name)
		sorted := drawn(d, n)
		worst := 0.0
		for i, x := range sorted {
			if i+1 < n && sorted[i+1] == x {
				continue // compare at the end of ties only
			}
			worst = max(worst, math.Abs(float64(i+1)/n-d.CDF(x)))
		}
		require.Less(t, worst, 1.63/math.Sqrt(n), name)
	}
}

func TestQuantileInvertsCDF(t *testing.T) {
	for name, d := range examples() {
		for _, u := range []float64{1e-6, 0.01, 0.2, 0.5, 0.9, 0.999} {
			x := d.Quantile(u)
			require.GreaterOrEqual(t, d.CDF(x), u-1e-6, "%s at %v: %v", name, u, x)
			if x > 0 && x > d.Min {
				require.LessOrEqual(t, d.CDF(math.Nextafter(x, 0)*(1-1e-5)), u+1e-6, "%s at %v: %v", name, u, x)
			}
		}
	}
}

func TestKnownValues(t *testing.T) {
	examples := examples()
	lognormal, gamma := examples["lognormal"], examples["gamma"]
	require.InDelta(t, 150, lognormal.Quantile(0.5), 1e-9)
	require.InEpsilon(t, 150*math.Exp(1.5*1.6448536), lognormal.Quantile(0.95), 1e-6)
	require.InEpsilon(t, 1.4*62.6, mean(drawn(gamma, 40000)), 0.02)
	point := Tokens{Kind: LogNormal, Median: 3}
	require.Equal(t, 0.0, point.CDF(2.9))
	require.Equal(t, 1.0, point.CDF(3))
}

// What would overflow a clock or a count is refused by its field, and what a
// wide distribution draws is bounded.
func TestDistributionsHaveAnEnd(t *testing.T) {
	for _, c := range []struct {
		d     Distribution[float64]
		field string
	}{
		{Distribution[float64]{Kind: Constant, Value: 1e12}, "value: typically"},
		{Distribution[float64]{Kind: LogNormal, Median: 1e8, Sigma: 1}, "median: typically"},
		{Distribution[float64]{Kind: Gamma, Shape: 2, Scale: 1e7}, "scale: typically"},
		{Distribution[float64]{Kind: Constant, Value: 1, Min: 1e9}, "min: "},
	} {
		require.ErrorContains(t, c.d.Validate(), c.field)
	}
	wide := Distribution[float64]{Kind: LogNormal, Median: 1e6, Sigma: 10}
	require.NoError(t, wide.Validate())
	r := rand.New(rand.NewPCG(1, 1))
	for range 1000 {
		require.LessOrEqual(t, wide.Draw(r), 1e8)
	}
}
