package trace

import (
	"cmp"
	"fmt"
	"slices"
)

// Roots returns the sessions that no other one starts, by the order of the
// trace: main agents, and sub-agents whose parent was left out. It is empty
// unless PoolOptions.Trees asked for trees.
func (p *Pool) Roots() []int32 { return p.roots }

// Start returns when session i began, in seconds from the trace's start, and
// its name; negative = the trace does not tell.
func (p *Pool) Start(i int32) (seconds float64, id string) {
	return p.sessions[i].start, p.sessions[i].id
}

// SubAgent reports whether another session started session i.
func (p *Pool) SubAgent(i int32) bool { return p.sessions[i].parent != "" }

// spell is when a call was in flight, in seconds; Unknown where not told.
type spell struct {
	start, end float64
	joins      bool // Call.Joins
}

func spellOf(c *Call) spell {
	s := spell{start: c.Start, end: c.Start, joins: c.Joins}
	if c.Start >= 0 && c.Service >= 0 {
		s.end = c.Start + c.Service
	}
	return s
}

// planter finds out which session started which.
type planter struct {
	*Pool
	builder *poolBuilder
	when    []spell // by turn
	agents  []*agentState
	parents []int32 // by session; -1 = none
}

// plant fills in the instants of calls and the spawns of every session.
func (b *poolBuilder) plant(p *Pool, when []spell) error {
	t := &planter{Pool: p, builder: b, when: when, parents: make([]int32, p.Len())}
	names := map[string]int32{}
	for i := range b.agents {
		if a := &b.agents[i]; a.count > 0 {
			if _, twice := names[a.id]; !twice && a.id != "" {
				names[a.id] = int32(len(t.agents))
			}
			a.number = i
			t.agents = append(t.agents, a)
		}
	}
	for i := range t.parents {
		t.parents[i] = t.parentOf(int32(i), names)
	}
	if err := t.checkCircles(); err != nil {
		return err
	}
	t.instants()
	t.graft()
	t.lineage()
	return nil
}

// lineage notes which session holds what a session's first prompt inherits: its
// parent, or whoever the trace names.
func (t *planter) lineage() {
	sessions := make([]int32, len(t.builder.agents)) // by agent
	for i, a := range t.agents {
		sessions[a.number] = int32(i) + 1
	}
	for i := range t.sessions {
		s := &t.sessions[i]
		if s.inherited == 0 {
			continue
		}
		s.from = t.parents[i] + 1
		if holder := t.agents[i].holder; holder > 0 && holder <= len(t.builder.caller) {
			if agent := t.builder.caller[holder-1]; agent >= 0 && sessions[agent] != int32(i)+1 {
				s.from = sessions[agent]
			}
		}
		t.inherits = t.inherits || s.from > 0 && s.from != t.parents[i]+1
	}
}

// Inherits reports whether sessions begin with what others than their parents
// hold.
func (p *Pool) Inherits() bool { return p.inherits }

// parentOf finds the session that started one: its parent is a session, or an
// agent of the same session.
func (t *planter) parentOf(i int32, names map[string]int32) int32 {
	s := &t.sessions[i]
	if s.parent == "" {
		return -1
	}
	for _, name := range []string{t.agents[i].session + "/" + s.parent, s.parent} {
		if parent, ok := names[name]; ok && parent != i {
			return parent
		}
	}
	return -1
}

// checkCircles refuses sessions that started each other: none would ever begin.
func (t *planter) checkCircles() error {
	for i := range t.parents {
		steps := 0
		for at := int32(i); at >= 0; at = t.parents[at] {
			if steps++; steps > len(t.parents) {
				return fmt.Errorf("session %s is its own ancestor; want parents without a circle", t.sessions[i].id)
			}
		}
	}
	return nil
}

// instants notes when each call went out, counted from its session's start.
func (t *planter) instants() {
	t.at = make([]float64, len(t.turns))
	for i := range t.sessions {
		s := &t.sessions[i]
		begin := t.when[s.first].start
		for j := s.first; j < s.first+s.count; j++ {
			t.at[j] = Unknown
			if begin >= 0 && t.when[j].start >= begin {
				t.at[j] = (t.when[j].start - begin) / t.builder.speedup()
			}
		}
	}
}

// graft hangs every sub-agent on the turn of its parent that started it.
func (t *planter) graft() {
	var children []int32
	for i, parent := range t.parents {
		if parent < 0 {
			t.roots = append(t.roots, int32(i))
			continue
		}
		children = append(children, int32(i))
	}
	spawns := make(map[int32]Spawn, len(children))
	for _, i := range children {
		spawns[i] = t.spawn(i)
	}
	slices.SortStableFunc(children, func(a, b int32) int {
		return cmp.Or(cmp.Compare(t.parents[a], t.parents[b]), cmp.Compare(spawns[a].After, spawns[b].After))
	})
	for _, i := range children {
		s := &t.sessions[t.parents[i]]
		if s.spawned == 0 {
			s.spawn = len(t.spawns)
		}
		s.spawned++
		t.spawns = append(t.spawns, spawns[i])
	}
}

// spawn finds the turn of its parent that started a session, and the one that
// waited for it: what the format tells, or else what the times say. A parent
// whose next call came after the sub-agent's last answer waited for it; one
// that went on meanwhile did not.
func (t *planter) spawn(i int32) Spawn {
	s, parent := &t.sessions[i], &t.sessions[t.parents[i]]
	begin, end := t.when[s.first].start, t.when[s.first].end
	for _, w := range t.when[s.first : s.first+s.count] {
		end = max(end, w.end)
	}
	turns := t.when[parent.first : parent.first+parent.count]
	told := t.agents[i].after
	after := min(max(told-1, 0), parent.count-1)
	if told == 0 && begin >= 0 {
		for after+1 < len(turns) && turns[after+1].start >= 0 && turns[after+1].start <= begin {
			after++
		}
	}
	out := Spawn{Session: i, After: int32(after), Delay: float32(t.builder.replayed(t.agents[i].delay))}
	if begin >= 0 && turns[after].end >= 0 {
		out.Delay = float32(t.builder.replayed(begin - turns[after].end))
	}
	next := after + 1
	for told > 0 && next < len(turns) && !turns[next].joins {
		next++
	}
	if next >= len(turns) || told == 0 && (begin < 0 || turns[next].start+clockStep < end) {
		return out
	}
	out.Join = int32(next)
	if rest := turns[next].start - end; end >= 0 && turns[next].start >= 0 {
		// The recorded gap spans the sub-agent's work; what is left of it
		// comes after that.
		gap := &t.turns[parent.first+next].Gap
		*gap = min(*gap, float32(t.builder.replayed(rest)))
	}
	return out
}

// clockStep is the coarsest clock of the known formats, in seconds.
const clockStep = 1.0
