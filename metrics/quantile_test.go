package metrics

import (
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
