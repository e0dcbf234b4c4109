package experiment_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/experiment"
	"agentsim/metrics"
)

// A rehearsal finds what a search does, wherever it begins, with fewer calls.
func TestARehearsalFindsTheAnswerOfASearch(t *testing.T) {
	s := scenario(t, "h200-agentperf-slo20", "protocol=steady-state", "engine.cache.policy=ideal")
	want := capacity(t, s)
	for _, guess := range []float64{5, 50, 400} {
		r, err := experiment.Rehearse(context.Background(), s, experiment.Rehearsal{Guess: guess, Settled: true})
		require.NoError(t, err)
		require.InEpsilon(t, want.Capacity.Agents, r.Capacity.Agents, 0.12, "from %g", guess)
		require.InEpsilon(t, want.Power.PerAcceleratorW, r.Power.PerAcceleratorW, 0.05)
		require.InEpsilon(t, want.Metrics.TTFTP95S, r.Metrics.TTFTP95S, 0.5)
		require.Equal(t, want.Limit, r.Limit)
		require.Less(t, r.Calls, want.Calls)
		require.LessOrEqual(t, r.Capacity.AgentsLow, float64(r.Capacity.Agents))
		require.GreaterOrEqual(t, r.Capacity.AgentsHigh, float64(r.Capacity.Agents))
		again, err := experiment.Rehearse(context.Background(), s, experiment.Rehearsal{Guess: guess, Settled: true})
		require.NoError(t, err)
		require.Equal(t, r, again)
	}
}

// Equal units share nothing: three hold, draw and serve three times as much.
func TestUnitsAreRehearsedAsOne(t *testing.T) {
	rehearsed := func(units string, guess float64) *metrics.Result {
		s := scenario(t, "h200-agentperf-slo20", "protocol=steady-state", "engine.cache.policy=ideal",
			"deployment.units="+units)
		r, err := experiment.Rehearse(context.Background(), s, experiment.Rehearsal{Guess: guess, Settled: true})
		require.NoError(t, err)
		return r
	}
	one, three := rehearsed("1", 50), rehearsed("3", 150)
	require.Equal(t, one.Calls, three.Calls)
	require.InDelta(t, 3*one.Capacity.Agents, three.Capacity.Agents, 2, "whole agents of the whole")
	require.Equal(t, 3*one.Capacity.Accelerators, three.Capacity.Accelerators)
	require.InEpsilon(t, 3*one.Power.AcceleratorW, three.Power.AcceleratorW, 1e-9)
	require.InEpsilon(t, one.Power.PerAcceleratorW, three.Power.PerAcceleratorW, 1e-9)
	require.InEpsilon(t, 3*one.Metrics.OutputTokS, three.Metrics.OutputTokS, 1e-9)
	require.InEpsilon(t, one.Power.JoulesPerOutputToken, three.Power.JoulesPerOutputToken, 1e-9)
	require.Equal(t, one.Time, three.Time)
}

func TestRehearsalsThatFindNobody(t *testing.T) {
	s := scenario(t, "h200-agentperf-slo20", "protocol=steady-state", "slo.ttft.p95=1ms")
	_, err := experiment.Rehearse(context.Background(), s, experiment.Rehearsal{Guess: 20})
	require.ErrorIs(t, err, metrics.ErrInfeasible)
	require.ErrorContains(t, err, "one agent already fails")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = experiment.Rehearse(ctx, quick(t), experiment.Rehearsal{Guess: 20})
	require.ErrorIs(t, err, context.Canceled)
}
