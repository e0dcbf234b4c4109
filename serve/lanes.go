package serve

import (
	"agentsim/sim"
	"agentsim/trace"
)

// Lanes follow the rules of SemiAnalysis AgentX as AIPerf replays them
// (inferencex-agentx-mvp): a number of session trees alive at all times, and no
// rate of arrivals. Sub-agents run beside their session and are not counted; a
// lane takes its next session when the whole tree of the last one is done.

// admitLane starts a lane inside its first session, on an empty cache: at an
// instant drawn uniformly from the session's recorded time. The call before
// that instant goes out first, and brings the history into the cache.
func (c *Cluster) admitLane(id int32) error {
	if err := c.beginSession(id, 0); err != nil {
		return err
	}
	c.forest.trees++
	c.settleIn(id, -1, 0, 0)
	a, m := &c.calls[id], &c.forest.members[id]
	a.turn = turnBefore(&a.session, c.draws.uniform("snapshot", id, 0))
	for m.spawned < len(a.session.Spawns) && int(a.session.Spawns[m.spawned].After) < a.turn {
		m.spawned++ // it was started before the snapshot
	}
	delay := c.draws.uniform("first delay", id, 0) * c.cfg.Ramp
	c.woken.At(sim.Ticks(delay), id)
	return nil
}

// turnBefore is the last turn that went out before a share of the time between
// a session's first and last call; without times, a share of its turns.
func turnBefore(s *trace.Session, share float64) int {
	instants := make([]float64, len(s.Turns))
	for i := 1; i < len(s.Turns); i++ {
		instants[i] = instants[i-1] + float64(s.Turns[i].Gap)
		if len(s.At) > 0 && s.At[i] >= 0 {
			instants[i] = max(instants[i-1], s.At[i])
		}
	}
	last := len(instants) - 1
	if instants[last] == 0 {
		return int(share * float64(len(instants)))
	}
	turn := 0
	for turn < last && instants[turn+1] <= share*instants[last] {
		turn++
	}
	return turn
}

// nextInLane begins the next session of a lane, from its first turn.
func (c *Cluster) nextInLane(id int32) error {
	if err := c.beginSession(id, c.calls[id].k+1); err != nil {
		return err
	}
	c.settleIn(id, -1, 0, c.sim.Now())
	c.woken.After(0, id)
	return nil
}
