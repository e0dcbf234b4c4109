package serve

import (
	"errors"
	"fmt"

	"agentsim/sim"
)

// Cluster is one running simulation: agents, and the fleet that serves them.
type Cluster struct {
	clock  *sim.Simulation
	agents *agents
	fleet  *fleet
	tally  Tally
}

// New builds a cluster with all agents alive, caches warm, and the agents at
// random points of their sessions. Prepare must have succeeded on cfg.
func New(cfg Config) (*Cluster, error) {
	if cfg.Agents < 0 {
		return nil, fmt.Errorf("agents: %d: want 0 or more", cfg.Agents)
	}
	c := &Cluster{clock: sim.New(sim.Options{Seed: cfg.Seed, Recorder: cfg.Recorder})}
	fleet, err := newFleet(&cfg, c.clock, &c.tally, c.finished)
	if err != nil {
		return nil, err
	}
	c.fleet = fleet
	c.tally.reset(0, len(fleet.workers))
	c.agents = newAgents(&cfg, c.clock, fleet)
	c.agents.arrivals = newArrivals(c.agents)
	return c, c.agents.arrivals.begin()
}

// finished lets an agent go on after its call.
func (c *Cluster) finished(id int32) error { return c.agents.finished(id) }

// Run advances the cluster by the given seconds.
func (c *Cluster) Run(seconds float64) error {
	return c.clock.Run(c.clock.Now() + sim.Ticks(seconds))
}

// RunOut advances a cluster with a CallsMax or a SessionsMax until its last call
// is over.
func (c *Cluster) RunOut() error {
	calls, sessions := c.agents.cfg.CallsMax, c.agents.cfg.SessionsMax
	if calls < 1 && sessions < 1 {
		return errors.New("calls_max and sessions_max: 0: the run would have no end")
	}
	if err := c.clock.Run(sim.Forever); err != nil {
		return err
	}
	if calls < 1 && c.tally.Sessions < sessions {
		return fmt.Errorf("the cluster is stuck: %d of %d sessions ended", c.tally.Sessions, sessions)
	}
	if c.tally.Finished < calls {
		return fmt.Errorf("the cluster is stuck: %d of %d calls finished", c.tally.Finished, calls)
	}
	return nil
}

// Now is the simulated time in seconds.
func (c *Cluster) Now() float64 { return c.clock.Now().Seconds() }

// Events is the number of events so far.
func (c *Cluster) Events() uint64 { return c.clock.Events() }

// Fingerprint identifies what happened so far.
func (c *Cluster) Fingerprint() uint64 { return c.clock.Fingerprint() }

// Alive is the number of agents that have calls left to make.
func (c *Cluster) Alive() int { return c.agents.alive }

// Drained reports whether all sessions that arrive by time have come and gone.
func (c *Cluster) Drained() bool { return c.agents.arrivals.drained() }

// Stuck reports whether nothing is left to happen although calls are under way,
// or agents have calls left to make.
func (c *Cluster) Stuck() bool {
	return c.clock.Pending() == 0 && (c.InFlight() > 0 || !c.Drained())
}

// InFlight is the number of calls issued and not finished.
func (c *Cluster) InFlight() int64 { return c.tally.Issued - c.tally.Finished }

// WorkerAccelerators is the number of accelerators of a worker, by its place
// in Tally.Work.
func (c *Cluster) WorkerAccelerators(worker int) int {
	return c.fleet.workers[worker].shape.Accelerators
}
