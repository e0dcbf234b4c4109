package step_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"agentsim/configs"
	"agentsim/models/hardware"
	"agentsim/models/llm"
	"agentsim/models/moe"
	"agentsim/models/step"
	"agentsim/units"
)

// everyPlatform is DeepSeek-V4-Pro on every system under every engine that has
// kernels and an experts' path for it.
func everyPlatform(t *testing.T) map[string]step.Config {
	t.Helper()
	all := map[string]step.Config{}
	model := preset[llm.Spec](t, "models", "deepseek-v4-pro")
	for _, system := range configs.Presets().Names("systems") {
		rack := preset[hardware.System](t, "systems", system)
		for _, engine := range configs.Presets().Names("engines") {
			e := preset[step.EngineSpec](t, "engines", engine)
			kernels := configs.KernelsOf(rack.Accelerator.Served(), e.Kernels)
			if !slices.Contains(configs.Presets().Names("kernels"), kernels) {
				continue
			}
			c := step.Config{System: *rack, LLM: *model, Engine: *e, Kernels: *preset[hardware.KernelSet](t, "kernels", kernels),
				Popularity: moe.Popularity{Kind: moe.Uniform}, Placement: moe.Placement{Kind: moe.Contiguous}}
			c.Kernels.Holds = preset[hardware.Accelerator](t, "accelerators", c.Kernels.Accelerator)
			for _, format := range slices.Sorted(maps.Keys(c.Kernels.ExpertsPath)) {
				c.Precision = step.Precision{Experts: format, Dense: hardware.FP8, KV: hardware.FP8}
				c.Shape = step.Shape{Accelerators: 8}
				if _, err := step.New(c); err == nil {
					all[fmt.Sprint(system, " ", engine, " ", format)] = c
				}
			}
		}
	}
	return all
}

// drawShape draws any legal shape of up to four domains' width.
func drawShape(t *rapid.T) step.Shape {
	power := func(most int, name string) int { return 1 << rapid.IntRange(0, most).Draw(t, name) }
	pp, n := power(2, "pp"), power(4, "stage")
	s := step.Shape{Accelerators: pp * n, PP: pp, TP: n, EP: 1, TokenBudget: 8192, MaxBatchPerRank: 64}
	if rapid.Bool().Draw(t, "dp") {
		s.DPAttention, s.TP = true, min(n, power(3, "tp"))
	}
	s.EP = min(n, power(4, "ep"))
	s.DraftTokens = rapid.IntRange(0, 3).Draw(t, "draft")
	if rapid.Bool().Draw(t, "contexts divided") {
		s.DCP = min(s.TP, power(3, "dcp"))
		s.PCP = min(n/s.TP, power(1, "pcp"))
		if !s.DPAttention {
			s.PCP = min(n, power(1, "pcp alone"))
			s.TP = n / s.PCP
			s.DCP = min(s.TP, s.DCP)
		}
	}
	if s.EP > 1 && s.TP < n && rapid.Bool().Draw(t, "halves") {
		s.TwoBatchFrom = rapid.IntRange(1, 500).Draw(t, "from")
	}
	return s
}

func drawBatch(t *rapid.T, m *step.Model) []step.Rank {
	loads := make([]step.Rank, m.Config().Shape.Ranks())
	decode := rapid.SampledFrom([]int{0, 1, 20, 200}).Draw(t, "decode")
	prompts := rapid.SampledFrom([]int{0, 1, 500, 8000}).Draw(t, "prompts")
	for i := range loads {
		n := rapid.IntRange(0, decode).Draw(t, "sequences")
		loads[i].Sequences = n
		loads[i].Context = float64(n) * rapid.Float64Range(1, 200_000).Draw(t, "context")
		if tokens := rapid.IntRange(0, prompts).Draw(t, "tokens"); tokens > 0 {
			m.AddPrefill(&loads[i], rapid.IntRange(0, 100_000).Draw(t, "prefix"), tokens, true)
		}
	}
	return loads
}

// improvements are what makes an accelerator better.
func improvements() map[string]func(*hardware.Accelerator, float64) {
	return map[string]func(*hardware.Accelerator, float64){
		"bandwidth": func(a *hardware.Accelerator, by float64) { a.HBM.Bandwidth *= units.ByteRate(by) },
		"memory":    func(a *hardware.Accelerator, by float64) { a.HBM.Capacity *= units.Bytes(by) },
		"scale-up":  func(a *hardware.Accelerator, by float64) { a.ScaleUp *= units.ByteRate(by) },
		"scale-out": func(a *hardware.Accelerator, by float64) { a.ScaleOut *= units.ByteRate(by) },
		"compute": func(a *hardware.Accelerator, by float64) {
			a.Compute = maps.Clone(a.Compute)
			for f := range a.Compute {
				a.Compute[f] *= units.FLOPRate(by)
			}
		},
	}
}

// More bandwidth, memory or compute never lengthens a step, whatever the
// system, the engine, the shape and the batch. At the power cap what ends
// sooner draws more watts on the mean, which slow the clock of all the rest:
// there the law holds within that.
func TestMoreOfAnythingNeverLengthensAStep(t *testing.T) {
	platforms := everyPlatform(t)
	require.Greater(t, len(platforms), 15)
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(slices.Sorted(maps.Keys(platforms))).Draw(t, "platform")
		cfg := platforms[name]
		cfg.Shape = drawShape(t)
		tolerance := 1e-2
		if rapid.Bool().Draw(t, "uncapped") {
			cfg.System.Accelerator.Power.TDP *= 100
			tolerance = 1e-9
		}
		m, err := step.New(cfg)
		if err != nil {
			cfg.Shape.TwoBatchFrom = 0 // a fused kernel has no halves
			m, err = step.New(cfg)
		}
		require.NoError(t, err)
		loads := drawBatch(t, m)
		before, by := m.Step(loads), rapid.Float64Range(1, 8).Draw(t, "by")
		for what, better := range improvements() {
			improved := cfg
			better(&improved.System.Accelerator, by)
			m, err := step.New(improved)
			require.NoError(t, err)
			after := m.Step(loads)
			require.LessOrEqual(t, after.Seconds, before.Seconds*(1+tolerance), "%s: %s of %+v", name, what, cfg.Shape)
			require.LessOrEqual(t, after.Drain, before.Drain*(1+tolerance), "%s: %s of %+v", name, what, cfg.Shape)
		}
	})
}

// drawStep draws a platform with a shape of one stage, and a batch.
func drawStep(t *rapid.T, platforms map[string]step.Config) (step.Config, []step.Rank) {
	cfg := platforms[rapid.SampledFrom(slices.Sorted(maps.Keys(platforms))).Draw(t, "platform")]
	cfg.Shape = drawShape(t)
	cfg.Shape.Accelerators /= cfg.Shape.PP
	cfg.Shape.PP, cfg.Shape.TwoBatchFrom = 1, 0
	cfg.System.Accelerator.Power.TDP *= 100 // so that no cap slows the clock
	m, err := step.New(cfg)
	require.NoError(t, err)
	return cfg, drawBatch(t, m)
}

// However the figures of an accelerator are set, no operator reads or computes
// faster than they allow, whatever its constants were measured on.
func TestNoOperatorOutrunsTheAcceleratorAsConfigured(t *testing.T) {
	platforms := everyPlatform(t)
	rapid.Check(t, func(t *rapid.T) {
		cfg, loads := drawStep(t, platforms)
		a := &cfg.System.Accelerator
		for _, what := range slices.Sorted(maps.Keys(improvements())) {
			improvements()[what](a, rapid.SampledFrom([]float64{0.01, 0.1, 0.5, 1, 3, 30}).Draw(t, what))
		}
		m, err := step.New(cfg)
		require.NoError(t, err)
		var peak units.FLOPRate
		for _, rate := range a.Compute {
			peak = max(peak, rate)
		}
		n := float64(cfg.Shape.Accelerators)
		_, items := m.Explain(loads)
		for _, item := range items {
			if item.Operator == step.Draft {
				continue // whose account is that of a step of its own
			}
			least := max(item.Bytes/n/float64(a.HBM.Bandwidth), item.FLOPs/n/float64(peak))
			require.GreaterOrEqual(t, item.Seconds*(1+1e-9), least, "%v %s of %+v", item.Operator, item.Kind, cfg.Shape)
		}
	})
}

// A tenth of what bounds more than half of a step lengthens it.
func TestATenthOfWhatBindsLengthensAStep(t *testing.T) {
	platforms := everyPlatform(t)
	bounds := map[string]step.Bound{"bandwidth": step.Memory, "compute": step.Compute}
	seen := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		cfg, loads := drawStep(t, platforms)
		m, err := step.New(cfg)
		require.NoError(t, err)
		if rapid.Bool().Draw(t, "prompts only") {
			loads = make([]step.Rank, len(loads))
			for i := range loads {
				m.AddPrefill(&loads[i], 0, 8000, true)
			}
		}
		cost, items := m.Explain(loads)
		for what, bound := range bounds {
			bounded := 0.0
			for _, item := range items {
				if item.Bound == bound {
					bounded += item.Seconds
				}
			}
			if bounded <= cost.Seconds/2 {
				continue
			}
			seen[what]++
			less := cfg
			improvements()[what](&less.System.Accelerator, 0.1)
			m, err := step.New(less)
			require.NoError(t, err)
			require.Greater(t, m.Step(loads).Seconds, 1.5*cost.Seconds, "%s of %+v", what, cfg.Shape)
		}
	})
	for what := range bounds {
		require.Positive(t, seen[what], what)
	}
}

// Experts spread inside one domain are never slower than the same ones across
// two.
func TestOneDomainIsNeverSlowerThanTwo(t *testing.T) {
	platforms := everyPlatform(t)
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(slices.Sorted(maps.Keys(platforms))).Draw(t, "platform")
		cfg := platforms[name]
		cfg.Shape = step.Shape{Accelerators: 16, EP: 16, DPAttention: true, TokenBudget: 8192, MaxBatchPerRank: 64}
		split := cfg
		cfg.System.Domain, split.System.Domain = 16, 8
		inside, err := step.New(cfg)
		require.NoError(t, err)
		across, err := step.New(split)
		require.NoError(t, err)
		loads := drawBatch(t, inside)
		require.LessOrEqual(t, inside.Step(loads).Seconds, across.Step(loads).Seconds*(1+1e-9), name)
	})
}

// Which of weights and FLOPs bounds a measured point is a matter of the
// accelerator that it was measured on, not of one that a scenario makes up.
func TestCurvesKnowTheirAccelerator(t *testing.T) {
	for _, name := range configs.Presets().Names("kernels") {
		k := preset[hardware.KernelSet](t, "kernels", name)
		for path, e := range k.Experts {
			if len(e.Curves) > 0 {
				a := preset[hardware.Accelerator](t, "accelerators", k.Accelerator)
				require.InEpsilon(t, e.BalanceOn(*a), e.Balance, 1e-5, "%s: %s", name, path)
			}
		}
	}
}
