package analytic

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/experiment/sessions"
	"agentsim/fault"
	"agentsim/metrics"
	"agentsim/models/llm"
	"agentsim/models/step"
	"agentsim/serve"
	"agentsim/trace"
	"agentsim/units"
)

// Estimator estimates deployments of one scenario. All else is the same for
// them, so that they share step models and prices of steps. It serves many
// goroutines at once.
type Estimator struct {
	scenario *configs.Scenario
	criteria []metrics.Criterion
	shared   *shared
}

// shared is what does not depend on the service level.
type shared struct {
	solver    *Solver
	workers   memo[workerKey, *worker]
	workloads memo[caching, *workload]
	prices    memo[pricesKey, *prices]
	sources   memo[struct{}, *sessions.Source] // one: sessions do not depend on the deployment
}

// workerKey is what tells the workers of one scenario apart.
type workerKey struct {
	shape     step.Shape // normalised
	draft     string     // of the pool, in words
	path      string
	precision step.Precision
	experts   serve.ExpertsSpec
	system    string // of the pool, where it is not the scenario's
	cap       units.Watts
}

// worker is what a step model says once.
type worker struct {
	model  *step.Model
	budget step.Budget
	unfit  error // why it does not fit in memory
}

// pricesKey is what the price of a step depends on.
type pricesKey struct {
	worker workerKey // without its limits
	mixed  bool      // prompts and sequences share the steps of its workers
	cut    cut       // zero where the pool takes no prompts
	calls  caching
}

// For returns an estimator of the scenario's deployments.
func (v *Solver) For(s *configs.Scenario) *Estimator {
	return &Estimator{scenario: s, criteria: s.SLO.Criteria(), shared: &shared{solver: v}}
}

// Under returns an estimator that asks for another service level and shares
// all else.
func (e *Estimator) Under(slo metrics.SLO) *Estimator {
	s := *e.scenario
	s.SLO.SLO = slo
	return &Estimator{scenario: &s, criteria: slo.Criteria(), shared: e.shared}
}

// Check reads the workload, as deployments like the given one see it.
func (e *Estimator) Check(d *serve.DeploymentSpec) error {
	_, err := e.workload(e.caching(d))
	return err
}

// Estimate is what ranks a deployment.
type Estimate struct {
	Agents       int
	Accelerators int
	PerMW        float64 // agents, of accelerator power as drawn
	Limit        string  // the condition that one more agent would fail, and why
	Decodes      float64 // sequences that a rank decodes at once, on average
	Bound        bool    // the batch limit stands in the way of more
	Watts        float64 // mean draw of an accelerator

	Within metrics.PerMW // PerMW within every boundary
}

// Estimate is Flows in few words and less time.
func (e *Estimator) Estimate(d *serve.DeploymentSpec) (Estimate, error) {
	return e.EstimateNear(d, Estimate{})
}

// EstimateNear is Estimate in less time where a deployment is likely to serve about
// as many as another one, or the same in another scenario. The zero Estimate says
// nothing.
func (e *Estimator) EstimateNear(d *serve.DeploymentSpec, about Estimate) (Estimate, error) {
	n, f, one, err := e.solve(d, about)
	if err != nil {
		return Estimate{}, err
	}
	one.Decodes = f.sequences / n.finish.ranks
	one.Bound = f.sequences >= n.finish.slots*(1-coarse)
	one.Watts, _ = n.acceleratorWatts(&f)
	return one, nil
}

// solve finds the largest number of agents of a deployment that meets the service
// level, and the state of its network with them, around what is likely.
func (e *Estimator) solve(d *serve.DeploymentSpec, about Estimate) (n *network, f flow, one Estimate, err error) {
	if n, err = e.network(d); err != nil {
		return nil, f, one, err
	}
	one.Accelerators = n.deployment.Accelerators()
	n.near = min(about.Decodes*n.finish.ranks, n.finish.slots)
	if f, one.Agents, one.Limit, err = n.capacity(float64(about.Agents)); err != nil {
		return nil, f, one, err
	}
	one.Within = n.within(&f, one.Agents)
	one.PerMW = one.Within.AcceleratorMeasured
	return n, f, one, nil
}

// Flows estimates the largest number of agents of a deployment that meets the
// service level from mean flows alone. Deployments that cannot work give
// metrics.ErrInfeasible.
func (e *Estimator) Flows(d *serve.DeploymentSpec) (*metrics.Result, error) {
	n, f, one, err := e.solve(d, Estimate{})
	if err != nil {
		return nil, err
	}
	r := n.result(&f)
	r.Capacity, r.Limit = one.Capacity(), one.Limit
	return r, nil
}

// Capacity estimates the largest number of agents of a deployment that meets
// the service level: mean flows say where it lies, and a rehearsal around it
// what they miss. Deployments that cannot work give metrics.ErrInfeasible.
func (e *Estimator) Capacity(ctx context.Context, d *serve.DeploymentSpec) (*metrics.Result, error) {
	_, state, flows, err := e.solve(d, Estimate{})
	served := err == nil
	if err != nil && !errors.Is(err, metrics.ErrInfeasible) {
		return nil, err
	}
	s := *e.scenario
	s.Deployment = *d
	about := experiment.Rehearsal{Guess: 1, Settled: state.kept == 1, Tabulate: e.shared.solver.tables().Tabulate}
	if about.Source, err = e.sessions(); err != nil {
		return nil, err
	}
	if served {
		about.Guess = float64(flows.Agents)
	}
	r, err := experiment.Rehearse(ctx, &s, about)
	if err != nil {
		return nil, err
	}
	r.Fingerprint = fingerprint
	r.Capacity.Estimate = &metrics.Estimate{Calls: r.Calls}
	if served {
		r.Capacity.Estimate.Flows = flows.Agents
	}
	return r, nil
}

// network puts the closed network of a deployment together.
func (e *Estimator) network(d *serve.DeploymentSpec) (*network, error) {
	completed := d.Completed(&e.scenario.Engine)
	d = &completed
	if err := d.Validate(); err != nil {
		return nil, fault.In("deployment", err)
	}
	if err := d.Limited(); err != nil {
		return nil, fault.In("deployment", err)
	}
	if d.Mode == serve.Auto {
		return nil, fmt.Errorf("deployment.mode: auto names no deployment yet: only capacity resolves it")
	}
	s := e.scenario
	n := &network{
		scenario:    s,
		deployment:  d,
		criteria:    e.criteria,
		estimator:   e,
		mixed:       d.Mode == serve.Aggregated,
		pricesLevel: math.NaN(),
		caching:     e.caching(d),
	}
	var err error
	if n.work, err = e.workload(n.caching); err != nil {
		return nil, err
	}
	pools := d.Pools()
	for i, p := range []*pool{&n.entry, &n.finish} {
		if i == len(pools) {
			n.finish = n.entry
			break
		}
		if *p, err = n.pool(pools[i]); err != nil {
			return nil, err
		}
	}
	if n.finish.slots < 1 {
		return nil, n.finish.full(n.work)
	}
	n.tokens = newTokens(n.finish.model.Lengths())
	n.steps = n.work.meanSteps(n.tokens)
	n.transfer = (&serve.Config{Deployment: *d, System: e.scenario.System}).Transfer(n.entry.model)
	n.ingress = s.Engine.Host.IngressSeconds(n.work.mean.input)
	return n, nil
}

func (e *Estimator) workload(c caching) (*workload, error) {
	return e.shared.workloads.get(c, func() (*workload, error) { return e.shared.solver.workload(e.scenario, c) })
}

// sessions are those of the scenario, drawn once for all that is rehearsed.
func (e *Estimator) sessions() (*sessions.Source, error) {
	return e.shared.sources.get(struct{}{}, func() (*sessions.Source, error) {
		source, err := sessions.Open(e.scenario)
		if err != nil {
			return nil, err
		}
		kept := *source
		kept.Sessions = sessions.Remember(source.Sessions)
		return &kept, nil
	})
}

func (e *Estimator) key(d *serve.DeploymentSpec, p *serve.PoolSpec) workerKey {
	return workerKey{
		shape:     p.Shape.Normalised(),
		draft:     fmt.Sprint(p.Speculation()),
		path:      d.ExpertsPathOf(p),
		precision: d.Precision,
		experts:   d.Experts,
		system:    p.System,
		cap:       d.CapOf(p, &e.scenario.System),
	}
}

func (e *Estimator) worker(d *serve.DeploymentSpec, p *serve.PoolSpec) (*worker, error) {
	return e.shared.workers.get(e.key(d, p), func() (*worker, error) {
		s := e.scenario
		cfg := serve.Config{
			Deployment: *d,
			System:     s.System,
			LLM:        s.Model,
			Kernels:    s.Kernels,
			Engine:     s.Engine,
			Seed:       s.Seed,
			Tabulate:   e.shared.solver.tables().Tabulate,
		}
		m, err := cfg.Model(p)
		if err != nil {
			return nil, err
		}
		return &worker{model: m, budget: m.Budget(), unfit: m.Fit()}, nil
	})
}

func (n *network) pool(p serve.NamedPool) (pool, error) {
	w, err := n.estimator.worker(n.deployment, p.Spec)
	if err != nil {
		return pool{}, fmt.Errorf("deployment.%s: %w", p.Name, err)
	}
	if w.unfit != nil {
		return pool{}, fmt.Errorf("%w: deployment.%s: %w", metrics.ErrInfeasible, p.Name, w.unfit)
	}
	shape := p.Spec.Shape.Normalised()
	cache := &n.deployment.Cache
	m := newMemory(w, cache, p.Prefills())
	o := pool{
		name:    p.Name,
		spec:    p.Spec,
		key:     n.estimator.key(n.deployment, p.Spec),
		model:   w.model,
		workers: float64(p.Workers),
		ranks:   float64(shape.Ranks()),
	}
	o.slots = min(float64(shape.MaxBatchPerRank), m.sequences(n.work.decodeContext+float64(cache.Reserve()))) * o.ranks
	o.key.shape.MaxBatchPerRank, o.key.shape.TokenBudget = 0, 0
	if p.Prefills() {
		n.entryMemory = m
		return o, nil
	}
	o.prices = n.decoding(&o)
	return o, nil
}

// decoding tabulates a pool's steps that prefill nothing.
func (n *network) decoding(o *pool) *prices {
	key := pricesKey{worker: o.key, mixed: n.mixed, calls: n.caching}
	p, _ := n.estimator.shared.prices.get(key, func() (*prices, error) {
		return newPrices(o.model, nil, n.work.decodeContext, n.mixed, nil), nil
	})
	return p
}

// pricesFor tabulates the entry pool when a share of the calls finds its cache.
func (n *network) pricesFor(level float64) *prices {
	if n.pricesLevel == level {
		return n.prices
	}
	shape := n.entry.spec.Shape
	decoding := min(shape.MaxBatchPerRank/2*n.entry.model.TokensPerSequence(), shape.TokenBudget/2)
	room := shape.TokenBudget
	if n.mixed {
		room -= decoding
	}
	key := pricesKey{worker: n.entry.key, mixed: n.mixed, calls: n.caching,
		cut: cut{level, max(1, room), n.scenario.Seed}}
	n.pricesLevel = level
	n.prices, _ = n.estimator.shared.prices.get(key, func() (*prices, error) {
		return newPrices(n.entry.model, n.work.cutPrompts(key.cut), n.work.decodeContext, n.mixed,
			n.decoding(&n.entry)), nil
	})
	return n.prices
}

// Load is what a step costs at one load of a worker: seconds, their deviation
// from step to step, and dynamic joules, for a token, be it prefilled or
// gained by decoding.
type Load struct{ Seconds, Spread, Joules float64 }

// Curve is what the steps of a pool's workers cost at so many sequences that
// decode, or, for other pools than decode, prompt chunks that wait while no
// sequence decodes and every call finds its cache.
type Curve struct {
	Loads []Load  // at 1, 2, 3, 4, 6, 8, 12, … as far as a worker of the pool decode has room
	Room  float64 // tokens that the caches of a worker hold
}

// Curve prices the steps of a pool. Workers that do not fit give an error.
func (e *Estimator) Curve(d *serve.DeploymentSpec, p serve.NamedPool) (Curve, error) {
	n := &network{
		scenario:    e.scenario,
		deployment:  d,
		estimator:   e,
		mixed:       d.Mode == serve.Aggregated,
		caching:     e.caching(d),
		pricesLevel: math.NaN(),
	}
	var err error
	if n.work, err = e.workload(n.caching); err != nil {
		return Curve{}, err
	}
	if n.entry, err = n.pool(p); err != nil {
		return Curve{}, err
	}
	if p.Prefills() {
		m := &n.entryMemory
		room := m.sessions(n.work.mean.input) * n.work.mean.input * n.entry.ranks
		return Curve{n.pricesFor(1).prefilling(), room}, nil
	}
	if n.entry.slots < 1 {
		return Curve{}, n.entry.full(n.work)
	}
	loads := n.entry.prices.decoding(n.entry.slots, n.entry.model.TokensPerStep())
	return Curve{loads, n.entry.slots * n.work.decodeContext}, nil
}

// endsOnly reports whether windows or states make a prefix one that is found at
// the ends of earlier prompts only.
func (e *Estimator) endsOnly() bool {
	preset, ok, err := e.scenario.Engine.CachePreset()
	if err != nil || !ok || preset.Dense {
		return false
	}
	format := llm.CacheFormat{KV: e.scenario.Deployment.Precision.KV}
	return slices.ContainsFunc(e.scenario.Model.CacheComponents(format), func(c llm.CacheComponent) bool {
		return c.Kind != llm.Grows
	})
}

func (e *Estimator) caching(d *serve.DeploymentSpec) caching {
	repeats := e.scenario.Workload.Replay == trace.ReplayGenerated
	c := caching{
		off:         d.Cache.Off,
		blockTokens: e.scenario.Engine.Memory.BlockTokens,
		endsOnly:    e.endsOnly(),
		generated:   repeats && (d.Mode == serve.Aggregated || d.Cache.DecodeRetains),
	}
	if d.Router != serve.ConversationAffinity && d.Router != serve.KVAware && d.Mode != serve.Auto {
		entry := d.Pools()[0]
		c.ranks, c.seed = entry.Workers*entry.Spec.Shape.Normalised().Ranks(), e.scenario.Seed
	}
	return c
}

// full is the error of a pool whose ranks have no room for a sequence.
func (p *pool) full(w *workload) error {
	return fmt.Errorf("%w: deployment.%s: not one sequence of %.0f tokens fits in the cache of a rank",
		metrics.ErrInfeasible, p.name, w.decodeContext)
}
