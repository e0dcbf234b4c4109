package serve

import (
	"fmt"

	"agentsim/sim"
)

// OpenWindow begins a new window of measurement.
func (c *Cluster) OpenWindow() {
	c.book()
	c.tally.reset(c.clock.Now(), len(c.fleet.workers))
	c.agents.openWindow()
}

// Window closes the books at this instant and returns the tally of the
// window. It stays valid until the next OpenWindow.
func (c *Cluster) Window() *Tally {
	c.book()
	return &c.tally
}

// Totals returns the counts of the whole run so far.
func (c *Cluster) Totals() *Tally { return &c.tally }

// Span is the length of the window in seconds.
func (c *Cluster) Span() float64 { return (c.clock.Now() - c.tally.from).Seconds() }

// book brings all running accounts up to now.
func (c *Cluster) book() {
	for id := range c.agents.list {
		if c.agents.list[id].alive {
			c.fleet.book(id)
		}
	}
	for _, w := range c.fleet.workers {
		if w.busy {
			w.bookLeg()
		}
	}
}

// Check verifies the laws that hold at every instant: every call is finished
// or in flight, an agent has one call at most, agents are conserved, caches
// add up, and state times sum to agents times time (so that N = X·C).
func (c *Cluster) Check() error {
	flying, spent := int64(0), sim.Time(0)
	for id := range c.agents.list {
		call := &c.fleet.calls[id]
		if call.state != InTool {
			flying++
		}
		if c.agents.list[id].alive {
			spent += c.clock.Now() - call.booked
		}
	}
	if t := &c.tally; t.Issued != t.Finished+flying {
		return fmt.Errorf("calls are not conserved: %d issued, %d finished, %d in flight", t.Issued, t.Finished, flying)
	}
	for _, d := range c.tally.InState {
		spent += d
	}
	if total := c.agents.lifetime(); spent != total {
		return fmt.Errorf("%d agents spent %v in their states, want %v", c.agents.alive, spent, total)
	}
	for _, w := range c.fleet.workers {
		if err := w.check(); err != nil {
			return fmt.Errorf("worker %d at %v: %w", w.id, c.clock.Now(), err)
		}
	}
	return nil
}
