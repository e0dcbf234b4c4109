package hardware_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"agentsim/models/hardware"
	"agentsim/units"
)

func hgxH200() hardware.System {
	return hardware.System{
		Name:         "hgx-h200",
		Accelerator:  hardware.Accelerator{Power: h200Power()},
		Accelerators: 8, AcceleratorsPer: 8, Domain: 8,
		Host:      hardware.Host{CPUIdle: 300, CPUBusy: 400, Static: 500},
		Switch:    400,
		Overheads: hardware.Overheads{Fans: 0.12, Conversion: 0.05, Nameplate: 10200, PUE: 1.3},
	}
}

func gb300Rack() hardware.System {
	return hardware.System{
		Name:         "gb300-nvl72",
		Accelerator:  hardware.Accelerator{Power: hardware.AcceleratorPower{TDP: 1400}},
		Accelerators: 72, AcceleratorsPer: 4, Domain: 72,
		Host:      hardware.Host{CPUIdle: 500, Static: 500}, // two Grace at 250 W
		Switch:    3600,
		Overheads: hardware.Overheads{Nameplate: 132000, PUE: 1.12},
	}
}

// The numbers of modelling.md 6.3: 8·640 + 700 + 900 W, 12 % fans, 5 % lost.
func TestNodeCheckPoint(t *testing.T) {
	b := hgxH200().Power(hardware.Usage{Accelerators: 8, AcceleratorWatts: 640, CPULoad: 1})
	require.InDelta(t, 5120, float64(b.Accelerator), 1e-9)
	require.InDelta(t, 700, float64(b.CPU), 1e-9)
	require.InDelta(t, 900, float64(b.Host+b.Switch), 1e-9)
	require.InDelta(t, 6720*1.12/0.95, float64(b.IT), 1e-6)
	require.InDelta(t, 7900, float64(b.IT), 50)
	require.InDelta(t, 1.3*6720*1.12/0.95, float64(b.Facility), 1e-6)
	require.InDelta(t, 5600, float64(b.AcceleratorTDP), 1e-9)
	require.InDelta(t, 10200, float64(b.Provisioned), 1e-9)
}

// 72·937 W + 36·250 W + 3.6 kW + 18·0.5 kW = 89 kW (modelling.md 6.3).
func TestRackCheckPoint(t *testing.T) {
	b := gb300Rack().Power(hardware.Usage{Accelerators: 72, AcceleratorWatts: 937})
	require.InDelta(t, 89064, float64(b.IT), 1e-6)
	require.InDelta(t, 1.24, float64(b.IT)/72/1000, 0.005)
}

func TestPartOfARackCarriesItsShare(t *testing.T) {
	rack := gb300Rack()
	whole := rack.Power(hardware.Usage{Accelerators: 72, AcceleratorWatts: 900})
	part := rack.Power(hardware.Usage{Accelerators: 32, AcceleratorWatts: 900})
	require.InEpsilon(t, float64(whole.IT)*32/72, float64(part.IT), 1e-12)
	require.InEpsilon(t, float64(whole.Switch)*32/72, float64(part.Switch), 1e-12)
	require.InEpsilon(t, 132000.0*32/72, float64(part.Provisioned), 1e-12)
	two := rack.Power(hardware.Usage{Accelerators: 144, AcceleratorWatts: 900})
	require.InEpsilon(t, 2*float64(whole.IT), float64(two.IT), 1e-12)
}

func TestUsagePUEOverridesTheSystem(t *testing.T) {
	b := gb300Rack().Power(hardware.Usage{Accelerators: 72, AcceleratorWatts: 900, PUE: 1.5})
	require.InEpsilon(t, 1.5*float64(b.IT), float64(b.Facility), 1e-12)
}

func TestBreakdownLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := hgxH200()
		s.Overheads.Fans = rapid.Float64Range(0, 0.3).Draw(t, "fans")
		s.Overheads.Conversion = rapid.Float64Range(0, 0.2).Draw(t, "conversion")
		u := hardware.Usage{
			Accelerators:     rapid.IntRange(1, 64).Draw(t, "accelerators"),
			AcceleratorWatts: units.Watts(rapid.Float64Range(80, 700).Draw(t, "watts")),
			CPULoad:          rapid.Float64Range(0, 1).Draw(t, "load"),
		}
		b := s.Power(u)
		require.Equal(t, b.Accelerator+b.CPU+b.Host+b.Switch+b.Fans+b.Conversion, b.IT, "sum of parts")
		require.InEpsilon(t, s.Overheads.Conversion*float64(b.IT)+1, float64(b.Conversion)+1, 1e-9,
			"the loss is a fraction of wall power")
		require.GreaterOrEqual(t, b.Facility, b.IT)
		u.AcceleratorWatts++
		require.Greater(t, s.Power(u).IT, b.IT, "one watt more at the accelerator is more at the wall")
	})
}

func TestNodes(t *testing.T) {
	require.Equal(t, 18, gb300Rack().Nodes())
	require.Equal(t, 1, hgxH200().Nodes())
}
