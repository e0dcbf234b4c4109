package serve

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/kvcache"
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
		cache := c.workers[0].ranks[0].cache
		_, ok := cache.Admit(0, kvcache.Request{Session: 0, Prompt: 640})
		require.True(t, ok)
		const entry, layers = 4096, 8
		require.InEpsilon(t, fragmentation*entry*layers*(640+128), float64(cache.Used()), 1e-9)
	}
}
