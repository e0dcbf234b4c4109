package compare

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// game gives every subset of m factors a value.
func game(m int, value func(s set) float64) []float64 {
	y := make([]float64, 1<<m)
	for s := range y {
		y[s] = value(set(s))
	}
	return y
}

func random(m int, seed uint64) []float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	return game(m, func(set) float64 { return 10 * r.NormFloat64() })
}

func sum(list []float64) float64 {
	total := 0.0
	for _, x := range list {
		total += x
	}
	return total
}

// Two factors by hand: each gets its own step and half of what they only do
// together.
func TestSharesByHand(t *testing.T) {
	y := []float64{1, 3, 4, 10} // nothing, x, y, both
	require.InDeltaSlice(t, []float64{0.5 * (2 + 6), 0.5 * (3 + 7)}, shapley(y), 1e-12)
	require.InDelta(t, 10-3-4+1, interaction(y, 0, 1), 1e-12)
	require.Empty(t, shapley([]float64{7}), "no factors, no shares")

	// The glove game: x has a left glove, y and z a right one each.
	pair := game(3, func(s set) float64 {
		if s.has(0) && (s.has(1) || s.has(2)) {
			return 1
		}
		return 0
	})
	require.InDeltaSlice(t, []float64{4. / 6, 1. / 6, 1. / 6}, shapley(pair), 1e-12)
}

func TestSharesAddUp(t *testing.T) {
	for m := range 12 {
		y := random(m, uint64(m))
		require.InDelta(t, y[len(y)-1]-y[0], sum(shapley(y)), 1e-9, "%d factors", m)
	}
}

func TestAdditiveTermsComeBack(t *testing.T) {
	terms := []float64{0.7, -1.3, 0, 2.5, 1e-3, -4, 0.2, 9, -0.5, 3}
	y := game(len(terms), func(s set) float64 {
		total := 2.0
		for i, x := range terms {
			if s.has(i) {
				total += x
			}
		}
		return total
	})
	require.InDeltaSlice(t, terms, shapley(y), 1e-9)
	for i := range terms {
		for j := range i {
			require.InDelta(t, 0, interaction(y, i, j), 1e-9)
		}
	}
}

// The order in which factors are numbered does not matter, a factor that
// changes nothing has no share, and factors that do the same have equal ones.
func TestSharesAreFair(t *testing.T) {
	const m = 5
	y := random(m, 3)
	order := []int{3, 0, 4, 1, 2} // factor i is called order[i]
	renamed := game(m, func(s set) float64 {
		original := set(0)
		for i := range m {
			if s.has(order[i]) {
				original = original.with(i)
			}
		}
		return y[original]
	})
	shares, other := shapley(y), shapley(renamed)
	for i := range m {
		require.InDelta(t, shares[i], other[order[i]], 1e-12)
	}

	withDummy := shapley(game(m+1, func(s set) float64 { return y[s.without(m)] }))
	require.InDelta(t, 0, withDummy[m], 1e-12)
	require.InDeltaSlice(t, shares, withDummy[:m], 1e-9)

	twins := shapley(game(m, func(s set) float64 { // 0 and 1 enter by their number alone
		count := 0.0
		if s.has(0) {
			count++
		}
		if s.has(1) {
			count++
		}
		return count*count + count*y[s.without(0).without(1)] + y[s.without(0).without(1)]
	}))
	require.InDelta(t, twins[0], twins[1], 1e-9)
}

func TestEveryFactorStandsOnceAtEveryPlace(t *testing.T) {
	const m = 7
	orders := permutations(m, 2*m, 9)
	for round := range 2 {
		for place := range m {
			seen := map[int]bool{}
			for _, order := range orders[round*m : (round+1)*m] {
				seen[order[place]] = true
			}
			require.Len(t, seen, m)
		}
	}
	require.Equal(t, orders, permutations(m, 2*m, 9))
	require.NotEqual(t, orders, permutations(m, 2*m, 10))
	require.Equal(t, []set{0, 0b100, 0b101, 0b111}, passed([]int{2, 0, 1}))
}

// With every order once the sampled shares are the exact ones, whatever the
// cheaper model says; with one order they add up all the same.
func TestSampledSharesAreShapleyValues(t *testing.T) {
	const m = 4
	y, cheap := random(m, 5), random(m, 6)
	value := func(s set) float64 { return y[s] }
	var all [][]int
	permute([]int{0, 1, 2, 3}, 0, func(order []int) { all = append(all, append([]int{}, order...)) })
	require.Len(t, all, 24)
	shares, errors := sampled(cheap, value, all)
	require.InDeltaSlice(t, shapley(y), shares, 1e-9)
	for _, e := range errors {
		require.Greater(t, e, 0.0)
	}
	for _, order := range all {
		shares, errors := sampled(cheap, value, [][]int{order})
		require.InDelta(t, y[len(y)-1]-y[0], sum(shares), 1e-9)
		require.Equal(t, make([]float64, m), errors, "one order says nothing of its error")
	}
}

func permute(order []int, from int, visit func([]int)) {
	if from == len(order) {
		visit(order)
	}
	for i := from; i < len(order); i++ {
		order[from], order[i] = order[i], order[from]
		permute(order, from+1, visit)
		order[from], order[i] = order[i], order[from]
	}
}

// A cheaper model that is right but for additive errors leaves nothing to
// sample: one order gives the exact shares, and the error is none.
func TestTheControlVariateTakesTheInteractions(t *testing.T) {
	const m = 6
	y := random(m, 8)
	cheap := game(m, func(s set) float64 {
		off := 0.3
		for i := range m {
			if s.has(i) {
				off += 0.1 * float64(i)
			}
		}
		return y[s] - off
	})
	shares, errors := sampled(cheap, func(s set) float64 { return y[s] }, permutations(m, 3, 1))
	require.InDeltaSlice(t, shapley(y), shares, 1e-9)
	for _, e := range errors {
		require.Less(t, e, 1e-6)
	}
	plain, spread := sampled(make([]float64, 1<<m), func(s set) float64 { return y[s] }, permutations(m, m, 1))
	require.Greater(t, sum(spread), 0.1, "without it permutations differ")
	for i, exact := range shapley(y) {
		require.Less(t, math.Abs(plain[i]-exact), 6*spread[i]+1, "factor %d", i)
	}
}
