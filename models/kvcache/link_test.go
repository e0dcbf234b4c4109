package kvcache

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTransfersShareALink(t *testing.T) {
	l, err := NewLink(100)
	require.NoError(t, err)
	_, busy := l.Next()
	require.False(t, busy)

	l.Start(0, 7, 100) // alone for 0.5 s: 50 bytes left, then half the rate
	l.Start(0.5, 8, 100)
	next, _ := l.Next()
	require.InDelta(t, 1.5, next, 1e-12)
	_, ended := l.Finish(1.4)
	require.False(t, ended)
	id, ended := l.Finish(1.5)
	require.True(t, ended)
	require.EqualValues(t, 7, id)
	next, _ = l.Next()
	require.InDelta(t, 2.0, next, 1e-12, "50 bytes left, alone again")
	require.Equal(t, 1, l.Active())
}

func TestEqualTransfersEndInTheOrderOfTheirStart(t *testing.T) {
	l, err := NewLink(10)
	require.NoError(t, err)
	for id := range uint32(5) {
		l.Start(1, 9-id, 20)
	}
	for id := range uint32(5) {
		got, ended := l.Finish(11)
		require.True(t, ended)
		require.Equal(t, 9-id, got)
	}
	_, ended := l.Finish(11)
	require.False(t, ended)
	require.Panics(t, func() { l.Start(10, 0, 1) }, "time does not run back")
	l.Start(12, 1, -5)
	_, ended = l.Finish(12)
	require.True(t, ended, "nothing to move takes no time")
}

func TestLinkDoesAsServingEveryTransferStepByStep(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	l, err := NewLink(50)
	require.NoError(t, err)
	left := map[uint32]float64{}
	now := 0.0
	for id := range uint32(2000) {
		until := now + random.ExpFloat64()
		for {
			next, busy := l.Next()
			share := 50 / float64(len(left))
			least := math.Inf(1)
			for _, bytes := range left {
				least = min(least, bytes)
			}
			if !busy || next > until {
				for k := range left {
					left[k] -= (until - now) * share
				}
				break
			}
			require.InDelta(t, now+least/share, next, 1e-6)
			ended, ok := l.Finish(next)
			require.True(t, ok)
			for k := range left {
				left[k] -= (next - now) * share
			}
			require.InDelta(t, 0, left[ended], 1e-4)
			delete(left, ended)
			now = next
		}
		now = until
		left[id] = 80 * random.Float64()
		l.Start(now, id, left[id])
		require.Equal(t, len(left), l.Active())
	}
}

func TestTheCheaperWayWins(t *testing.T) {
	require.True(t, Decide(0.5, 1))
	require.False(t, Decide(1, 0.5))
	require.False(t, Decide(1, 1))
}

func TestALinkNeedsARate(t *testing.T) {
	_, err := NewLink(0)
	require.ErrorContains(t, err, "rate: is 0B/s, must be above 0")
}
