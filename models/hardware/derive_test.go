package hardware_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	. "agentsim/models/hardware"
	"agentsim/units"
)

func TestDeriveOntoItselfChangesNothingButTheSources(t *testing.T) {
	from := kernels(t, "gb300-sglang")
	a := gb300()
	a.Vendor = "nvidia"
	same := Derive(a, from, a)
	require.NoError(t, same.Validate())
	require.Equal(t, from.GEMM, same.GEMM)
	require.Equal(t, from.Core, same.Core)
	require.Equal(t, from.Attention, same.Attention)
	require.Equal(t, from.AllReduce, same.AllReduce)
	require.Equal(t, "assumed", same.Sources["gemm"].Basis)
	require.Equal(t, [2]float64{0.8, 1.25}, same.Sources["gemm"].Range)
}

func TestDeriveScalesByAchievedRates(t *testing.T) {
	from := kernels(t, "gb300-sglang")
	a, fast, slow := gb300(), gb300(), gb300()
	fast.Name, fast.Vendor = "next", "other"
	fast.Compute = map[Format]units.FLOPRate{BF16: 5e15, FP8: 10e15, NVFP4: 60e15}
	slow.HBM.Bandwidth = 4e12
	k, half := Derive(fast, from, a), Derive(slow, from, a)
	require.NoError(t, k.Validate())
	require.Equal(t, "next-sglang", k.Name)
	require.Equal(t, [2]float64{0.6, 1.5}, k.Sources["attention"].Range)

	rate := func(s KernelSet, x Accelerator) float64 {
		return s.GEMM[NVFP4].ComputeEfficiency * float64(x.Compute[NVFP4])
	}
	require.InEpsilon(t, 2*rate(from, a), rate(k, fast), 1e-9,
		"the achieved rate doubles with BF16's, whatever the headline")
	require.Equal(t, from.GEMM[FP8], k.GEMM[FP8], "FP8 grows like BF16: the same share of the peak")

	x := Features{Tokens: 16384, Pairs: 16384 * 1000, Context: 8192}
	hca := from.Attention["hca"].PrefillSeconds(1, x)
	require.InEpsilon(t, hca/2, k.Attention["hca"].PrefillSeconds(1, x), 0.05)
	require.Equal(t, from.Attention["hca"].Prefill[0].Floor, k.Attention["hca"].Prefill[0].Floor, "floors stay")
	require.InEpsilon(t, 2*float64(from.Residual.PerToken), float64(half.Residual.PerToken), 1e-9)
	small := GEMMWork(1, 16384, 16384, FP8)
	require.InEpsilon(t, 2*from.GEMM[FP8].Seconds(small, a.Compute[FP8], a.HBM.Bandwidth),
		half.GEMM[FP8].Seconds(small, slow.Compute[FP8], slow.HBM.Bandwidth), 0.5, "memory-bound")
}

func TestDeriveDropsFormatsTheTargetLacksAndRenamesFP4(t *testing.T) {
	from := kernels(t, "gb300-sglang")
	old := h200()
	k := Derive(old, from, gb300())
	require.NoError(t, k.Validate())
	require.NotContains(t, k.GEMM, NVFP4)
	require.NotContains(t, k.Experts, "nvfp4")
	require.Contains(t, k.Experts, "fp8-block")

	other := gb300()
	other.Compute = map[Format]units.FLOPRate{BF16: 2.5e15, FP8: 5e15, MXFP4: 10e15}
	k = Derive(other, from, gb300())
	require.NoError(t, k.Validate())
	require.Contains(t, k.GEMM, MXFP4)
	require.Equal(t, MXFP4, k.Experts["mxfp4-w4a4"].Compute)
}

func TestRescaleOntoItselfChangesNothing(t *testing.T) {
	for name, a := range map[string]Accelerator{"gb300-trtllm": gb300(), "h200-vllm": h200()} {
		require.Equal(t, kernels(t, name), Rescale(kernels(t, name), a, a), name)
	}
}

// Faster memory or compute alone, and both one after the other: floors, watts
// and names stay.
func TestRescaleMovesSecondsAndKeepsFloors(t *testing.T) {
	from, a := kernels(t, "h200-vllm"), h200()
	memory, both := a, a
	memory.HBM.Bandwidth *= 2
	both.HBM.Bandwidth *= 2
	both.Compute = map[Format]units.FLOPRate{}
	for f, rate := range a.Compute {
		both.Compute[f] = 2 * rate
	}
	k, twice := Rescale(from, a, memory), Rescale(from, a, both)
	require.NoError(t, twice.Validate())
	require.Equal(t, from.Name, twice.Name)
	require.Equal(t, from.GEMM, twice.GEMM, "shares of a peak stay")
	require.InEpsilon(t, float64(from.Residual.PerToken), 2*float64(k.Residual.PerToken), 1e-9)
	hca, faster := from.Attention["hca"], twice.Attention["hca"]
	require.Equal(t, hca.Decode[0].Floor, faster.Decode[0].Floor)
	require.InEpsilon(t, float64(hca.Decode[0].PerToken), 2*float64(faster.Decode[0].PerToken), 1e-9)

	marlin := from.Experts["marlin-w4a16"]
	require.Equal(t, marlin.Curves, k.Experts["marlin-w4a16"].Curves, "conversion holds weight-only kernels back")
	curve, quick := marlin.Curves[0], twice.Experts["marlin-w4a16"].Curves[0]
	last := len(curve.Time) - 1
	require.InEpsilon(t, float64(curve.Time[last]-curve.Floor), 2*float64(quick.Time[last]-quick.Floor), 1e-9)
	require.Equal(t, marlin.DynamicPower, twice.Experts["marlin-w4a16"].DynamicPower)

	there := Rescale(twice, both, a)
	require.InEpsilon(t, float64(from.Small.PerToken), float64(there.Small.PerToken), 1e-9, "there and back")
}

func TestRescaleLeavesOutWhatTheTargetCannotCompute(t *testing.T) {
	k := Rescale(kernels(t, "gb300-trtllm"), gb300(), h200())
	require.NotContains(t, k.Experts, "nvfp4")
	require.Contains(t, k.Experts, "mxfp4-w4a8", "computes in FP8")
	require.NotContains(t, k.GEMM, NVFP4)
}

// With the figures that the constants hold on, nothing moves, whatever the
// accelerator is called.
func TestConstantsStayOnTheAcceleratorThatTheyHoldOn(t *testing.T) {
	for name, a := range map[string]Accelerator{"gb300-trtllm": gb300(), "h200-vllm": h200()} {
		k := kernels(t, name)
		k.Holds = &a
		same := a
		same.Name, same.Power.TDP = "another", 1
		require.Equal(t, k, k.On(same))
		require.Empty(t, k.Moved(same))
	}
}

// Constants in seconds follow the figure that bounds them; shares of a peak and
// floors stay.
func TestConstantsFollowTheFiguresOfTheirAccelerator(t *testing.T) {
	a := h200()
	k := kernels(t, "h200-vllm")
	k.Holds = &a

	slow := a
	slow.HBM.Bandwidth /= 10
	out := k.On(slow)
	was, is := k.Attention["csa"].Decode[0], out.Attention["csa"].Decode[0]
	require.Equal(t, was.Floor, is.Floor)
	require.Equal(t, was.PerToken, is.PerToken)
	require.InEpsilon(t, 10*float64(was.PerPair), float64(is.PerPair), 1e-9)
	require.InEpsilon(t, 10*float64(k.Small.PerToken), float64(out.Small.PerToken), 1e-9)
	require.Equal(t, k.GEMM, out.GEMM, "rooflines read the bandwidth themselves")
	before, after := k.Experts["marlin-w4a16"].Curves[0], out.Experts["marlin-w4a16"].Curves[0]
	last := len(before.Time) - 1
	require.InEpsilon(t, 10*float64(before.Time[last]-before.Floor), float64(after.Time[last]-after.Floor), 1e-9)
	require.Equal(t, k.Experts["marlin-w4a16"].Balance, out.Experts["marlin-w4a16"].Balance)
	require.Equal(t, []string{"hbm.bandwidth 480GB/s in place of 4.8TB/s"}, k.Moved(slow))
	require.Equal(t, out, out.On(slow), "moved once is moved")

	weak := a
	weak.Compute = map[Format]units.FLOPRate{}
	for f, rate := range a.Compute {
		weak.Compute[f] = rate / 4
	}
	out = k.On(weak)
	require.InEpsilon(t, 4*float64(k.Attention["csa"].Prefill[0].PerPair), float64(out.Attention["csa"].Prefill[0].PerPair), 1e-9)
	require.InEpsilon(t, 4*float64(was.PerToken), float64(out.Attention["csa"].Decode[0].PerToken), 1e-9)
}
