package serve

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFifoAgainstASlice(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	var q fifo
	var want []int32
	for i := range int32(5000) {
		switch {
		case len(want) == 0 || r.IntN(100) < 50+int(i/100)%2*8:
			q.push(i)
			want = append(want, i)
		case r.IntN(3) == 0:
			place := r.IntN(len(want))
			q.remove(place)
			want = slices.Delete(want, place, place+1)
		default:
			require.Equal(t, want[0], q.pop())
			want = want[1:]
		}
		require.Equal(t, len(want), q.n)
		if len(want) > 0 {
			place := r.IntN(len(want))
			require.Equal(t, want[place], q.at(place))
		}
	}
}

func TestFinishHeapGivesStepsInOrderAndEqualOnesByCall(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	var h dueHeap
	var want []due
	for i := range int32(3000) {
		f := due{step: r.Int64N(200), call: i}
		h.push(f)
		want = append(want, f)
	}
	slices.SortStableFunc(want, func(a, b due) int { return int(a.step - b.step) })
	for _, f := range want {
		require.Equal(t, f, h.pop())
	}
	require.Empty(t, h)
}
