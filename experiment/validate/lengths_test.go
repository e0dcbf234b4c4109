package validate

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/trace"
)

// The client draws both lengths evenly between 80 % of nominal, rounded down,
// and nominal.
func TestLengthsAreEvenOverTheirRange(t *testing.T) {
	l := newLengths(&Case{Input: 1000, Output: 101, Shortest: 0.8}, 3)
	var s trace.Session
	inputs, outputs := 0, 0
	seen := map[int32]bool{}
	const n = 4000
	for k := range n {
		require.NoError(t, l.Session(7, k, &s))
		require.Len(t, s.Turns, 1)
		turn := s.Turns[0]
		require.True(t, turn.Input >= 800 && turn.Input <= 1000 && turn.Output >= 80 && turn.Output <= 101)
		inputs += int(turn.Input)
		outputs += int(turn.Output)
		seen[turn.Output] = true
	}
	require.InEpsilon(t, 900, inputs/n, 0.01)
	require.InEpsilon(t, 90.5, outputs/n, 0.01)
	require.Len(t, seen, 22, "every length comes up")
}

func TestARequestIsTheSameWhereverItIsDrawn(t *testing.T) {
	var a, b trace.Session
	c := &Case{Input: 1000, Output: 100, Shortest: 0.8}
	require.NoError(t, newLengths(c, 3).Session(7, 2, &a))
	require.NoError(t, newLengths(c, 3).Session(7, 2, &b))
	require.Equal(t, a, b)
	require.NoError(t, newLengths(c, 4).Session(7, 2, &b))
	require.NotEqual(t, a, b)
}

func TestFixedLengthsAreNominal(t *testing.T) {
	var s trace.Session
	require.NoError(t, newLengths(&Case{Input: 1000, Output: 100, Shortest: 1}, 3).Session(7, 2, &s))
	require.Equal(t, trace.Turn{Input: 1000, Output: 100}, s.Turns[0])
}
