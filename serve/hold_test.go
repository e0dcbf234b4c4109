package serve

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/trace"
)

// holding is a toy worker of two ranks that decodes, at virtual step 7.
func holding(t *testing.T, spec HoldSpec) *worker {
	c := build(t, toy(turns(trace.Turn{Input: 500, Output: 400}), func(c *Config) { c.Deployment.Hold = spec }))
	w := c.fleet.workers[0]
	w.ranks[0].sequences, w.ranks[0].running, w.batch.size, w.batch.steps = 1, 1, 1, 7
	return w
}

func TestAWorkerThatPollsLeavesPromptsUntilItLooks(t *testing.T) {
	w := holding(t, HoldSpec{Poll: 5})
	require.False(t, w.holds(), "nobody waits")
	w.ranks[0].queue.push(0)
	require.True(t, w.holds())
	require.EqualValues(t, 10, w.hold.until)
	w.batch.steps = 10
	require.False(t, w.holds())
	w.batch.steps, w.batch.size = 12, 0
	require.False(t, w.holds(), "an idle worker begins at once")
}

func TestAWorkerThatBalancesWaitsForAllItsRanks(t *testing.T) {
	w := holding(t, HoldSpec{Balance: 20})
	w.ranks[1].queue.push(0)
	require.True(t, w.holds())
	w.batch.steps = 26
	require.True(t, w.holds(), "the wait counts from its beginning")
	w.batch.steps = 27
	require.False(t, w.holds(), "and ends after 20 steps")
	require.True(t, w.holds(), "the next wait has its own")
	require.EqualValues(t, 47, w.hold.until)
	w.ranks[0].queue.push(1)
	require.False(t, w.holds(), "both ranks have a prompt")
}

func TestPromptsUnderWayAreNotHeld(t *testing.T) {
	w := holding(t, HoldSpec{Poll: 5, Balance: 20})
	w.ranks[1].queue.push(0)
	w.ranks[0].prefilling = append(w.ranks[0].prefilling, 1)
	require.False(t, w.holds())
}

func TestHoldsAreRefusedBelowZero(t *testing.T) {
	require.ErrorContains(t, HoldSpec{Poll: -1}.validate(), "hold.poll")
	require.ErrorContains(t, HoldSpec{Balance: -1}.validate(), "hold.balance")
}
