package serve

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/trace"
)

// mixedLengths is a play of sessions of 10 turns, and as many of 30.
func mixedLengths(r *rand.Rand, out *trace.Session) {
	n := 10 + 20*r.IntN(2)
	out.Shared = 128
	for i := range n {
		t := trace.Turn{Input: int32(200 + 100*i), Output: 20, Gap: 1}
		if i > 0 {
			t.Prefix = t.Input - 100
		}
		out.Turns = append(out.Turns, t)
	}
}

// Who looks at an agent at a random moment finds it in a session of three
// times the length three times as often, and in any of its turns alike.
func TestAgentsStartSomewhereInsideTheirSessions(t *testing.T) {
	const agents = 4000
	c := build(t, toy(play(mixedLengths), withAgents(agents), func(c *Config) {
		c.Ramp = 100
		c.Deployment.Cache.Off = true
	}))
	long, turn := 0, 0.0
	for i := range c.agents.list {
		a := &c.agents.list[i]
		if len(a.session.Turns) == 30 {
			long++
			turn += float64(a.turn)
		}
	}
	require.InDelta(t, 0.75, float64(long)/agents, 0.03)
	require.InDelta(t, 14.5, turn/float64(long), 0.5, "the mean of 0 to 29")

	require.NoError(t, c.Run(50))
	begun := 0
	for i := range c.fleet.calls {
		if c.fleet.calls[i].issued > 0 {
			begun++
		}
	}
	require.InDelta(t, agents/2, begun, 0.05*agents, "first calls are spread over the ramp")
}

// What an agent has played before the run lies in its rank's cache: its first
// call finds the prompt before it, in whole blocks, and what was generated
// then if that is sent again.
func TestCachesAreWarm(t *testing.T) {
	echoing := play(func(r *rand.Rand, out *trace.Session) {
		mixedLengths(r, out)
		for i := range out.Turns[1:] {
			out.Turns[i+1].Echo = 20
		}
	})
	for replay, generated := range map[string]int{trace.ReplayRecorded: 0, trace.ReplayGenerated: 20} {
		c := build(t, toy(echoing, withAgents(20), func(c *Config) { c.Replay = replay }))
		for i := range c.agents.list {
			a, home := &c.agents.list[i], c.fleet.residences[i]
			if a.turn == 0 {
				require.EqualValues(t, -1, home.home, "nothing was played")
				continue
			}
			w := c.fleet.workers[home.home]
			c.fleet.calls[i].request = a.request()
			hit := w.ranks[home.rank].lookup(w.cacheRequest(int32(i))).Tokens
			require.Equal(t, (int(a.current().Prefix)+generated)/64*64, hit, "agent %d at turn %d", i, a.turn)
		}
	}
}

// All sessions build on 128 tokens that the first of them left.
func TestWarmCachesHoldTheSharedPrefixOnce(t *testing.T) {
	c := build(t, toy(play(mixedLengths), withAgents(20)))
	used := map[bool]int64{}
	for _, shared := range []bool{false, true} {
		c := build(t, toy(play(func(r *rand.Rand, out *trace.Session) {
			mixedLengths(r, out)
			if !shared {
				out.Shared = 0
			}
		}), withAgents(20)))
		for i := range c.fleet.workers[0].ranks {
			used[shared] += c.fleet.workers[0].ranks[i].cache.Used(0)
		}
	}
	sessions := 0
	for i := range c.agents.list {
		if c.agents.list[i].turn > 0 {
			sessions++
		}
	}
	const tokenBytes = 65536
	ranks := len(c.fleet.workers[0].ranks)
	require.EqualValues(t, 128*tokenBytes*(sessions-ranks), used[false]-used[true])
}

func TestAColdStartBeginsEverythingAtOnce(t *testing.T) {
	c := build(t, toy(play(chat), withAgents(10), func(c *Config) { c.Cold, c.Ramp = true, 0 }))
	for i := range c.agents.list {
		require.Zero(t, c.agents.list[i].turn)
		require.Zero(t, c.agents.list[i].k)
	}
	for i := range c.fleet.workers[0].ranks {
		require.Zero(t, c.fleet.workers[0].ranks[i].cache.Used(0))
	}
	require.NoError(t, c.Run(1e-6))
	require.EqualValues(t, 10, c.tally.Issued)
}

// steadyAnswers have 100 tokens, and every tenth has 2,000.
func steadyAnswers(r *rand.Rand, out *trace.Session) {
	mixedLengths(r, out)
	for i := range out.Turns {
		out.Turns[i].Output = 100
		if i%10 == 5 {
			out.Turns[i].Output = 2000
		}
	}
}

// Who looks at an agent at a random moment finds it in an answer as often as
// answers take their share of the time, and in a long one more often than in
// a short one. What it has said lies in the cache; the rest is to come.
func TestAgentsStartInTheMiddleOfTheirAnswers(t *testing.T) {
	const agents = 6000
	c := build(t, toy(play(steadyAnswers), withAgents(agents), func(c *Config) {
		c.Pace = Pace{TTFT: 1, TPOT: 0.01} // with the gap of 1 s: 3 s a turn, of a long answer 22 s
		c.Deployment.Cache.Off = true
	}))
	long, short, rest := 0, 0, 0.0
	for i := range c.agents.list {
		a := &c.agents.list[i]
		switch turn := a.current(); {
		case turn.Output != 100 && turn.Output != 2000 && a.turn%10 == 5:
			long++
			rest += float64(turn.Output)
			require.EqualValues(t, 2200+100*a.turn-int(turn.Output), turn.Input)
			require.Equal(t, turn.Input, turn.Prefix)
		case turn.Output != 100 && a.turn%10 != 5:
			short++
		}
	}
	require.InDelta(t, 20.0/49, float64(long)/agents, 0.02, "of nine short turns and a long one")
	require.InDelta(t, 9.0/49, float64(short)/agents, 0.02)
	require.InDelta(t, 1000, rest/float64(long), 40, "half of it, on average")
}

// Agents that started in the middle of answers begin the next turn as if they
// had made the whole call, and the laws hold.
func TestAnswersUnderWayComeToTheirEnd(t *testing.T) {
	for _, router := range []string{ConversationAffinity, LeastLoaded} {
		c := build(t, toy(play(steadyAnswers), withAgents(40), func(c *Config) {
			c.Pace = Pace{TTFT: 1, TPOT: 0.01}
			c.Deployment.Router = router
		}))
		require.NoError(t, c.Run(200))
		require.NoError(t, c.Check())
		require.Greater(t, c.tally.Finished, int64(400))
	}
}
