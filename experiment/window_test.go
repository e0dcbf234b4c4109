package experiment

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/metrics"
	"agentsim/serve"
)

// speedy is a criterion on output speed alone.
var speedy = []metrics.Criterion{{Measure: metrics.OutputSpeed, Percent: 25, Target: 20, Share: 0.75}}

// minute is a window of a minute on speedy calls.
func minute(sessions int64) *window {
	return &window{criteria: speedy, batches: 24, seconds: 1, before: sessions, settled: true}
}

// measured is a tally of 100 calls of which so many meet the criterion; the
// sessions of tallies run on.
func measured(met int, sessions int64) *serve.Tally {
	t := &serve.Tally{Calls: 100, Sessions: sessions}
	for i := range 100 {
		speed := 10.0
		if i < met {
			speed = 30
		}
		t.Speed = append(t.Speed, speed)
	}
	return t
}

// A window keeps every call however long it gets, in slices that double.
func TestSlicesJoinWithoutLosingAnything(t *testing.T) {
	w := minute(5)
	for i := range 300 {
		w.add(measured(70+i%3, int64(6+i)), float64(i+1))
		require.Less(t, len(w.slices), slicesMost)
	}
	require.Equal(t, 300.0, w.span())
	require.Equal(t, 16.0, w.seconds, "joined in pairs after 120, 180, 240 and 300 slices")
	sum := w.sum()
	require.EqualValues(t, 300*100, sum.Calls)
	require.Len(t, sum.Speed, 300*100)
	require.EqualValues(t, 300*100, w.calls())
	require.EqualValues(t, 300, w.sessions())
	require.InDelta(t, 0.71, w.verdict().Scores[0].Met.Mean, 1e-12)
	require.Equal(t, 30000.0, w.verdict().Scores[0].Requests)
}

// MSER-5 cuts a beginning unlike the rest, and nothing of it counts.
func TestWarmUpDoesNotCount(t *testing.T) {
	w := minute(0)
	for i := range 60 {
		met := 80 + i%2
		if i < 10 {
			met = 5 * i
		}
		w.add(measured(met, int64(i+1)), float64(i+1))
	}
	w.settle()
	require.True(t, w.settled)
	require.Equal(t, 10, w.cut)
	require.Equal(t, 50.0, w.span())
	require.Equal(t, 60.0, w.length())
	require.EqualValues(t, 50, w.sessions())
	sum := w.sum()
	require.EqualValues(t, 5000, sum.Calls)
	require.InDelta(t, 0.805, w.verdict().Scores[0].Met.Mean, 1e-12)
}

func TestADriftIsNoSteadyState(t *testing.T) {
	w := minute(0)
	for i := range 60 {
		w.add(measured(i, 0), float64(i+1))
	}
	w.settle()
	require.False(t, w.settled)
}
