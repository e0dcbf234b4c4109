package analytic

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Bins follow each other without gaps, and what lies in one is within a 256th of its
// tokens.
func TestBinsFollowEachOther(t *testing.T) {
	for tokens := range 1 << 20 {
		at := binOf(tokens)
		low, high := least(at), least(at+1)
		require.True(t, low <= float64(tokens) && float64(tokens) < high, "%d in [%g, %g)", tokens, low, high)
		require.LessOrEqual(t, high-low, max(1, float64(tokens)/256))
	}
}

// calls are random ones, the longer the rarer.
func randomCalls(n int) []call {
	r := rand.New(rand.NewPCG(3, 5))
	calls := make([]call, n)
	for i := range calls {
		one := &calls[i]
		one.fresh = float64(1 + r.IntN(1<<(1+r.IntN(16))))
		one.missed = one.fresh + float64(r.IntN(1<<(1+r.IntN(17))))
		one.input = one.missed + float64(r.IntN(5000))
	}
	return calls
}

// Where all calls are in one case, the sums of the smallest chunks are those of
// chunks that are cut and sorted one by one, but for what lies within a bin.
func TestHistogramsSumUpWhatSortingDoes(t *testing.T) {
	const room = 3000
	w := &workload{calls: randomCalls(5000)}
	for which, kept := range []float64{found: 1, missed: 0} {
		p := newPrompts(w, cut{kept: kept, room: room})
		var list []piece
		fresh, excess := 0.0, 0.0
		for _, one := range w.calls {
			tokens := one.fresh
			if which == missed {
				tokens = one.missed
			}
			fresh += tokens
			excess += max(0, tokens-room) * max(0, tokens-room)
			for done := 0.0; done < tokens; done += room {
				chunk := min(room, tokens-done)
				behind := one.input - tokens + done
				list = append(list, piece{chunk, chunk * behind})
			}
		}
		calls := float64(len(w.calls))
		require.InEpsilon(t, fresh/calls, p.fresh, 1e-9)
		require.InEpsilon(t, excess/calls, p.excess2, 1e-9)
		require.InEpsilon(t, float64(len(list))/calls, p.perCall, 1e-9)
		slices.SortStableFunc(list, func(a, b piece) int { return int(a.tokens) - int(b.tokens) })
		var sum piece
		for i := range list {
			got := p.sums.upTo(float64(i))
			require.InDelta(t, sum.tokens, got.tokens, 0.005*sum.tokens+10, "%d", i)
			if i > 0 && binOf(int(list[i-1].tokens)) < binOf(int(list[i].tokens)) {
				require.InEpsilon(t, sum.tokens, got.tokens, 1e-9, "%d", i)
				require.InDelta(t, sum.behind, got.behind, 1e-9*sum.behind+1e-6, "%d", i)
			}
			sum.add(list[i], 1)
		}
		for _, tokens := range []float64{1, 10, 100, 700, 2000, room} {
			less := 0
			for _, one := range list {
				if one.tokens < tokens {
					less++
				}
			}
			require.InDelta(t, less, p.smaller(tokens), 0.002*float64(len(list)))
		}
	}
}

// Where a share of the calls finds its cache, sums are so much of one case and the
// rest of the other.
func TestCasesMix(t *testing.T) {
	w := &workload{calls: randomCalls(2000)}
	all, none := newPrompts(w, cut{kept: 1, room: 8192}), newPrompts(w, cut{kept: 0, room: 8192})
	mixed := newPrompts(w, cut{kept: 0.75, room: 8192})
	require.InEpsilon(t, 0.75*all.fresh+0.25*none.fresh, mixed.fresh, 1e-12)
	require.InEpsilon(t, 0.75*all.perCall+0.25*none.perCall, mixed.perCall, 1e-12)
	require.InEpsilon(t, 0.75*all.sums.all().behind+0.25*none.sums.all().behind, mixed.sums.all().behind, 1e-12)
	shares := 0.0
	tokens := 0.0
	for _, c := range mixed.lengths {
		shares += c.share
		tokens += c.share * (c.full*8192 + c.rest)
	}
	require.InDelta(t, 1, shares, 1e-9)
	require.InEpsilon(t, mixed.fresh, tokens, 1e-9, "classes leave nothing out")
}

// A function of classes that is asked for few of them is known at all.
func TestSmoothFunctionsAreAskedForFew(t *testing.T) {
	asked, cases := 0, 0
	for _, skew := range []float64{0, 0.5, 1, 2, 3} {
		for _, at := range []float64{0.1, 0.5, 0.9, 1.2} {
			cases++
			f := func(i int) float64 { return gammaBelow((at-float64(i)/classesMost)*6, skew) }
			got := smooth(classesMost, func(i int) float64 { asked++; return f(i) })
			off := 0.0
			for i := range classesMost {
				off += (got[i] - f(i)) / classesMost
				require.InDelta(t, f(i), got[i], bowed)
			}
			require.InDelta(t, 0, off, bowed/10)
		}
	}
	require.Less(t, asked, cases*classesMost*3/5)
	one := smooth(1, func(int) float64 { return 0.3 })
	require.Equal(t, 0.3, one[0])
	two := smooth(2, func(i int) float64 { return float64(i) })
	require.Equal(t, []float64{0, 1}, two[:2])
}
