package serve

import (
	"errors"
	"fmt"

	"agentsim/models/hardware"
	"agentsim/models/kvcache"
	"agentsim/models/llm"
	"agentsim/models/moe"
	"agentsim/models/step"
	"agentsim/sim"
	"agentsim/trace"
)

// Config is everything a cluster is built from.
type Config struct {
	Deployment DeploymentSpec
	System     hardware.System
	LLM        llm.Spec
	Kernels    hardware.KernelSet
	Engine     step.EngineSpec
	Sessions   Sessions
	Arrivals   string      // who calls when: closed (default), lanes, open, partly-open (see trace.Workload)
	Pool       *trace.Pool // with trees: sub-agents of lanes, sessions that arrive by time; nil = none
	Tools      []string    // names of trace.Turn.Tool
	Replay     string      // recorded | generated: whether the next prompt repeats what was generated
	Agents     int
	Ramp       float64 // seconds over which the agents' first calls are spread
	Pace       Pace    // of turns, for the start
	Cold       bool    // agents begin their first sessions at the first turn, on empty caches
	CallsMax   int64   // agents stop once so many calls were issued; 0 = never
	MinOutput  int     // tokens below which a call has no output speed
	Seed       uint64
	Recorder   sim.Recorder
	Observer   Observer // nil = none

	Tabulate func(moe.Spec) (*moe.Table, error) // of expert groups; nil = moe.Tabulate

	models []*step.Model // one a pool; built by Prepare

	// Tests put other things in their place.
	naive  bool   // every decode step is an event of its own: the oracle
	pricer pricer // of all steps; nil = the pool's step model
}

// pricer says what a step of a worker costs, given the loads of its ranks.
type pricer interface {
	Step(ranks []step.Rank) step.Cost
}

// Prepare builds the step models of the pools and checks that every worker
// fits. Clusters of different sizes may share one prepared Config.
func (c *Config) Prepare() error {
	if err := c.Deployment.Validate(); err != nil {
		return fmt.Errorf("deployment.%w", err)
	}
	if err := c.Deployment.Cache.Eviction.CheckClasses(c.classes()); err != nil {
		return fmt.Errorf("deployment.cache.%w", err)
	}
	if c.Deployment.Mode == Auto {
		return field("deployment.mode", "auto names no deployment yet: only capacity resolves it")
	}
	var models []*step.Model // a list of its own: copies of the Config keep theirs
	for _, p := range c.Deployment.Pools() {
		m, err := c.Model(p.Spec)
		if err != nil {
			return fmt.Errorf("deployment.%s: %w", p.Name, err)
		}
		models = append(models, m)
	}
	c.models = models
	return nil
}

// Models are the step models of the pools, in the order of Deployment.Pools.
func (c *Config) Models() []*step.Model { return c.models }

// ErrMemory is returned when a worker does not fit in memory.
type ErrMemory struct{ Pool, Reason string }

// Error names the pool and says by how much it misses.
func (e *ErrMemory) Error() string { return "deployment." + e.Pool + ": " + e.Reason }

// Fit checks that every worker fits in memory.
func (c *Config) Fit() error {
	for i, p := range c.Deployment.Pools() {
		if err := c.models[i].Fit(); err != nil {
			return &ErrMemory{Pool: p.Name, Reason: err.Error()}
		}
	}
	return nil
}

// Model builds the step model of the workers of a pool.
func (c *Config) Model(p *PoolSpec) (*step.Model, error) {
	d := &c.Deployment
	path := d.ExpertsPath
	if p.ExpertsPath != "" {
		path = p.ExpertsPath
	}
	return step.New(step.Config{System: c.System, LLM: c.LLM, Kernels: c.Kernels, Engine: c.Engine, Shape: p.Shape,
		Precision: d.Precision, ExpertsPath: path, Popularity: d.Experts.Popularity,
		Placement: d.Experts.Placement, Seed: c.Seed, Tabulate: c.Tabulate})
}

// Cluster is one running simulation.
type Cluster struct {
	cfg     Config
	sim     *sim.Simulation
	calls   []call  // one a agent: each has at most one call in flight
	forest  *forest // of lanes and open arrivals; nil = agents that take one session after the other
	workers []worker
	entry   []int   // workers that take new calls: prefill or aggregated
	finish  [][]int // by unit, workers that decode where they are others
	next    int     // round robin
	wires   []wire
	named   map[string]int32   // wires of shared links
	tiers   []kvcache.TierSpec // below HBM
	draws   draws

	boundary  *sim.Kind[int32]
	departed  *sim.Kind[int32]
	delivered *sim.Kind[int32]
	arrived   *sim.Kind[int32]
	woken     *sim.Kind[int32]
	emerged   *sim.Kind[int32]

	tally Tally
}

// New builds a cluster with all agents alive, caches warm, and the agents at
// random points of their sessions. Prepare must have succeeded on cfg.
func New(cfg Config) (*Cluster, error) {
	if cfg.Agents < 0 {
		return nil, fmt.Errorf("agents: %d: want 0 or more", cfg.Agents)
	}
	c := &Cluster{cfg: cfg, sim: sim.New(sim.Options{Seed: cfg.Seed, Recorder: cfg.Recorder}),
		named: map[string]int32{}, tiers: cfg.Deployment.Cache.Tiers,
		finish: make([][]int, max(1, cfg.Deployment.Units))}
	c.boundary = sim.NewKind(c.sim, "step", sim.Complete, c.onBoundary)
	c.departed = sim.NewKind(c.sim, "depart", sim.Transfer, c.onDeparted)
	c.delivered = sim.NewKind(c.sim, "deliver", sim.Transfer, c.onDelivered)
	c.arrived = sim.NewKind(c.sim, "arrive", sim.Arrive, c.onArrive)
	c.woken = sim.NewKind(c.sim, "tool", sim.Arrive, c.onWake)
	c.emerged = sim.NewKind(c.sim, "emerge", sim.Complete, c.onEmerged)
	c.draws = newDraws(&cfg)
	for i, p := range cfg.Deployment.Pools() {
		if err := c.addPool(p, cfg.models[i]); err != nil {
			return nil, err
		}
	}
	c.tally.reset(0, len(c.workers))
	return c, c.populate()
}

func (c *Cluster) addPool(p NamedPool, m *step.Model) error {
	spec, err := c.cacheSpec(m)
	if err != nil {
		return err
	}
	for i := range p.Workers {
		w, err := newWorker(len(c.workers), p, m, spec, c.cfg.Agents)
		if err != nil {
			return fmt.Errorf("deployment.%s: %w", p.Name, err)
		}
		if c.cfg.pricer != nil {
			w.price = c.cfg.pricer
		}
		if err := c.wireWorker(&w, &spec); err != nil {
			return fmt.Errorf("deployment.%s: %w", p.Name, err)
		}
		w.unit = i / p.Spec.Workers
		if p.Name == "decode" {
			c.finish[w.unit] = append(c.finish[w.unit], w.id)
		} else {
			c.entry = append(c.entry, w.id)
		}
		c.workers = append(c.workers, w)
	}
	return nil
}

// wireWorker connects a worker's ranks: to their tiers, and a prefill worker's
// to the decode pool.
func (c *Cluster) wireWorker(w *worker, spec *kvcache.Spec) error {
	if w.prefills {
		w.fillSeconds = w.fullStepSeconds() / float64(w.shape.TokenBudget)
	}
	if err := c.wireTiers(w, spec); err != nil || w.decodes {
		return err
	}
	for i := range w.ranks {
		wire, err := c.addWire(c.transferRate(w))
		if err != nil {
			return err
		}
		w.ranks[i].out = wire
	}
	return nil
}

// cacheSpec is the cache of one attention rank: tensor-parallel ranks hold
// copies of what cannot be divided among them.
func (c *Cluster) cacheSpec(m *step.Model) (kvcache.Spec, error) {
	policy := c.cfg.Engine.Memory
	perToken, fixed, running := m.CacheBytes()
	cache := c.cfg.Deployment.Cache
	s := kvcache.Spec{Capacity: m.Budget().Cache, BlockTokens: policy.BlockTokens, BytesPerToken: perToken,
		FixedBytes: fixed, RunningBytes: running, Fragmentation: policy.Fragmentation,
		Tiers: cache.Tiers, Eviction: cache.Eviction, Write: cache.Write, Classes: c.cfg.classes()}
	if s.Capacity <= 0 {
		return s, m.Fit()
	}
	return s, s.Validate()
}

// Run advances the cluster by the given seconds.
func (c *Cluster) Run(seconds float64) error {
	return c.sim.Run(c.sim.Now() + sim.Ticks(seconds))
}

// RunOut advances a cluster with a CallsMax until its last call is over.
func (c *Cluster) RunOut() error {
	if c.cfg.CallsMax < 1 {
		return errors.New("calls_max: 0: the run would have no end")
	}
	if err := c.sim.Run(sim.Forever); err != nil {
		return err
	}
	if t := &c.tally; t.Finished < c.cfg.CallsMax {
		return fmt.Errorf("the cluster is stuck: %d of %d calls finished", t.Finished, c.cfg.CallsMax)
	}
	return nil
}

// Now is the simulated time in seconds.
func (c *Cluster) Now() float64 { return c.sim.Now().Seconds() }

// Events is the number of events so far.
func (c *Cluster) Events() uint64 { return c.sim.Events() }

// Fingerprint identifies what happened so far.
func (c *Cluster) Fingerprint() uint64 { return c.sim.Fingerprint() }
