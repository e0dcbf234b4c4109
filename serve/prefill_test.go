package serve

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/trace"
)

// Eight sequences decode, 1 + 3 tokens a step each, when a prompt of 500
// tokens arrives at a worker that may process 100 tokens a step.
func TestPromptChunksFillTheBudget(t *testing.T) {
	for batching, want := range map[string]int{Mixed: 100 - 8*4, PrefillPriority: 100} {
		cfg := toy(turns(trace.Turn{Input: 500, Output: 400}), withDrafts, func(c *Config) {
			c.Deployment.Batching = batching
			c.Deployment.Aggregated.Shape.Accelerators = 1
			c.Deployment.Aggregated.TokenBudget = 100
		})
		c := build(t, cfg)
		w := c.fleet.workers[0]
		w.ranks[0].sequences, w.ranks[0].running, w.batch.size = 8, 8, 8
		c.fleet.calls[0].request = c.agents.list[0].request()
		c.fleet.begin(0)
		c.fleet.route(0)
		w.ranks[0].queue.push(0)
		require.Equal(t, want, w.formChunks(), batching)
	}
}
