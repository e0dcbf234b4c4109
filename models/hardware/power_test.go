package hardware_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

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
	require.InDelta(t, 240, float64(p.Static())+p.Dynamic(decode), 10)

	prefill := hardware.EnergyWork{HBMBytes: 60 / 48e-12}
	prefill.AddFLOPs(hardware.FP8, 1e15)
	require.InDelta(t, 595, float64(p.Static())+p.Dynamic(prefill), 1)
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

// A burst of 2 s at 1,000 J a second above static power, of which half the time
// is compute-bound and 400 J are memory traffic; static power is 155 W.
func halfComputing() hardware.Burst {
	return hardware.Burst{Seconds: 2, Clocked: 1, Joules: 1400, Moved: 400}
}

func held(p hardware.AcceleratorPower, watts units.Watts, b hardware.Burst) (seconds, joules float64) {
	p.Limit = watts
	return p.Hold(b)
}

func TestHoldMatchesHandCalculation(t *testing.T) {
	p := h200Power()
	p.ClockExponent = 3
	b := halfComputing()
	seconds, joules := p.Hold(b) // 155 + 700 W is above 700 W: the cap binds
	require.Greater(t, seconds, 2.0)
	require.InEpsilon(t, 545*seconds, joules, 1e-9)

	p.TDP = 855 // exactly at the cap
	seconds, joules = p.Hold(b)
	require.Equal(t, []float64{2, 1400}, []float64{seconds, joules})

	// At 0.8 of the clock: 1 + 1/0.8 = 2.25 s, 400 + 1000·0.8² = 1,040 J, 155 + 1040/2.25 W.
	seconds, joules = held(p, 155+1040/2.25, b)
	require.InEpsilon(t, 2.25, seconds, 1e-9)
	require.InEpsilon(t, 1040, joules, 1e-9)

	// At 0.6, the lowest voltage: 400 + 1000·0.36 = 760 J, whatever the cap below;
	// at 100 W above static power they take 7.6 s.
	seconds, joules = held(p, 255, b)
	require.InEpsilon(t, 760, joules, 1e-9)
	require.InEpsilon(t, 7.6, seconds, 1e-9)

	// Traffic alone: no clock saves any of its joules, so time pays for all.
	traffic := hardware.Burst{Seconds: 1, Joules: 300, Moved: 300}
	seconds, joules = held(p, 305, traffic)
	require.InEpsilon(t, 300, joules, 1e-12)
	require.InEpsilon(t, 2, seconds, 1e-12)

	// Computing beside memory-bound time that the clock does not stretch: at 0.8
	// of the clock 1000·0.64 J in the same second.
	seconds, joules = held(p, 155+640, hardware.Burst{Seconds: 1, Joules: 1000})
	require.InEpsilon(t, 1, seconds, 1e-9)
	require.InEpsilon(t, 640, joules, 1e-9)
}

func TestHoldWithoutWork(t *testing.T) {
	p := h200Power()
	seconds, joules := p.Hold(hardware.Burst{Seconds: 3})
	require.Equal(t, []float64{3, 0}, []float64{seconds, joules})
	seconds, joules = p.Hold(hardware.Burst{})
	require.Equal(t, []float64{0, 0}, []float64{seconds, joules})
}

// As a cap tightens, bursts take longer and never less energy than the slower
// clock saves; their power is the cap's where it binds, and never above it.
func TestTighterCapsTakeTimeNotEnergy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := h200Power()
		p.ClockExponent = rapid.Float64Range(1, 4).Draw(t, "exponent")
		b := hardware.Burst{Seconds: rapid.Float64Range(1e-4, 10).Draw(t, "seconds")}
		b.Clocked = b.Seconds * rapid.Float64Range(0, 1).Draw(t, "compute-bound")
		b.Joules = b.Seconds * rapid.Float64Range(0, 2000).Draw(t, "watts")
		b.Moved = b.Joules * rapid.Float64Range(0, 1).Draw(t, "moved")
		lastSeconds, lastJoules := b.Seconds, b.Joules
		for watts := 900.0; watts > float64(p.Static())+1; watts -= 7 {
			p.TDP = units.Watts(watts)
			seconds, joules := p.Hold(b)
			require.GreaterOrEqual(t, seconds, lastSeconds*(1-1e-9))
			require.LessOrEqual(t, joules, lastJoules*(1+1e-9))
			require.LessOrEqual(t, joules/seconds, (watts-float64(p.Static()))*(1+1e-9))
			require.GreaterOrEqual(t, joules, (b.Moved+(b.Joules-b.Moved)*math.Pow(0.6, p.ClockExponent-1))*(1-1e-9))
			if joules < b.Joules*(1-1e-6) || seconds > b.Seconds*(1+1e-6) {
				require.InEpsilon(t, watts-float64(p.Static()), joules/seconds, 1e-6, "a cap that binds is used")
				clock := b.Clocked / (seconds - b.Seconds + b.Clocked)
				if clock > 0.6 && b.Clocked > 1e-3*b.Seconds {
					want := b.Moved + (b.Joules-b.Moved)*math.Pow(clock, p.ClockExponent-1)
					require.InEpsilon(t, want, joules, 1e-6, "the joules are those of the clock that the time tells")
				}
			}
			lastSeconds, lastJoules = seconds, joules
		}
	})
}

func TestCapIsTheLowerOfLimitAndTDP(t *testing.T) {
	p := h200Power()
	require.Equal(t, units.Watts(700), p.Cap())
	p.Limit = 400
	require.Equal(t, units.Watts(400), p.Cap())
	p.Limit = 900
	require.Equal(t, units.Watts(700), p.Cap(), "a limit above the TDP is the TDP")
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
