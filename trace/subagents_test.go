package trace

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// teams is a profile whose every session starts sub-agents.
func teams() *Profile {
	constant := func(v float64) Tokens { return Tokens{Kind: Constant, Value: v} }
	return &Profile{
		Name:       "teams",
		Turns:      constant(5),
		FirstInput: constant(1000),
		Output:     constant(10),
		History:    History{Tokens: Tokens{Kind: WholeOutput}},
		AppendLate: constant(90),
		ToolGap:    Span{Kind: Constant, Value: 1},
		SubAgents: &SubAgents{
			Sessions: 1,
			Groups:   constant(2),
			Streams:  constant(3),
			Gates:    1,
			Inherits: 0.5,
			Agent: SubAgent{
				Turns:      constant(4),
				FirstInput: constant(400),
				Output:     constant(20),
				History:    History{Tokens: Tokens{Kind: WholeOutput}},
				Append:     constant(80),
				ToolGap:    Span{Kind: Constant, Value: 2},
			},
		},
	}
}

// Two groups of three sub-agents, each with calls that build on the one before
// and a first prompt of which half is the session's.
func TestSubAgentsOfAProfile(t *testing.T) {
	p := teams()
	require.NoError(t, p.Validate())
	pool, err := NewPool(NewGenerator(p, 1, 1), PoolOptions{Trees: true})
	require.NoError(t, err)
	require.Equal(t, 7, pool.Len())
	require.Len(t, pool.Roots(), 1)
	var parent, child Session
	pool.Session(int(pool.Roots()[0]), &parent)
	require.Len(t, parent.Spawns, 6)
	for _, s := range parent.Spawns {
		require.Equal(t, s.After+1, s.Join, "the next turn waits for the group")
		pool.Session(int(s.Session), &child)
		require.Equal(t, int32(200), child.Inherited)
		require.Len(t, child.Turns, 4)
		for i := 1; i < 4; i++ {
			require.Equal(t, child.Turns[i-1].Input, child.Turns[i].Prefix)
			require.Equal(t, child.Turns[i-1].Input+100, child.Turns[i].Input)
			require.Equal(t, float32(2), child.Turns[i].Gap)
		}
	}
}

func TestSubAgentsThatCannotBe(t *testing.T) {
	for want, spoil := range map[string]func(*SubAgents){
		"sub_agents.sessions":    func(s *SubAgents) { s.Sessions = 2 },
		"sub_agents.gates":       func(s *SubAgents) { s.Gates = -1 },
		"sub_agents.groups":      func(s *SubAgents) { s.Groups = Tokens{} },
		"sub_agents.agent.turns": func(s *SubAgents) { s.Agent.Turns = Tokens{Kind: "odd"} },
	} {
		p := teams()
		spoil(p.SubAgents)
		require.ErrorContains(t, p.Validate(), want)
	}
}

// Groups by turn come in proportion to the session: half of all turns but the
// last start one, and none where the share is 0.
func TestGroupsByTurn(t *testing.T) {
	p := teams()
	p.SubAgents.Groups, p.SubAgents.PerTurn = Tokens{}, 0.5
	require.NoError(t, p.Validate())
	count := func(turns float64) float64 {
		p.Turns = Tokens{Kind: Constant, Value: turns}
		const sessions = 200
		pool, err := NewPool(NewGenerator(p, 1, sessions), PoolOptions{Trees: true})
		require.NoError(t, err)
		return float64(pool.Len()-sessions) / sessions
	}
	require.InEpsilon(t, 3*0.5*4, count(5), 0.1, "three in each")
	require.InEpsilon(t, 3*0.5*40, count(41), 0.05)
	p.SubAgents.Groups = Tokens{Kind: Constant, Value: 1}
	require.ErrorContains(t, p.Validate(), "sub_agents.per_turn: beside groups")
}
