package validate

import (
	"fmt"
	"slices"

	"agentsim/configs"
	"agentsim/models/hardware"
	"agentsim/models/llm"
	"agentsim/models/moe"
	"agentsim/models/step"
	"agentsim/serve"
	"agentsim/trace"
)

// presets loads each preset once, and keeps the tables of experts.
type presets struct {
	systems   map[string]*hardware.System
	models    map[string]*llm.Spec
	engines   map[string]*step.EngineSpec
	kernels   map[string]*hardware.KernelSet
	workloads map[string]*trace.Workload
	protocols map[string]*configs.Protocol
	experts   moe.Tables // of all cases: rows of one deployment differ in their load alone
}

func newPresets() *presets {
	return &presets{
		systems:   map[string]*hardware.System{},
		models:    map[string]*llm.Spec{},
		engines:   map[string]*step.EngineSpec{},
		kernels:   map[string]*hardware.KernelSet{},
		workloads: map[string]*trace.Workload{},
		protocols: map[string]*configs.Protocol{},
	}
}

func load[T any](cache map[string]*T, kind, name string) (*T, error) {
	if have, ok := cache[name]; ok {
		return have, nil
	}
	value, _, err := configs.LoadPreset[T](configs.Presets(), kind, name, nil)
	if err != nil {
		return nil, err
	}
	cache[name] = value
	return value, nil
}

// prepared is a case ready to run.
type prepared struct {
	config serve.Config
	system *hardware.System
	why    string // it cannot be run; empty = it can
}

// prepare builds the cluster of a case, or says why it cannot be run.
func (p *presets) prepare(c *Case, o *Options) *prepared {
	if c.Gap != "" {
		return &prepared{why: c.Gap}
	}
	job, err := p.cluster(c, o)
	if err != nil {
		return &prepared{why: err.Error()}
	}
	return job
}

// cluster builds the cluster of a case.
func (p *presets) cluster(c *Case, o *Options) (*prepared, error) {
	system, err := load(p.systems, "systems", c.System)
	if err != nil {
		return nil, fmt.Errorf("system: %w", err)
	}
	model, err := load(p.models, "models", c.Model)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	engine, err := p.engine(c)
	if err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	name := configs.KernelsOf(system.Accelerator.Served(), engine.Kernels)
	if !slices.Contains(configs.Presets().Names("kernels"), name) {
		return nil, fmt.Errorf("engine %s has no kernels for %s", engine.Name, system.Accelerator.Name)
	}
	kernels, err := load(p.kernels, "kernels", name)
	if err != nil {
		return nil, err
	}
	d, err := deployment(c, engine, system, model)
	if err != nil {
		return nil, err
	}
	if c.Version != "" && c.Version[0] >= '0' && c.Version[0] <= '9' {
		as := *engine
		as.Version = c.Version
		engine = &as
	}
	tuned := *kernels
	if o.Unfitted {
		tuned.Efficiency = 1
	}
	config := serve.Config{
		Deployment: d,
		System:     *system,
		LLM:        *model,
		Kernels:    tuned,
		Engine:     keeping(c, *engine, model),
		Replay:     trace.ReplayRecorded,
		Agents:     c.Concurrency,
		Cold:       true,
		Seed:       o.Seed,
		Tabulate:   p.experts.Tabulate,
	}
	if !c.Agents() {
		config.Sessions = newLengths(c, o.Seed)
		config.CallsMax = int64(rounds * c.Concurrency)
		return &prepared{system: system, config: config}, nil
	}
	if err := p.agents(c, &config, o); err != nil {
		return nil, err
	}
	return &prepared{system: system, config: config}, nil
}

// engine is the engine preset of a case: the one of its family that stands for
// its version or its day, else the family's own.
func (p *presets) engine(c *Case) (*step.EngineSpec, error) {
	for _, name := range configs.Presets().Names("engines") {
		e, err := load(p.engines, "engines", name)
		if err != nil {
			return nil, err
		}
		if e.Family == c.Engine && e.Era.Holds(c.Version, c.Date) {
			return e, nil
		}
	}
	return load(p.engines, "engines", c.Engine)
}

// rounds is the number of requests per request in flight, as the benchmark
// makes them.
const rounds = 10
