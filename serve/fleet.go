package serve

import (
	"agentsim/fault"
	"agentsim/models/kvcache/prefix"
	"agentsim/models/step"
	"agentsim/sim"
)

// fleet is everything that serves calls: routers, workers and what connects
// them. Agents submit calls, forget sessions, and are told when a call is
// finished.
type fleet struct {
	flight
	entrance entrance
	handoff  handoff
	network  *network
	workers  []*worker
	frontend frontend
	outages  outages
	arrives  *sim.Kind[int32]
	done     func(id int32) error // told of every finished call
}

// newFleet builds the workers of all pools. Done is told of every call that
// finishes.
func newFleet(cfg *Config, clock *sim.Simulation, tally *Tally, done func(id int32) error) (*fleet, error) {
	f := &fleet{
		flight: flight{
			clock:    clock,
			policy:   newPolicy(cfg),
			drafts:   newDrafts(cfg),
			tally:    tally,
			observer: cfg.Observer,
			contents: prefix.NewContents(),
		},
		done: done,
	}
	f.network = newNetwork(clock, f.delivered)
	f.arrives = sim.NewKind(clock, "arrive", sim.Arrive, f.arrive)
	if err := f.build(cfg); err != nil {
		return nil, err
	}
	f.frontend = newFrontend(cfg.Engine.Host, cfg.Deployment.Accelerators())
	f.entrance.flight, f.entrance.all = &f.flight, f.workers
	f.entrance.draws = draws{seed: cfg.Seed}
	f.entrance.choose, f.entrance.looks = routerNamed(cfg.Deployment.Router), cfg.looks
	f.entrance.open()
	f.handoff.flight, f.handoff.all, f.handoff.network = &f.flight, f.workers, f.network
	f.handoff.strand = func(id int32) { f.outages.waits(id, InSlot) }
	return f, f.outages.plan(f, cfg.Failures)
}

// build makes the workers of all pools and connects them.
func (f *fleet) build(cfg *Config) error {
	boundary := sim.NewKind(f.clock, "step", sim.Complete, func(id int32) error { return f.workers[id].endLeg() })
	emerges := sim.NewKind(f.clock, "emerge", sim.Complete, func(id int32) error {
		if lost, err := f.outages.astray(id); lost {
			return err
		}
		return f.workers[f.residences[id].home].emerge(id)
	})
	f.handoff.decoders = make([][]*worker, max(1, cfg.Deployment.Units))
	for i, p := range cfg.Deployment.Pools() {
		m := cfg.models[i]
		prices := m.Prices() // of all workers of the pool
		cache, err := cacheSpec(cfg, p, m)
		if err != nil {
			return err
		}
		for n := range p.Workers {
			w, err := newWorker(p, prices, cache, f.contents)
			if err != nil {
				return fault.In("deployment."+p.Name, err)
			}
			w.flight, w.network, w.up = &f.flight, f.network, f
			w.boundary, w.emerges = boundary, emerges
			w.id, w.unit = len(f.workers), n/p.Spec.Workers
			if cfg.pricer != nil {
				w.price = cfg.pricer
			}
			if err := f.connect(w, cfg); err != nil {
				return fault.In("deployment."+p.Name, err)
			}
			f.workers = append(f.workers, w)
		}
	}
	return nil
}

// connect gives a worker its place in the fleet: as one that takes prompts or
// decodes, with wires to its tiers and from prefill to the decode pool.
func (f *fleet) connect(w *worker, cfg *Config) error {
	w.accepts = w.prefills
	if w.prefills {
		w.prefillSeconds = w.fullStepSeconds() / float64(w.shape.TokenBudget)
		f.entrance.workers = append(f.entrance.workers, w)
	} else {
		f.handoff.decoders[w.unit] = append(f.handoff.decoders[w.unit], w)
	}
	for i := range w.ranks {
		for level := range w.tiers {
			wire, err := f.network.tierWire(&w.tiers[level])
			if err != nil {
				return err
			}
			w.ranks[i].tiers[level+1] = wire
		}
	}
	if w.decodes {
		return nil
	}
	f.handoff.transfer = cfg.Transfer(w.model)
	for i := range w.ranks {
		wire, err := f.network.addWire(f.handoff.transfer.Rate)
		if err != nil {
			return err
		}
		w.ranks[i].out = wire
	}
	return nil
}

// submit takes a call of a session. Its prompt is tokenised before it arrives.
func (f *fleet) submit(id int32, r request) {
	c := &f.calls[id]
	c.request = r
	f.enter(id, InIngress)
	c.issued, c.done, c.generated = f.clock.Now(), 0, 0
	if !r.resumed {
		c.hit = 0
	}
	f.tally.Issued++
	f.arrives.After(f.frontend.takeIn(f.clock.Now(), float64(r.turn.Input)), id)
}

// arrive routes a call and puts it in its rank's queue.
func (f *fleet) arrive(id int32) error {
	if f.calls[id].resumed {
		if home := f.residences[id].home; home >= 0 && !f.workers[home].decodes {
			return f.resume(id)
		}
	}
	f.begin(id)
	return f.place(id)
}

// resume goes on with a call whose prompt a prefill worker has computed before the
// start: it waits for its slot.
func (f *fleet) resume(id int32) error {
	c, now := &f.calls[id], f.clock.Now()
	c.entry, c.done = f.residences[id].home, c.prompt()
	c.prefillStart, c.prefillEnd = now, now
	if f.policy.firstToken == step.FirstPrefill {
		f.emit(id)
	}
	return f.handoff.receive(id)
}

// place routes a call whose prompt is known and puts it in its rank's queue.
func (f *fleet) place(id int32) error {
	if len(f.entrance.workers) == 0 {
		f.outages.waits(id, InQueue)
		return nil
	}
	f.enter(id, InQueue)
	f.route(id)
	home := f.residences[id].home
	f.calls[id].entry = home
	return f.workers[home].accept(id)
}

// route finds the home of a session's next call. Caches do not travel between
// units, so a session that moves to another leaves its decode worker, too.
func (f *fleet) route(id int32) {
	f.entrance.route(id)
	s := &f.residences[id]
	if s.decoder >= 0 && f.workers[s.decoder].unit != f.workers[s.home].unit {
		f.handoff.forget(id)
	}
}

// abandon leaves the cache of a session that is over to eviction.
func (f *fleet) abandon(id int32) {
	s := &f.residences[id]
	if s.home >= 0 {
		f.workers[s.home].ranks[s.rank].house(-1)
	}
	s.abandoned = true
}

// forget lets a session go that is over; its number may be used for another.
func (f *fleet) forget(id int32) {
	f.depart(id)
	f.end(id)
}

// depart takes a session from its home. Others may still begin with what it
// said.
func (f *fleet) depart(id int32) {
	f.entrance.forget(id)
	f.handoff.forget(id)
	f.residences[id] = nowhere()
}

// end makes a session one that nobody begins with any more.
func (f *fleet) end(id int32) { f.contents.End(prefix.SessionID(id)) }

// delivered goes on with a call whose bytes have arrived.
func (f *fleet) delivered(id int32) error {
	if lost, err := f.outages.astray(id); lost {
		return err
	}
	if f.calls[id].state == InReload {
		return f.workers[f.residences[id].home].reloaded(id)
	}
	return f.handoff.receive(id)
}

// prefilled implements supervisor.
func (f *fleet) prefilled(id int32) error {
	f.handoff.send(id)
	return nil
}

// preempted implements supervisor: the call goes back to the head of the queue
// of the rank where its session lives.
func (f *fleet) preempted(id int32) error {
	f.enter(id, InQueue)
	s := &f.residences[id]
	if s.home < 0 { // its home has failed meanwhile
		return f.place(id)
	}
	home := f.workers[s.home]
	home.ranks[s.rank].enqueueFirst(id, f.calls[id].prompt())
	if s.home == f.sequences[id].worker {
		return nil // it is planning already
	}
	return home.notify()
}

// finished implements supervisor: the last token of a call is out.
func (f *fleet) finished(id int32) error {
	c := &f.calls[id]
	f.tally.record(c, c.entry, f.clock.Now(), f.policy.minOutput)
	f.clock.Mix(uint64(id)<<32 | uint64(c.turn.Output))
	f.enter(id, InTool)
	f.frontend.sendOut(f.clock.Now(), float64(c.turn.Output))
	return f.done(id)
}
