package serve

import (
	"errors"
	"fmt"
	"math"

	"agentsim/trace"
)

// Sessions supplies trajectories. The k-th session of an agent is the same
// in every run with the same seed, whatever the cluster does.
type Sessions interface {
	// Session writes the session into out, reusing its turns.
	Session(agent, k int, out *trace.Session) error
}

// beginSession hands the agent its k-th session, of which nothing is played yet.
func (c *Cluster) beginSession(id int32, k int) error {
	a := &c.calls[id]
	err := c.cfg.Sessions.Session(int(id), k, &a.session)
	if err == nil {
		err = checkSession(&a.session)
	}
	if err != nil {
		return fmt.Errorf("session %d of agent %d: %w", k, id, err)
	}
	a.k, a.turn, a.luck = k, 0, id
	return nil
}

// checkSession refuses what no agent could walk: the source may be any code.
func checkSession(s *trace.Session) error {
	if len(s.Turns) == 0 {
		return errors.New("has no turns, want at least 1")
	}
	for i := range s.Turns {
		t := &s.Turns[i]
		if t.Input < 1 || t.Output < 1 {
			return fmt.Errorf("turn %d has %d prompt tokens and %d to generate, want at least 1 of each", i, t.Input, t.Output)
		}
		if !(t.Gap >= 0) || math.IsInf(float64(t.Gap), 1) {
			return fmt.Errorf("turn %d comes after a gap of %v s, want 0 or more", i, t.Gap)
		}
	}
	return nil
}
