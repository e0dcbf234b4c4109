package step_test

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/hardware"
	"agentsim/models/step"
)

// withEngine prices a decode batch and a prompt on eight GB300 whose engine
// was changed.
func withEngine(t testing.TB, change func(*step.Config)) (decode, prompt float64) {
	t.Helper()
	cfg := config(t, "gb300-nvl72", "trtllm-2026-06", "gb300-trtllm-2026-06",
		step.Shape{Accelerators: 8, EP: 8, DPAttention: true, TokenBudget: 8192, MaxBatchPerRank: 64})
	cfg.ExpertsPath = "mxfp4-w4a8"
	cfg.Engine.Exchange = step.Exchange{DispatchBytes: 1, CombineBytes: 2}
	cfg.System.Accelerator.Power.TDP *= 10 // so that no cap slows the clock
	if change != nil {
		change(&cfg)
	}
	m, err := step.New(cfg)
	require.NoError(t, err)
	loads := make([]step.Rank, 8)
	m.AddPrefill(&loads[0], 0, 4000, true)
	return seconds(t, m, decodeBatch(8, 40, 4000)), seconds(t, m, loads)
}

func TestAStepRunsTheFastestOfSeveralExpertKernels(t *testing.T) {
	slower := func(cfg *step.Config, path string) {
		kernel := cfg.Kernels.Experts["mxfp4-w4a8"]
		roofline := *kernel.Roofline
		roofline.Floor *= 3
		kernel.Roofline = &roofline
		cfg.Kernels.Experts = maps.Clone(cfg.Kernels.Experts)
		cfg.Kernels.Experts["slow"] = kernel
		cfg.ExpertsPath = path
	}
	base, _ := withEngine(t, nil)
	slow, _ := withEngine(t, func(cfg *step.Config) { slower(cfg, "slow") })
	both, _ := withEngine(t, func(cfg *step.Config) { slower(cfg, "slow|mxfp4-w4a8") })
	missing, _ := withEngine(t, func(cfg *step.Config) { slower(cfg, "no-such-path|mxfp4-w4a8") })
	require.Greater(t, slow, base)
	require.Equal(t, base, both)
	require.Equal(t, base, missing, "names that the kernel set lacks are passed over")
}

func TestEnginesSlowDownWhatTheySay(t *testing.T) {
	decode, prompt := withEngine(t, nil)
	host := float64(preset[step.EngineSpec](t, "engines", "trtllm-2026-06").Host.PerStep)

	d, p := withEngine(t, func(cfg *step.Config) { cfg.Kernels.Eager = 1.25 })
	require.Equal(t, decode, d, "decode runs as a captured graph")
	require.InEpsilon(t, 1.25*(prompt-host)+host, p, 0.005, "but for the clock at the power cap")
	_, p = withEngine(t, func(cfg *step.Config) {
		cfg.Kernels.Eager, cfg.Kernels.EagerFor = 1.25, map[hardware.Format]float64{"mxfp4": 1.5, "fp8": 3}
	})
	require.InEpsilon(t, 1.5*(prompt-host)+host, p, 0.005)

	d, _ = withEngine(t, func(cfg *step.Config) {
		cfg.Engine.Exchange.Overlap, cfg.Engine.Exchange.InSitu = 0, 1
	})
	twice, _ := withEngine(t, func(cfg *step.Config) {
		cfg.Engine.Exchange.Overlap, cfg.Engine.Exchange.InSitu = 0, 2
	})
	thrice, _ := withEngine(t, func(cfg *step.Config) {
		cfg.Engine.Exchange.Overlap, cfg.Engine.Exchange.InSitu = 0, 3
	})
	require.Greater(t, twice, d)
	require.InEpsilon(t, twice-d, thrice-twice, 1e-9)

	perRank, _ := withEngine(t, func(cfg *step.Config) { cfg.Engine.Exchange.PerRank = true })
	require.Less(t, perRank, decode, "of 6 experts on 8 ranks some share a rank")
}

func TestEfficienciesOfKernelsAndEngineMultiply(t *testing.T) {
	cfg := config(t, "hgx-h200", "vllm-2026-06", "h200-vllm-2026-06", step.Shape{Accelerators: 8, MaxBatchPerRank: 32})
	price := func() float64 {
		m, err := step.New(cfg)
		require.NoError(t, err)
		return m.Step(decodeBatch(1, 16, 4000)).Seconds
	}
	host := float64(cfg.Engine.Host.PerStep)
	base := price() - host
	cfg.Kernels.Efficiency = 0.5
	require.InEpsilon(t, 2*base, price()-host, 1e-9)
	cfg.Engine.Efficiency = 0.25
	require.InEpsilon(t, 8*base, price()-host, 1e-9)
}

// Two nodes of eight share the work of one but meet over the network.
func TestAllReducesAcrossDomainsPayForTheNetwork(t *testing.T) {
	reduce := func(accelerators int) float64 {
		cfg := config(t, "hgx-h200", "vllm-2026-06", "h200-vllm-2026-06", step.Shape{Accelerators: accelerators, MaxBatchPerRank: 32})
		m, err := step.New(cfg)
		require.NoError(t, err)
		_, items := m.Explain(decodeBatch(1, 1, 4000))
		for _, item := range items {
			if item.Operator == step.AllReduce {
				return item.Seconds
			}
		}
		return 0
	}
	layers := 61.0
	remote := float64(preset[hardware.KernelSet](t, "kernels", "h200-vllm").RemoteCombine.Floor)
	require.Greater(t, reduce(16), reduce(8)+2*layers/2*remote)
}

// Engines that quantise tokens before they leave send them to experts that compute
// in 4 bits as such; for other formats nothing changes.
func TestTokensTravelAsTheirExpertsCompute(t *testing.T) {
	x := step.Exchange{DispatchBytes: 1.03125}
	require.Equal(t, 1.03125, x.DispatchedAs(hardware.NVFP4), "not asked for")
	x.AsComputed = true
	require.Equal(t, 0.5625, x.DispatchedAs(hardware.NVFP4))
	require.Equal(t, 1.03125, x.DispatchedAs(hardware.BF16))
	require.Equal(t, 1.03125, x.DispatchedAs(hardware.FP8))
}
