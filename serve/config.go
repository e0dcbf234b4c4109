package serve

import (
	"errors"
	"math"

	"agentsim/fault"
	"agentsim/models/hardware"
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
	Lanes      LanesSpec   // how lanes begin and idle
	Pool       *trace.Pool // with trees: sub-agents of lanes, sessions that arrive by time; nil = none
	Tools      []string    // names of trace.Turn.Tool
	Replay     string      // of trace.Workload: whether the next prompt repeats what was generated
	Agents     int
	Ramp       float64 // seconds over which the agents' first calls are spread
	Pace       Pace    // expected duration of turns, for the stationary start
	Cold       bool    // agents begin their first sessions at the first turn, on empty caches
	Failures   []Failure
	Population []Change // of the number of agents, in order of time; closed arrivals only
	CallsMax   int64    // agents stop once so many calls were issued; 0 = never
	// SessionsMax is how many sessions there are in all for closed agents: an agent
	// that ends one takes the next that nobody has begun, and goes when there is
	// none. All are those of agent 0, by their number. 0 = every agent has its own,
	// without an end.
	SessionsMax int64
	MinOutput   int // tokens below which a call has no output speed
	Seed        uint64
	Recorder    sim.Recorder
	Observer    Observer // nil = none

	Tabulate func(moe.Spec) (*moe.Table, error) // of expert groups; nil = moe.Tabulate

	models []*step.Model // one a pool; built by Prepare

	// Tests replace these.
	naive  bool   // every decode step is an event of its own: the oracle
	looks  bool   // routers look at every rank: the oracle of those that do not
	pricer pricer // of all steps; nil = the pool's step model
}

// Prepare checks the configuration and builds the step models of the pools.
// Clusters of different sizes may share one prepared Config. An error about a
// field is a *fault.Field.
func (c *Config) Prepare() error {
	if err := c.PrepareSteps(); err != nil {
		return err
	}
	var memory *ErrMemory
	if _, err := c.CacheSpecs(); err != nil && !errors.As(err, &memory) {
		return err
	}
	return nil
}

// PrepareSteps is Prepare for who asks for the prices of steps alone: caches are not looked at.
func (c *Config) PrepareSteps() error {
	c.Deployment = c.Deployment.Completed(&c.Engine)
	if err := c.Deployment.Validate(); err != nil {
		return fault.In("deployment", err)
	}
	if err := c.Deployment.Limited(); err != nil {
		return fault.In("deployment", err)
	}
	if err := c.Deployment.Cache.Eviction.CheckClasses(c.classes()); err != nil {
		return fault.In("deployment.cache", err)
	}
	if err := c.validateFailures(); err != nil {
		return err
	}
	if c.Deployment.Mode == Auto {
		return fault.New("deployment.mode", "auto names no deployment yet: only capacity resolves it")
	}
	var models []*step.Model // a list of its own: copies of the Config keep theirs
	for _, p := range c.Deployment.Pools() {
		m, err := c.Model(p.Spec)
		if err != nil {
			return fault.In("deployment."+p.Name, err)
		}
		models = append(models, m)
	}
	c.models = models
	return nil
}

// Models are the step models of the pools, in the order of Deployment.Pools.
func (c *Config) Models() []*step.Model { return c.models }

// ErrMemory is returned when a worker, or a call on it, does not fit in memory.
type ErrMemory struct{ Pool, Reason string }

// Error names the pool and says what does not fit.
func (e *ErrMemory) Error() string { return "deployment." + e.Pool + ": " + e.Reason }

// Fit checks that every worker fits in memory.
func (c *Config) Fit() error {
	for i, p := range c.Deployment.Pools() {
		if err := c.models[i].Fit(); err != nil {
			return &ErrMemory{Pool: p.Name, Reason: err.Error()}
		}
	}
	_, err := c.CacheSpecs()
	return err
}

// Model builds the step model of the workers of a pool.
func (c *Config) Model(p *PoolSpec) (*step.Model, error) {
	d := &c.Deployment
	kernels := &c.Kernels
	if p.Kernels != nil {
		kernels = p.Kernels
	}
	return step.New(step.Config{
		System:      d.held(p, &c.System),
		LLM:         c.LLM,
		Kernels:     kernels.AsOf(c.Engine.Version),
		Engine:      c.engineOf(p),
		Shape:       p.Shape,
		Draft:       p.Draft,
		Precision:   d.Precision,
		ExpertsPath: d.ExpertsPathOf(p),
		Popularity:  d.Experts.Popularity,
		Placement:   d.Experts.Placement,
		Seed:        c.Seed,
		Tabulate:    c.Tabulate,
	})
}

// Transfer is the way of caches from workers of model m in the prefill pool to
// the decode pool.
func (c *Config) Transfer(m *step.Model) step.Transfer {
	d := &c.Deployment
	if !d.Elsewhere() {
		return step.NewTransfer(m, d.UnitAccelerators())
	}
	t := step.NewTransfer(m, math.MaxInt) // over the network, at the rate of the slower end
	from, to := d.Prefill.On(&c.System).Accelerator.ScaleOut, d.Decode.On(&c.System).Accelerator.ScaleOut
	t.Rate *= min(1, to/from)
	return t
}

// engineOf is the engine as the workers of a pool run it.
func (c *Config) engineOf(p *PoolSpec) step.EngineSpec {
	e := c.Engine
	if host := &e.Schedule.Host; host.Handed != "" && p == c.Deployment.Decode {
		host.Hidden = host.Handed
	}
	return e
}

// classes names what a session may wait for after a turn, in the order of
// request.class.
func (c *Config) classes() []string { return append([]string{"user", "tool"}, c.Tools...) }
