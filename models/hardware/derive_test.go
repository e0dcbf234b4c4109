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
