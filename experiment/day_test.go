package experiment_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/metrics"
	"agentsim/scenarios"
)

// dayOf simulates a day of two H200 nodes.
func dayOf(t *testing.T, agents int, sets ...string) (*metrics.Day, error) {
	t.Helper()
	s, _, err := configs.LoadScenario(configs.Source{Name: "h200-agentperf-slo20", FS: scenarios.FS},
		append([]string{"deployment.units=2", "protocol=steady-state", "day.length=4h"}, sets...))
	if err != nil {
		return nil, err
	}
	return experiment.Day(context.Background(), s, agents, experiment.Options{})
}

// Spans are the whole day, agents follow the curve, and energy is watts times
// time.
func TestADayIsCutAndAddsUp(t *testing.T) {
	d, err := dayOf(t, 16, "day.agents=[{at: 0h, share: 0.25}, {at: 2h, share: 1}, {at: 4h, share: 0.25}]")
	require.NoError(t, err)
	at, energy := 0., 0.
	for _, s := range d.Times {
		require.InDelta(t, at, s.FromS, 1e-9)
		at, energy = s.ToS, energy+(s.ToS-s.FromS)*s.FacilityW/3.6e6
	}
	require.InDelta(t, 4*3600., at, 1e-9)
	require.InDelta(t, energy, d.Energy.FacilityKWh, 1e-9)
	require.Less(t, d.Energy.AcceleratorKWh, d.Energy.ITKWh)
	require.Len(t, d.Times, 4)
	require.Equal(t, d.Times[0].Agents, d.Times[3].Agents, "the curve is symmetrical")
	require.Greater(t, d.Times[1].Agents, d.Times[0].Agents)
	require.Greater(t, d.Times[1].TurnsPerS, d.Times[0].TurnsPerS)
	require.Greater(t, d.Peak.FacilityW, d.Trough.FacilityW)
	require.InDelta(t, 10*4, d.AgentHours, 2, "the mean of the curve is 10 agents")
	again, err := dayOf(t, 16, "day.agents=[{at: 0h, share: 0.25}, {at: 2h, share: 1}, {at: 4h, share: 0.25}]")
	require.NoError(t, err)
	again.WallS, d.WallS = 0, 0
	require.Equal(t, d, again, "whatever runs side by side")
}

// One of two nodes fails at noon: its calls are lost, all agents share the
// other, and the level that two nodes hold with ease breaks until it is back.
func TestAFailureBreaksTheLevelUntilItIsRepaired(t *testing.T) {
	d, err := dayOf(t, 24, "day.failures=[{of: accelerator, number: 9, at: 1h, repair: 1h}]")
	require.NoError(t, err)
	require.Len(t, d.Failures, 1)
	f := d.Failures[0]
	require.Equal(t, 8, f.Down, "the worker that holds the accelerator stops whole")
	require.Positive(t, f.Lost)
	require.True(t, f.Broke)
	require.NotNil(t, f.AgainS)
	require.GreaterOrEqual(t, *f.AgainS, 3600.)
	require.Less(t, *f.AgainS, 2*3600.)
	require.Less(t, d.ShareHeld, 0.8)
	require.Greater(t, d.ShareHeld, 0.4)
	lost := int64(0)
	for _, s := range d.Times {
		lost += s.Lost
		if s.FromS >= 3600 && s.ToS <= 2*3600 {
			require.Equal(t, 8, s.Down)
		}
	}
	require.Equal(t, f.Lost, lost)

	few, err := dayOf(t, 4, "day.failures=[{of: rack, number: 1, at: 1h, repair: 1h}]")
	require.NoError(t, err)
	require.False(t, few.Failures[0].Broke, "one node is enough for four")
}

func TestDaysThatCannotBe(t *testing.T) {
	for want, set := range map[string]string{
		"day.failures[0].at":                    "day.failures=[{of: node, at: -1h, repair: 1h}]",
		"nothing fails before the start":        "day.failures=[{of: node, at: -1s, repair: 1h}]",
		"day.failures[0].repair":                "day.failures=[{of: node, at: 1h}]",
		"want accelerator, node, rack":          "day.failures=[{of: hall, at: 1h, repair: 1h}]",
		"no worker needs rack 7":                "day.failures=[{of: rack, number: 7, at: 1h, repair: 1h}]",
		"day.agents[0].share":                   "day.agents=[{at: 0h, share: 1.5}]",
		"day.agents[1].at":                      "day.agents=[{at: 2h, share: 1}, {at: 1h, share: 1}]",
		"workload.arrivals: lanes: want closed": "workload.arrivals=lanes",
		"day.trace: ":                           "day.trace=none.jsonl",
		"day.window":                            "day.window=2h",
	} {
		_, err := dayOf(t, 8, set)
		require.ErrorContains(t, err, want, set)
	}
}
