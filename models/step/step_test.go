package step_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/models/hardware"
	"agentsim/models/llm"
	"agentsim/models/moe"
	"agentsim/models/step"
	"agentsim/units"
)

// config assembles a worker from presets.
func config(t testing.TB, system, engine, kernels string, shape step.Shape) step.Config {
	t.Helper()
	c := step.Config{
		System:     *preset[hardware.System](t, "systems", system),
		LLM:        *preset[llm.Spec](t, "models", "deepseek-v4-pro"),
		Engine:     *preset[step.EngineSpec](t, "engines", engine),
		Kernels:    *preset[hardware.KernelSet](t, "kernels", kernels),
		Shape:      shape,
		Precision:  step.Precision{Experts: hardware.MXFP4, Dense: hardware.FP8, KV: hardware.FP8},
		Popularity: moe.Popularity{Kind: "uniform"},
		Placement:  moe.Placement{Kind: "contiguous"},
	}
	// What the fluid model of modelling.md 4.4 has around its kernels: 2 ms of
	// host a step, and nothing else.
	c.Engine.Host.PerStep, c.Kernels.Eager = 2e-3, 0
	c.Engine.Exchange.InSitu, c.Engine.Exchange.PerRank = 1, false
	return c
}

func preset[T any](t testing.TB, kind, name string) *T {
	t.Helper()
	value, _, err := configs.LoadPreset[T](configs.Presets(), kind, name, nil)
	require.NoError(t, err)
	return value
}

func gb300(t testing.TB, shape step.Shape) *step.Model {
	m, err := step.New(config(t, "gb300-nvl72", "trtllm-2026-06", "gb300-trtllm-2026-06", shape))
	require.NoError(t, err)
	return m
}

// h200 runs the kernels that the fluid model was composed of, those of vLLM 0.18.
func h200(t testing.TB, shape step.Shape) *step.Model {
	c := config(t, "hgx-h200", "vllm-2026-06", "h200-vllm-2026-06", shape)
	c.Kernels = c.Kernels.AsOf("0.18.0")
	m, err := step.New(c)
	require.NoError(t, err)
	return m
}

func decodeBatch(ranks, sequences int, context float64) []step.Rank {
	loads := make([]step.Rank, ranks)
	for i := range loads {
		loads[i] = step.Rank{Sequences: sequences, Context: float64(sequences) * context}
	}
	return loads
}

func seconds(t testing.TB, m *step.Model, loads []step.Rank) float64 {
	t.Helper()
	c, items := m.Explain(loads)
	sum, joules := 0.0, 0.0
	for _, i := range items {
		sum += i.Seconds
		joules += i.Joules
	}
	require.InEpsilon(t, c.Seconds, sum, 1e-9, "the account adds up to the step")
	require.InEpsilon(t, c.Joules, joules, 1e-9)
	require.Equal(t, c, m.Step(loads), "explaining changes nothing")
	return c.Seconds
}

// The fluid model of modelling.md 1.13 is an independent composition of the
// same fits: 17.5 k tokens/s per accelerator of prefill, 51.5 ms a decode step.
func TestGB300AgreesWithTheFluidModel(t *testing.T) {
	prefill := gb300(t, step.Shape{Accelerators: 8, EP: 8, DPAttention: true, TokenBudget: 16384})
	loads := make([]step.Rank, 8)
	for i := range loads {
		prefill.AddPrefill(&loads[i], 0, 8192, true)
		prefill.AddPrefill(&loads[i], 0, 8192, true)
	}
	require.InEpsilon(t, 17500, 16384/seconds(t, prefill, loads), 0.10)

	decode := gb300(t, step.Shape{Accelerators: 16, EP: 16, DPAttention: true, MaxBatchPerRank: 96, DraftTokens: 3})
	require.InEpsilon(t, 51.5e-3, seconds(t, decode, decodeBatch(16, 96, 8500)), 0.20)
}

// Modelling.md 4.4 composed the measured Marlin table with balanced routing,
// where 8 sequences × 4 tokens read 192 distinct experts; drawn at random
// they read 152, so small batches are faster here.
func TestH200AgreesWithTheFluidModel(t *testing.T) {
	m := h200(t, step.Shape{Accelerators: 8, TokenBudget: 4096, MaxBatchPerRank: 32, DraftTokens: 3})
	one := make([]step.Rank, 1)
	m.AddPrefill(&one[0], 27000, 2000, true)
	require.InEpsilon(t, 0.357, seconds(t, m, one), 0.10)
	for b, want := range map[int]float64{8: 68e-3, 32: 145e-3} {
		require.InEpsilon(t, want, seconds(t, m, decodeBatch(1, b, 27000)), 0.17)
	}
}

// The memory table of modelling.md 3.7.
func TestBudget(t *testing.T) {
	node := h200(t, step.Shape{Accelerators: 8, EP: 8, TokenBudget: 4096, MaxBatchPerRank: 64})
	b := node.Budget()
	require.InEpsilon(t, 108e9, float64(b.Experts+b.Dense+b.Embeddings), 0.03)
	require.Greater(t, float64(b.Cache), 8e9)
	require.Less(t, float64(b.Cache), 25e9)
	require.NoError(t, node.Fit())
	total := b.Unused + b.Experts + b.Dense + b.Embeddings + b.Reserved + b.Activations + b.Cache
	require.InEpsilon(t, float64(b.HBM), float64(total), 1e-12)

	dp := h200(t, step.Shape{Accelerators: 8, EP: 8, DPAttention: true, TokenBudget: 16384, MaxBatchPerRank: 64})
	require.ErrorContains(t, dp.Fit(), "does not fit")
	require.ErrorContains(t, dp.Fit(), "would fit")

	rack := gb300(t, step.Shape{Accelerators: 8, EP: 8, DPAttention: true, MaxBatchPerRank: 192, DraftTokens: 3}).Budget()
	require.InEpsilon(t, 104.5e9+28e9, float64(rack.Experts+rack.Dense+rack.Embeddings), 0.04)

	// TensorRT-LLM gives its caches nine tenths of what is free (engine-caches.md 5).
	require.InEpsilon(t, 9*float64(rack.Unused), float64(rack.Cache), 1e-9)
	total = rack.Unused + rack.Experts + rack.Dense + rack.Embeddings + rack.Reserved + rack.Activations + rack.Cache
	require.InEpsilon(t, float64(rack.HBM), float64(total), 1e-12)
}

// More of anything never makes a step longer.
func TestBetterHardwareIsNeverSlower(t *testing.T) {
	improve := map[string]func(*hardware.Accelerator){
		"bandwidth": func(a *hardware.Accelerator) { a.HBM.Bandwidth *= 2 },
		"scale-up":  func(a *hardware.Accelerator) { a.ScaleUp *= 2 },
		"power":     func(a *hardware.Accelerator) { a.Power.TDP *= 2 },
		"compute": func(a *hardware.Accelerator) {
			faster := map[hardware.Format]units.FLOPRate{}
			for f, rate := range a.Compute {
				faster[f] = 2 * rate
			}
			a.Compute = faster
		},
	}
	shape := step.Shape{Accelerators: 8, EP: 8, DPAttention: true, TokenBudget: 8192, MaxBatchPerRank: 64, DraftTokens: 3}
	for name, better := range improve {
		base := config(t, "gb300-nvl72", "trtllm-2026-06", "gb300-trtllm-2026-06", shape)
		m, err := step.New(base)
		require.NoError(t, err)
		better(&base.System.Accelerator)
		fast, err := step.New(base)
		require.NoError(t, err)
		loads := decodeBatch(8, 40, 30000)
		require.LessOrEqual(t, fast.Step(loads).Seconds, m.Step(loads).Seconds, name)
		for i := range loads {
			m.AddPrefill(&loads[i], 1000, 4000, true)
		}
		require.LessOrEqual(t, fast.Step(loads).Seconds, m.Step(loads).Seconds, name)
	}
}

func TestStepAllocatesNothing(t *testing.T) {
	m := gb300(t, step.Shape{Accelerators: 8, EP: 8, DPAttention: true, MaxBatchPerRank: 64, DraftTokens: 3})
	loads := decodeBatch(8, 40, 30000)
	require.Zero(t, testing.AllocsPerRun(100, func() { m.Step(loads) }))
}

// A dequantising kernel draws its own watts as long as it runs: its useful
// FLOPs and bytes do not describe it.
func TestDequantisingExpertsDrawTheirOwnWatts(t *testing.T) {
	cfg := config(t, "hgx-h200", "vllm-2026-06", "h200-vllm-2026-06", step.Shape{Accelerators: 8, EP: 8, MaxBatchPerRank: 64})
	m, err := step.New(cfg)
	require.NoError(t, err)
	cost, items := m.Explain(decodeBatch(1, 16, 30000))
	watts := float64(cfg.Kernels.Experts[m.ExpertsPath()].DynamicPower)
	require.Positive(t, watts)
	for _, i := range items {
		if i.Operator == step.Experts {
			require.InEpsilon(t, watts*8*i.Seconds, i.Joules, 1e-9)
		}
	}
	power := cfg.System.Accelerator.Power
	mean := float64(power.Static()) + cost.Joules/cost.Seconds/8
	require.Less(t, mean, float64(power.TDP))
}

// Without expert parallelism data-parallel ranks gather the tokens of all before
// the experts and scatter them behind: twice in every layer with experts, by hand.
func TestRanksThatShareExpertsGatherAndScatter(t *testing.T) {
	run := wideRun{system: "hgx-h200", engine: "vllm", ranks: 8, tokens: 4096, prompt: 1024,
		placement: moe.Placement{Kind: moe.Contiguous}}
	cfg := wideModel(t, run).Config()
	cfg.Shape.EP = 1
	m, err := step.New(cfg)
	require.NoError(t, err)
	_, items := m.Explain(run.loads(m))
	const layers, hidden, bf16 = 58, 7168, 2
	bytes := 7.0 / 8 * 8 * 4096 * hidden * bf16
	want := 2 * layers * cfg.Kernels.AllGather.Seconds(bytes, cfg.System.Accelerator.ScaleUp)
	for _, i := range items {
		if i.Operator == step.Gather {
			require.InEpsilon(t, want, i.Seconds, 1e-9)
			return
		}
	}
	require.Fail(t, "nothing is gathered")
}
