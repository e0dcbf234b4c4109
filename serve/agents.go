package serve

import (
	"errors"
	"fmt"
	"math"

	"agentsim/sim"
	"agentsim/trace"
)

// agents are all who make calls. Each walks through one session after the
// other, with one call in flight at most; arrivals say when.
type agents struct {
	cfg      *Config
	clock    *sim.Simulation
	fleet    *fleet
	tally    *Tally
	draws    draws
	arrivals arrivals
	list     []agent          // by number, which is also that of its session in the fleet
	drawn    trace.Session    // scratch: whose turns are written here before they get a place as long as they are
	toolEnds *sim.Kind[int32] // fires when an agent's next call is due

	alive   int
	lived   sim.Time // agents alive × time of the window, up to livedTo
	livedTo sim.Time
}

// agent is one agent with its session.
type agent struct {
	session trace.Session
	k       int // number of the session among those of the agent
	turn    int
	luck    int32   // whose random draws it gets: not its number, which others had before
	holder  int32   // number of the agent that holds what its first prompt inherits; -1 = none
	gap     float32 // before the turn after the one under way; below 0 = that is the last
	alive   bool    // it has calls left to make
	resumed bool    // its call was in the middle of its answer at the start
	said    int32   // tokens of its call's answer that were there at the start
}

// Sessions supplies trajectories. The k-th session of an agent is the same
// in every run with the same seed, whatever the cluster does.
type Sessions interface {
	// Session writes the session into out, reusing its turns.
	Session(agent, k int, out *trace.Session) error
}

func newAgents(cfg *Config, clock *sim.Simulation, f *fleet) *agents {
	g := &agents{
		cfg:   cfg,
		clock: clock,
		fleet: f,
		tally: f.tally,
		draws: draws{seed: cfg.Seed},
	}
	g.toolEnds = sim.NewKind(clock, "tool", sim.Arrive, g.onToolEnd)
	return g
}

// beginSession hands an agent its k-th session, of which nothing is played yet.
func (g *agents) beginSession(id int32, k int) error {
	if err := g.hand(id, int(id), k); err != nil {
		return fmt.Errorf("session %d of agent %d: %w", k, id, err)
	}
	g.list[id].k = k
	return nil
}

// hand gives an agent the k-th session of an owner. Lists of turns that grow turn by
// turn would have half of their room to spare, of every agent.
func (g *agents) hand(id int32, owner, k int) error {
	s, a := &g.drawn, &g.list[id]
	*s = trace.Session{Turns: s.Turns}
	if err := g.cfg.Sessions.Session(owner, k, s); err != nil {
		return err
	}
	if err := checkSession(s); err != nil {
		return err
	}
	turns := a.session.Turns
	if n := len(s.Turns); cap(turns) < n {
		const some = 16 // turns, so that not every longer session needs another list
		turns = make([]trace.Turn, 0, (n+some-1)/some*some)
	}
	a.session, a.turn, a.luck = *s, 0, id
	a.session.Turns = append(turns[:0], s.Turns...)
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

// onToolEnd submits the agent's next call, unless the run has had enough calls.
func (g *agents) onToolEnd(id int32) error {
	if g.cfg.CallsMax > 0 && g.tally.Issued >= g.cfg.CallsMax {
		return nil
	}
	a := &g.list[id]
	a.gap = a.gapBehind()
	g.fleet.submit(id, a.request())
	return nil
}

// finished lets an agent go on after its call.
func (g *agents) finished(id int32) error {
	if g.tally.Finished == g.cfg.CallsMax {
		g.clock.Stop() // a finite run ends with its last call, not with the gap behind it
	}
	g.list[id].turn++
	g.list[id].resumed, g.list[id].said = false, 0
	return g.arrivals.next(id)
}

// firstCall is when an agent makes its first call: somewhere in the ramp.
func (g *agents) firstCall(id int32) sim.Time {
	return sim.Ticks(g.draws.uniform("first delay", id, 0) * g.cfg.Ramp)
}

// appear makes the agent of a number alive.
func (g *agents) appear(id int32, now sim.Time) {
	g.count(now, 1)
	g.list[id].alive, g.list[id].holder = true, -1
	g.fleet.register(id)
}

// vanish marks an agent that has made all its calls.
func (g *agents) vanish(id int32) {
	g.count(g.clock.Now(), -1)
	g.list[id].alive = false
}

// count books the agents alive up to now and changes their number.
func (g *agents) count(now sim.Time, change int) {
	g.lived += sim.Time(g.alive) * (now - g.livedTo)
	g.livedTo = now
	g.alive += change
}

// lifetime is the number of agents alive, summed over the time of the window.
func (g *agents) lifetime() sim.Time {
	g.count(g.clock.Now(), 0)
	return g.lived
}

// openWindow begins a new window.
func (g *agents) openWindow() {
	g.count(g.clock.Now(), 0)
	g.lived = 0
}

// current is the turn that comes next or is under way.
func (a *agent) current() *trace.Turn { return &a.session.Turns[a.turn] }

// gapBehind is the gap before the turn after the current one. It is looked up as
// a call begins, since its neighbours are then: when the call ends, they have long
// left the processor's caches.
func (a *agent) gapBehind() float32 {
	if a.turn+1 == len(a.session.Turns) {
		return -1
	}
	return a.session.Turns[a.turn+1].Gap
}

// request is the call of the agent's current turn.
func (a *agent) request() request {
	turn := a.current()
	r := request{
		turn:   *turn,
		number: a.turn,
		k:      a.k,
		luck:   a.luck,
		shared: min(a.session.Shared, turn.Input),

		replays: a.session.Replays,
		class:   a.class(),
		resumed: a.resumed,
		said:    a.said,
	}
	switch {
	case a.turn > 0:
		r.previous = a.session.Turns[a.turn-1].Input
	case a.holder >= 0:
		r.holder, r.inherited = a.holder, min(a.session.Inherited, turn.Input)
	}
	return r
}

// The classes of what a session waits for after a turn, as a cache's times to
// live name them; named tools follow. See Config.classes.
const (
	userClass  = uint8(iota) // a person, or nothing more
	toolClass                // a tool without a name
	namedClass               // the first tool with a name
)

// class is what the session will wait for after this turn: an engine reads it
// off the answer when it is out, and needs it no sooner.
func (a *agent) class() uint8 {
	if a.turn+1 >= len(a.session.Turns) {
		return userClass
	}
	next := &a.session.Turns[a.turn+1]
	switch {
	case next.Tool > 0:
		return namedClass + next.Tool - 1
	case next.Kind == trace.Tool:
		return toolClass
	}
	return userClass
}
