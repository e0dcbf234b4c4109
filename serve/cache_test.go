package serve

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/llm"
)

// windowed halves the toy's layers into full ones and ones with a window, which
// an engine keeps by a policy.
func windowed(policy string) func(*Config) {
	return func(c *Config) {
		full := c.LLM.Blocks[0]
		full.Count /= 2
		window := full
		window.Attention.Kind, window.Attention.Window = llm.Window, 128
		c.LLM.Blocks = []llm.Block{full, window}
		c.Engine.Cache.Policy = policy
	}
}

// Steps take as long whatever they compute, so that calls come in the same
// order however much is found.
func TestMoreMemoryNeverLowersTheHits(t *testing.T) {
	for _, policy := range []string{"ideal", "vllm-0.23", "vllm-0.29", "sglang-window", "tensorrt-llm-per-request",
		"tensorrt-llm-all-reusable"} {
		before, first := -1.0, 0.0
		for _, tokens := range []int{60_000, 90_000, 150_000, 300_000, 1_200_000} {
			c := build(t, toy(play(chat), windowed(policy), memory(tokens), withAgents(24), priced(fixed{step: 0.01}),
				func(c *Config) { c.Deployment.Aggregated.TokenBudget = 8192 }))
			require.NoError(t, c.Run(200))
			require.NoError(t, c.Check())
			tally := c.Totals()
			require.Zero(t, tally.Preemptions)
			hit := float64(tally.HitTokens) / float64(tally.InputTokens)
			require.GreaterOrEqual(t, hit, before, "%s with %d tokens", policy, tokens)
			if before < 0 {
				first = hit
			}
			before = hit
		}
		if policy != "ideal" {
			require.Greater(t, before, first, "%s: memory was short", policy)
		}
	}
}

// What was found and why the rest was not add up, whoever routes.
func TestLostTokensHaveACause(t *testing.T) {
	for _, router := range routerNames() {
		for _, policy := range []string{"ideal", "vllm-0.20", "vllm-0.29", "sglang-window", "tensorrt-llm-per-request"} {
			c := build(t, toy(play(chat), windowed(policy), memory(80_000), withAgents(12), func(c *Config) {
				c.Deployment.Router = router
			}))
			require.NoError(t, c.Run(60))
			tally := c.Totals()
			sum := tally.HitTokens
			for _, tokens := range tally.Missed {
				require.GreaterOrEqual(t, tokens, int64(0))
				sum += tokens
			}
			require.Equal(t, tally.InputTokens, sum, "%s, %s", router, policy)
			pools := int64(0)
			for _, tokens := range tally.Evicted {
				pools += tokens
			}
			require.Equal(t, tally.Missed[Evicted], pools)
			var byWorker Prompts
			for i := range tally.Work {
				byWorker.add(&tally.Work[i].Prompts)
			}
			require.Equal(t, Prompts{tally.InputTokens, tally.HitTokens, tally.Missed, tally.Evicted}, byWorker)
			if router == RoundRobin {
				require.Positive(t, tally.Missed[OtherWorker], policy)
			}
		}
	}
}
