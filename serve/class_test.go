package serve

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/kvcache"
	"agentsim/trace"
	"agentsim/units"
)

func TestASessionIsOfTheClassOfWhatItWaitsFor(t *testing.T) {
	a := agent{session: trace.Session{Turns: []trace.Turn{
		{Kind: trace.First}, {Kind: trace.Tool, Tool: 2}, {Kind: trace.Tool}, {Kind: trace.User},
	}}}
	names := (&Config{Tools: []string{"Read", "Bash"}}).classes()
	var waits []string
	for a.turn = range a.session.Turns {
		waits = append(waits, names[a.class()])
	}
	require.Equal(t, []string{"Bash", "tool", "user", "user"}, waits)
}

// fastAndSlow makes sessions that wait now for a fast tool, then for a slow one.
func fastAndSlow(r *rand.Rand, out *trace.Session) {
	input := int32(1500)
	for turn := range 12 {
		t := trace.Turn{Input: input, Output: 20, Kind: trace.Tool, Tool: uint8(1 + r.IntN(2))}
		if turn > 0 {
			t.Prefix = input - 100
		}
		t.Gap = []float32{4, 40}[t.Tool-1]
		out.Turns = append(out.Turns, t)
		input += 100
	}
}

// Of two sessions the one that waits for the slow tool gives way, though it may
// have been used later.
func TestTimesToLiveByToolKeepWhatComesBackSoon(t *testing.T) {
	rate := func(eviction kvcache.EvictionSpec) float64 {
		cfg := toy(play(fastAndSlow), withAgents(40), memory(14000), func(c *Config) {
			c.Tools = []string{"fast", "slow"}
			c.Deployment.Cache.Eviction = eviction
			c.Deployment.Cache.ReserveTokens = 64
		})
		return hitRate(observe(t, cfg, 400))
	}
	lru := rate(kvcache.EvictionSpec{})
	byTool := rate(kvcache.EvictionSpec{Policy: kvcache.TTL, TTL: map[string]units.Seconds{"fast": 30, "tool": 1}})
	backwards := rate(kvcache.EvictionSpec{Policy: kvcache.TTL, TTL: map[string]units.Seconds{"slow": 30, "tool": 1}})
	require.Greater(t, byTool, lru+0.02)
	require.Less(t, backwards, lru)
}

func TestTimesToLiveOfUnknownToolsAreRefused(t *testing.T) {
	cfg := toy(play(chat), func(c *Config) {
		c.Tools = []string{"Bash"}
		c.Deployment.Cache.Eviction = kvcache.EvictionSpec{Policy: kvcache.TTL,
			TTL: map[string]units.Seconds{"bash": 30, "tool": 1}}
	})
	require.EqualError(t, cfg.Prepare(),
		"deployment.cache.eviction.ttl.bash: the workload has no tool of this name; it has user, tool, Bash")
}
