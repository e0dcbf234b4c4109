package sim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func draws(r *rand.Rand, n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = r.Float64()
	}
	return values
}

func TestStreamIsTheSameEveryTime(t *testing.T) {
	require.Equal(t, draws(Stream(7, "gaps", 1, 2), 100), draws(Stream(7, "gaps", 1, 2), 100))
	require.Equal(t, uint64(0x89409d8b230ec11e), Stream(7, "gaps", 1, 2).Uint64(), "the same on every machine")
	require.Equal(t, Stream(7, "gaps", 3).Uint64(), New(Options{Seed: 7}).Stream("gaps", 3).Uint64())
}

func TestEveryPartOfTheKeyMatters(t *testing.T) {
	first := map[uint64]string{}
	add := func(r *rand.Rand, key string) {
		v := r.Uint64()
		other, taken := first[v]
		require.False(t, taken, "%s draws as %s does", key, other)
		first[v] = key
	}
	for seed := range uint64(10) {
		for _, name := range []string{"", "a", "b", "ab", "a\x00", "abcdefgh", "abcdefghi", "abcdefgh\x00"} {
			add(Stream(seed, name), fmt.Sprintf("%d %q", seed, name))
			for id := range uint64(100) {
				add(Stream(seed, name, id), fmt.Sprintf("%d %q %d", seed, name, id))
				add(Stream(seed, name, id, 0), fmt.Sprintf("%d %q %d 0", seed, name, id))
				add(Stream(seed, name, 0, 1+id), fmt.Sprintf("%d %q 0 %d", seed, name, 1+id))
			}
		}
	}
	require.NotEqual(t, Stream(1, "a", 2).Uint64(), Stream(2, "a", 1).Uint64())
}

// Two independent streams of n draws correlate by about 1/sqrt(n); five times
// that is a one-in-a-million event for one pair.
func TestStreamsOfNeighbouringKeysAreUncorrelated(t *testing.T) {
	const n = 20_000
	limit := 5 / math.Sqrt(n)
	base := draws(Stream(1, "gaps", 1), n)
	for name, other := range map[string]*rand.Rand{
		"next entity": Stream(1, "gaps", 2),
		"next seed":   Stream(2, "gaps", 1),
		"next name":   Stream(1, "gapt", 1),
		"far bit":     Stream(1, "gaps", 1|1<<63),
	} {
		require.Less(t, math.Abs(correlation(base, draws(other, n), 0)), limit, name)
		require.Less(t, math.Abs(correlation(base, draws(other, n), 1)), limit, "%s, shifted by one", name)
	}
}

// The first draws of consecutive entities must look like draws of one stream:
// this is where weak seeding shows.
func TestFirstDrawsOfConsecutiveEntitiesAreUniform(t *testing.T) {
	const n, bins = 20_000, 100
	counts := make([]float64, bins)
	firsts := make([]float64, n)
	for id := range firsts {
		firsts[id] = Stream(1, "gaps", uint64(id)).Float64()
		counts[int(firsts[id]*bins)]++
	}
	chiSquare := 0.0
	for _, c := range counts {
		chiSquare += (c - n/bins) * (c - n/bins) / (n / bins)
	}
	require.InDelta(t, bins-1, chiSquare, 5*math.Sqrt(2*(bins-1)))
	require.Less(t, math.Abs(correlation(firsts, firsts, 1)), 5/math.Sqrt(n))
}

func TestRekeyEqualsStreamWithoutAllocating(t *testing.T) {
	var pcg rand.PCG
	Rekey(&pcg, 7, "gaps", 1, 2)
	require.Equal(t, Stream(7, "gaps", 1, 2).Uint64(), pcg.Uint64())
	id, name := uint64(0), "a name longer than one word"
	require.Zero(t, testing.AllocsPerRun(100, func() {
		id++
		Rekey(&pcg, 7, name, id, 2)
	}))
}

// correlation is Pearson's between a and b shifted by lag.
func correlation(a, b []float64, lag int) float64 {
	n := len(a) - lag
	var sa, sb, saa, sbb, sab float64
	for i := range n {
		x, y := a[i], b[i+lag]
		sa, sb, saa, sbb, sab = sa+x, sb+y, saa+x*x, sbb+y*y, sab+x*y
	}
	m := float64(n)
	return (sab - sa*sb/m) / math.Sqrt((saa-sa*sa/m)*(sbb-sb*sb/m))
}

func BenchmarkRekey(b *testing.B) {
	var pcg rand.PCG
	b.ReportAllocs()
	for id := uint64(0); b.Loop(); id++ {
		Rekey(&pcg, 7, "gaps", id)
	}
}
