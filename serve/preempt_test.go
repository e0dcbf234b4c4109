package serve

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/trace"
)

// essays is a play of calls whose answers outgrow any estimate.
func essays(r *rand.Rand, out *trace.Session) {
	out.Shared = 0
	for range 3 {
		out.Turns = append(out.Turns,
			trace.Turn{Input: int32(500 + r.IntN(500)), Output: int32(2000 + r.IntN(2000)), Gap: 0.1})
	}
}

// scarce leaves HBM for some two or three of these answers per rank.
func scarce(c *Config) {
	c.System.Accelerator.HBM.Capacity = 2.1e9
	c.Deployment.Cache.ReserveTokens = 128
}

func TestRetractedCallsFinishAllTheSame(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"aggregated":    func(*Config) {},
		"disaggregated": disaggregated(1, 1),
	} {
		t.Run(name, func(t *testing.T) {
			w := watch(t, toy(play(essays), scarce, change, withAgents(12)))
			w.run(400)
			require.Positive(t, w.sum.Preemptions, "memory runs short")
			require.Greater(t, w.sum.Lost, 500*w.sum.Preemptions)
			require.Greater(t, w.sum.Calls, int64(30))
			roomy := watch(t, toy(play(essays), change, withAgents(12)))
			roomy.run(400)
			require.Zero(t, roomy.sum.Preemptions)
			require.GreaterOrEqual(t, roomy.sum.Calls, w.sum.Calls)
			again := w.sum.Prefilled - roomy.sum.Prefilled*w.sum.Calls/roomy.sum.Calls
			require.Greater(t, again, w.sum.Preemptions*100, "what is lost is computed again")
		})
	}
}

func TestAnAnswerThatFitsNowhereIsAnError(t *testing.T) {
	c := build(t, toy(play(func(_ *rand.Rand, out *trace.Session) {
		out.Turns = append(out.Turns, trace.Turn{Input: 500, Output: 30000})
	}), scarce, withAgents(1)))
	err := c.Run(1000)
	var memory *ErrMemory
	require.ErrorAs(t, err, &memory)
	require.ErrorContains(t, err, "does not fit in a cache of")
}

// A call that a decode worker retracts has its prompt still in the cache of
// the worker that computed it.
func TestARetractedCallFindsItsPromptWhereItWasComputed(t *testing.T) {
	c := build(t, toy(play(essays), scarce, disaggregated(1, 1), withAgents(12)))
	for c.tally.Preemptions == 0 {
		require.NoError(t, c.Run(0.01))
	}
	for id := range c.fleet.calls {
		if a := &c.fleet.calls[id]; a.preempted() {
			home := c.fleet.residences[id]
			w := c.fleet.workers[home.home]
			found := w.ranks[home.rank].lookup(w.cacheRequest(int32(id))).Tokens
			require.Equal(t, int(a.turn.Input)/64*64, found)
			return
		}
	}
	require.Fail(t, "no call was retracted")
}

// Of three calls that decode on a rank the one that joined last goes, to the
// head of the queue that others wait in.
func TestTheYoungestIsRetractedToTheHeadOfTheQueue(t *testing.T) {
	c := build(t, toy(turns(trace.Turn{Input: 500, Output: 900}), withAgents(5), func(c *Config) {
		c.Deployment.Aggregated.Accelerators = 1
		c.Deployment.Aggregated.MaxBatchPerRank = 3
		c.Cold, c.Ramp = true, 0
	}))
	require.NoError(t, c.Run(0.5))
	w := c.fleet.workers[0]
	r := &w.ranks[0]
	require.Equal(t, []int{3, 2}, []int{r.sequences, r.queue.n})
	victim := w.batch.victim(r)
	for _, f := range w.batch.ends {
		require.LessOrEqual(t, w.sequences[f.call].from, w.sequences[victim].from)
	}
	steps := w.sequences[victim].steps
	require.NoError(t, w.batch.preempt(r, victim))
	a, s := &w.calls[victim], &w.sequences[victim]
	require.Equal(t, victim, r.queue.at(0))
	require.Equal(t, 3, r.queue.n)
	require.EqualValues(t, w.batch.steps-s.from, a.generated)
	require.Equal(t, steps, s.steps+int64(a.generated))
	require.Equal(t, 500+a.generated, a.prompt())
}

// Room for one token is less than a step with drafts fills.
func TestTheSmallestReserveIsEnoughToGoOn(t *testing.T) {
	w := watch(t, toy(play(essays), withDrafts, withAgents(4), func(c *Config) {
		c.Deployment.Cache.ReserveTokens = 1
	}))
	w.run(20)
	require.Greater(t, w.sum.Calls, int64(4))
}
