package step_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/hardware"
	"agentsim/models/step"
)

// Each rule refuses a shape that breaks no other, and says which rule it is.
func TestImpossibleShapesAreRefused(t *testing.T) {
	cfg := config(t, "hgx-h200", "vllm-2026-06", "h200-vllm-2026-06", step.Shape{})
	for want, shape := range map[string]step.Shape{
		"accelerators: 0: a worker needs at least 1":                   {},
		"pp: 3 does not divide the worker's 8":                         {Accelerators: 8, PP: 3},
		"pp: -1 does not divide":                                       {Accelerators: 8, PP: -1},
		"pp: 64 stages, but deepseek-v4-pro has 61 layers":             {Accelerators: 64, PP: 64},
		"tp: 3 does not divide the worker's 8":                         {Accelerators: 8, TP: 3},
		"tp: 8 does not divide the stage's 4":                          {Accelerators: 8, TP: 8, PP: 2},
		"tp: 4 of the worker's 8 accelerators without dp_attention":    {Accelerators: 8, TP: 4},
		"tp: 2 of the stage's 4 accelerators without dp_attention":     {Accelerators: 8, TP: 2, PP: 2},
		"tp: 6 does not divide the 128 heads of deepseek-v4-pro":       {Accelerators: 6, TP: 6},
		"ep: 3 does not divide the worker's 8":                         {Accelerators: 8, EP: 3},
		"ep: 8 does not divide the stage's 4":                          {Accelerators: 8, EP: 8, PP: 2},
		"ep: 1 leaves every expert to 9 accelerators":                  {Accelerators: 9, DPAttention: true},
		"ranks: 512: want 1 to 384":                                    {Accelerators: 512, EP: 512, DPAttention: true},
		"token_budget: -1: want a positive number":                     {Accelerators: 8, TokenBudget: -1},
		"max_batch_per_rank: -1: want a positive number":               {Accelerators: 8, MaxBatchPerRank: -1},
		"draft_tokens: -1: want 0":                                     {Accelerators: 8, DraftTokens: -1},
		"acceptance of deepseek-v4-pro is known to depth":              {Accelerators: 8, DraftTokens: 99},
		"two_batch_from: -1: want 0":                                   {Accelerators: 8, TwoBatchFrom: -1},
		"two_batch_from: 64, but only several ranks of dp_attention":   {Accelerators: 8, EP: 8, TwoBatchFrom: 64},
		"two_batch_from: 9, but only several ranks of dp_attention wi": {Accelerators: 8, DPAttention: true, TwoBatchFrom: 9},
	} {
		cfg.Shape = shape
		_, err := step.New(cfg)
		require.ErrorContains(t, err, want)
	}
	fused := config(t, "gb300-nvl72", "trtllm-2026-06", "gb300-trtllm-2026-06",
		step.Shape{Accelerators: 8, EP: 8, DPAttention: true, TwoBatchFrom: 64})
	_, err := step.New(fused)
	require.ErrorContains(t, err, "two_batch_from: 64, but the kernel megamoe-w4a8 exchanges tokens itself")

	dense := config(t, "hgx-h200", "vllm-2026-06", "h200-vllm-2026-06", step.Shape{Accelerators: 8, EP: 8})
	dense.LLM.Experts = nil
	_, err = step.New(dense)
	require.ErrorContains(t, err, "ep: 8, but deepseek-v4-pro has no experts")
	dense.LLM.Blocks[0].Dense = 4000
	dense.Shape = step.Shape{Accelerators: 64}
	_, err = step.New(dense)
	require.ErrorContains(t, err, "tp: 64 does not divide the inner size 4000")
}

func TestPrecisionsWithoutKernelsAreRefused(t *testing.T) {
	cfg := config(t, "hgx-h200", "vllm-2026-06", "h200-vllm-2026-06", step.Shape{Accelerators: 8})
	cfg.Precision.Experts = hardware.NVFP4
	_, err := step.New(cfg)
	require.ErrorContains(t, err, "have none for nvfp4 experts: set deployment.precision.experts to one of")
	cfg.ExpertsPath = "marlin"
	_, err = step.New(cfg)
	require.ErrorContains(t, err, "marlin-w4a16")
}

// Every shape that no rule forbids is priced, and has memory for something.
func TestLegalShapesAreServed(t *testing.T) {
	cfg := config(t, "hgx-h200", "vllm-2026-06", "h200-vllm-2026-06", step.Shape{})
	for _, pp := range []int{1, 2, 4} {
		for _, stage := range []int{1, 2, 4, 8, 16} {
			for tp := 1; tp <= stage; tp *= 2 {
				for ep := 1; ep <= stage; ep *= 2 {
					cfg.Shape = step.Shape{Accelerators: pp * stage, PP: pp, TP: tp, EP: ep, DPAttention: tp < stage,
						TokenBudget: 4096, MaxBatchPerRank: 32, DraftTokens: 2}
					m, err := step.New(cfg)
					require.NoError(t, err, "%+v", cfg.Shape)
					loads := decodeBatch(m.Config().Shape.Ranks(), 8, 20000)
					m.AddPrefill(&loads[0], 5000, 3000, true)
					require.Positive(t, m.Step(loads).Seconds, "%+v", cfg.Shape)
					require.Equal(t, pp*stage, m.Config().Shape.Ranks()*tp*pp, "%+v", cfg.Shape)
				}
			}
		}
	}
}
