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
// a short one. Its prompt lies in the cache; the rest of the answer is to come.
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
			require.EqualValues(t, 200+100*a.turn, turn.Input)
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
		for _, mode := range []func(*Config){func(*Config) {}, disaggregated(2, 1)} {
			c := build(t, toy(play(steadyAnswers), withAgents(40), routed(router), mode, func(c *Config) {
				c.Pace = Pace{TTFT: 1, TPOT: 0.01}
			}))
			require.NoError(t, c.Run(200))
			require.NoError(t, c.Check())
			require.Greater(t, c.tally.Finished, int64(400))
		}
	}
}

// The prompt of an answer under way was computed before the start: it is not
// computed again, and what it found then is what counts.
func TestPromptsOfAnswersUnderWayAreNotComputedAgain(t *testing.T) {
	for _, mode := range []func(*Config){func(*Config) {}, disaggregated(2, 1)} {
		c := build(t, toy(play(steadyAnswers), withAgents(40), mode, func(c *Config) {
			c.Pace, c.Ramp = Pace{TTFT: 0.001, TPOT: 1}, 0
		}))
		require.NoError(t, c.Run(0.5))
		resumed, least := 0, 0
		for i := range c.agents.list {
			call := &c.fleet.calls[i]
			if !call.resumed || call.state == InTool {
				continue
			}
			resumed++
			require.Equal(t, InDecode, call.state)
			require.Less(t, call.hit, int(call.turn.Input)-20, "what is new of a prompt was not found")
			least += int(call.turn.Input)
		}
		require.Greater(t, resumed, 15)
		require.Less(t, int(c.tally.Prefilled), least/4)
	}
}

// What a run finishes early has said as much as what it finishes late: the tokens
// of answers that were under way at the start are counted when they end, for those
// of answers that are under way at the end.
func TestAnswersUnderWayCountWhole(t *testing.T) {
	run := func(pace Pace, seed uint64, seconds float64) *Tally {
		c := build(t, toy(play(steadyAnswers), withAgents(20), func(c *Config) {
			c.Pace, c.Ramp, c.Seed = pace, 0, seed
		}))
		require.NoError(t, c.Run(seconds))
		return &c.tally
	}
	const runs, short = 200, 10
	long := run(Pace{}, 0, runs*short)
	first := 0.0
	for _, s := range long.TTFT {
		first += s / float64(len(long.TTFT))
	}
	pace := Pace{TTFT: first, TPOT: long.InState[InDecode].Seconds() / float64(long.OutputTokens)}
	tokens := int64(0)
	for seed := range runs {
		tokens += run(pace, uint64(seed), short).OutputTokens
	}
	require.InEpsilon(t, long.OutputTokens, tokens, 0.05)
}

// waiting is a play of turns after long gaps, all alike.
func waiting(gap float32) play {
	return func(_ *rand.Rand, out *trace.Session) {
		for i := range 10 {
			t := trace.Turn{Input: int32(200 + 100*i), Output: 100, Gap: gap}
			if i > 0 {
				t.Prefix = t.Input - 100
			}
			out.Turns = append(out.Turns, t)
		}
	}
}

// Who looks at an agent in a gap finds any part of the gap still to come: first
// calls are as many in every tenth of it, not all within the ramp.
func TestAgentsInAGapWaitForTheRestOfIt(t *testing.T) {
	const agents, gap = 4000, 600.0
	c := build(t, toy(waiting(gap), withAgents(agents), func(c *Config) {
		c.Pace = Pace{TTFT: 1, TPOT: 0.01}
		c.Deployment.Cache.Off = true
	}))
	// Nine gaps of 600 s and ten answers of 2 s: the share of agents that are waiting.
	const inGaps = 9 * gap / (9*gap + 10*2)
	for tenth := range 10 {
		require.NoError(t, c.Run(gap/10))
		begun := 0
		for i := range c.fleet.calls {
			call := &c.fleet.calls[i]
			if s := call.issued.Seconds(); s > float64(tenth)*gap/10 && s <= float64(tenth+1)*gap/10 {
				begun++
			}
		}
		if tenth > 0 { // the first has those too that were not in a gap
			require.InDelta(t, inGaps*agents/10, begun, 5*20, "five standard deviations, tenth %d", tenth)
		}
	}
}

// The agent that has waited longest is the first whose cache gives way, as if
// it had been there all the time.
func TestCachesBeginInTheOrderOfLastUse(t *testing.T) {
	const gap = 600.0
	c := build(t, toy(waiting(gap), withAgents(200), memory(20_000), func(c *Config) {
		c.Pace = Pace{TTFT: 1, TPOT: 0.01}
	}))
	hits := make([]int, len(c.agents.list))
	for i := range c.agents.list {
		a, home := &c.agents.list[i], c.fleet.residences[i]
		if a.turn > 0 {
			w := c.fleet.workers[home.home]
			c.fleet.calls[i].request = a.request()
			hits[i] = w.ranks[home.rank].lookup(w.cacheRequest(int32(i))).Tokens
		}
	}
	turns := make([]int, len(c.agents.list))
	for i := range turns {
		turns[i] = c.agents.list[i].turn
	}
	require.NoError(t, c.Run(gap-10))
	kept, lost := 0.0, gap // seconds waited: the most of those kept, the fewest of those lost, on the first rank
	for i, hit := range hits {
		call, home := &c.fleet.calls[i], c.fleet.residences[i]
		if turns[i] == 0 || call.issued == 0 || home.rank != 0 {
			continue
		}
		if waited := gap - call.issued.Seconds(); hit > 0 {
			kept = max(kept, waited)
		} else {
			lost = min(lost, waited)
		}
	}
	require.Positive(t, kept)
	require.Less(t, lost, gap, "some are lost")
	require.Less(t, kept, lost+15, "but for those that are kept in part")
}
