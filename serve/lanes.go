package serve

import (
	"cmp"

	"agentsim/fault"
	"agentsim/sim"
	"agentsim/trace"
	"agentsim/units"
)

// LanesSpec is how lanes begin and what of their idle time is played. The zero
// value is AIPerf's inferencex-agentx-mvp (agent-workloads.md 1.2): trees begin
// anywhere in their recordings, and the run is never idle for more than 10 s.
type LanesSpec struct {
	// From and To are the shares of a tree's recorded time between which a lane's
	// first one begins; To 0 = 1.
	From float64 `yaml:"from,omitempty"`
	To   float64 `yaml:"to,omitempty"`
	// IdleMax is the longest time without a call of the whole run: all that is to
	// come moves up then, together; 0 = 10 s.
	IdleMax units.Seconds `yaml:"idle_max,omitempty"`
	// TreeIdleMax is the longest time without a call of a tree, in which what is
	// to come of that tree moves up; 0 = any.
	TreeIdleMax units.Seconds `yaml:"tree_idle_max,omitempty"`
	// WarmupCalls follow the first call of a lane without their gaps, and with one
	// token of output each.
	WarmupCalls int `yaml:"warmup_calls,omitempty"`
}

// warmupCallsMax bounds the calls of a lane before it plays as recorded.
const warmupCallsMax = 10_000

// Validate reports every field that cannot be.
func (l *LanesSpec) Validate() error {
	var faults fault.List
	faults.Check(l.From >= 0 && l.From < 1, "from", l.From, "0 to below 1, a share of a tree's recorded time")
	faults.Check(l.To == 0 || l.To > l.From && l.To <= 1, "to", l.To, "more than from and at most 1, or 0 for 1")
	faults.Check(l.IdleMax >= 0, "idle_max", l.IdleMax, "0s (AIPerf's 10s) or more")
	faults.Check(l.TreeIdleMax >= 0, "tree_idle_max", l.TreeIdleMax, "0s (none) or more")
	faults.Check(l.WarmupCalls >= 0 && l.WarmupCalls <= warmupCallsMax, "warmup_calls", l.WarmupCalls,
		"0 (none) to 10000")
	return faults.Err()
}

// idleMax is the longest time in which the whole run is idle, in seconds (AIPerf,
// inferencex-agentx-mvp).
const idleMax = 10

// lanes follow the rules of SemiAnalysis AgentX as AIPerf replays them
// (inferencex-agentx-mvp): a number of session trees alive at all times, and no
// rate of arrivals. Sub-agents run beside their session and are not counted; a
// lane takes its next session when the whole tree of the last one is done. Gaps
// are played as recorded, but for time in which nobody calls.
type lanes struct {
	trees
	idleMax     sim.Time
	treeIdleMax sim.Time // 0 = any
}

func newLanes(g *agents) *lanes {
	l := &lanes{}
	l.plant(g, l.nextSession)
	l.marked = true
	spec := &g.cfg.Lanes
	l.idleMax = sim.Ticks(cmp.Or(float64(spec.IdleMax), idleMax))
	l.treeIdleMax = sim.Ticks(float64(spec.TreeIdleMax))
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
// its first session. Of every agent that was at work then, the call before that
// instant goes out first, and brings the history into the cache.
func (l *lanes) admit(id int32) error {
	if err := l.beginSession(id, 0); err != nil {
		return err
	}
	spec := &l.cfg.Lanes
	l.underWay++
	l.enrol(id, member{parent: -1, root: id, warm: spec.WarmupCalls})
	share := spec.From + (cmp.Or(spec.To, 1)-spec.From)*l.draws.uniform("snapshot", id, 0)
	turn := turnBefore(&l.list[id].session, share)
	l.list[id].turn = turn
	l.callAt(l.firstCall(id), id)
	instants := instants(&l.list[id].session)
	now := share * instants[len(instants)-1]
	spawns := l.list[id].session.Spawns
	for i := range spawns {
		s := &spawns[i]
		if int(s.After) >= turn {
			break
		}
		l.members[id].spawned++ // it was started before the snapshot
		if err := l.admitSub(id, s, now-instants[s.After]-float64(s.Delay)); err != nil {
			return err
		}
	}
	return nil
}

// admitSub starts a sub-agent that began so many seconds before the snapshot,
// unless it was done by then.
func (l *lanes) admitSub(parent int32, s *trace.Spawn, elapsed float64) error {
	if waited := s.Join > 0 && int(s.Join) <= l.list[parent].turn; waited || elapsed < 0 {
		return nil // the parent has gone on since
	}
	l.cfg.Pool.Session(int(s.Session), &l.scratch)
	recorded := instants(&l.scratch)
	last := recorded[len(recorded)-1]
	if elapsed >= last {
		return nil
	}
	l.adopt(parent, s)
	id, err := l.beginSub(subAgent{session: s.Session, parent: parent, joinTurn: s.Join})
	if err != nil {
		return err
	}
	l.list[id].turn = turnBefore(&l.list[id].session, elapsed/last)
	l.callAt(l.firstCall(parent), id)
	return nil
}

// nextSession begins the next session of a lane, from its first turn.
func (l *lanes) nextSession(id int32) error {
	if err := l.beginSession(id, l.list[id].k+1); err != nil {
		return err
	}
	l.enrol(id, member{parent: -1, root: id, begun: l.clock.Now(), warm: l.members[id].warm})
	l.callAt(l.clock.Now(), id)
	return nil
}

// next goes on after an agent's turn, and skips time in which nobody would call.
func (l *lanes) next(id int32) error {
	root := l.members[id].root
	if err := l.trees.next(id); err != nil {
		return err
	}
	if l.treeIdleMax > 0 && l.treeIdle(root) {
		l.skip(l.treeIdleMax, func(id int32) bool { return l.members[id].root == root })
	}
	if l.tally.Issued == l.tally.Finished {
		l.skip(l.idleMax, func(int32) bool { return true })
	}
	return nil
}

// treeIdle reports whether no agent of a tree has a call under way.
func (l *lanes) treeIdle(root int32) bool {
	for id := range l.members {
		if l.members[id].root == root && l.list[id].alive && !l.fleet.idle(int32(id)) {
			return false
		}
	}
	return true
}

// skip moves all that is to come of some agents up, together, so that the first
// of it comes within a span from now.
func (l *lanes) skip(within sim.Time, of func(id int32) bool) {
	first := sim.Forever
	for id := range l.members {
		m := &l.members[id]
		if !of(int32(id)) {
			continue
		}
		if m.call.timer.Pending() {
			first = min(first, m.call.due)
		}
		for i := range m.starting {
			first = min(first, m.starting[i].due)
		}
	}
	excess := first - l.clock.Now() - within
	if first == sim.Forever || excess <= 0 {
		return
	}
	for id := range l.members {
		m := &l.members[id]
		if !of(int32(id)) {
			continue
		}
		if m.call.timer.Cancel() {
			l.callAt(m.call.due-excess, int32(id))
		}
		for i := range m.starting {
			s := &m.starting[i]
			s.timer.Cancel()
			s.due -= excess
			s.timer = l.starts.At(s.due, s.what)
		}
	}
}

// instants are the recorded seconds from a session's first call to each of its
// calls, as far as times or gaps tell.
func instants(s *trace.Session) []float64 {
	list := make([]float64, len(s.Turns))
	for i := 1; i < len(s.Turns); i++ {
		list[i] = list[i-1] + float64(s.Turns[i].Gap)
		if len(s.At) > 0 && s.At[i] >= 0 {
			list[i] = max(list[i-1], s.At[i])
		}
	}
	return list
}

// turnBefore is the last turn that went out before a share of the time between
// a session's first and last call; without times, a share of its turns.
func turnBefore(s *trace.Session, share float64) int {
	instants := instants(s)
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
