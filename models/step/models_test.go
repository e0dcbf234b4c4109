package step_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/models/hardware"
	"agentsim/models/llm"
	"agentsim/models/moe"
	"agentsim/models/step"
)

// Every model that comes with the program, and with them every kind of
// attention that one of them has, prices a prompt and a batch: in finite time
// that grows with the context or stays, for an account that adds up.
func TestEveryModelHasItsStep(t *testing.T) {
	met := map[llm.AttentionKind]bool{llm.NoAttention: true}
	for _, name := range configs.Presets().Names("models") {
		for _, b := range preset[llm.Spec](t, "models", name).Blocks {
			met[b.Attention.Kind] = true
		}
		t.Run(name, func(t *testing.T) {
			m, err := step.New(configOf(t, name))
			require.NoError(t, err)
			prompt := make([]step.Rank, m.Config().Shape.Ranks())
			for i := range prompt {
				m.AddPrefill(&prompt[i], 30_000, 4096, true)
			}
			require.Greater(t, seconds(t, m, prompt), 1e-3)
			near, far := seconds(t, m, decodeBatch(len(prompt), 16, 4_000)), seconds(t, m, decodeBatch(len(prompt), 16, 120_000))
			require.Greater(t, near, 1e-4)
			require.GreaterOrEqual(t, far, near)
			loads := decodeBatch(len(prompt), 16, 4_000)
			require.Zero(t, testing.AllocsPerRun(10, func() { m.Step(loads) }))
			budget := m.Budget()
			require.Positive(t, budget.Dense)
			require.Positive(t, budget.Embeddings)
		})
	}
	for _, kind := range llm.AttentionKinds() {
		require.True(t, met[kind], "no model has %s attention: want a preset with it", kind)
	}
}

func configOf(t testing.TB, name string) step.Config {
	cfg := config(t, "gb300-nvl72", "trtllm-2026-06", "gb300-trtllm", step.Shape{
		Accelerators:    8,
		EP:              8,
		DPAttention:     true,
		TokenBudget:     8192,
		MaxBatchPerRank: 64,
	})
	cfg.LLM = *preset[llm.Spec](t, "models", name)
	cfg.Precision.Dense, cfg.Precision.KV = hardware.FP8, hardware.FP8
	if cfg.LLM.Experts == nil {
		cfg.Shape.EP = 1
	} else {
		cfg.Precision.Experts = hardware.MXFP4
		cfg.ExpertsPath = "mxfp4-w4a8"
	}
	cfg.Popularity, cfg.Placement = moe.Popularity{Kind: moe.Uniform}, moe.Placement{Kind: moe.Contiguous}
	return cfg
}

// A layer that attends to what an earlier one's indexer has picked takes the time of
// its own module where that was measured: about half of one with an indexer, and no
// more at a long context than at one of the length that indexers pick.
func TestLayersThatShareAnIndexerTakeTheirOwnTime(t *testing.T) {
	per := func(m *step.Model, context float64) (own, shared float64) {
		_, items := m.Explain(decodeBatch(m.Config().Shape.Ranks(), 4, context))
		for _, item := range items {
			switch item.Kind {
			case string(llm.DSA):
				own = item.Seconds / 21
			case string(llm.DSAShared):
				shared = item.Seconds / 57
			}
		}
		return own, shared
	}
	m, err := step.New(configOf(t, "glm-5.2"))
	require.NoError(t, err)
	own, shared := per(m, 100_000)
	_, near := per(m, 4_000)
	require.Less(t, shared, 0.8*own)
	require.InEpsilon(t, near, shared, 1e-9)
}
