package serve

import (
	"agentsim/sim"
	"agentsim/trace"
)

// closed is a fixed number of agents that take one session after the other.
// Its start is as close to the steady state as can be had for free: agents are
// somewhere inside their sessions, and caches hold what those sessions would
// have left there.
type closed struct{ *agents }

// Pace is what a turn is expected to take, which decides where in their
// sessions and calls agents are found at the start. Zero values count all turns
// alike, and nobody is in the middle of an answer.
type Pace struct {
	TTFT float64 // seconds to the first token
	TPOT float64 // seconds a token after it
}

// begin starts all agents, and spreads their first calls over the ramp.
func (c *closed) begin() error {
	c.list = make([]agent, c.cfg.Agents)
	for i := range c.list {
		if err := c.admit(int32(i)); err != nil {
			return err
		}
	}
	return nil
}

// next goes on with the session or, after its last turn, with the next one.
func (c *closed) next(id int32) error {
	a := &c.list[id]
	gap := 0.0
	if a.turn < len(a.session.Turns) {
		gap = float64(a.current().Gap)
	} else {
		c.fleet.forget(id)
		if err := c.beginSession(id, a.k+1); err != nil {
			return err
		}
		c.tally.Sessions++
	}
	c.toolEnds.After(sim.Ticks(gap), id)
	return nil
}

// drained is never true: agents stay.
func (c *closed) drained() bool { return false }

// admit starts an agent, in the middle of a session or, on a cold cluster, at
// the first turn of its first one.
func (c *closed) admit(id int32) error {
	c.appear(id, c.clock.Now())
	c.toolEnds.At(c.firstCall(id), id)
	if c.cfg.Cold {
		return c.beginSession(id, 0)
	}
	answering, err := c.enterSession(id)
	if err == nil {
		c.warm(id, answering)
	}
	return err
}

// enterSession finds the session and the turn that an agent is in, and whether
// it is in the middle of its answer. A session is found under way in proportion
// to the time it takes, so candidates are accepted with a probability
// proportional to that time.
func (c *closed) enterSession(id int32) (answering bool, err error) {
	a := &c.list[id]
	const attempts = 64
	total := 0.0
	for try := range attempts {
		if err := c.beginSession(id, -1-try); err != nil { // sessions before the run have negative numbers
			return false, err
		}
		total = c.cfg.Pace.session(&a.session)
		if c.draws.uniform("first session", id, a.k) < total/c.cfg.Pace.longest() {
			break
		}
	}
	a.k = 0
	rest := c.cfg.Pace.locate(a, c.draws.uniform("first turn", id, 0)*total)
	turn := a.current()
	if rest == turn.Output {
		return false, nil
	}
	turn.Input += turn.Output - rest
	turn.Prefix, turn.Echo, turn.Output = turn.Input, 0, rest
	return true, nil
}

// warm places the part of a session that was already played in the cache of
// the rank that it belongs to: prompt and answer so far, or the turn before.
func (c *closed) warm(id int32, answering bool) {
	a := &c.list[id]
	tokens := 0
	switch {
	case answering:
		tokens = int(a.current().Input)
	case a.turn == 0:
		return
	default:
		last := &a.session.Turns[a.turn-1]
		tokens = int(last.Input)
		if c.cfg.Replay == trace.ReplayGenerated && c.cfg.Deployment.Mode != Disaggregated {
			tokens += int(last.Output) // where it was generated it is kept
		}
	}
	c.fleet.install(id, tokens, int(a.session.Shared))
}

// trajectoryTurnsMax is the length at which the choice of first sessions by
// length saturates: the benchmark's longest trajectory (agentperf.md 1.5).
const trajectoryTurnsMax = 200

// session is the expected time of a whole session.
func (p Pace) session(s *trace.Session) (seconds float64) {
	for i := range s.Turns {
		_, whole := p.spent(&s.Turns[i])
		seconds += whole
	}
	return seconds
}

// longest is the time of a session from which on all are alike.
func (p Pace) longest() float64 {
	const tokens = 500 // of an answer: mean of the benchmark's workload; only a scale
	_, whole := p.spent(&trace.Turn{Output: tokens})
	return trajectoryTurnsMax * whole
}

// spent is the expected time of a turn, and the part of it before its answer.
func (p Pace) spent(t *trace.Turn) (before, whole float64) {
	if p == (Pace{}) {
		return 1, 1
	}
	before = float64(t.Gap) + p.TTFT
	return before, before + p.TPOT*float64(t.Output)
}

// locate moves an agent to the turn that it is in so long after its session
// began, and returns the tokens that are then left to generate. Long answers
// are under way more often than short ones: a start without them would take as
// long as the longest answer to become stationary.
func (p Pace) locate(a *agent, elapsed float64) (rest int32) {
	last := len(a.session.Turns) - 1
	for a.turn = 0; a.turn < last; a.turn++ {
		_, whole := p.spent(a.current())
		if elapsed < whole {
			break
		}
		elapsed -= whole
	}
	turn := a.current()
	before, whole := p.spent(turn)
	if elapsed < before {
		return turn.Output
	}
	return min(1+int32(max(0, whole-elapsed)/p.TPOT), turn.Output)
}
