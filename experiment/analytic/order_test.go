package analytic

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Sorting by digits gives what a stable sort by comparisons gives, for keys that
// are whole or not, none, alike or large.
func TestRisingIsAStableSort(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		most, fraction := r.IntN(1<<r.IntN(30)+1)+1, float64(r.IntN(2)*r.IntN(2))/3
		chunks := make([]piece, r.IntN(300))
		for i := range chunks {
			chunks[i] = piece{float64(r.IntN(most)) + fraction, float64(i)}
		}
		want := slices.Clone(chunks)
		slices.SortStableFunc(want, func(a, b piece) int { return cmp.Compare(a.tokens, b.tokens) })
		require.Equal(t, want, rising(chunks, func(p *piece) float64 { return p.tokens }))
	}
}
