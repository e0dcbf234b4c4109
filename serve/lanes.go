package serve

import "agentsim/trace"

// lanes follow the rules of SemiAnalysis AgentX as AIPerf replays them
// (inferencex-agentx-mvp): a number of session trees alive at all times, and no
// rate of arrivals. Sub-agents run beside their session and are not counted; a
// lane takes its next session when the whole tree of the last one is done.
type lanes struct{ trees }

func newLanes(g *agents) *lanes {
	l := &lanes{}
	l.plant(g, l.nextSession)
	l.marked = true
	return l
}

// begin starts every lane inside its first session, on an empty cache.
func (l *lanes) begin() error {
	for range l.cfg.Agents {
		if err := l.admit(l.newNumber()); err != nil {
			return err
		}
	}
	return nil
}

// admit starts a lane at an instant drawn uniformly from the recorded time of
// its first session. The call before that instant goes out first, and brings
// the history into the cache.
func (l *lanes) admit(id int32) error {
	if err := l.beginSession(id, 0); err != nil {
		return err
	}
	l.underWay++
	l.enrol(id, member{parent: -1})
	a, m := &l.list[id], &l.members[id]
	a.turn = turnBefore(&a.session, l.draws.uniform("snapshot", id, 0))
	for m.spawned < len(a.session.Spawns) && int(a.session.Spawns[m.spawned].After) < a.turn {
		m.spawned++ // it was started before the snapshot
	}
	l.toolEnds.At(l.firstCall(id), id)
	return nil
}

// nextSession begins the next session of a lane, from its first turn.
func (l *lanes) nextSession(id int32) error {
	if err := l.beginSession(id, l.list[id].k+1); err != nil {
		return err
	}
	l.enrol(id, member{parent: -1, begun: l.clock.Now()})
	l.toolEnds.After(0, id)
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
