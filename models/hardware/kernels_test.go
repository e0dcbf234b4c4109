package hardware_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	. "agentsim/models/hardware"
	"agentsim/units"
)

// DeepGEMM on H800, 256 experts of 7168 × 2048 over 8 accelerators in decode:
// 32 experts of 44 MB at 0.8 of 3.43 TB/s (modelling.md 9 item 14).
func TestRooflineOfWeightBoundGroupedGEMM(t *testing.T) {
	r := Roofline{ComputeEfficiency: 0.66, MemoryEfficiency: 0.8, HalfRows: 130, Exponent: 3}
	work := RooflineWork{FLOPs: 2 * 44.04e6 * 32 * 6, Bytes: 32 * 44.04e6, Rows: 6}
	within(t, 325+176, r.Seconds(work, 1979e12, 3.43e12), "up and down")
}

func TestRooflineByHand(t *testing.T) {
	r := Roofline{Floor: 1, ComputeEfficiency: 0.5, MemoryEfficiency: 0.5, HalfRows: 100}
	// Compute 200/(100·0.5·100/200) = 8 s, memory 30/(10·0.5) = 6 s.
	w := RooflineWork{FLOPs: 200, Bytes: 30, Rows: 100}
	require.InDelta(t, 1+8, r.Seconds(w, 100, 10), 1e-12)
	r.Exponent = 2
	require.InDelta(t, 1+10, r.Seconds(w, 100, 10), 1e-12)
	r.Exponent = 1
	require.InDelta(t, 1+14, r.Seconds(w, 100, 10), 1e-12)
	require.True(t, math.IsInf(r.Seconds(w, 0, 10), 1), "no such compute rate")
}

func TestLinearByHand(t *testing.T) {
	l := Linear{Floor: 3, LongFloor: 5, LongFrom: 100, PerToken: 1, PerPair: 0.5, PerIndexPair: 0.25}
	require.InDelta(t, 3+2+2+1, l.Seconds(Features{Tokens: 2, Pairs: 4, IndexPairs: 4, Context: 99}), 1e-12)
	require.InDelta(t, 5+2, l.Seconds(Features{Tokens: 2, Context: 100}), 1e-12)
	hidden := Linear{Floor: 3, PerToken: 2, Exponent: 2}
	require.InDelta(t, 5, hidden.Seconds(Features{Tokens: 2}), 1e-12)
}

func TestTensorParallelDegreesBetweenMeasuredOnes(t *testing.T) {
	// 2 + 8/tp: 10 at 1, 3 at 8.
	k := AttentionKernel{Prefill: []Linear{{TP: 1, PerToken: 10}, {TP: 8, PerToken: 3}}}
	for tp, want := range map[int]float64{1: 10, 2: 6, 4: 4, 8: 3, 16: 2.5} {
		require.InDelta(t, want, k.PrefillSeconds(tp, Features{Tokens: 1}), 1e-12)
	}
	one := AttentionKernel{Prefill: []Linear{{TP: 1, Floor: 1, PerToken: 10, PerPair: 10, PerIndexPair: 10}}}
	require.InDelta(t, 1+10*(0.2+0.8/4)+10*(0.51+0.49/4)+10,
		one.PrefillSeconds(4, Features{Tokens: 1, Pairs: 1, IndexPairs: 1}), 1e-12)
}

func TestGridIsExactAtItsPointsAndExtendsBySlopes(t *testing.T) {
	k := AttentionKernel{
		Decode: []Linear{
			{TP: 1, Floor: 50, PerToken: 2, PerIndexPair: 0.01},
			{TP: 2, Floor: 25, PerToken: 1, PerIndexPair: 0.005},
		},
		Grids: []Grid{{TP: 1, Tokens: []float64{1, 10}, Context: []float64{100, 1000},
			Time: [][]units.Seconds{{100, 200}, {400, 800}}}},
	}
	at := func(tp int, tokens, context float64) float64 {
		return k.DecodeSeconds(tp, Features{Tokens: tokens, IndexPairs: tokens * context, Context: context})
	}
	require.InDelta(t, 100, at(1, 1, 100), 1e-9)
	require.InDelta(t, 800, at(1, 10, 1000), 1e-9)
	require.InDelta(t, 200, at(1, math.Sqrt(10), 100), 1e-9, "geometric mean half way in log space")
	require.InDelta(t, 800+2*10+0.01*(20*1000-10*1000), at(1, 20, 1000), 1e-9)
	require.InDelta(t, 800+0.01*(10*3000-10*1000), at(1, 10, 3000), 1e-9)
	require.InDelta(t, 50, at(2, 1, 100), 1e-9, "the linear forms differ by 2")
}

func TestExpertCurveScalesWithDistinctExpertsAndShape(t *testing.T) {
	a := h200()
	path := ExpertKernel{Weights: MXFP4, Compute: BF16, Curves: []ExpertCurve{{
		Hidden: 7168, Inner: 3072, Experts: 384, TopK: 6, TP: 8, EP: 1, Floor: 40 * micro,
		Tokens: []float64{1, 64, 512, 4096, 16384},
		Time:   []units.Seconds{70 * micro, 1700 * micro, 3900 * micro, 4200 * micro, 16000 * micro},
	}}}
	floor := float64(path.Curves[0].Floor)
	full := v4pro(64, 8, 1)
	half := full
	half.Distinct /= 2
	ratio := (path.Seconds(half, a) - floor) / (path.Seconds(full, a) - floor)
	require.InDelta(t, 0.5, ratio, 0.01, "weight-bound: half the experts, half the time")
	busy := v4pro(16384, 8, 1)
	fewer := busy
	fewer.Distinct /= 2
	require.InEpsilon(t, path.Seconds(busy, a), path.Seconds(fewer, a), 0.05, "compute-bound: all the same")
	wide := full
	wide.Inner *= 2
	require.InEpsilon(t, 2*(path.Seconds(full, a)-floor), path.Seconds(wide, a)-floor, 1e-9)
}

func TestExpertWorkByHand(t *testing.T) {
	flops, bytes := ExpertKernel{Weights: MXFP4}.Work(v4pro(128, 1, 8))
	require.InDelta(t, 128*6/8*6*7168*3072.0, flops, 1)
	require.InDelta(t, 48*3*7168*3072*0.53125, bytes, 1) // 48 experts of 35.09 MB
}

func TestTimesNeverFallWithMoreWork(t *testing.T) {
	sets := []KernelSet{kernels(t, "h200-vllm"), kernels(t, "gb300-trtllm")}
	accelerators := []Accelerator{h200(), gb300()}
	rapid.Check(t, func(t *rapid.T) {
		i := rapid.IntRange(0, 1).Draw(t, "set")
		tokens := rapid.Float64Range(1, 1e5).Draw(t, "tokens")
		more := tokens * rapid.Float64Range(1, 4).Draw(t, "factor")
		ep := rapid.SampledFrom([]int{1, 2, 4, 8, 16}).Draw(t, "ep")
		for _, e := range sets[i].Experts {
			low, high := e.Seconds(v4pro(tokens, 8, ep), accelerators[i]), e.Seconds(v4pro(more, 8, ep), accelerators[i])
			require.LessOrEqual(t, low, high*(1+1e-9))
		}
		for _, a := range sets[i].Attention {
			tp := a.Decode[0].TP
			x, y := Features{Tokens: tokens, Context: 3000}, Features{Tokens: more, Context: 3000}
			require.LessOrEqual(t, a.DecodeSeconds(tp, x), a.DecodeSeconds(tp, y)*(1+1e-9))
			require.LessOrEqual(t, a.PrefillSeconds(tp, x), a.PrefillSeconds(tp, y)*(1+1e-9))
		}
	})
}

func TestPricingAllocatesNothing(t *testing.T) {
	k, a := kernels(t, "h200-vllm"), h200()
	csa, marlin := k.Attention["csa"], k.Experts["marlin-w4a16"]
	x := v4(20000, 64, 4, 1024)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		csa.PrefillSeconds(4, x)
		csa.DecodeSeconds(4, x)
		marlin.Seconds(v4pro(64, 8, 1), a)
	}))
}

func TestKernelSetNamesTheWrongField(t *testing.T) {
	k := kernels(t, "h200-vllm")
	k.AllReduce.Efficiency = 75
	k.Attention["csa"].Prefill[0].PerToken = units.Seconds(math.NaN())
	k.Experts["marlin-w4a16"].Curves[0].Tokens[3] = 1
	err := k.Validate()
	require.ErrorContains(t, err, "all_reduce.efficiency: 75")
	require.ErrorContains(t, err, "attention.csa.prefill[0].per_token")
	require.ErrorContains(t, err, "experts.marlin-w4a16.curves[0].tokens")
}
