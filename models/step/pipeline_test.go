package step_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/step"
)

// staged builds a worker of pp stages on the H200 preset, uncapped.
func staged(t testing.TB, stages, each int, change ...func(*step.Config)) *step.Model {
	t.Helper()
	cfg := config(t, "hgx-h200", "vllm-2026-06", "h200-vllm-2026-06",
		step.Shape{Accelerators: stages * each, PP: stages, EP: each, TokenBudget: 8192, MaxBatchPerRank: 64})
	cfg.System.Accelerator.Power.TDP *= 10
	for _, c := range change {
		c(&cfg)
	}
	m, err := step.New(cfg)
	require.NoError(t, err)
	return m
}

// operators adds up the account of a step by operator.
func operators(m *step.Model, loads []step.Rank) map[step.Operator]step.Item {
	_, items := m.Explain(loads)
	sum := map[step.Operator]step.Item{}
	for _, i := range items {
		o := sum[i.Operator]
		o.Seconds += i.Seconds
		o.Link += i.Link
		o.Joules += i.Joules
		o.FLOPs += i.FLOPs
		sum[i.Operator] = o
	}
	return sum
}

// With as many micro-batches as stages, a step takes what one stage alone would
// take for one micro-batch, the passing on, and what the fuller stage is behind.
func TestAPipelinedStepIsTheChainOfOneMicroBatch(t *testing.T) {
	one, two := staged(t, 1, 4), staged(t, 2, 4)
	chain, step2 := one.Step(decodeBatch(1, 16, 20000)), two.Step(decodeBatch(1, 32, 20000))
	ops := operators(two, decodeBatch(1, 32, 20000))
	sends, bubble := ops[step.Sends].Seconds, ops[step.Bubble].Seconds
	require.InEpsilon(t, chain.Seconds+sends+bubble, step2.Seconds, 1e-9)
	require.Positive(t, sends)
	// 31 of 61 layers lie on the first stage, the head on the second: it has 30.
	head := operators(one, decodeBatch(1, 16, 20000))[step.Head].Seconds
	layers := chain.Seconds - head - 2e-3 // of host
	require.InEpsilon(t, 2*max(31./61*layers, 30./61*layers+head)-layers-head, bubble, 1e-9)
	require.InEpsilon(t, 2*chain.Joules+ops[step.Sends].Joules, step2.Joules, 1e-9, "both micro-batches are computed")
	require.Zero(t, step2.Drain, "tokens are out when the step is over")
}

func TestStagesWithoutMicroBatchesStandIdle(t *testing.T) {
	one, four := staged(t, 1, 4), staged(t, 4, 4)
	lone := four.Step(decodeBatch(1, 1, 20000)).Seconds
	require.Greater(t, lone, one.Step(decodeBatch(1, 1, 20000)).Seconds, "one sequence passes all layers all the same")
	full := four.Step(decodeBatch(1, 4, 20000)).Seconds
	require.InEpsilon(t, lone, full, 0.1, "three more fill the bubble")
	require.Zero(t, operators(four, decodeBatch(1, 1, 20000))[step.Bubble].Seconds)
}

// Prompts are cut into as many micro-batches as there are stages; the last
// enters when the others have, and leaves a chain of stages later.
func TestPromptsDrainFromThePipeline(t *testing.T) {
	prompt := func(m *step.Model) step.Cost {
		loads := make([]step.Rank, 1)
		m.AddPrefill(&loads[0], 0, 8192, true)
		return m.Step(loads)
	}
	two, four := prompt(staged(t, 2, 4)), prompt(staged(t, 4, 4))
	require.InDelta(t, 0.5, two.Drain/two.Seconds, 0.02, "one of two micro-batches' time")
	require.InDelta(t, 0.75, four.Drain/four.Seconds, 0.06)
	require.Less(t, four.Seconds, two.Seconds, "twice the stages")
	require.Greater(t, four.Seconds, two.Seconds/2, "but smaller micro-batches")
	require.Zero(t, prompt(staged(t, 1, 4)).Drain)
}

// Activations cross the link that lies between the stages.
func TestStagesTalkOverTheLinkBetweenThem(t *testing.T) {
	sends := func(stages, each int, change func(*step.Config)) float64 {
		m := staged(t, stages, each, change)
		return operators(m, decodeBatch(1, 32, 20000))[step.Sends].Seconds
	}
	none := func(*step.Config) {}
	up := func(c *step.Config) { c.System.Accelerator.ScaleUp /= 4 }
	out := func(c *step.Config) { c.System.Accelerator.ScaleOut /= 4 }
	require.Greater(t, sends(2, 4, up), sends(2, 4, none), "both stages in one domain of 8")
	require.Equal(t, sends(2, 4, out), sends(2, 4, none))
	require.Greater(t, sends(2, 8, out), sends(2, 8, none), "a stage a domain")
	require.Equal(t, sends(2, 8, up), sends(2, 8, none))
	require.Greater(t, sends(4, 4, out), sends(4, 4, none), "one boundary of three lies between domains")
	require.Greater(t, sends(4, 4, up), sends(4, 4, none), "two do not")
	// 32 tokens of 4 residual streams of 7,168 in BF16, each once, over all accelerators of a stage.
	bytes := 32. * 4 * 7168 * 2
	require.InEpsilon(t, bytes, operators(staged(t, 2, 4), decodeBatch(1, 32, 20000))[step.Sends].Link, 1e-9)
}

func TestAStageHoldsItsLayers(t *testing.T) {
	one, two := staged(t, 1, 4), staged(t, 2, 4)
	a, b := one.Budget(), two.Budget()
	require.InEpsilon(t, 31./61*float64(a.Experts), float64(b.Experts), 1e-9)
	require.InEpsilon(t, 31./61*float64(a.Dense), float64(b.Dense), 1e-9)
	require.InEpsilon(t, float64(a.Embeddings)/2, float64(b.Embeddings), 1e-9, "embedding and head on different stages")
	require.InEpsilon(t, float64(a.Activations)/2, float64(b.Activations), 1e-9, "of a micro-batch")
	perToken, fixed, _ := one.CacheBytes()
	ofStage, fixedOfStage, _ := two.CacheBytes()
	require.InEpsilon(t, 31./61*perToken, ofStage, 1e-9)
	require.InEpsilon(t, 31./61*float64(fixed), float64(fixedOfStage), 1e-9)
	require.ErrorContains(t, one.Fit(), "does not fit")
	require.NoError(t, staged(t, 4, 4).Fit())
}
