package step_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/hardware"
	"agentsim/models/llm"
	"agentsim/models/step"
)

// engine-schedulers, example 13: A(3) = 1 + 0.79 + 0.48 + 0.22.
func TestAcceptedLengthsAddUpByPosition(t *testing.T) {
	d := step.DraftSpec{Kind: step.RecurrentDraft, Depth: 3, ByPosition: []float64{0.79, 0.48, 0.22}}
	got, err := d.Lengths(&llm.Spec{})
	require.NoError(t, err)
	require.InDeltaSlice(t, []float64{1.79, 2.27, 2.49}, got, 1e-12)

	d = step.DraftSpec{Depth: 2, Accepted: "1.75"} // 1 + p + p² with p = 1/2
	got, err = d.Lengths(&llm.Spec{})
	require.NoError(t, err)
	require.InDeltaSlice(t, []float64{1.5, 1.75}, got, 1e-9)
}

func TestAnUnknownLengthGoesOnAtTheLastRate(t *testing.T) {
	model := &llm.Spec{Name: "m", Acceptance: []float64{1.8, 2.2}} // gains 0.8, 0.4: the next 0.2, 0.1
	d := step.DraftSpec{Depth: 4, Accepted: step.UnknownLength}
	got, err := d.Lengths(model)
	require.NoError(t, err)
	require.InDeltaSlice(t, []float64{1.8, 2.2, 2.4, 2.5}, got, 1e-12)
	d.Accepted = ""
	_, err = d.Lengths(model)
	require.ErrorContains(t, err, "known to depth 2 only: set accepted_length")
	_, err = d.Lengths(&llm.Spec{Name: "bare"})
	require.ErrorContains(t, err, "bare says nothing of accepted drafts")
}

// engine-schedulers, example 14.
func TestDepthFollowsTheBatch(t *testing.T) {
	limits := step.DraftSpec{Depth: 4, ByBatch: map[string]int{"4": 4, "8": 2, "32": 1}}
	for batch, depth := range map[int]int{4: 4, 5: 2, 9: 1, 33: 0} {
		require.Equal(t, depth, limits.DepthAt(batch), batch)
	}
	ranges := step.DraftSpec{Depth: 3, ByBatch: map[string]int{"1-16": 3, "64-128": 2, "256-4096": 0}}
	for batch, depth := range map[int]int{1: 3, 40: 3, 200: 2, 300: 0} {
		require.Equal(t, depth, ranges.DepthAt(batch), batch)
	}
}

func TestDraftsThatCannotBe(t *testing.T) {
	for want, d := range map[string]step.DraftSpec{
		"kind: \"eagle\": want one of none": {Kind: "eagle"},
		"depth: -1":                         {Depth: -1},
		"verify: 1":                         {Depth: 2, Verify: 1},
		"accepted_length: 4.5: of 4 tokens": {Depth: 3, Accepted: "4.5"},
		"by_position[1]: 0.9":               {Depth: 2, ByPosition: []float64{0.8, 0.9}},
		"by_batch.many":                     {Depth: 2, ByBatch: map[string]int{"many": 1}},
		"by_batch.8: 3":                     {Depth: 2, ByBatch: map[string]int{"8": 3}},
	} {
		require.ErrorContains(t, d.Validate(), want)
	}
	var a step.AcceptedLength
	require.ErrorContains(t, a.UnmarshalText([]byte("0.5")), "want tokens a step")
	require.ErrorContains(t, a.UnmarshalText([]byte("NaN")), "want tokens a step")
}

// drafting prices a decode batch on eight H200 with drafts.
func drafting(t *testing.T, d step.DraftSpec) (total, draft float64) {
	t.Helper()
	cfg := config(t, "hgx-h200", "vllm-2026-06", "h200-vllm-2026-06", step.Shape{Accelerators: 8, MaxBatchPerRank: 64})
	cfg.Draft = &d
	m, err := step.New(cfg)
	require.NoError(t, err)
	cost, items := m.Explain(decodeBatch(1, 32, 4000))
	for _, i := range items {
		if i.Operator == step.Draft {
			draft += i.Seconds
		}
	}
	return cost.Seconds, draft
}

// Of two depths a recurrent draft pays one more pass, a block next to nothing,
// a lookup nothing; the target verifies the same tokens of each.
func TestKindsOfDraftsPassAsOftenAsTheySay(t *testing.T) {
	of := func(kind string, depth int) (float64, float64) {
		return drafting(t, step.DraftSpec{Kind: kind, Depth: depth, Accepted: step.UnknownLength})
	}
	_, one := of(step.RecurrentDraft, 1)
	_, two := of(step.RecurrentDraft, 2)
	_, three := of(step.RecurrentDraft, 3)
	require.Greater(t, two, one)
	require.InEpsilon(t, (three-two)/(two-one), 1, 0.4, "a pass more each, over 32 tokens")
	_, block := of(step.BlockDraft, 7)
	_, recurrent := of(step.RecurrentDraft, 7)
	require.Less(t, block, recurrent/2)
	whole, none := of(step.LookupDraft, 3)
	require.Zero(t, none)
	with, draft := of(step.RecurrentDraft, 3)
	require.InEpsilon(t, with, whole+draft/0.8, 0.1)

	_, off := drafting(t, step.DraftSpec{Kind: step.NoDraft, Depth: 3})
	require.Zero(t, off)
}

// Verifying fewer tokens than are drafted costs less.
func TestVerificationIsPricedByItsTokens(t *testing.T) {
	all, _ := drafting(t, step.DraftSpec{Kind: step.LookupDraft, Depth: 7, Accepted: "2"})
	some, _ := drafting(t, step.DraftSpec{Kind: step.LookupDraft, Depth: 7, Verify: 4, Accepted: "2"})
	none, _ := drafting(t, step.DraftSpec{})
	require.Greater(t, all, some)
	require.Greater(t, some, none)
}

// Tokens of one sequence read its latents together, as more heads would: four of
// them on 16 heads take the core's time of one on 64. Rows of different sequences
// read theirs one by one, and so do tokens whose indexer chooses for each.
func TestVerifiedTokensReadASharedCacheOnce(t *testing.T) {
	attention := func(model string, tp, drafts, sequences int) float64 {
		cfg := onNode(t, model, step.Shape{Accelerators: tp, MaxBatchPerRank: 256, DraftTokens: drafts})
		cfg.Engine, cfg.Kernels = *preset[step.EngineSpec](t, "engines", "sglang"),
			*preset[hardware.KernelSet](t, "kernels", "h200-sglang")
		_, items := built(t, cfg).Explain(decodeBatch(1, sequences, 8000))
		return item(items, step.Attention).Seconds
	}
	plain, verified, apart := attention("deepseek-r1", 8, 0, 64), attention("deepseek-r1", 8, 3, 64), attention("deepseek-r1", 8, 0, 256)
	require.Greater(t, verified, plain)
	require.Less(t, verified, 1.3*plain)
	require.Greater(t, apart, 3*plain)
	require.Greater(t, attention("deepseek-v3.2", 8, 3, 64), 1.3*attention("deepseek-v3.2", 8, 0, 64), "sparse")
}
