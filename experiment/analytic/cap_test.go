package analytic_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/experiment"
	"agentsim/experiment/analytic"
	"agentsim/metrics"
)

// As a power cap tightens, agents never become more, in the estimate and in the
// simulation; agents per watt rise to one maximum and fall from there, and no
// accelerator draws more than its cap.
func TestTighterCapsServeFewerAgents(t *testing.T) {
	answer := func(watts int, how func(sets ...string) (*metrics.Result, error)) (agents int, perMW float64) {
		r, err := how("protocol=steady-state", fmt.Sprintf("system.accelerator.power.tdp=%dW", watts))
		if errors.Is(err, metrics.ErrInfeasible) {
			return 0, 0
		}
		require.NoError(t, err)
		require.LessOrEqual(t, r.Power.PerAcceleratorW, float64(watts)*(1+1e-9))
		return r.Capacity.Agents, r.Capacity.PerMW.AcceleratorMeasured
	}
	for name, c := range map[string]struct {
		watts []int
		noise int
		how   func(sets ...string) (*metrics.Result, error)
	}{
		"estimate": {[]int{700, 600, 500, 450, 400, 350, 300, 280, 260, 240, 220, 210, 202}, 0, func(sets ...string) (*metrics.Result, error) {
			return new(analytic.Solver).Flows(load(t, "h200-agentperf-slo20", sets...))
		}},
		"simulation": {[]int{700, 450, 300, 202}, 1, func(sets ...string) (*metrics.Result, error) {
			return experiment.Capacity(context.Background(), load(t, "h200-agentperf-slo20", sets...), experiment.Options{})
		}},
	} {
		last, best, falling := 1<<30, 0.0, false
		var first, end int
		for i, watts := range c.watts {
			agents, perMW := answer(watts, c.how)
			t.Logf("%s: %d W: %d agents, %.0f per MW", name, watts, agents, perMW)
			require.LessOrEqual(t, agents, last+c.noise, "%s at %d W", name, watts)
			if i == 0 {
				first = agents
			}
			last, end = agents, agents
			// One agent of 18 is 6 %: what whole numbers make of a smooth curve.
			if falling = falling || perMW < 0.9*best; falling {
				require.Less(t, perMW, 1.02*best, "%s at %d W: a second maximum", name, watts)
			}
			best = max(best, perMW)
		}
		require.Less(t, 2*end, first, "%s: a cap next to static power leaves little", name)
	}
}
