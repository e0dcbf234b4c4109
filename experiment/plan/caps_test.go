package plan_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/experiment/analytic"
	"agentsim/experiment/plan"
	"agentsim/metrics"
	"agentsim/scenarios"
)

func capping(name string, sets ...string) *plan.Capping {
	var solver analytic.Solver
	return &plan.Capping{Guess: solver.Flows,
		Load: func(more ...string) (*configs.Scenario, error) {
			s, _, err := configs.LoadScenario(configs.Source{Name: name, FS: scenarios.FS}, append(more, sets...))
			return s, err
		},
		Answer: func(_ context.Context, s *configs.Scenario) (*metrics.Result, error) { return solver.Flows(s) }}
}

func byPolicy(c *metrics.Caps, policy string) metrics.CapPolicy {
	for _, row := range c.Policies {
		if row.Policy == policy {
			return row
		}
	}
	return metrics.CapPolicy{}
}

// A rack never draws more than its cap, whoever gets its power; the split that
// the estimate finds is no worse than any rule; half the power costs agents.
func TestPoliciesKeepTheCapOfTheRack(t *testing.T) {
	for _, o := range []plan.Oversubscription{{Racks: 1, Within: 1}, {Racks: 4, Within: 3}, {Racks: 2, Within: 1}} {
		c, err := capping("gb300-agentperf-slo20").Caps(t.Context(), o)
		require.NoError(t, err)
		require.Len(t, c.Policies, 4)
		require.InDelta(t, 136e3*float64(o.Within)/float64(o.Racks), c.RackCapW, 1)
		require.GreaterOrEqual(t, byPolicy(c, plan.EnergyAware).Agents, 0.99*c.Policies[0].Agents, "rules lie between the splits tried")
		for _, row := range c.Policies {
			require.LessOrEqual(t, row.RackW, c.RackCapW, row.Policy)
			require.LessOrEqual(t, row.Agents, c.Policies[0].Agents, row.Policy)
			uniform := byPolicy(c, configs.Uniform).CapsW
			require.InDelta(t, 24*uniform["prefill"]+8*uniform["decode"], 24*row.CapsW["prefill"]+8*row.CapsW["decode"], 1e-6,
				"%s: the same watts", row.Policy)
			require.NotEmpty(t, row.Settings)
		}
	}
	half, err := capping("gb300-agentperf-slo20").Caps(t.Context(), plan.Oversubscription{Racks: 2, Within: 1})
	require.NoError(t, err)
	for _, row := range half.Policies[1:] {
		require.Less(t, row.Kept, 1.0, row.Policy)
		require.InDelta(t, row.Kept*2, row.Fleet, 1e-12)
	}
}

// The settings that a policy names make the scenario that it stands for.
func TestSettingsAreThePolicy(t *testing.T) {
	c, err := capping("gb300-agentperf-slo20").Caps(t.Context(), plan.Oversubscription{Racks: 2, Within: 1})
	require.NoError(t, err)
	for _, row := range c.Policies {
		s, err := capping("gb300-agentperf-slo20").Load(row.Settings...)
		require.NoError(t, err)
		r, err := new(analytic.Solver).Flows(s)
		require.NoError(t, err)
		require.InEpsilon(t, row.Agents, float64(r.Capacity.Agents), 0.005, "%s: watts are rounded", row.Policy)
	}
}

// An aggregated deployment has one pool, so there is nothing to give first.
func TestOnePoolIsCappedAlike(t *testing.T) {
	c, err := capping("h200-agentperf-slo20").Caps(t.Context(), plan.Oversubscription{Racks: 3, Within: 2})
	require.NoError(t, err)
	require.Len(t, c.Policies, 1)
	require.Equal(t, configs.Uniform, c.Policies[0].Policy)
	require.Error(t, plan.Oversubscription{Racks: 2, Within: 3}.Validate())
	require.Error(t, plan.Oversubscription{Racks: 2}.Validate())
}
