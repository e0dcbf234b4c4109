package serve

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/kvcache/prefix"
	"agentsim/models/llm"
	"agentsim/trace"
)

// A model of eight full layers and eight with a window of 128 tokens, whose
// entries are 8 heads × 256 values × 2 bytes = 4096 bytes.
func TestCachesHoldWhatTheModelSays(t *testing.T) {
	windowed := func(c *Config) {
		full := c.LLM.Blocks[0]
		full.Count = 8
		window := full
		window.Attention.Kind, window.Attention.Window = llm.Window, 128
		c.LLM.Blocks = []llm.Block{full, window}
	}
	for _, fragmentation := range []float64{1, 1.25} {
		c := build(t, toy(turns(trace.Turn{Input: 640, Output: 5}), windowed, withAgents(0), func(c *Config) {
			c.Engine.Memory.Fragmentation = fragmentation
		}))
		cache := c.fleet.workers[0].ranks[0].cache
		c.fleet.contents.Begin(0, prefix.Turn{Prompt: 640})
		_, ok := cache.Admit(0, prefix.Request{Session: 0, Prompt: 640})
		require.True(t, ok)
		const entry, layers = 4096, 8
		require.InEpsilon(t, fragmentation*entry*layers*(640+128), float64(cache.Used(0)), 1e-9)
	}
}

// Linear attention holds a state a running sequence, and nothing a token.
func TestRunningSequencesHoldTheirState(t *testing.T) {
	c := build(t, toy(turns(trace.Turn{Input: 640, Output: 5}), withAgents(0), func(c *Config) {
		full := c.LLM.Blocks[0]
		full.Count = 1
		state := full
		state.Attention = llm.Attention{Kind: llm.Linear, KeyHeads: 4, ValueHeads: 8, KeyDim: 64, ValueDim: 128, Conv: 4}
		c.LLM.Blocks = []llm.Block{full, state}
	}))
	cache := c.fleet.workers[0].ranks[0].cache
	c.fleet.contents.Begin(0, prefix.Turn{Prompt: 640})
	_, ok := cache.Admit(0, prefix.Request{Session: 0, Prompt: 640})
	require.True(t, ok)
	running := cache.Used(0)
	cache.Release(0, 0, 640)
	require.EqualValues(t, 640*4096, cache.Used(0))
	require.Greater(t, running, cache.Used(0)+4*8*64*128, "an FP32 state of 8 × 64 × 128 values")
}
