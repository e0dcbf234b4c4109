package serve

import (
	"cmp"
	"fmt"
	"slices"

	"agentsim/sim"
	"agentsim/trace"
)

// closed is a fixed number of agents that take one session after the other.
// Its start is as close to the steady state as can be had for free: agents are
// somewhere inside their sessions, their gaps and their answers, and caches hold
// what those sessions would have left there.
type closed struct {
	*agents
	changes *sim.Kind[int32] // of the number of agents; the payload is the place in the list
	leaving int              // agents that go at the end of their sessions
	free    []int32          // numbers of those that have gone
	dealt   int64            // sessions begun, of Config.SessionsMax
}

// Change is a number of agents that come at an instant or, below 0, that go.
// Who comes begins a session, who goes ends theirs before.
type Change struct {
	At float64 // seconds
	By int
}

// Pace is what a turn is expected to take, which decides where in their
// sessions and calls agents are found at the start. Zero values count all turns
// alike, and nobody is in the middle of a gap or an answer.
type Pace struct {
	TTFT float64 // seconds to the first token
	TPOT float64 // seconds a token after it
}

// begin starts all agents, each as it would be found at an instant of the ramp,
// and leaves in the caches what they have played: of the agent that has waited
// longest first, as in the order of last use.
func (c *closed) begin() error {
	if len(c.cfg.Population) > 0 {
		c.changes = sim.NewKind(c.clock, "population", sim.Arrive, c.change)
		c.changes.At(sim.Ticks(c.cfg.Population[0].At), 0)
	}
	c.list = make([]agent, c.cfg.Agents)
	if most := c.cfg.SessionsMax; most > 0 && most < int64(len(c.list)) {
		c.list = c.list[:most]
	}
	if c.cfg.Cold {
		for i := range c.list {
			c.appear(int32(i), c.clock.Now())
			c.toolEnds.At(c.firstCall(int32(i)), int32(i))
			if err := c.deal(int32(i), 0); err != nil {
				return err
			}
		}
		return nil
	}
	longest, err := c.longestSession()
	if err != nil {
		return err
	}
	order := make([]foundAt, len(c.list))
	for i := range c.list {
		c.appear(int32(i), c.clock.Now())
		if order[i], err = c.enterSession(int32(i), longest); err != nil {
			return err
		}
		c.toolEnds.At(c.firstCall(int32(i))+sim.Ticks(order[i].left), int32(i))
	}
	slices.SortStableFunc(order, func(a, b foundAt) int { return cmp.Compare(b.waited, a.waited) })
	for _, at := range order {
		c.warm(at)
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
		c.tally.Sessions++
		if c.dealtOut() {
			c.vanish(id)
			if c.alive == 0 {
				c.clock.Stop()
			}
			return nil
		}
		if c.leaving > 0 {
			c.leaving--
			c.vanish(id)
			c.free = append(c.free, id)
			return nil
		}
		if err := c.deal(id, a.k+1); err != nil {
			return err
		}
	}
	c.toolEnds.After(sim.Ticks(gap), id)
	return nil
}

// change lets agents come or go, and awaits the next change.
func (c *closed) change(i int32) error {
	if next := int(i) + 1; next < len(c.cfg.Population) {
		c.changes.At(sim.Ticks(c.cfg.Population[next].At), int32(next))
	}
	by := c.cfg.Population[i].By
	c.leaving += max(0, -by)
	for range by {
		if err := c.come(); err != nil {
			return err
		}
	}
	return nil
}

// come brings one more agent, or keeps one that was about to go.
func (c *closed) come() error {
	if c.leaving > 0 {
		c.leaving--
		return nil
	}
	id, k := int32(len(c.list)), 0
	if n := len(c.free); n > 0 {
		id, c.free = c.free[n-1], c.free[:n-1]
		k = c.list[id].k + 1
	} else {
		c.list = append(c.list, agent{})
	}
	c.appear(id, c.clock.Now())
	if err := c.beginSession(id, k); err != nil {
		return err
	}
	c.toolEnds.At(c.clock.Now(), id)
	return nil
}

// deal hands an agent its k-th session, or the next of all that there are.
func (c *closed) deal(id int32, k int) error {
	if c.cfg.SessionsMax == 0 {
		return c.beginSession(id, k)
	}
	a := &c.list[id]
	if err := c.cfg.Sessions.Session(0, int(c.dealt), &a.session); err != nil {
		return fmt.Errorf("session %d: %w", c.dealt, err)
	}
	if err := checkSession(&a.session); err != nil {
		return fmt.Errorf("session %d: %w", c.dealt, err)
	}
	a.k, a.turn, a.luck = k, 0, id
	c.dealt++
	return nil
}

// dealtOut reports whether no session is left to begin.
func (c *closed) dealtOut() bool { return c.cfg.SessionsMax > 0 && c.dealt >= c.cfg.SessionsMax }

// drained reports whether all have gone: agents stay unless sessions run out.
func (c *closed) drained() bool { return c.dealtOut() && c.alive == 0 }

// foundAt is where in its turn an agent is found at the start.
type foundAt struct {
	agent     int32
	left      float64 // seconds of its gap that are still to come; 0 = its call is due
	waited    float64 // seconds since its last answer was out; 0 while it is answered
	answering bool    // it is in the middle of an answer
}

// sessionsTried bounds the sessions from which an agent's first one is chosen.
const sessionsTried = 64

// longestSession is the time of a session from which on all are found alike:
// the longest of some.
func (c *closed) longestSession() (longest float64, err error) {
	const sampled = 256
	var s trace.Session
	for i := range sampled {
		if err := c.cfg.Sessions.Session(i, -1, &s); err != nil {
			return 0, fmt.Errorf("session %d of agent %d: %w", -1, i, err)
		}
		longest = max(longest, c.cfg.Pace.session(&s))
	}
	return longest, nil
}

// enterSession finds the session and the turn that an agent is in. A session is
// found under way in proportion to the time it takes, so candidates are accepted
// with a probability proportional to that time; where none is, one of them is
// chosen in that proportion.
func (c *closed) enterSession(id int32, longest float64) (foundAt, error) {
	a := &c.list[id]
	chosen, sum, total := 0, 0.0, 0.0
	for try := range sessionsTried {
		if err := c.beginSession(id, -1-try); err != nil { // sessions before the run have negative numbers
			return foundAt{}, err
		}
		total = c.cfg.Pace.session(&a.session)
		sum += total
		if c.draws.uniform("chosen session", id, a.k)*sum < total {
			chosen = a.k
		}
		if c.draws.uniform("first session", id, a.k)*longest < total {
			chosen = a.k
			break
		}
	}
	if a.k != chosen {
		if err := c.beginSession(id, chosen); err != nil {
			return foundAt{}, err
		}
		total = c.cfg.Pace.session(&a.session)
	}
	a.k = 0
	at, rest := c.cfg.Pace.locate(a, c.draws.uniform("first turn", id, 0)*total)
	at.agent = id
	if turn := a.current(); rest < turn.Output {
		// What it has said is left out of its context: as part of the prompt it
		// would be where the cache keeps windows and states, and not the end of
		// the real prompt, on which the next turn builds.
		at.answering = true
		turn.Prefix, turn.Echo, turn.Output = turn.Input, 0, rest
	}
	return at, nil
}

// warm places the part of a session that was already played in the cache of
// the rank that it belongs to: the prompt of its answer, or the turn before.
func (c *closed) warm(at foundAt) {
	id, a := at.agent, &c.list[at.agent]
	tokens := 0
	switch {
	case at.answering:
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

// session is the expected time of a whole session.
func (p Pace) session(s *trace.Session) (seconds float64) {
	for i := range s.Turns {
		_, _, whole := p.spent(s, i)
		seconds += whole
	}
	return seconds
}

// spent is the expected time of a turn, and the parts of it: the gap before its
// call, and up to its answer. A session begins with a call.
func (p Pace) spent(s *trace.Session, turn int) (gap, before, whole float64) {
	if p == (Pace{}) {
		return 1, 1, 1
	}
	t := &s.Turns[turn]
	if turn > 0 {
		gap = float64(t.Gap)
	}
	before = gap + p.TTFT
	return gap, before, before + p.TPOT*float64(t.Output)
}

// locate moves an agent to the turn that it is in so long after its session
// began, and returns where in it and the tokens that are then left to generate.
// Long gaps and long answers are under way more often than short ones: a start
// without them would take as long as the longest to become stationary.
func (p Pace) locate(a *agent, elapsed float64) (at foundAt, rest int32) {
	last := len(a.session.Turns) - 1
	for a.turn = 0; a.turn < last; a.turn++ {
		_, _, whole := p.spent(&a.session, a.turn)
		if elapsed < whole {
			break
		}
		elapsed -= whole
	}
	turn := a.current()
	gap, before, whole := p.spent(&a.session, a.turn)
	switch {
	case p == (Pace{}):
		return at, turn.Output
	case elapsed < before:
		return foundAt{left: max(0, gap-elapsed), waited: elapsed}, turn.Output
	}
	return at, min(1+int32(max(0, whole-elapsed)/p.TPOT), turn.Output)
}
