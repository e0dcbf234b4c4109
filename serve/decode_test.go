package serve

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/kvcache"
)

// A decode worker of two ranks, of which the first holds one long sequence and
// the second two short ones.
func TestASequenceJoinsWhereThereIsRoom(t *testing.T) {
	c := build(t, toy(play(chat), disaggregated(1, 1), withAgents(4), memory(20000)))
	w := &c.workers[c.finish[0]]
	hold := func(rank, session, tokens int) {
		r := &w.ranks[rank]
		_, ok := r.cache.Admit(0, kvcache.Request{Session: kvcache.SessionID(session), Prompt: tokens})
		require.True(t, ok)
		r.running++
		r.sequences++
		r.context += float64(tokens)
	}
	hold(0, 10, 18000)
	hold(1, 11, 1000)
	hold(1, 12, 1000)

	c.calls[0].session.Turns[c.calls[0].turn].Input = 500
	require.Equal(t, 0, c.slot(w, 0), "fewest sequences first")
	w.ranks[0].cache.Drop(0)

	c.calls[0].session.Turns[c.calls[0].turn].Input = 5000
	require.Equal(t, 1, c.slot(w, 0), "the freest rank has no room in its cache, but another has")
	w.ranks[1].cache.Drop(0)

	c.calls[0].session.Turns[c.calls[0].turn].Input = 19500
	require.Equal(t, -1, c.slot(w, 0), "no rank has room")

	w.ranks[1].running = w.shape.MaxBatchPerRank
	c.calls[0].session.Turns[c.calls[0].turn].Input = 5000
	require.Equal(t, -1, c.slot(w, 0), "one rank has no room, the other no slot")
}
