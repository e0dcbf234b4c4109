package serve

import (
	"fmt"

	"agentsim/sim"
)

// closed is a fixed number of agents that take one session after the other.
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

// begin starts all agents: cold ones at the first turn of their first session, all
// others as they would be found at an instant of the ramp.
func (c *closed) begin() error {
	if len(c.cfg.Population) > 0 {
		c.changes = sim.NewKind(c.clock, "population", sim.Arrive, c.change)
		c.changes.At(sim.Ticks(c.cfg.Population[0].At), 0)
	}
	c.list = make([]agent, c.cfg.Agents)
	if most := c.cfg.SessionsMax; most > 0 && most < int64(len(c.list)) {
		c.list = c.list[:most]
	}
	for i := range c.list {
		c.appear(int32(i), c.clock.Now())
	}
	if !c.cfg.Cold {
		s := stationary{closed: c}
		return s.begin()
	}
	for i := range c.list {
		c.toolEnds.At(c.firstCall(int32(i)), int32(i))
		if err := c.deal(int32(i), 0); err != nil {
			return err
		}
	}
	return nil
}

// next goes on with the session or, after its last turn, with the next one.
func (c *closed) next(id int32) error {
	a := &c.list[id]
	gap := max(0, a.gap)
	if a.gap < 0 {
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
	c.toolEnds.After(sim.Ticks(float64(gap)), id)
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
	if err := c.hand(id, 0, int(c.dealt)); err != nil {
		return fmt.Errorf("session %d: %w", c.dealt, err)
	}
	c.list[id].k = k
	c.dealt++
	return nil
}

// dealtOut reports whether no session is left to begin.
func (c *closed) dealtOut() bool { return c.cfg.SessionsMax > 0 && c.dealt >= c.cfg.SessionsMax }

// drained reports whether all have gone: agents stay unless sessions run out.
func (c *closed) drained() bool { return c.dealtOut() && c.alive == 0 }
