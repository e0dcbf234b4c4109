package serve

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/trace"
)

// talkative lengthens one answer of one agent's first session.
type talkative struct {
	Sessions
	agent, turn int
}

func (l talkative) Session(agent, k int, out *trace.Session) error {
	err := l.Sessions.Session(agent, k, out)
	if agent == l.agent && k == 0 && l.turn < len(out.Turns) {
		out.Turns[l.turn].Output += 5000
	}
	return err
}

// No policy may know how long an answer will be: until the answer is out, a
// cluster does the same whatever its length.
func TestNothingDependsOnTheLengthOfAnAnswerBeforeItsEnd(t *testing.T) {
	const agent, turn, longest = 0, 1, 60
	for name, cfg := range designs() {
		if cfg.Agents == 0 {
			continue
		}
		cfg.Cold = true
		short := build(t, cfg)
		end := 0.0 // just before the answer is out
		for short.agents.list[agent].turn == turn-1 || short.agents.list[agent].turn == turn && short.agents.list[agent].k == 0 {
			require.Less(t, end, float64(longest), name)
			end = short.Now()
			require.NoError(t, short.Run(1e-3))
		}
		short = build(t, cfg)
		require.NoError(t, short.Run(end))
		cfg.Sessions = talkative{cfg.Sessions, agent, turn}
		long := build(t, cfg)
		require.NoError(t, long.Run(end))
		require.Greater(t, long.agents.list[agent].current().Output, int32(5000), name)
		require.Equal(t, short.Fingerprint(), long.Fingerprint(), name)
		require.Equal(t, short.Events(), long.Events(), name)
	}
}
