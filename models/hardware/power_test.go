package hardware_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/hardware"
	"agentsim/units"
)

// h200Power holds the first coefficients of modelling.md 6.1, against which
// its check points were worked out.
func h200Power() hardware.AcceleratorPower {
	return hardware.AcceleratorPower{
		Idle: 80, Active: 75, TDP: 700,
		PerFLOP: map[hardware.Format]units.JoulesPerFLOP{
			hardware.BF16: 0.75e-12, hardware.FP8: 0.38e-12,
		},
		Busy:          map[hardware.KernelClass]units.Watts{hardware.ExpertsClass: 200},
		PerHBMByte:    6e-12 * 8,
		PerLinkByte:   10e-12 * 8,
		ClockExponent: 2.7,
	}
}

func TestDynamicMatchesHandCalculation(t *testing.T) {
	var w hardware.EnergyWork
	w.AddFLOPs(hardware.FP8, 1e15)
	w.AddFLOPs(hardware.BF16, 1e14)
	w.HBMBytes = 1e12
	w.LinkBytes = 1e11
	w.AddBusy(hardware.ExpertsClass, 0.25)
	w.AddBusy(hardware.DecodeClass, 0.5) // has no watts of its own
	// 0.38·1000 + 0.75·100 + 48 + 8 + 200·0.25 J
	require.InDelta(t, 380+75+48+8+50, h200Power().Dynamic(w), 1e-9)
}

func TestAcceleratorCheckPoints(t *testing.T) {
	p := h200Power()
	decode := hardware.EnergyWork{HBMBytes: 0.5 * 4.8e12 * 0.7} // half the time at 70 % of 4.8 TB/s
	require.InDelta(t, 240, float64(p.Draw(p.Dynamic(decode), 1)), 10)

	prefill := hardware.EnergyWork{HBMBytes: 60 / 48e-12}
	prefill.AddFLOPs(hardware.FP8, 1e15)
	require.InDelta(t, 595, float64(p.Draw(p.Dynamic(prefill), 1)), 1)
}

func TestStandInFormats(t *testing.T) {
	a := validAccelerator()
	a.Compute = map[hardware.Format]units.FLOPRate{hardware.BF16: 2, hardware.FP8: 4, hardware.NVFP4: 8}
	a.Power.PerFLOP = map[hardware.Format]units.JoulesPerFLOP{hardware.BF16: 3, hardware.FP8: 2, hardware.NVFP4: 1}
	for f, want := range map[hardware.Format]float64{
		hardware.FP8Tensor: 4, hardware.MXFP4: 8, hardware.BF16: 2, hardware.INT4: 0,
	} {
		require.Equal(t, units.FLOPRate(want), a.Peak(f), f)
	}
	for f, want := range map[hardware.Format]float64{
		hardware.FP8Tensor: 2, hardware.MXFP4: 1, hardware.BF16: 3, hardware.INT4: 3,
	} {
		require.Equal(t, units.JoulesPerFLOP(want), a.Power.EnergyPerFLOP(f), f)
	}
}

func TestUnknownFormatCostsBF16(t *testing.T) {
	var known, unknown hardware.EnergyWork
	known.AddFLOPs(hardware.BF16, 1e12)
	unknown.AddFLOPs(hardware.NVFP4, 1e12) // this accelerator has no such arithmetic
	p := h200Power()
	require.Equal(t, p.Dynamic(known), p.Dynamic(unknown))
}

func TestWorkAddsUp(t *testing.T) {
	a := hardware.EnergyWork{HBMBytes: 3, LinkBytes: 5}
	a.AddFLOPs(hardware.FP8, 7)
	a.AddBusy(hardware.ExpertsClass, 11)
	b := a
	b.Add(a)
	p := h200Power()
	require.InEpsilon(t, 2*p.Dynamic(a), p.Dynamic(b), 1e-12)
}

func TestDynamicAllocatesNothing(t *testing.T) {
	c := h200Power().Coefficients()
	total := 0.0
	allocs := testing.AllocsPerRun(100, func() {
		w := hardware.EnergyWork{HBMBytes: 1}
		w.AddFLOPs(hardware.INT4, 2)
		total += c.Dynamic(&w)
	})
	require.Zero(t, allocs)
	require.Positive(t, total)
}

func TestClockHoldsTheCap(t *testing.T) {
	p := h200Power()
	require.Equal(t, 1.0, p.Clock(80, 620), "exactly at the cap")
	require.Equal(t, 1.0, p.Clock(80, 0))
	for _, dynamic := range []float64{621, 700, 900, 1500} {
		f := p.Clock(80, dynamic)
		require.Less(t, f, 1.0)
		require.InDelta(t, 700, 80+dynamic*math.Pow(f, 2.7), 1e-9)
	}
	p.Limit = 500
	require.InDelta(t, 500, 80+620*math.Pow(p.Clock(80, 620), 2.7), 1e-9)
	require.Equal(t, 0.1, p.Clock(600, 10), "static power alone above the cap: the slowest clock")
}

func TestClockFallsWithPower(t *testing.T) {
	p := h200Power()
	last := 1.0
	for dynamic := 500.0; dynamic < 5000; dynamic += 10 {
		f := p.Clock(80, dynamic)
		require.LessOrEqual(t, f, last)
		require.Positive(t, f)
		last = f
	}
}

func TestDraw(t *testing.T) {
	p := h200Power()
	require.Equal(t, units.Watts(155), p.Draw(0, 1))
	require.Equal(t, units.Watts(155), p.Draw(0, 0))
	require.Equal(t, units.Watts(255), p.Draw(50, 0.5))
	require.Equal(t, units.Watts(700), p.Draw(1000, 1))
	p.Limit = 400
	require.Equal(t, units.Watts(400), p.Draw(1000, 1))
	p.Limit = 900
	require.Equal(t, units.Watts(700), p.Draw(1000, 1), "a limit above the TDP is the TDP")
}

func TestFormatIndex(t *testing.T) {
	for i, f := range hardware.Formats() {
		require.Equal(t, i, f.Index())
	}
	require.Equal(t, -1, hardware.Format("fp16").Index())
	for i, c := range hardware.KernelClasses() {
		require.Equal(t, i, c.Index())
	}
	require.Equal(t, -1, hardware.KernelClass("gemm").Index())
}
