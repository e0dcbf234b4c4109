package moe

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func repeat(t tally, n int) []tally {
	out := make([]tally, n)
	for i := range out {
		out[i] = t
	}
	return out
}

func TestExpectedMaxByHand(t *testing.T) {
	scratch := make([]float64, 8)
	require.Equal(t, 3.0, expectedMax([]tally{{3, 1}}, scratch))
	// Two coins: the larger of two fair 0/1 counts is 1 in three of four cases.
	require.InDelta(t, 0.75, expectedMax(repeat(tally{0.5, 0.5}, 2), scratch), 1e-8)
	// An idle rank changes nothing.
	require.InDelta(t, 0.75, expectedMax(append(repeat(tally{0.5, 0.5}, 2), tally{0, 1}), scratch), 1e-8)
	// Two normals: mean + sd/√π.
	require.InDelta(t, 1e6+1e3/math.Sqrt(math.Pi), expectedMax(repeat(tally{1e6, 1}, 2), scratch), 2)
	// No spread: the largest mean.
	require.InDelta(t, 70, normalMax([]tally{{70, 1e-12}, {60, 1e-12}}), 1e-3)
}

// The normal form takes over where it agrees with the exact sum.
func TestExpectedMaxIsSmooth(t *testing.T) {
	for _, ranks := range []int{2, 8, 72} {
		for _, ratio := range []float64{0.3, 0.75, 1} {
			tallies := repeat(tally{manyTokens, ratio}, ranks)
			exact := discreteMax(tallies, make([]float64, 2*ranks))
			require.InEpsilon(t, exact, normalMax(tallies), 0.004, "%d ranks, ratio %g", ranks, ratio)
		}
	}
}

// The oracle draws multinomial counts with a fixed total.
func TestExpectedMaxOfMultinomial(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for _, c := range []struct{ ranks, total int }{{4, 6}, {32, 64}, {72, 720}, {8, 2000}} {
		const draws = 4000
		want := 0.0
		for range draws {
			counts := make([]int, c.ranks)
			most := 0
			for range c.total {
				r := random.IntN(c.ranks)
				counts[r]++
				most = max(most, counts[r])
			}
			want += float64(most) / draws
		}
		mean := float64(c.total) / float64(c.ranks)
		got := expectedMax(repeat(tally{mean, 1}, c.ranks), make([]float64, 2*c.ranks))
		require.InEpsilon(t, want, got, 0.025, "%d over %d", c.total, c.ranks)
	}
}
