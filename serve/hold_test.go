package serve

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/step"
	"agentsim/trace"
)

// holding is a toy worker of two ranks that decodes, at virtual step 7.
func holding(t *testing.T, spec HoldSpec, schedule step.Schedule) *worker {
	c := build(t, toy(turns(trace.Turn{Input: 500, Output: 400}), func(c *Config) {
		c.Deployment.Hold, c.Engine.Schedule = spec, schedule
	}))
	w := c.fleet.workers[0]
	for i := range w.ranks {
		w.ranks[i].sequences, w.ranks[i].running = 1, 1
	}
	w.batch.size, w.batch.made = 2, 7
	return w
}

// begins is the step, counted from the given one as 1, in which prompts begin.
func begins(w *worker) int {
	for n := 1; ; n++ {
		if !w.holds() {
			return n
		}
		w.batch.made++
	}
}

func TestAWorkerThatPollsLeavesPromptsUntilItLooks(t *testing.T) {
	w := holding(t, HoldSpec{Poll: 5}, step.Schedule{})
	require.False(t, w.holds(), "nobody waits")
	w.ranks[0].queue.push(0)
	require.True(t, w.holds())
	require.EqualValues(t, 10, w.hold.until)
	w.batch.made = 10
	require.False(t, w.holds())
	w.batch.made, w.batch.size = 12, 0
	require.False(t, w.holds(), "an idle worker begins at once")
}

// engine-schedulers, example 16: a prompt that comes just after a look waits for
// 30 steps, one that comes while another is computed not at all.
func TestAStepWithPromptsLooksAtTheQueue(t *testing.T) {
	w := holding(t, HoldSpec{}, step.Schedule{Poll: 30})
	w.ranks[0].queue.push(0)
	w.hold.promptsEnded(7, false)
	require.False(t, w.holds())
	w.batch.made++
	require.Equal(t, 30, begins(w))
}

// engine-schedulers, example 9, on two ranks.
func TestAWorkerThatGathersWaitsForAllItsRanks(t *testing.T) {
	schedule := step.Schedule{Gather: step.Gathering{AllRanks: true, Timeout: 50, Extra: 10}}
	w := holding(t, HoldSpec{}, schedule)
	w.ranks[0].queue.push(0)
	require.Equal(t, 50, begins(w), "only one rank has a prompt")

	w = holding(t, HoldSpec{}, schedule)
	w.ranks[0].queue.push(0)
	w.ranks[1].queue.push(1)
	require.Equal(t, 11, begins(w), "all have prompts and decode")

	w = holding(t, HoldSpec{}, schedule)
	w.ranks[0].queue.push(0)
	w.ranks[1].sequences = 0
	require.Equal(t, 1, begins(w), "a rank has nothing to decode")

	w = holding(t, HoldSpec{Balance: 20}, step.Schedule{})
	w.ranks[1].queue.push(0)
	require.Equal(t, 20, begins(w), "the deployment's word goes first")
	require.True(t, w.holds(), "the next wait has its own")
}

// engine-schedulers, example 10: 0.45 of 8,192 tokens are 3,686; 64 sequences
// with three drafts are 256.
func TestAWorkerWaitsUntilItsBudgetIsFilled(t *testing.T) {
	for queued, begin := range map[int]int{2000: 40, 3500: 1} {
		w := holding(t, HoldSpec{}, step.Schedule{Gather: step.Gathering{Fill: 0.45, Timeout: 40}})
		w.shape.TokenBudget = 8192
		w.ranks[0].enqueue(0, queued)
		w.ranks[0].sequences = 256
		require.Equal(t, begin, begins(w))
	}
}

// engine-schedulers, example 5: n = 4, a prompt comes before step 5 and runs in
// step 8; if that leaves others waiting, prompts run in 9, too.
func TestPromptsWaitForAStepOfTheGrid(t *testing.T) {
	w := holding(t, HoldSpec{}, step.Schedule{Interval: step.Interval{N: 4, Kind: step.Grid}})
	w.batch.made = 4
	w.ranks[0].queue.push(0)
	require.Equal(t, 4, begins(w))
	require.EqualValues(t, 7, w.batch.made)
	w.batch.made = 8
	w.hold.promptsEnded(8, true)
	require.Equal(t, 1, begins(w))
	w.hold.promptsEnded(8, false)
	require.Equal(t, 4, begins(w))
}

// engine-schedulers, example 6: after every step with prompts two without.
func TestDecodeStepsFollowAStepWithPrompts(t *testing.T) {
	w := holding(t, HoldSpec{}, step.Schedule{Interval: step.Interval{N: 2, Kind: step.After}})
	w.ranks[0].prefilling = append(w.ranks[0].prefilling, 0)
	w.hold.promptsEnded(7, false)
	require.Equal(t, 3, begins(w))
}

func TestPromptsUnderWayAreNotHeld(t *testing.T) {
	w := holding(t, HoldSpec{Poll: 5, Balance: 20}, step.Schedule{})
	w.ranks[1].queue.push(0)
	w.ranks[0].prefilling = append(w.ranks[0].prefilling, 1)
	require.False(t, w.holds())
}

func TestHoldsAreRefusedBelowZero(t *testing.T) {
	require.ErrorContains(t, HoldSpec{Poll: -1}.validate(), "hold.poll")
	require.ErrorContains(t, HoldSpec{Balance: -1}.validate(), "hold.balance")
}
