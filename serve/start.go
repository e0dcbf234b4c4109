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

// admitAgent starts an agent in the middle of a session. A session is found
// under way in proportion to its length, so candidates are accepted with a
// chance proportional to their turns.
func (c *Cluster) admitAgent(id int32) error {
	a := &c.calls[id]
	a.home, a.rank, a.decoder, a.decoderRank = -1, -1, -1, -1
	const attempts = 64
	for try := range attempts {
		if err := c.beginSession(id, -1-try); err != nil { // sessions before the run have negative numbers
			return err
		}
		chance := float64(len(a.session.Turns)) / trajectoryTurnsMax
		if c.draws.uniform("first session", id, a.k) < chance {
			break
		}
	}
	a.k = 0
	a.turn = int(c.draws.uniform("first turn", id, 0) * float64(len(a.session.Turns)))
	c.warm(id)
	delay := c.draws.uniform("first delay", id, 0) * c.cfg.Ramp
	c.woken.At(sim.Ticks(delay), id)
	return nil
}

// admitCold starts an agent at the first turn of its first session, at time 0.
func (c *Cluster) admitCold(id int32) error {
	a := &c.calls[id]
	a.home, a.rank, a.decoder, a.decoderRank = -1, -1, -1, -1
	c.woken.At(0, id)
	return c.beginSession(id, 0)
}

// warm places the part of a session that was already played in the cache of
// the rank that it belongs to.
func (c *Cluster) warm(id int32) {
	a := &c.calls[id]
	if a.turn == 0 || c.cfg.Deployment.Cache.Off || c.cfg.Deployment.Router != ConversationAffinity {
		return
	}
	c.route(id)
	last := a.session.Turns[a.turn-1]
	kept := int(last.Input)
	if c.cfg.Replay == Generated && c.workers[a.home].decodes {
		kept += int(last.Output)
	}
	c.workers[a.home].ranks[a.rank].cache.Install(0, kvcache.Request{Session: kvcache.SessionID(id), Prompt: kept,
		Shared: min(int(a.session.Shared), kept)})
}
