package serve

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/kvcache"
	"agentsim/models/kvcache/prefix"
	"agentsim/trace"
	"agentsim/units"
)

// crowded leaves HBM for about three of the toy's sessions per rank.
func crowded(c *Config) { c.System.Accelerator.HBM.Capacity = 1.6e9 }

// withHost puts a tier below HBM, of the given rate.
func withHost(rate units.ByteRate) func(*Config) {
	return func(c *Config) {
		c.Deployment.Cache.Tiers = []kvcache.TierSpec{{Name: kvcache.Host, Capacity: 64e9, Rate: rate, Latency: 1e-3,
			Link: "pcie"}}
	}
}

// found is the share of prompt tokens that caches held.
func found(w *watched) float64 { return float64(w.sum.HitTokens) / float64(w.sum.InputTokens) }

func TestAHostTierBringsPrefixesBack(t *testing.T) {
	run := func(changes ...func(*Config)) *watched {
		w := watch(t, toy(play(chat), append(changes, crowded, withAgents(24))...))
		w.run(200)
		return w
	}
	without, with, slow := run(), run(withHost(1e10)), run(withHost(1e5))
	require.Less(t, found(without), 0.7, "sessions crowd each other out")
	require.Greater(t, found(with), found(without)+0.1)
	require.Positive(t, with.sum.Reloaded)
	require.Positive(t, with.sum.InState[InReload])
	require.Zero(t, without.sum.InState[InReload])
	require.Less(t, with.sum.Prefilled, without.sum.Prefilled)
	require.InDelta(t, found(without), found(slow), 0.05, "a tier slower than computing is not asked")
}

func TestOneLinkIsSharedByAllWhoNameIt(t *testing.T) {
	c := build(t, toy(play(chat), withHost(1e9)))
	require.Equal(t, c.fleet.workers[0].ranks[0].tiers[1], c.fleet.workers[0].ranks[1].tiers[1])
	require.Len(t, c.fleet.network.wires, 1)
}

func TestRoutersKeepTheLawsAndKVAwareFindsTheCache(t *testing.T) {
	rates := map[string]float64{}
	for _, router := range routerNames() {
		w := watch(t, toy(play(chat), withAgents(12), func(c *Config) {
			c.Deployment.Router = router
			c.Deployment.Aggregated.Workers = 2
		}))
		w.run(100)
		rates[router] = found(w)
	}
	require.Greater(t, rates[KVAware], 0.9*rates[ConversationAffinity])
	require.Greater(t, rates[ConversationAffinity], rates[RoundRobin])
	require.Greater(t, rates[KVAware], rates[PowerOfTwo])
}

func TestASpillMovesASessionFromACongestedRank(t *testing.T) {
	c := build(t, toy(play(chat), func(c *Config) { c.Deployment.Spill = 1000 }))
	a := &c.fleet.residences[0]
	c.fleet.route(0)
	home := a.rank
	c.fleet.workers[a.home].ranks[home].queued = 999
	c.fleet.route(0)
	require.Equal(t, home, a.rank, "below the limit it stays")
	c.fleet.workers[a.home].ranks[home].queued = 1000
	c.fleet.route(0)
	require.NotEqual(t, home, a.rank)
}

func TestShortestFirstTakesTheSmallestPrompt(t *testing.T) {
	c := build(t, toy(play(chat), func(c *Config) { c.Deployment.PrefillOrder = ShortestFirst }))
	w := c.fleet.workers[0]
	r := &w.ranks[0]
	for id, input := range []int32{900, 300, 600} {
		c.fleet.calls[id].turn = trace.Turn{Input: input}
		c.fleet.forget(int32(id))
		c.fleet.begin(int32(id))
		r.queue.push(int32(id))
	}
	require.Equal(t, 1, w.pick(r))
	id, ready, ok := w.admitNext(r)
	require.True(t, ready && ok)
	require.EqualValues(t, 1, id)
	require.Equal(t, []int32{0, 2}, []int32{r.queue.at(0), r.queue.at(1)})
}

// Sixteen others on the wire make a reload take seventeen times as long, and
// computing the prefix again the better choice.
func TestABusyWireMakesComputingTheBetterChoice(t *testing.T) {
	for others, waits := range map[int]bool{0: true, 16: false} {
		c := build(t, toy(turns(trace.Turn{Input: 2048, Output: 5}), withHost(1e10), withAgents(1)))
		w := c.fleet.workers[0]
		r := &w.ranks[0]
		for i := range others {
			w.network.wires[r.tiers[1]].link.Start(0, uint32(100+i), 1e9)
		}
		const tokens = 1024
		hit := prefix.Hit{Tokens: tokens}
		hit.Levels[1], hit.ReloadBytes[1] = tokens, tokens*65536
		alone := 1e-3 + tokens*65536/1e10
		require.Less(t, alone, tokens*w.prefillSeconds)
		require.Greater(t, 17*alone, tokens*w.prefillSeconds)
		a := &w.calls[0]
		a.done, a.hit = tokens, tokens
		require.Equal(t, waits, w.reload(r, 0, hit))
		require.Equal(t, waits, a.done == tokens)
	}
}
