package serve

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/step"
	"agentsim/trace"
)

// turns is a play of the same turns in every session.
func turns(list ...trace.Turn) play {
	return func(_ *rand.Rand, out *trace.Session) { out.Turns = append(out.Turns, list...) }
}

// failing is a Sessions that breaks off after some sessions of an agent.
type failing struct {
	play
	from int
}

var errSource = errors.New("the trace is torn")

func (f failing) Session(agent, k int, out *trace.Session) error {
	if k >= f.from {
		return errSource
	}
	return f.play.Session(agent, k, out)
}

func TestSessionsThatNobodyCouldWalkAreErrors(t *testing.T) {
	one := trace.Turn{Input: 1, Output: 1}
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for want, sessions := range map[string]Sessions{
		"session -1 of agent 0: has no turns, want at least 1": turns(),
		"turn 1 has 0 prompt tokens and 5 to generate":         turns(one, trace.Turn{Output: 5}),
		"turn 0 has 9 prompt tokens and 0 to generate":         turns(trace.Turn{Input: 9}),
		"turn 0 comes after a gap of -1 s, want 0 or more":     turns(trace.Turn{Input: 9, Output: 9, Gap: -1}),
		"turn 0 comes after a gap of NaN s":                    turns(trace.Turn{Input: 9, Output: 9, Gap: nan}),
		"turn 0 comes after a gap of +Inf s":                   turns(trace.Turn{Input: 9, Output: 9, Gap: inf}),
		"session -1 of agent 0: the trace is torn":             failing{chat, -1},
	} {
		cfg := toy(sessions)
		require.NoError(t, cfg.Prepare())
		_, err := New(cfg)
		require.ErrorContains(t, err, want)
		cfg.Cold = true
		if _, later := sessions.(failing); !later {
			_, err = New(cfg)
			require.ErrorContains(t, err, "session 0 of agent 0")
		}
	}
}

func TestASourceThatFailsLaterEndsTheRun(t *testing.T) {
	c := build(t, toy(failing{chat, 3}))
	err := c.Run(1000)
	require.ErrorIs(t, err, errSource)
	require.ErrorContains(t, err, "session 3 of agent")
}

func TestAgentsMustBeACount(t *testing.T) {
	cfg := toy(play(chat), withAgents(-1))
	require.NoError(t, cfg.Prepare())
	_, err := New(cfg)
	require.ErrorContains(t, err, "agents: -1: want 0 or more")
}

func TestAFiniteRunEndsWithItsLastCall(t *testing.T) {
	long := turns(trace.Turn{Input: 100, Output: 10}, trace.Turn{Input: 100, Output: 10, Gap: 1000})
	cfg := toy(long, withAgents(4), func(c *Config) { c.Cold, c.CallsMax = true, 6 })
	w := watch(t, cfg)
	require.NoError(t, w.RunOut())
	require.EqualValues(t, 6, w.tally.Finished)
	require.EqualValues(t, 6, w.tally.Issued)
	require.InDelta(t, 1000, w.Now(), 1, "two agents play a second turn, which comes after 1000 s")
	w.checkBooks()
	w.close()

	cfg.CallsMax = 4
	w = watch(t, cfg)
	require.NoError(t, w.RunOut())
	require.Less(t, w.Now(), 1.0)

	cfg.CallsMax = 0
	require.ErrorContains(t, build(t, cfg).RunOut(), "the run would have no end")
}

// A prompt that not even an empty cache could hold ends the run, wherever it
// would have been served, instead of waiting for ever.
func TestAPromptThatNeverFitsEndsTheRun(t *testing.T) {
	fits := trace.Turn{Input: 3000, Output: 10}
	never := trace.Turn{Input: 13000, Output: 10}
	for want, mode := range map[string]func(*Config){
		"deployment.aggregated": func(*Config) {},
		"deployment.prefill":    disaggregated(1, 1),
		"deployment.decode": func(c *Config) { // its memory is what is left beside the activations of a large batch
			disaggregated(1, 1)(c)
			c.Engine.Memory.PerBudgetToken = 65536
			c.Deployment.Decode.MaxBatchPerRank = 4096
			memory(17000)(c)
		},
	} {
		c := build(t, toy(turns(fits, fits, never), memory(12000), mode))
		err := c.Run(100)
		var memory *ErrMemory
		require.ErrorAs(t, err, &memory)
		require.ErrorContains(t, err, want+": a prompt of 13000 tokens with ")
		require.ErrorContains(t, err, "does not fit in a cache of ")
		require.ErrorContains(t, err, "lower workload.context_limit")
	}
}

func TestAnswersOfOneTokenHaveNoSpeed(t *testing.T) {
	for _, mode := range []func(*Config){func(*Config) {}, disaggregated(1, 1), withDrafts} {
		w := watch(t, toy(turns(trace.Turn{Input: 200, Output: 1}), mode))
		w.run(5)
		require.Greater(t, w.sum.Calls, int64(500))
		require.Equal(t, w.sum.Calls, w.sum.OutputTokens)
		require.Empty(t, w.sum.Speed)
		require.Len(t, w.sum.TTFT, int(w.sum.Calls))
		require.Zero(t, w.sum.InState[InDecode])
	}
}

// Answers shorter than the service level counts have no speed either.
func TestShortAnswersHaveNoSpeed(t *testing.T) {
	w := watch(t, toy(turns(trace.Turn{Input: 200, Output: 19}, trace.Turn{Input: 220, Output: 20}),
		func(c *Config) { c.MinOutput = 20 }))
	w.run(10)
	require.InDelta(t, w.sum.Calls, 2*len(w.sum.Speed), 8)
}

// Sessions of one turn that need next to no time: the clock moves all the same.
func TestTheClockAlwaysMoves(t *testing.T) {
	instant := priced(fixed{step: 1e-12})
	c := build(t, toy(turns(trace.Turn{Input: 1, Output: 1}), instant, withAgents(2),
		func(c *Config) { c.Engine.Host, c.Ramp = step.HostCost{}, 0 }))
	require.NoError(t, c.Run(1e-5))
	require.NoError(t, c.Check())
	require.Greater(t, c.Totals().Finished, int64(9000))
}

func TestNoAgentsNoWork(t *testing.T) {
	w := watch(t, toy(play(chat), withAgents(0)))
	w.run(100)
	require.Zero(t, w.Events())
	require.InDelta(t, 100, w.Now(), 1e-6)
	require.Zero(t, joules(&w.sum))
}

// Agents that share a set of sessions take one after the other, leave when there
// is none, and the run ends with the last answer.
func TestARunOfASetEndsWithItsLastSession(t *testing.T) {
	three := turns(trace.Turn{Input: 9, Output: 5}, trace.Turn{Input: 19, Output: 5, Gap: 1}, trace.Turn{Input: 29, Output: 5, Gap: 1})
	for _, agents := range []int{3, 20} {
		c := build(t, toy(three, func(cfg *Config) { cfg.Agents, cfg.Cold, cfg.SessionsMax = agents, true, 7 }))
		require.False(t, c.Drained())
		require.NoError(t, c.RunOut())
		require.True(t, c.Drained())
		require.EqualValues(t, 7, c.Totals().Sessions)
		require.EqualValues(t, 21, c.Totals().Finished)
		require.Zero(t, c.Alive())
		require.NoError(t, c.Check())
	}
	c := build(t, toy(three))
	require.ErrorContains(t, c.RunOut(), "the run would have no end")
}
