package serve

import (
	"fmt"
	"slices"

	"agentsim/sim"
	"agentsim/trace"
)

// trees are session trees under way, in which agents start sub-agents. A number
// in agents.list is an agent's while it or one of its sub-agents lives, then
// another's.
type trees struct {
	*agents
	members   []member // by number
	free      []int32  // numbers of nobody
	starts    *sim.Kind[subAgent]
	underWay  int                    // trees
	timed     bool                   // calls go out at their recorded instants
	marked    bool                   // a marker before each session keeps them from sharing anything
	keepRoots bool                   // caches keep root sessions that are over
	over      func(root int32) error // told when a whole tree is done
	scratch   trace.Session
}

// member is what an agent is in its tree.
type member struct {
	parent   int32    // number of the agent that started it; -1 = none
	root     int32    // number of the agent that its tree began with
	joinTurn int32    // turn of the parent that waits for it; 0 = none
	children int      // sub-agents that have their numbers, or will
	spawned  int      // of the session's spawns
	begun    sim.Time // recorded beginning of its session
	waits    int      // sub-agents that its next call waits for
	owed     []int32  // turns that wait for sub-agents under way, one entry each
	warm     int      // calls still to be made without gaps, of one token
	call     upcoming // its next call
	starting []start  // sub-agents about to be started
}

// upcoming is an event that may be moved.
type upcoming struct {
	timer sim.Timer
	due   sim.Time
}

// start is the beginning of a sub-agent.
type start struct {
	upcoming
	what subAgent
}

// subAgent is a sub-agent about to be started.
type subAgent struct{ session, parent, joinTurn int32 }

// plant makes the trees ready for their first agent.
func (t *trees) plant(g *agents, over func(root int32) error) {
	t.agents, t.over = g, over
	t.starts = sim.NewKind(g.clock, "spawn", sim.Arrive, t.onSpawn)
}

// drained reports whether no tree is under way.
func (t *trees) drained() bool { return t.underWay == 0 }

// newNumber is a number for an agent.
func (t *trees) newNumber() int32 {
	if n := len(t.free); n > 0 {
		id := t.free[n-1]
		t.free = t.free[:n-1]
		return id
	}
	t.list = append(t.list, agent{})
	t.members = append(t.members, member{})
	return int32(len(t.list) - 1)
}

// enrol makes the agent of a number alive; its session is there already.
func (t *trees) enrol(id int32, m member) {
	m.owed, m.starting = t.members[id].owed[:0], t.members[id].starting[:0]
	t.members[id] = m
	t.appear(id, t.clock.Now())
	t.list[id].holder = m.parent
	if t.marked {
		t.list[id].session.Shared = 0
	}
}

// onSpawn begins a sub-agent, with its first call.
func (t *trees) onSpawn(s subAgent) error {
	m := &t.members[s.parent]
	m.starting = slices.DeleteFunc(m.starting, func(other start) bool { return other.what == s })
	id, err := t.beginSub(s)
	if err == nil {
		t.callAt(t.clock.Now(), id)
	}
	return err
}

// beginSub makes a sub-agent alive and returns its number.
func (t *trees) beginSub(s subAgent) (int32, error) {
	id := t.newNumber()
	begun := t.clock.Now()
	if start, _ := t.cfg.Pool.Start(s.session); t.timed && start >= 0 {
		begun = sim.Ticks(start)
	}
	if err := t.fromPool(id, s.session); err != nil {
		return 0, err
	}
	a, parent := &t.list[id], &t.list[s.parent]
	const spread = 1_000_003 // a prime: agents draw luck of their own
	a.luck = parent.luck*spread + s.session + 1
	a.k = parent.k
	t.enrol(id, member{parent: s.parent, root: t.members[s.parent].root, joinTurn: s.joinTurn, begun: begun})
	return id, nil
}

// callAt schedules an agent's next call.
func (t *trees) callAt(at sim.Time, id int32) {
	t.members[id].call = upcoming{timer: t.toolEnds.At(at, id), due: at}
}

// fromPool hands an agent a session of the trace.
func (t *trees) fromPool(id, session int32) error {
	a := &t.list[id]
	t.cfg.Pool.Session(int(session), &a.session)
	a.turn = 0
	if err := checkSession(&a.session); err != nil {
		return fmt.Errorf("session %s: %w", a.session.ID, err)
	}
	return nil
}

// next goes on after an agent's turn: with the sub-agents that it starts, and
// with the next call or the agent's end.
func (t *trees) next(id int32) error {
	a, m := &t.list[id], &t.members[id]
	for ; m.spawned < len(a.session.Spawns); m.spawned++ {
		s := &a.session.Spawns[m.spawned]
		if int(s.After) >= a.turn {
			break
		}
		t.spawn(id, s)
	}
	if a.turn == len(a.session.Turns) {
		return t.end(id)
	}
	m.waits = 0
	for _, turn := range m.owed {
		if int(turn) <= a.turn {
			m.waits++
		}
	}
	if m.waits == 0 {
		t.proceed(id)
	}
	return nil
}

// spawn schedules a sub-agent.
func (t *trees) spawn(id int32, s *trace.Spawn) {
	t.adopt(id, s)
	now := t.clock.Now()
	at := now + sim.Ticks(float64(s.Delay))
	if start, _ := t.cfg.Pool.Start(s.Session); t.timed && start >= 0 {
		at = max(now, sim.Ticks(start))
	}
	what := subAgent{session: s.Session, parent: id, joinTurn: s.Join}
	m := &t.members[id]
	m.starting = append(m.starting, start{upcoming{t.starts.At(at, what), at}, what})
}

// adopt counts a sub-agent among those of an agent.
func (t *trees) adopt(id int32, s *trace.Spawn) {
	m := &t.members[id]
	m.children++
	if s.Join > 0 {
		m.owed = append(m.owed, s.Join)
	}
}

// proceed schedules an agent's next call: all that it waits for is done.
func (t *trees) proceed(id int32) {
	a, m := &t.list[id], &t.members[id]
	now := t.clock.Now()
	at := now + sim.Ticks(float64(a.current().Gap))
	switch {
	case m.warm > 0:
		m.warm--
		at, a.current().Output = now, 1
	case t.timed && a.session.At[a.turn] >= 0:
		at = max(now, m.begun+sim.Ticks(a.session.At[a.turn]))
	}
	t.callAt(at, id)
}

// end lets an agent go that has made all its calls, and tells its parent if a
// turn of the parent waits for it.
func (t *trees) end(id int32) error {
	m := &t.members[id]
	t.vanish(id)
	if !t.keepRoots || m.parent >= 0 {
		t.fleet.depart(id)
	}
	t.tally.Sessions++
	if m.joinTurn > 0 {
		t.join(m.parent, m.joinTurn)
	}
	return t.vacate(id)
}

// join notes that a sub-agent is done for which a turn of its parent waits.
func (t *trees) join(parent, turn int32) {
	a, m := &t.list[parent], &t.members[parent]
	for i, owed := range m.owed {
		if owed == turn {
			m.owed[i] = m.owed[len(m.owed)-1]
			m.owed = m.owed[:len(m.owed)-1]
			break
		}
	}
	if !a.alive || !t.fleet.idle(parent) || m.waits == 0 || int(turn) > a.turn {
		return
	}
	if m.waits--; m.waits == 0 {
		t.proceed(parent)
	}
}

// vacate gives a number back once its agent and all its sub-agents are done, and
// so on up the tree.
func (t *trees) vacate(id int32) error {
	for !t.list[id].alive && t.members[id].children == 0 {
		parent := t.members[id].parent
		if parent < 0 {
			if !t.keepRoots {
				t.fleet.end(id)
			}
			return t.over(id)
		}
		t.fleet.end(id)
		t.free = append(t.free, id)
		t.members[parent].children--
		id = parent
	}
	return nil
}
