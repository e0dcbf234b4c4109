package serve

import (
	"fmt"

	"agentsim/models/kvcache"
	"agentsim/sim"
	"agentsim/trace"
)

// The start is as close to the steady state as can be had for free: agents
// are somewhere inside their sessions, and caches hold what those sessions
// would have left there.

// trajectoryTurnsMax is the length at which the choice of first sessions by
// length saturates: the benchmark's longest trajectory (agentperf.md 1.5).
const trajectoryTurnsMax = 200

// populate brings the first agents to life.
func (c *Cluster) populate() error {
	c.calls = make([]call, c.cfg.Agents)
	admit := c.admitAgent
	switch c.cfg.Arrivals {
	case trace.ArrivalsOpen, trace.ArrivalsPartlyOpen:
		if c.cfg.Agents > 0 {
			return fmt.Errorf("agents: %d: want 0, the trace says when sessions begin", c.cfg.Agents)
		}
		c.forest = c.grow()
		return c.openDoors()
	case trace.ArrivalsLanes:
		c.forest = c.grow()
		c.forest.members = make([]member, c.cfg.Agents)
		admit = c.admitLane
	default:
		if c.cfg.Cold {
			admit = c.admitCold
		}
	}
	for i := range c.calls {
		if err := admit(int32(i)); err != nil {
			return err
		}
	}
	return nil
}

// Pace is what a turn is expected to take, which decides where in their
// sessions and calls agents are found at the start. Zero values count all turns
// alike, and nobody is in the middle of an answer.
type Pace struct {
	TTFT float64 // seconds to the first token
	TPOT float64 // seconds a token after it
}

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

// admitAgent starts an agent in the middle of a session. A session is found
// under way in proportion to the time it takes, so candidates are accepted with
// a chance proportional to that.
func (c *Cluster) admitAgent(id int32) error {
	a := &c.calls[id]
	a.home, a.rank, a.decoder, a.decoderRank = -1, -1, -1, -1
	const attempts = 64
	total := 0.0
	for try := range attempts {
		if err := c.beginSession(id, -1-try); err != nil { // sessions before the run have negative numbers
			return err
		}
		total = c.cfg.Pace.session(&a.session)
		if c.draws.uniform("first session", id, a.k) < total/c.cfg.Pace.longest() {
			break
		}
	}
	a.k = 0
	if rest := c.place(a, c.draws.uniform("first turn", id, 0)*total); rest < a.current().Output {
		c.carryOn(id, rest)
	} else {
		c.warm(id)
	}
	delay := c.draws.uniform("first delay", id, 0) * c.cfg.Ramp
	c.woken.At(sim.Ticks(delay), id)
	return nil
}

// place finds the turn that an agent is in, so long after its session began,
// and the tokens that are then left to generate. Long answers are under way
// more often than short ones: a start without them would take as long as the
// longest answer to become stationary.
func (c *Cluster) place(a *call, elapsed float64) (rest int32) {
	last := len(a.session.Turns) - 1
	for a.turn = 0; a.turn < last; a.turn++ {
		_, whole := c.cfg.Pace.spent(a.current())
		if elapsed < whole {
			break
		}
		elapsed -= whole
	}
	turn := a.current()
	before, whole := c.cfg.Pace.spent(turn)
	if elapsed < before {
		return turn.Output
	}
	return min(1+int32(max(0, whole-elapsed)/c.cfg.Pace.TPOT), turn.Output)
}

// carryOn puts an agent in the middle of its answer: prompt and what was
// generated lie in the cache, the rest is generated.
func (c *Cluster) carryOn(id, rest int32) {
	a := &c.calls[id]
	turn := a.current()
	turn.Input += turn.Output - rest
	turn.Prefix, turn.Echo, turn.Output = turn.Input, 0, rest
	c.install(id, int(turn.Input))
}

// admitCold starts an agent at the first turn of its first session.
func (c *Cluster) admitCold(id int32) error {
	a := &c.calls[id]
	a.home, a.rank, a.decoder, a.decoderRank = -1, -1, -1, -1
	delay := c.draws.uniform("first delay", id, 0) * c.cfg.Ramp
	c.woken.At(sim.Ticks(delay), id)
	return c.beginSession(id, 0)
}

// warm places the part of a session that was already played in the cache of
// the rank that it belongs to.
func (c *Cluster) warm(id int32) {
	a := &c.calls[id]
	if a.turn == 0 {
		return
	}
	last := a.session.Turns[a.turn-1]
	kept := int(last.Input)
	if c.cfg.Replay == Generated && c.cfg.Deployment.Mode != Disaggregated {
		kept += int(last.Output) // where it was generated it is kept
	}
	c.install(id, kept)
}

// install routes an agent and places so many tokens of its session there.
func (c *Cluster) install(id int32, kept int) {
	a := &c.calls[id]
	if c.cfg.Deployment.Cache.Off || c.cfg.Deployment.Router != ConversationAffinity {
		return
	}
	c.route(id)
	c.workers[a.home].ranks[a.rank].cache.Install(0, kvcache.Request{Session: kvcache.SessionID(id), Prompt: kept,
		Shared: min(int(a.session.Shared), kept)})
}
