package serve

import (
	"fmt"

	"agentsim/sim"
	"agentsim/trace"
)

// forest holds the session trees under way where agents start sub-agents: in
// lanes, and with open arrivals. A slot of Cluster.calls is an agent's while it
// or one of its sub-agents lives, then another's.
type forest struct {
	pool    *trace.Pool // of sub-agents and of open arrivals; nil = there are none
	timed   bool        // calls go out at their recorded instants
	members []member    // by slot
	free    []int32     // slots of nobody
	alive   int         // agents

	// Where sessions inherit from others than their parents, caches keep those
	// that are over, and their slots with them, until others push them out.
	places []int32 // slot by session of the pool; -1 = none; nil = nobody inherits
	graves fifo    // slots of sessions that are over

	begins  *sim.Kind[beginning]
	arrives *sim.Kind[int32]
	coming  []int32 // sessions still to arrive, the next one first
	trees   int     // under way

	lived sim.Time // agents × time of the window, up to at
	at    sim.Time
}

// member is an agent of a tree.
type member struct {
	alive    bool
	parent   int32    // slot of the agent that started it; -1 = none
	from     int32    // slot of the one that holds what its first prompt inherits; -1 = none
	join     int32    // turn of the parent that waits for it; 0 = none
	children int      // sub-agents that hold their slots, or will
	spawned  int      // of the session's spawns
	begun    sim.Time // recorded beginning of its session
	waits    int      // sub-agents that its next call waits for
	owed     []int32  // turns that wait for sub-agents under way, one entry each
}

// beginning is a sub-agent about to be started.
type beginning struct{ session, parent, join int32 }

// grow makes the cluster one of session trees.
func (c *Cluster) grow() *forest {
	f := &forest{pool: c.cfg.Pool, timed: c.cfg.Arrivals == trace.ArrivalsOpen}
	f.begins = sim.NewKind(c.sim, "spawn", sim.Arrive, c.onSpawn)
	f.arrives = sim.NewKind(c.sim, "session", sim.Arrive, c.onSession)
	return f
}

// take gives a slot to an agent.
func (c *Cluster) take() int32 {
	f := c.forest
	if n := len(f.free); n > 0 {
		id := f.free[n-1]
		f.free = f.free[:n-1]
		return id
	}
	c.calls = append(c.calls, call{})
	f.members = append(f.members, member{})
	return int32(len(c.calls) - 1)
}

// settleIn makes a slot's agent alive; its session is there already.
func (c *Cluster) settleIn(id, parent, join int32, begun sim.Time) {
	f, a := c.forest, &c.calls[id]
	now := c.sim.Now()
	f.count(now, 1)
	m := &f.members[id]
	*m = member{alive: true, parent: parent, from: parent, join: join, begun: begun, owed: m.owed[:0]}
	a.home, a.rank, a.decoder, a.decoderRank = -1, -1, -1, -1
	a.state, a.since, a.entered = InTool, now, now
	a.session.Shared = c.sharedBy(&a.session)
}

// sharedBy is what a session shares with all others: nothing in lanes, which
// put a marker of their own in front of each.
func (c *Cluster) sharedBy(s *trace.Session) int32 {
	if c.cfg.Arrivals == trace.ArrivalsLanes {
		return 0
	}
	return s.Shared
}

// count books the agents alive up to now and changes their number.
func (f *forest) count(now sim.Time, change int) {
	f.lived += sim.Time(f.alive) * (now - f.at)
	f.at = now
	f.alive += change
}

// onSpawn begins a sub-agent.
func (c *Cluster) onSpawn(b beginning) error {
	id := c.take()
	begun := c.sim.Now()
	if start, _ := c.forest.pool.Start(b.session); c.forest.timed && start >= 0 {
		begun = sim.Ticks(start)
	}
	if err := c.fromPool(id, b.session); err != nil {
		return err
	}
	parent := &c.calls[b.parent]
	const spread = 1_000_003 // a prime: agents draw luck of their own
	c.calls[id].luck = parent.luck*spread + b.session + 1
	c.calls[id].k = parent.k
	c.settleIn(id, b.parent, b.join, begun)
	c.woken.After(0, id)
	return nil
}

// fromPool hands a slot a session of the trace.
func (c *Cluster) fromPool(id, session int32) error {
	a := &c.calls[id]
	c.forest.pool.Session(int(session), &a.session)
	a.turn = 0
	if err := checkSession(&a.session); err != nil {
		return fmt.Errorf("session %s: %w", a.session.ID, err)
	}
	return nil
}

// follow goes on after an agent's turn: with the sub-agents that it starts,
// and with the next call or the agent's end.
func (c *Cluster) follow(id int32) error {
	a, m := &c.calls[id], &c.forest.members[id]
	for ; m.spawned < len(a.session.Spawns); m.spawned++ {
		s := &a.session.Spawns[m.spawned]
		if int(s.After) >= a.turn {
			break
		}
		c.spawn(id, s)
	}
	if a.turn == len(a.session.Turns) {
		return c.depart(id)
	}
	m.waits = 0
	for _, turn := range m.owed {
		if int(turn) <= a.turn {
			m.waits++
		}
	}
	if m.waits == 0 {
		c.proceed(id)
	}
	return nil
}

// spawn schedules a sub-agent.
func (c *Cluster) spawn(id int32, s *trace.Spawn) {
	f, m := c.forest, &c.forest.members[id]
	m.children++
	if s.Join > 0 {
		m.owed = append(m.owed, s.Join)
	}
	now := c.sim.Now()
	at := now + sim.Ticks(float64(s.Delay))
	if start, _ := f.pool.Start(s.Session); f.timed && start >= 0 {
		at = max(now, sim.Ticks(start))
	}
	f.begins.At(at, beginning{session: s.Session, parent: id, join: s.Join})
}

// proceed schedules an agent's next call: all that it waits for is done.
func (c *Cluster) proceed(id int32) {
	a, m := &c.calls[id], &c.forest.members[id]
	now := c.sim.Now()
	at := now + sim.Ticks(float64(a.current().Gap))
	if c.forest.timed && a.session.At[a.turn] >= 0 {
		at = max(now, m.begun+sim.Ticks(a.session.At[a.turn]))
	}
	c.woken.At(at, id)
}

// depart ends an agent that has made all its calls, and tells who waits for it.
func (c *Cluster) depart(id int32) error {
	f, m := c.forest, &c.forest.members[id]
	f.count(c.sim.Now(), -1)
	m.alive = false
	if f.places == nil || m.parent >= 0 {
		c.forget(id)
	}
	c.tally.Sessions++
	if m.join > 0 {
		c.joined(m.parent, m.join)
	}
	return c.vacate(id)
}

// joined notes that a sub-agent is done for which a turn of its parent waits.
func (c *Cluster) joined(id, turn int32) {
	a, m := &c.calls[id], &c.forest.members[id]
	for i, owed := range m.owed {
		if owed == turn {
			m.owed[i] = m.owed[len(m.owed)-1]
			m.owed = m.owed[:len(m.owed)-1]
			break
		}
	}
	if !m.alive || a.state != InTool || m.waits == 0 || int(turn) > a.turn {
		return
	}
	if m.waits--; m.waits == 0 {
		c.proceed(id)
	}
}

// vacate gives a slot back once its agent and all its sub-agents are done, and
// so on up the tree. A lane whose whole tree is done begins the next one.
func (c *Cluster) vacate(id int32) error {
	f := c.forest
	for m := &f.members[id]; !m.alive && m.children == 0; m = &f.members[id] {
		if m.parent < 0 {
			return c.drained(id)
		}
		f.free = append(f.free, id)
		id = m.parent
		f.members[id].children--
	}
	return nil
}

// drained follows the end of a whole tree.
func (c *Cluster) drained(id int32) error {
	if c.cfg.Arrivals == trace.ArrivalsLanes {
		return c.nextInLane(id)
	}
	if c.forest.trees--; c.forest.trees == 0 {
		c.sim.Stop() // nobody comes any more
	}
	if c.forest.places != nil {
		c.bury(id)
		return nil
	}
	c.forest.free = append(c.forest.free, id)
	return nil
}
