package serve

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/kvcache/prefix"
	"agentsim/trace"
)

// A decode worker of two ranks, of which the first holds one long sequence and
// the second two short ones.
func TestASequenceJoinsWhereThereIsRoom(t *testing.T) {
	c := build(t, toy(play(chat), disaggregated(1, 1), withAgents(4), memory(20000)))
	w := c.fleet.handoff.decoders[0][0]
	hold := func(rank, session, tokens int) {
		r := &w.ranks[rank]
		c.fleet.contents.Begin(prefix.SessionID(session), prefix.Turn{Prompt: tokens})
		_, ok := r.cache.Admit(0, prefix.Request{Session: prefix.SessionID(session), Prompt: tokens})
		require.True(t, ok)
		r.running++
		r.sequences++
		r.context += float64(tokens)
	}
	hold(0, 10, 18000)
	hold(1, 11, 1000)
	hold(1, 12, 1000)

	c.fleet.calls[0].turn.Input = 500
	c.fleet.begin(0)
	require.Equal(t, 0, w.batch.admit(0), "fewest sequences first")
	w.ranks[0].cache.Drop(0)

	c.fleet.calls[0].turn.Input = 5000
	c.fleet.begin(0)
	require.Equal(t, 1, w.batch.admit(0), "the freest rank has no room in its cache, but another has")
	w.ranks[1].cache.Drop(0)

	c.fleet.calls[0].turn.Input = 19500
	c.fleet.begin(0)
	require.Equal(t, -1, w.batch.admit(0), "no rank has room")

	w.ranks[1].running = w.shape.MaxBatchPerRank
	c.fleet.calls[0].turn.Input = 5000
	c.fleet.begin(0)
	require.Equal(t, -1, w.batch.admit(0), "one rank has no room, the other no slot")
}

// A session of four turns that only grows: a decode worker that keeps its
// cache is sent what is new.
func TestADecodeWorkerIsNotSentWhatItKept(t *testing.T) {
	growing := turns(
		trace.Turn{Input: 1024, Output: 64},
		trace.Turn{Input: 2048, Prefix: 1024, Echo: 64, Output: 64, Gap: 1},
		trace.Turn{Input: 3072, Prefix: 2048, Echo: 64, Output: 64, Gap: 1},
		trace.Turn{Input: 4096, Prefix: 3072, Echo: 64, Output: 64, Gap: 1})
	moved := map[string]float64{}
	for _, replay := range []string{trace.ReplayRecorded, trace.ReplayGenerated} {
		for _, retains := range []bool{false, true} {
			w := watch(t, toy(growing, disaggregated(1, 1), withAgents(1), func(c *Config) {
				c.Replay, c.Cold, c.CallsMax = replay, true, 4
				c.Deployment.Cache.DecodeRetains = retains
			}))
			require.NoError(t, w.RunOut())
			const tokenBytes = 16 * 8 * 256 * 2
			moved[fmt.Sprint(replay, retains)] = w.tally.MovedBytes / tokenBytes
		}
	}
	require.Equal(t, map[string]float64{
		"recordedfalse":  1024 + 2048 + 3072 + 4096,
		"generatedfalse": 1024 + 2048 + 3072 + 4096,
		"recordedtrue":   4096,
		"generatedtrue":  4096 - 3*64,
	}, moved)
}

func TestEqualBatchesAreFilledByContext(t *testing.T) {
	w := batch{replica: &replica{flight: &flight{calls: make([]call, 1)}, shape: toyShape(3), ranks: []rank{
		{running: 2, context: 900}, {running: 2, context: 300}, {running: 1},
	}}}
	var order []int
	for i := w.freest(0, -1); i >= 0; i = w.freest(0, i) {
		order = append(order, i)
	}
	require.Equal(t, []int{2, 1, 0}, order)
	w.ranks[2].running = w.shape.MaxBatchPerRank
	require.Equal(t, 1, w.freest(0, -1))
}
