package serve

import "agentsim/sim"

// Observer watches a cluster at work. It sees what happened, after it
// happened, and cannot change it.
type Observer interface {
	Stepped(s Stepped)
	Stayed(s Stayed)
}

// Stepped is a step, or a run of decode steps, that a worker ended.
type Stepped struct {
	Pool        string
	Worker      int
	From, To    sim.Time
	Steps       int     // decode steps; 0 = prompts only
	Sequences   int     // decoding
	PromptParts int     // prompts of which a chunk was computed
	Prompt      int     // tokens of them
	Watts       float64 // mean of all the worker's accelerators together
}

// Stayed is the time an agent spent in a state.
type Stayed struct {
	Agent, Turn int
	Worker      int // of prefill, or of decode once it decodes; -1 = none
	State       State
	From, To    sim.Time
	Tokens      int // of the prompt, or of the answer where it decodes
}

// observeStep tells of the step that ends now.
func (c *Cluster) observeStep(w *worker) {
	if c.cfg.Observer == nil {
		return
	}
	now := c.sim.Now()
	s := Stepped{Pool: w.pool, Worker: w.id, From: w.leg.begun, To: now, Steps: w.leg.decode,
		PromptParts: len(w.batch)}
	if w.leg.decode > 0 {
		s.Sequences = w.sequence
	}
	for _, b := range w.batch {
		s.Prompt += b.tokens
	}
	power := c.cfg.System.Accelerator.Power
	s.Watts = float64(power.Static())*float64(w.shape.Accelerators) + w.leg.energy()/(now-w.leg.begun).Seconds()
	c.cfg.Observer.Stepped(s)
}

// observeStay tells of the state that an agent leaves now.
func (c *Cluster) observeStay(id int32) {
	a := &c.calls[id]
	if c.cfg.Observer == nil || a.turn >= len(a.session.Turns) {
		return
	}
	s := Stayed{Agent: int(id), Turn: a.turn, Worker: int(a.home), State: a.state, From: a.entered, To: c.sim.Now(),
		Tokens: int(a.current().Input)}
	if a.state == InDecode {
		s.Tokens = int(a.current().Output)
		if c.cfg.Deployment.Mode == Disaggregated {
			s.Worker = int(a.decoder)
		}
	}
	c.cfg.Observer.Stayed(s)
}
