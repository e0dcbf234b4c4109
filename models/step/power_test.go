package step_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"agentsim/models/hardware"
	"agentsim/models/step"
	"agentsim/units"
)

// capped is a worker of 8 H200 at a power limit.
func capped(t testing.TB, limit units.Watts) *step.Model {
	t.Helper()
	cfg := config(t, "hgx-h200", "vllm-2026-06", "h200-vllm-2026-06", step.Shape{Accelerators: 8, EP: 8, TokenBudget: 8192,
		MaxBatchPerRank: 64})
	cfg.System.Accelerator.Power.Limit = limit
	m, err := step.New(cfg)
	require.NoError(t, err)
	return m
}

// A worker is held to its cap as one accelerator is that does an eighth of its
// work: the time and the joules are those of a Burst put together by hand from
// the account of the uncapped step.
func TestTheCapHoldsWhatTheAccountSays(t *testing.T) {
	free, tight := capped(t, 0), capped(t, 400)
	loads := make([]step.Rank, 1)
	free.AddPrefill(&loads[0], 20_000, 8_000, true)
	full, items := free.Explain(loads)
	power := tight.Config().System.Accelerator.Power
	var b hardware.Burst
	for _, item := range items {
		b.Seconds += item.Seconds
		b.Joules += item.Joules / 8
		if item.Bound == step.Compute {
			b.Clocked += item.Seconds
		}
		b.Moved += (item.Bytes*float64(power.PerHBMByte) + item.Link*float64(power.PerLinkByte)) / 8
	}
	require.InEpsilon(t, full.Seconds, b.Seconds, 1e-9)
	require.Greater(t, b.Joules/b.Seconds, 400-float64(power.Static()), "the cap binds")
	got := tight.Step(loads)
	require.Greater(t, got.Seconds, full.Seconds)
	require.InEpsilon(t, 400, float64(power.Static())+got.Joules/8/got.Seconds, 1e-9)
	b.Moved += expertTraffic(free, power, loads) / 8
	seconds, joules := power.Hold(b)
	require.InEpsilon(t, seconds, got.Seconds, 1e-9)
	require.InEpsilon(t, 8*joules, got.Joules, 1e-9)
}

// expertTraffic is the joules of the memory traffic of experts that draw watts
// of their own, which their account does not list.
func expertTraffic(m *step.Model, power hardware.AcceleratorPower, loads []step.Rank) float64 {
	dear := m.Config()
	dear.Kernels.Experts = maps.Clone(dear.Kernels.Experts)
	kernel := dear.Kernels.Experts[m.ExpertsPath()]
	kernel.DynamicPower = 0
	dear.Kernels.Experts[m.ExpertsPath()] = kernel
	listed, err := step.New(dear)
	if err != nil {
		panic(err)
	}
	_, items := listed.Explain(loads)
	for _, item := range items {
		if item.Operator == step.Experts {
			return item.Bytes * float64(power.PerHBMByte)
		}
	}
	return 0
}

// On every platform, for any shape and batch: as the cap tightens a step never
// takes less time, nor less energy than the slower clock saves of its
// computing; it draws no more than the cap, and the account adds up to the step.
func TestTighterCapsLengthenSteps(t *testing.T) {
	platforms := everyPlatform(t)
	bound := 0
	rapid.Check(t, func(t *rapid.T) {
		cfg := platforms[rapid.SampledFrom(slices.Sorted(maps.Keys(platforms))).Draw(t, "platform")]
		cfg.Shape = drawShape(t)
		cfg.Shape.TwoBatchFrom = 0
		power := &cfg.System.Accelerator.Power
		power.TDP *= 100
		free, err := step.New(cfg)
		require.NoError(t, err)
		loads := drawBatch(t, free)
		last := free.Step(loads)
		n, full := float64(cfg.Shape.Accelerators), last
		if full.Seconds == 0 {
			return
		}
		static := power.Static()
		mean := units.Watts(full.Joules / n / full.Seconds)
		for _, share := range []float64{2, 1, 0.9, 0.6, 0.3, 0.05} {
			power.TDP = static + units.Watts(share)*mean
			m, err := step.New(cfg)
			require.NoError(t, err)
			cost, items := m.Explain(loads)
			seconds, joules := 0.0, 0.0
			for _, item := range items {
				seconds += item.Seconds
				joules += item.Joules
			}
			require.InEpsilon(t, cost.Seconds, seconds, 1e-9)
			require.InEpsilon(t, cost.Joules, joules, 1e-9)
			require.GreaterOrEqual(t, cost.Seconds, last.Seconds*(1-1e-9))
			require.LessOrEqual(t, cost.Joules, last.Joules*(1+1e-9))
			require.GreaterOrEqual(t, cost.Joules, 0.4*full.Joules, "the clock saves no more than 0.6^1.7 leaves")
			require.LessOrEqual(t, cost.Joules/n/cost.Seconds, float64(power.TDP-static)*(1+1e-9))
			if share < 1 {
				bound++
				require.InEpsilon(t, float64(power.TDP-static), cost.Joules/n/cost.Seconds, 1e-6, "a cap that binds is used")
			}
			last = cost
		}
	})
	require.Positive(t, bound)
}
