package step_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/hardware"
	"agentsim/models/step"
)

// twoNodes is FP8 experts spread over two H200 nodes, whose exchange crosses
// the scale-out network.
func twoNodes(t testing.TB, from int, change ...func(*step.Config)) *step.Model {
	t.Helper()
	cfg := config(t, "hgx-h200", "vllm-2026-06", "h200-vllm-2026-06", step.Shape{Accelerators: 16, EP: 16, DPAttention: true,
		TokenBudget: 16384, MaxBatchPerRank: 512, TwoBatchFrom: from})
	cfg.Precision.Experts = hardware.FP8
	cfg.System.Accelerator.Power.TDP *= 10
	cfg.Engine.Exchange.Deduplicate = false
	for _, c := range change {
		c(&cfg)
	}
	m, err := step.New(cfg)
	require.NoError(t, err)
	return m
}

// Halves pay where the exchange is long, and cost where weights are read twice
// for it: at large and at small batches (hardware.md 4.3: -27 % at 32 tokens an
// accelerator, +25 % at 256 with EP72; prefill +27 to +40 %).
func TestTwoBatchOverlapPaysAtLargeBatchesOnly(t *testing.T) {
	plain, halves := twoNodes(t, 0), twoNodes(t, 1)
	gain := func(batch int) float64 {
		loads := decodeBatch(16, batch, 4000)
		return seconds(t, plain, loads)/seconds(t, halves, loads) - 1
	}
	require.Less(t, gain(2), -0.1)
	require.Greater(t, gain(512), 0.05)
	loads := make([]step.Rank, 16)
	for i := range loads {
		plain.AddPrefill(&loads[i], 0, 8192, true)
	}
	require.Greater(t, seconds(t, plain, loads)/seconds(t, halves, loads), 1.1)
}

func TestTwoBatchOverlapBeginsAtItsThreshold(t *testing.T) {
	plain, halves := twoNodes(t, 0), twoNodes(t, 64)
	small, large := decodeBatch(16, 56, 4000), decodeBatch(16, 64, 4000)
	require.Equal(t, plain.Step(small), halves.Step(small))
	require.NotEqual(t, plain.Step(large), halves.Step(large))
	one := decodeBatch(16, 0, 0)
	one[3] = step.Rank{Sequences: 1, Context: 4000}
	require.Equal(t, plain.Step(one), twoNodes(t, 1).Step(one), "one sequence has no halves")
}

// Without a network to wait for, halves are two batches one after the other.
func TestHalvesReadTheWeightsTwice(t *testing.T) {
	free := func(c *step.Config) {
		c.Kernels.Dispatch, c.Kernels.Combine = hardware.Collective{Efficiency: 1e9}, hardware.Collective{Efficiency: 1e9}
		c.Kernels.RemoteDispatch, c.Kernels.RemoteCombine = c.Kernels.Dispatch, c.Kernels.Combine
		c.Engine.Host.PerStep = 0
	}
	plain, halves := twoNodes(t, 0, free), twoNodes(t, 1, free)
	half, whole := operators(plain, decodeBatch(16, 64, 4000)), operators(halves, decodeBatch(16, 128, 4000))
	for _, o := range []step.Operator{step.Attention, step.Experts, step.SharedExpert, step.Small, step.Residual} {
		require.InEpsilon(t, 2*half[o].Seconds, whole[o].Seconds, 1e-9, o.String())
		require.InEpsilon(t, 2*half[o].Joules, whole[o].Joules, 1e-9, o.String())
	}
	require.Less(t, whole[step.Dispatch].Seconds+whole[step.Combine].Seconds, 1e-6)
	require.Greater(t, halves.Step(decodeBatch(16, 128, 4000)).Seconds, plain.Step(decodeBatch(16, 128, 4000)).Seconds)
}

// The booked time is that of two halves that take turns on two resources, laid
// out here operation by operation.
func TestTwoBatchOverlapIsTheScheduleOfTwoHalves(t *testing.T) {
	for _, batch := range []int{8, 64, 256, 512} {
		plain, halves := twoNodes(t, 0), twoNodes(t, 1)
		half := operators(plain, decodeBatch(16, batch/2, 4000))
		per := func(o ...step.Operator) (sum float64) {
			for _, o := range o {
				sum += half[o].Seconds / 61
			}
			return sum
		}
		a, e := per(step.Attention, step.Residual, step.Small), per(step.Experts, step.SharedExpert)
		d, c := per(step.Dispatch), per(step.Combine)
		laidOut := schedule(61, a, e, d, c)
		ops := operators(halves, decodeBatch(16, batch, 4000))
		booked := 0.0
		for o, i := range ops {
			if o != step.Head && o != step.Host {
				booked += i.Seconds
			}
		}
		require.GreaterOrEqual(t, booked, laidOut*(1-1e-9), "batch %d", batch)
		require.InEpsilon(t, laidOut, booked, 0.03, "batch %d", batch)
		require.GreaterOrEqual(t, booked, 61*2*max(a+e, d+c)*(1-0.01), "the bound of modelling.md 1.9")
	}
}

// schedule runs the layers of two equal halves on one compute and one network
// resource, each operation as early as its inputs and its resource allow.
func schedule(layers int, attention, experts, dispatch, combine float64) float64 {
	compute, network := 0.0, 0.0
	var ready [2]float64
	run := func(resource *float64, half int, seconds float64) {
		*resource = max(*resource, ready[half]) + seconds
		ready[half] = *resource
	}
	run(&compute, 0, attention)
	for layer := range layers {
		if layer == 0 {
			run(&compute, 1, attention)
		}
		run(&network, 0, dispatch)
		run(&network, 1, dispatch)
		run(&compute, 0, experts)
		run(&compute, 1, experts)
		run(&network, 0, combine)
		run(&network, 1, combine)
		if layer < layers-1 {
			run(&compute, 0, attention)
			run(&compute, 1, attention)
		}
	}
	return max(ready[0], ready[1])
}

func TestPipelinesAndHalvesAllocateNothing(t *testing.T) {
	halves := twoNodes(t, 1)
	loads := decodeBatch(16, 40, 30000)
	require.Zero(t, testing.AllocsPerRun(100, func() { halves.Step(loads) }))
	stages := staged(t, 4, 4)
	require.Zero(t, testing.AllocsPerRun(100, func() { stages.Step(loads[:1]) }))
}
