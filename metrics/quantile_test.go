package metrics

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestQuantileIsTheNearestRank(t *testing.T) {
	values := []float64{10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120, 130, 140, 150, 160, 170, 180, 190, 200}
	for q, want := range map[float64]float64{
		0: 10, 0.05: 10, 0.051: 20, 0.25: 50, 0.5: 100, 0.55: 110, 0.95: 190, 0.951: 200, 1: 200,
	} {
		require.Equal(t, want, Quantile(values, q), "quantile %v", q)
	}
	require.Zero(t, Quantile(nil, 0.5))

	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(i + 1)
	}
	require.Equal(t, 7.0, Quantile(hundred, 0.07), "0.07·100 is a little above 7 in binary")
}

// Selecting gives what sorting does, whatever the order and however many are equal,
// and leaves the same values.
func TestSelectIsTheQuantileOfUnsortedValues(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for n := range 400 {
		values := make([]float64, n)
		for i := range values {
			switch n % 4 {
			case 0:
				values[i] = r.NormFloat64()
			case 1:
				values[i] = float64(r.IntN(5))
			case 2:
				values[i] = float64(i)
			default:
				values[i] = float64(min(i, n-i)) // an organ pipe, which medians of three split badly
			}
		}
		sorted := slices.Sorted(slices.Values(values))
		for _, q := range []float64{0, 0.01, 0.25, 0.5, 0.95, 1} {
			require.Equal(t, Quantile(sorted, q), Select(values, q), "%d values, %g", n, q)
		}
		require.Equal(t, sorted, slices.Sorted(slices.Values(values)))
	}
}
