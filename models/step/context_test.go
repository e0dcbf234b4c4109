package step_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/hardware"
	"agentsim/models/llm"
	"agentsim/models/moe"
	"agentsim/models/step"
)

// onNode is a model on an H200 node under vLLM.
func onNode(t testing.TB, model string, shape step.Shape) step.Config {
	t.Helper()
	c := config(t, "hgx-h200", "vllm", "h200-vllm", shape)
	c.LLM = *preset[llm.Spec](t, "models", model)
	c.Precision = step.Precision{Experts: hardware.FP8, Dense: hardware.FP8, KV: hardware.BF16}
	c.Popularity = moe.Popularity{Kind: moe.Uniform}
	return c
}

func built(t testing.TB, c step.Config) *step.Model {
	t.Helper()
	m, err := step.New(c)
	require.NoError(t, err)
	return m
}

func item(items []step.Item, operator step.Operator) step.Item {
	var sum step.Item
	for _, i := range items {
		if i.Operator == operator {
			sum.Seconds += i.Seconds
			sum.FLOPs += i.FLOPs
			sum.Link += i.Link
		}
	}
	return sum
}

// engine-schedulers, example 17: 128 heads in a group of 8, entries of 576 and
// values of 512 in BF16, 32 sequences. A rank gathers 2·32·128·576·7/8 = 4,128,768
// bytes of queries a layer and 2·32·128·512·7/8 = 3,670,016 of outputs; their sums
// are 4·32·128·7/8 = 14,336.
func TestDecodeContextParallelismExchangesQueriesAndOutputs(t *testing.T) {
	const layers, queries, outputs, sums = 61, 4128768, 3670016, 14336
	cfg := onNode(t, "deepseek-r1", step.Shape{Accelerators: 8, DCP: 8, MaxBatchPerRank: 64})
	time := func(bytes float64) float64 {
		return cfg.Kernels.AllGather.Seconds(bytes, cfg.System.Accelerator.ScaleUp)
	}
	_, items := built(t, cfg).Explain(decodeBatch(1, 32, 100_000))
	got := item(items, step.ContextExchange)
	require.InEpsilon(t, 8*layers*(queries+outputs+sums), got.Link, 1e-9)
	require.InEpsilon(t, layers*(time(queries)+time(sums)+time(outputs)), got.Seconds, 1e-9)

	cfg.Shape.DCPComm = step.AllToAll // sums travel with the outputs
	_, items = built(t, cfg).Explain(decodeBatch(1, 32, 100_000))
	got = item(items, step.ContextExchange)
	require.InEpsilon(t, 8*layers*(queries+outputs+sums), got.Link, 1e-9)
	require.InEpsilon(t, layers*(time(queries)+time(outputs+sums)), got.Seconds, 1e-9)
}

// Latents lie on all eight ranks, and once only under dcp: a token of 61 layers
// with 576 values in BF16 takes 70,272 bytes, or 8,784 of each rank.
func TestDecodeContextParallelismDividesTheCache(t *testing.T) {
	per := func(dcp int) float64 {
		m := built(t, onNode(t, "deepseek-r1", step.Shape{Accelerators: 8, DCP: dcp, MaxBatchPerRank: 64}))
		bytes, _, _ := m.CacheBytes()
		spec, err := m.CacheSpec(step.CacheWork{Prompts: true})
		require.NoError(t, err)
		require.InEpsilon(t, bytes*float64(spec.Components[0].Page), float64(spec.Components[0].Bytes), 1e-9)
		require.Equal(t, 16*dcp, spec.Components[0].Page, "a block of each rank")
		return bytes
	}
	require.InDelta(t, 70272, per(1), 1e-6)
	require.InDelta(t, 8784, per(8), 1e-6)
}

// The core of attention reads an eighth of the context: long contexts gain, short
// ones pay for the exchange.
func TestDecodeContextParallelismPaysAtLongContexts(t *testing.T) {
	at := func(dcp int, context float64) float64 {
		m := built(t, onNode(t, "deepseek-r1", step.Shape{Accelerators: 8, DCP: dcp, MaxBatchPerRank: 64}))
		return seconds(t, m, decodeBatch(1, 16, context))
	}
	require.Less(t, at(8, 200_000), 0.8*at(1, 200_000))
	require.Greater(t, at(8, 1000), at(1, 1000))
}

// Of 4 heads of a cache under tp 8 two ranks hold the same: dcp can halve that, and
// no more. What no layer keeps cannot be divided.
func TestHeadsOfTheCacheGoBeforeItsContext(t *testing.T) {
	cfg := onNode(t, "qwen3-235b-a22b", step.Shape{Accelerators: 8, DCP: 2, MaxBatchPerRank: 64})
	halved, _, _ := built(t, cfg).CacheBytes()
	cfg.Shape.DCP = 1
	whole, _, _ := built(t, cfg).CacheBytes()
	require.InEpsilon(t, 0.5, halved/whole, 1e-9)
	for want, shape := range map[string]step.Shape{
		"dcp: 4, but under tp 8 every one of the 4 heads of the cache of qwen3-235b-a22b lies on 2": {DCP: 4},
		"dcp: 3 does not divide tp 8":               {DCP: 3},
		"dcp: -1: want 1":                           {DCP: -1},
		"pcp: -2: want 1":                           {PCP: -2},
		"pcp: 3 groups of tp 2 do not divide":       {PCP: 3, TP: 2},
		"tp: 2 of the worker's 8 accelerators":      {PCP: 2, TP: 2},
		`dcp_comm: "ring": want ag_rs or a2a`:       {DCPComm: "ring"},
		"accelerators without dp_attention: set dp": {TP: 4},
	} {
		shape.Accelerators, shape.MaxBatchPerRank = 8, 64
		cfg.Shape = shape
		_, err := step.New(cfg)
		require.ErrorContains(t, err, want)
	}
	hybrid := onNode(t, "qwen3.5-397b-a17b", step.Shape{Accelerators: 8, PCP: 2})
	_, err := step.New(hybrid)
	require.ErrorContains(t, err, "pcp: 2, but layers of qwen3.5-397b-a17b keep a state that passes from token to token")
}

// Two groups compute half a prompt each: as many FLOPs in all as one group of the
// same tp, in about half the time, and each brings the other its latents:
// 8,192 · 1/2 · 576 values in BF16 = 4,718,592 bytes a layer.
func TestPrefillContextParallelismDividesAPrompt(t *testing.T) {
	attention := func(n, pcp int) (step.Item, step.Item, step.Cost) {
		m := built(t, onNode(t, "deepseek-r1", step.Shape{Accelerators: n, TP: n / pcp, PCP: pcp, TokenBudget: 8192}))
		require.Equal(t, 1, m.Config().Shape.Ranks())
		loads := make([]step.Rank, 1)
		m.AddPrefill(&loads[0], 0, 8192, true)
		cost, items := m.Explain(loads)
		return item(items, step.Attention), item(items, step.ContextExchange), cost
	}
	one, none, _ := attention(4, 1)
	two, exchange, _ := attention(8, 2)
	require.Zero(t, none.Link)
	require.InEpsilon(t, one.FLOPs, two.FLOPs, 1e-9)
	require.InEpsilon(t, 0.5, two.Seconds/one.Seconds, 0.15)
	const layers, latents = 61, 8192 / 2 * 576 * 2
	require.InEpsilon(t, 8*layers*latents, exchange.Link, 1e-9)

	// Of a prefix of 100,000 tokens each group holds half and gathers the rest.
	m := built(t, onNode(t, "deepseek-r1", step.Shape{Accelerators: 8, TP: 4, PCP: 2, TokenBudget: 8192}))
	loads := make([]step.Rank, 1)
	m.AddPrefill(&loads[0], 100_000, 8192, true)
	_, items := m.Explain(loads)
	require.InEpsilon(t, 8*layers*(latents+100_000/2*576*2), item(items, step.ContextExchange).Link, 1e-9)
	bytes, _, _ := m.CacheBytes()
	require.InDelta(t, 70272/2, bytes, 1e-6)

	// Engines whose groups all keep the context have nothing to gather, and no room.
	copies := onNode(t, "deepseek-r1", step.Shape{Accelerators: 8, TP: 4, PCP: 2, TokenBudget: 8192})
	copies.Engine.Cache.ContextCopies = true
	m = built(t, copies)
	_, items = m.Explain(loads)
	require.InEpsilon(t, 8*layers*latents, item(items, step.ContextExchange).Link, 1e-9)
	bytes, _, _ = m.CacheBytes()
	require.InDelta(t, 70272, bytes, 1e-6)
}

// What decodes on a rank of several groups is repeated by each (vLLM 25749), but for
// the part of the context that it looks at.
func TestGroupsOfAPromptRepeatDecoding(t *testing.T) {
	at := func(n, pcp int) step.Item {
		m := built(t, onNode(t, "deepseek-r1", step.Shape{Accelerators: n, TP: n / pcp, PCP: pcp, MaxBatchPerRank: 64}))
		_, items := m.Explain(decodeBatch(1, 16, 1))
		return item(items, step.Attention)
	}
	require.InEpsilon(t, 2*at(4, 1).FLOPs, at(8, 2).FLOPs, 0.01)
}
