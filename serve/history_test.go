package serve

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/trace"
)

// rewriting is a play of sessions of 5 to 40 turns after gaps of very different
// lengths, in which every sixth turn forgets the last few.
func rewriting(r *rand.Rand, out *trace.Session) {
	out.Shared = 256
	input := int32(600)
	for i := range 5 + r.IntN(36) {
		t := trace.Turn{Input: input, Output: int32(20 + r.IntN(100)), Gap: float32(0.2 * float64(int(1)<<r.IntN(6)))}
		if i > 0 {
			t.Prefix = t.Input - 150
		}
		if i%6 == 5 {
			t.Prefix -= 400
		}
		out.Turns = append(out.Turns, t)
		input += int32(100 + r.IntN(200))
	}
}

// What is found in the first seconds is what is found later, whatever decides where
// calls go, what is kept and what gives way.
func TestCachesAreStationaryFromTheFirstCallOn(t *testing.T) {
	designs := map[string][]func(*Config){
		"aggregated":    {},
		"room":          {memory(200_000)},
		"windows":       {windowed("vllm-0.29")},
		"host":          {memory(30_000), withHost(1e11)},
		"disaggregated": {disaggregated(2, 1)},
		"retaining":     {disaggregated(2, 1), retaining},
	}
	for _, router := range routerNames() {
		designs[router] = []func(*Config){routed(router), disaggregated(3, 1)}
	}
	for name, changes := range designs {
		all := append([]func(*Config){memory(40_000), withAgents(40), priced(fixed{step: 0.005, sequence: 1e-5}),
			func(c *Config) { c.Pace = Pace{TTFT: 0.02, TPOT: 0.005} }}, changes...)
		var found [2]float64
		const seeds = 12
		for seed := range uint64(seeds) {
			cfg := toy(play(rewriting), all...)
			cfg.Seed = seed
			c := build(t, cfg)
			for i, seconds := range []float64{8, 60, 120} {
				c.OpenWindow()
				require.NoError(t, c.Run(seconds))
				if w := c.Window(); i != 1 {
					found[i/2] += float64(w.HitTokens) / float64(w.InputTokens) / seeds
				}
			}
			require.NoError(t, c.Check())
		}
		t.Logf("%s: %.3f of prompts found at once, %.3f later", name, found[0], found[1])
		off := 0.04
		if name == KVAware {
			off = 0.2 // sessions go where others are, and gather for longer than the history lasts
		}
		require.InDelta(t, found[1], found[0], off, name)
	}
}
