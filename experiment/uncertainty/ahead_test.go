package uncertainty_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/experiment/analytic"
	"agentsim/experiment/uncertainty"
)

// An interval that was begun before its answer is the one that was not, also where
// the answer says that its steps lie beyond the tables.
func TestAnIntervalBegunAheadIsTheSame(t *testing.T) {
	s := load(t, "h200-agentperf-slo20")
	known, err := configs.PublicAccuracy()
	require.NoError(t, err)
	ctx := context.Background()
	r, err := new(analytic.Solver).Flows(s.Scenario)
	require.NoError(t, err)
	for _, beyond := range []float64{0, 0.3} {
		r.Extrapolated = beyond
		o := uncertainty.IntervalOptions{Draws: 6, Parts: true}
		want, err := uncertainty.Interval(ctx, s, r, known, o)
		require.NoError(t, err)
		o.Ahead = uncertainty.Begin(ctx, s, known, o)
		got, err := uncertainty.Interval(ctx, s, r, known, o)
		require.NoError(t, err)
		o.Ahead.End()
		require.Equal(t, want, got)
	}
	ended := uncertainty.IntervalOptions{Draws: 6}
	ended.Ahead = uncertainty.Begin(ctx, s, known, ended)
	ended.Ahead.End() // at once: what was under way ends
}
