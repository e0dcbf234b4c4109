package configs_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/models/hardware"
	"agentsim/scenarios"
	"agentsim/units"
)

func capped(t *testing.T, sets ...string) (*configs.Scenario, error) {
	t.Helper()
	s, _, err := configs.LoadScenario(configs.Source{Name: "gb300-agentperf-slo20", FS: scenarios.FS}, sets)
	return s, err
}

// With every accelerator at its cap and hosts at full load a rack draws what it
// may, and the hall no more than it may with its building.
func TestCapsAreWhatASiteDraws(t *testing.T) {
	draw := func(s *configs.Scenario) hardware.Breakdown {
		return s.System.Power(hardware.Usage{Accelerators: s.System.Accelerators,
			AcceleratorWatts: s.System.Accelerator.Power.TDP, CPULoad: 1})
	}
	s, err := capped(t, "power.rack_cap=100kW")
	require.NoError(t, err)
	require.InEpsilon(t, 100e3, float64(draw(s).IT), 1e-9)

	s, err = capped(t, "power.hall_cap=50kW") // 32 of 72 accelerators
	require.NoError(t, err)
	require.InEpsilon(t, 50e3*72/32, float64(draw(s).Facility), 1e-9)

	s, err = capped(t, "power.accelerator_cap=900W", "power.rack_cap=200kW")
	require.NoError(t, err)
	require.Equal(t, units.Watts(900), s.System.Accelerator.Power.TDP, "the lowest counts")

	_, err = capped(t, "power.rack_cap=20kW")
	require.ErrorContains(t, err, "power.rack_cap: leaves")
	_, err = capped(t, "power.hall_cap=-1kW")
	require.ErrorContains(t, err, "power.hall_cap")
}
