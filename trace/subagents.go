package trace

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
)

// SubAgents describes the sub-agents that a profile's sessions start: in
// groups, each begun by a turn of the session and working beside it.
// A group's sub-agents begin together, with contexts of their own.
type SubAgents struct {
	Sessions float64  `yaml:"sessions"`                     // share of sessions that start any
	Groups   Tokens   `yaml:"groups,omitempty"`             // groups of such a session, rounded up; absent = by per_turn
	PerTurn  float64  `yaml:"per_turn,omitempty"`           // groups that a turn of such a session starts, in the mean
	Streams  Tokens   `yaml:"streams,omitempty"`            // sub-agents of a group, rounded up; absent = 1
	Gates    float64  `yaml:"gates,omitempty" scale:"0"`    // share of groups that the session's next turn waits for
	Inherits float64  `yaml:"inherits,omitempty" scale:"0"` // share of a first prompt that the session's begin with too
	Agent    SubAgent `yaml:"agent"`
}

// SubAgent is what a sub-agent's calls are drawn from, as in Profile.
type SubAgent struct {
	Turns      Tokens  `yaml:"turns"`
	FirstInput Tokens  `yaml:"first_input"`
	Output     Tokens  `yaml:"output"`
	History    History `yaml:"history"`
	Append     Tokens  `yaml:"append"`
	ToolGap    Span    `yaml:"tool_gap"`
}

// profile is the sub-agent as a profile of its own, within the limits of its
// parent's.
func (s *SubAgent) profile(parent *Profile) *Profile {
	return &Profile{
		Turns:        s.Turns,
		FirstInput:   s.FirstInput,
		Output:       s.Output,
		History:      s.History,
		AppendLate:   s.Append,
		ToolGap:      s.ToolGap,
		ContextLimit: parent.ContextLimit,
		OutputLimit:  parent.OutputLimit,
	}
}

func (s *SubAgents) validate() error {
	if s == nil {
		return nil
	}
	for _, part := range []struct {
		name  string
		value float64
	}{{"sessions", s.Sessions}, {"gates", s.Gates}, {"inherits", s.Inherits}} {
		if !share(part.value) {
			return fmt.Errorf("%s: %v; want 0 to 1", part.name, part.value)
		}
	}
	switch {
	case !share(s.PerTurn):
		return fmt.Errorf("per_turn: %v; want 0 to 1", s.PerTurn)
	case s.PerTurn > 0 && s.Groups.Used():
		return errors.New("per_turn: beside groups; want one of the two")
	case s.PerTurn == 0:
		if err := s.Groups.Validate(); err != nil {
			return fmt.Errorf("groups.%w", err)
		}
	}
	if err := optional(&s.Streams, true); err != nil {
		return fmt.Errorf("streams.%w", err)
	}
	for _, check := range []struct {
		path string
		err  error
	}{
		{"turns", cmp.Or(s.Agent.Turns.Validate(), s.Agent.Turns.below(turnsMost))},
		{"first_input", s.Agent.FirstInput.Validate()},
		{"output", s.Agent.Output.Validate()},
		{"history", s.Agent.History.validate()},
		{"append", s.Agent.Append.Validate()},
		{"tool_gap", s.Agent.ToolGap.Validate()},
	} {
		if check.err != nil {
			return fmt.Errorf("agent.%s.%w", check.path, check.err)
		}
	}
	return nil
}

// subAgentsMax bounds the sub-agents of one session, whatever is drawn.
const subAgentsMax = 1000

// group is some sub-agents that a turn of a session starts.
type group struct {
	after   int  // turn that starts them
	gates   bool // the next turn waits for them
	streams int
}

// groups draws the groups that a session of so many turns starts, by turn.
// A session of one turn has no answer after which anything could go on, so
// groups begin at any turn but the last where there is more than one.
func (s *SubAgents) groups(r *rand.Rand, turns int) []group {
	if r.Float64() >= s.Sessions {
		return nil
	}
	byTurn := make([]int, max(1, turns-1))
	if s.PerTurn > 0 {
		for turn := range byTurn {
			if r.Float64() < s.PerTurn {
				byTurn[turn]++
			}
		}
	} else {
		for range min(subAgentsMax, int(math.Ceil(s.Groups.Draw(r)))) {
			byTurn[r.IntN(len(byTurn))]++
		}
	}
	var list []group
	for turn, here := range byTurn {
		for range here {
			g := group{after: turn, streams: 1, gates: r.Float64() < s.Gates}
			if s.Streams.Used() {
				g.streams = min(subAgentsMax, max(1, int(math.Ceil(s.Streams.Draw(r)))))
			}
			list = append(list, g)
		}
	}
	return list
}

// team generates the calls of the sub-agents of one session, one after the
// other, for Generator.
type team struct {
	plan    *SubAgents
	profile *Profile // of a sub-agent
	r       *rand.Rand
	groups  []group // that are left
	gated   []bool  // by turn of the session: it waits for the groups before it
	begun   int     // sub-agents so far
	session Session // of the sub-agent under way
	turn    int
}

// newTeam draws the groups of a session of so many turns.
func newTeam(p *Profile, r *rand.Rand, turns int) *team {
	t := &team{plan: p.SubAgents, profile: p.SubAgents.Agent.profile(p), r: r, gated: make([]bool, turns)}
	t.groups = p.SubAgents.groups(r, turns)
	for _, g := range t.groups {
		if g.gates && g.after+1 < turns {
			t.gated[g.after+1] = true
		}
	}
	return t
}

// read fills call with the next call of a sub-agent; false after the last.
func (t *team) read(call *Call, session string) bool {
	if t.turn == len(t.session.Turns) {
		if !t.next() {
			return false
		}
	}
	turn := &t.session.Turns[t.turn]
	*call = turn.call()
	call.Session, call.Agent, call.Parent, call.Turn = session, "sub-"+strconv.Itoa(t.begun), session, t.turn
	if t.turn == 0 {
		call.Gap, call.After = 0, 1+t.groups[0].after
		call.Prefix = int(t.plan.Inherits * float64(turn.Input))
		call.Cached = call.Prefix
	}
	t.turn++
	return true
}

// next begins the next sub-agent.
func (t *team) next() bool {
	if t.begun > 0 {
		t.groups[0].streams--
	}
	for len(t.groups) > 0 && t.groups[0].streams == 0 {
		t.groups = t.groups[1:]
	}
	if len(t.groups) == 0 || t.begun == subAgentsMax {
		return false
	}
	t.begun++
	t.turn = 0
	t.profile.Draw(t.r, &t.session)
	return true
}
