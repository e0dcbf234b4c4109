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
			AcceleratorWatts: s.System.Accelerator.Power.Cap(), CPULoad: 1})
	}
	s, err := capped(t, "power.rack_cap=100kW")
	require.NoError(t, err)
	require.InEpsilon(t, 100e3, float64(draw(s).IT), 1e-9)

	s, err = capped(t, "power.hall_cap=50kW") // 32 of 72 accelerators
	require.NoError(t, err)
	require.InEpsilon(t, 50e3*72/32, float64(draw(s).Facility), 1e-9)

	s, err = capped(t, "power.accelerator_cap=900W", "power.rack_cap=200kW")
	require.NoError(t, err)
	require.Equal(t, units.Watts(900), s.System.Accelerator.Power.Cap(), "the lowest counts")
	require.Equal(t, units.Watts(1400), s.System.Accelerator.Power.TDP, "rated it stays")

	_, err = capped(t, "power.rack_cap=20kW")
	require.ErrorContains(t, err, "power.rack_cap: leaves")
	_, err = capped(t, "power.hall_cap=-1kW")
	require.ErrorContains(t, err, "power.hall_cap")
}

// Whoever gets power first, 24 accelerators of prefill and 8 of decode draw no
// more together than all capped alike: by hand, 24·p + 8·d = 32·c.
func TestPoliciesShareTheSameWatts(t *testing.T) {
	caps := func(policy string, sets ...string) (prefill, decode, mean float64) {
		s, err := capped(t, append(sets, "power.rack_cap=80kW", "power.policy="+policy)...)
		require.NoError(t, err)
		d := &s.Deployment
		prefill, decode = float64(d.CapOf(d.Prefill, &s.System)), float64(d.CapOf(d.Decode, &s.System))
		return prefill, decode, float64(s.System.Accelerator.Power.Limit)
	}
	p, d, mean := caps(configs.Uniform)
	require.Equal(t, [2]float64{mean, mean}, [2]float64{p, d})

	p, d, _ = caps(configs.DecodeFirst, "power.least=500W")
	require.InDelta(t, 500, p, 1e-9, "what is left to it at least")
	require.InDelta(t, 32*mean, 24*p+8*d, 1e-6)
	require.Less(t, d, 1400.0)
	p, d, _ = caps(configs.DecodeFirst, "power.least=400W")
	require.InDelta(t, 1400, d, 1e-9, "its rated power")
	require.InDelta(t, 32*mean, 24*p+8*d, 1e-6)

	p, d, _ = caps(configs.PrefillFirst, "power.least=500W")
	require.InDelta(t, 500, d, 1e-9, "what is left to it at least")
	require.InDelta(t, 32*mean, 24*p+8*d, 1e-6)
	require.Less(t, p, 1400.0)

	p, d, _ = caps(configs.DecodeFirst, "power.least=1000W")
	require.Equal(t, [2]float64{mean, mean}, [2]float64{p, d}, "less than the least is left: all alike")

	_, d, _ = caps(configs.DecodeFirst, "power.accelerator_cap=900W", "power.least=500W")
	require.InDelta(t, 900, d, 1e-9, "no more than one accelerator may")
}

func TestAPoolHasACapOfItsOwn(t *testing.T) {
	s, err := capped(t, "deployment.decode.accelerator_cap=800W")
	require.NoError(t, err)
	d := &s.Deployment
	require.Equal(t, units.Watts(800), d.CapOf(d.Decode, &s.System))
	require.Equal(t, units.Watts(1400), d.CapOf(d.Prefill, &s.System))
	_, err = capped(t, "deployment.decode.accelerator_cap=100W")
	require.ErrorContains(t, err, "deployment.decode.accelerator_cap: leaves 100 W")
	_, err = capped(t, "power.policy=prefil-first")
	require.ErrorContains(t, err, "power.policy")
	s, err = capped(t, "power.policy=prefill-first")
	require.NoError(t, err)
	require.Contains(t, s.Notes()[len(s.Notes())-1], "no cap of rack or hall")
}

// Caps hold each pool on the system it runs on.
func TestCapsHoldOnEverySystem(t *testing.T) {
	load := func(sets ...string) (*configs.Scenario, error) {
		s, _, err := configs.LoadScenario(configs.Source{Name: "what-if/prefill-on-hopper", FS: scenarios.FS}, sets)
		return s, err
	}
	s, err := load("power.accelerator_cap=500W")
	require.NoError(t, err)
	d := &s.Deployment
	require.Equal(t, units.Watts(500), d.CapOf(d.Prefill, &s.System))
	require.Equal(t, units.Watts(700), d.Prefill.Machine.Accelerator.Power.TDP)
	_, err = load("power.hall_cap=50kW")
	require.ErrorContains(t, err, "power.hall_cap: the pools are on systems of their own")
	_, err = load("power.rack_cap=8kW", "power.policy=decode-first")
	require.Error(t, err)
	_, err = load("power.accelerator_cap=500W", "power.policy=decode-first")
	require.ErrorContains(t, err, "share no rack")
}
