package serve

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/trace"
)

// twoNodes is two aggregated workers of two ranks each.
func twoNodes(router string) func(*Config) {
	return func(c *Config) {
		c.Deployment.Router = router
		c.Deployment.Aggregated.Workers = 2
		c.Deployment.Cache.Off = true // agents begin without a home
	}
}

func TestRoundRobinTakesTurnsAmongWorkersThenRanks(t *testing.T) {
	c := build(t, toy(play(chat), twoNodes(RoundRobin)))
	seen := map[place]int{}
	last := int32(-1)
	for range 40 {
		at := c.fleet.entrance.choose(&c.fleet.entrance, 0)
		require.NotEqual(t, last, at.worker)
		last = at.worker
		seen[at]++
	}
	require.Equal(t, map[place]int{{}: 10, {0, 1}: 10, {1, 0}: 10, {1, 1}: 10}, seen)
}

func TestLeastLoadedPrefersTheFewestTokensThenTheFewestCalls(t *testing.T) {
	c := build(t, toy(play(chat), twoNodes(LeastLoaded)))
	load := func(worker, number, queued, running int) {
		r := &c.fleet.workers[worker].ranks[number]
		r.wait(queued)
		r.run(running)
	}
	load(0, 0, 0, 3)
	load(0, 1, 500, 0)
	load(1, 0, 0, 2)
	load(1, 1, 0, 4)
	require.Equal(t, place{worker: 1}, c.fleet.entrance.choose(&c.fleet.entrance, 0), "many calls decode even where no prompt waits")
}

func TestAffinitySpreadsSessionsEvenly(t *testing.T) {
	cfg := toy(play(chat), twoNodes(ConversationAffinity), withAgents(21))
	w := watch(t, cfg)
	w.run(10)
	require.Greater(t, w.tally.Sessions, int64(30))
	for i := range w.fleet.workers {
		for j := range w.fleet.workers[i].ranks {
			require.InDelta(t, 21.0/4, float64(w.fleet.workers[i].ranks[j].homes), 2)
		}
	}
}

// A session whose turns alternate between two ranks has a copy on both, until
// a turn rewrites its history: then the other rank's is of no use any more.
func TestCopiesElsewhereAreDroppedWhenHistoryChanges(t *testing.T) {
	first, second := trace.Turn{Input: 900, Output: 5}, trace.Turn{Input: 1000, Prefix: 900, Output: 5}
	for _, test := range []struct {
		third  trace.Turn
		copies int
	}{
		{trace.Turn{Input: 2000, Prefix: 1000, Output: 5}, 2},
		{trace.Turn{Input: 1800, Prefix: 300, Output: 5}, 1},
	} {
		c := build(t, toy(turns(first, second, test.third, second), withAgents(1), routed(RoundRobin),
			func(c *Config) { c.Cold, c.CallsMax = true, 3 }))
		require.NoError(t, c.RunOut())
		copies := 0
		for i := range c.fleet.workers[0].ranks {
			if tokens, _ := c.fleet.workers[0].ranks[i].cache.Resident(0); tokens > 0 {
				copies++
			}
		}
		require.Equal(t, test.copies, copies)
	}
}

// Of two ranks drawn at random the less loaded one takes the call, so that the
// busier of two gets those calls only that draw it twice.
func TestPowerOfTwoTakesTheBetterOfTwo(t *testing.T) {
	const calls = 4000
	c := build(t, toy(play(chat), routed(PowerOfTwo), withAgents(calls)))
	c.fleet.workers[0].ranks[0].queued = 1000
	busier := 0
	for id := range int32(calls) {
		if c.fleet.entrance.choose(&c.fleet.entrance, id).rank == 0 {
			busier++
		}
	}
	require.InDelta(t, 0.25, float64(busier)/calls, 0.03)
}

// Routers that keep ranks in order send every call where a look at each rank would,
// and drop what a look at each would drop.
func TestRoutersChooseWhatALookAtEveryRankFinds(t *testing.T) {
	designs := everyDesign()
	for _, name := range []string{LeastLoaded, KVAware, RoundRobin} {
		for _, policy := range []string{"ideal", "vllm-0.29", "sglang-window-recompute"} {
			designs[name+" "+policy] = toy(sharing(700), routed(name), withAgents(60), memory(20_000), func(c *Config) {
				c.Deployment.Aggregated.Workers = 5
				c.Engine.Cache.Policy = policy
			})
		}
	}
	for name, cfg := range designs {
		t.Run(name, func(t *testing.T) {
			ends := [2]uint64{}
			for i := range ends {
				cfg.looks = i > 0
				c := build(t, cfg)
				require.NoError(t, c.Run(60))
				ends[i] = c.Fingerprint()
			}
			require.Equal(t, ends[1], ends[0])
		})
	}
}
