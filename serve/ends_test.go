package serve

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

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
	for want, sessions := range map[string]Sessions{
		"session -1 of agent 0: has no turns, want at least 1": turns(),
		"turn 1 has 0 prompt tokens and 5 to generate":         turns(trace.Turn{Input: 1, Output: 1}, trace.Turn{Output: 5}),
		"turn 0 has 9 prompt tokens and 0 to generate":         turns(trace.Turn{Input: 9}),
		"turn 0 comes after a gap of -1 s, want 0 or more":     turns(trace.Turn{Input: 9, Output: 9, Gap: -1}),
		"turn 0 comes after a gap of NaN s":                    turns(trace.Turn{Input: 9, Output: 9, Gap: float32(math.NaN())}),
		"turn 0 comes after a gap of +Inf s":                   turns(trace.Turn{Input: 9, Output: 9, Gap: float32(math.Inf(1))}),
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
