package compare

import (
	"fmt"

	"agentsim/configs"
	"agentsim/experiment/deploy"
	"agentsim/models/hardware"
	"agentsim/models/llm"
	"agentsim/models/step"
	"agentsim/serve"
	"agentsim/trace"
)

// Terms are a scenario in the form in which two of them can be mixed field by
// field. Everything that an engine looks up by the name of the accelerator is
// resolved, so that names mean nothing any more. The sizes of the pools are not
// among the terms: they are chosen anew at every corner.
type Terms struct {
	Name       string             `yaml:"name"`
	Question   string             `yaml:"question"`
	System     hardware.System    `yaml:"system"`
	Model      llm.Spec           `yaml:"model"`
	Engine     step.EngineSpec    `yaml:"engine"`
	Kernels    hardware.KernelSet `yaml:"kernels"`
	Deployment Deployment         `yaml:"deployment"`
	Workload   trace.Workload     `yaml:"workload"`
	Mix        []configs.MixPart  `yaml:"mix"`
	SLO        configs.SLO        `yaml:"slo"`
	Protocol   configs.Protocol   `yaml:"protocol"`
	Power      configs.PowerSpec  `yaml:"power"`
	Price      configs.PriceSpec  `yaml:"price"`
	Seed       uint64             `yaml:"seed"`
}

// Deployment is what a deployment says besides the sizes of its pools.
type Deployment struct {
	// Mode disaggregated means that pools may be split, not that they are.
	Mode string `yaml:"mode"`
	// DraftTokens is the deepest speculation of the pool that decodes.
	DraftTokens int `yaml:"draft_tokens"`
	// Draft is how that pool speculates; nil = with the model's own layer.
	Draft *step.DraftSpec `yaml:"draft,omitempty"`
	// ExpertsPath is the kernel path of the experts where calls decode,
	// PrefillExpertsPath that of a pool that only prefills.
	ExpertsPath        string `yaml:"experts_path"`
	PrefillExpertsPath string `yaml:"prefill_experts_path"`

	Precision    step.Precision    `yaml:"precision"`
	Router       string            `yaml:"router"`
	Batching     string            `yaml:"batching"`
	PrefillOrder string            `yaml:"prefill_order"`
	DecodeOrder  string            `yaml:"decode_order"`
	Spill        int               `yaml:"spill"`
	Hold         serve.HoldSpec    `yaml:"hold"`
	Experts      serve.ExpertsSpec `yaml:"experts"`
	Cache        serve.CacheSpec   `yaml:"cache"`
}

// exchange reads the terms that are fields of a scenario from it, or sets the
// scenario's fields by them.
func (t *Terms) exchange(s *configs.Scenario, read bool) {
	either(&t.Name, &s.Name, read)
	either(&t.Question, &s.Question, read)
	either(&t.System, &s.System, read)
	either(&t.Model, &s.Model, read)
	either(&t.Engine, &s.Engine, read)
	either(&t.Kernels, &s.Kernels, read)
	either(&t.Workload, &s.Workload, read)
	either(&t.Mix, &s.Mix, read)
	either(&t.SLO, &s.SLO, read)
	either(&t.Protocol, &s.Protocol, read)
	either(&t.Power, &s.Power, read)
	either(&t.Price, &s.Price, read)
	either(&t.Seed, &s.Seed, read)
	from, to := &t.Deployment, &s.Deployment
	either(&from.Precision, &to.Precision, read)
	either(&from.Router, &to.Router, read)
	either(&from.Batching, &to.Batching, read)
	either(&from.PrefillOrder, &to.PrefillOrder, read)
	either(&from.DecodeOrder, &to.DecodeOrder, read)
	either(&from.Spill, &to.Spill, read)
	either(&from.Hold, &to.Hold, read)
	either(&from.Experts, &to.Experts, read)
	either(&from.Cache, &to.Cache, read)
}

// either reads a term from a field, or sets the field.
func either[T any](term, field *T, read bool) {
	if read {
		*term = *field
	} else {
		*field = *term
	}
}

// termsOf resolves a scenario whose deployment is settled.
func termsOf(s *configs.Scenario) Terms {
	var t Terms
	t.exchange(s, true)
	d := &s.Deployment
	t.Engine.Kernels = ""
	t.System.Accelerator.Generation, t.System.Accelerator.Kernels, t.System.Accelerator.PowerFrom = "", "", nil
	t.Kernels.Eager, t.Kernels.EagerFor = s.Kernels.EagerWith(d.Precision.Experts), nil
	t.Kernels.ExpertsPath = nil
	pools := d.Pools()
	first, last := pools[0].Spec, pools[len(pools)-1].Spec
	t.Deployment.Mode = d.Mode
	t.Deployment.DraftTokens, t.Deployment.Draft = last.Depth(), last.Draft
	t.Deployment.ExpertsPath, t.Deployment.PrefillExpertsPath = pathOf(s, last), pathOf(s, first)
	return t
}

// pathOf is the kernel path of a pool's experts, as package serve finds it.
func pathOf(s *configs.Scenario, p *serve.PoolSpec) string {
	if path := s.Deployment.ExpertsPathOf(p); path != "" {
		return path
	}
	return s.Kernels.ExpertsPath[s.Deployment.Precision.Experts]
}

// scenario is the terms with a deployment.
func (t *Terms) scenario(p pools) *configs.Scenario {
	d := &t.Deployment
	s := &configs.Scenario{}
	t.exchange(s, false)
	s.Deployment.Mode, s.Deployment.Units = p.mode, p.units
	with := func(spec serve.PoolSpec, path string) *serve.PoolSpec {
		spec.ExpertsPath = path
		if depth := spec.DraftTokens; depth > 0 && d.Draft != nil {
			spec.Draft, spec.DraftTokens = d.Draft, 0
			spec.SetDepth(depth)
		}
		return &spec
	}
	if p.mode == serve.Aggregated {
		s.Deployment.Aggregated = with(p.finish, d.ExpertsPath)
		return s
	}
	s.Deployment.Prefill, s.Deployment.Decode = with(p.entry, d.PrefillExpertsPath), with(p.finish, d.ExpertsPath)
	return s
}

// pools are the part of a deployment that is chosen: how many workers there
// are and how each is spread.
type pools struct {
	mode          string
	units         int
	entry, finish serve.PoolSpec // of an aggregated deployment, finish alone
}

// poolsOf is the given deployment's choice.
func poolsOf(d *serve.DeploymentSpec) pools {
	p := pools{mode: d.Mode, units: d.Units}
	if d.Mode == serve.Aggregated {
		p.finish = *d.Aggregated
	} else {
		p.entry, p.finish = *d.Prefill, *d.Decode
	}
	p.entry.ExpertsPath, p.finish.ExpertsPath = "", ""
	p.finish.DraftTokens, p.finish.Draft = p.finish.Depth(), nil
	return p
}

// accelerators is the size of one unit.
func (p *pools) accelerators() int {
	return p.entry.Workers*p.entry.Accelerators + p.finish.Workers*p.finish.Accelerators
}

// allowed says whether a deployment keeps within what the terms can do: pools
// are split only where engines can, and nobody drafts deeper than the draft
// layer is used for.
func (t *Terms) allowed(p *pools) bool {
	return (p.mode == serve.Aggregated || t.Deployment.Mode == serve.Disaggregated) &&
		p.finish.DraftTokens <= t.Deployment.DraftTokens
}

// part describes one pool, by its name in a deployment; empty where there is
// none.
func (p *pools) part(name string) string {
	spec := p.finish
	if name == serve.PrefillPool {
		spec = p.entry
	}
	if (name == serve.Aggregated) != (p.mode == serve.Aggregated) {
		return ""
	}
	one := pools{mode: serve.Aggregated, units: p.units, finish: spec}
	return fmt.Sprintf("%s, budget %d, batch %d", one.words(), spec.TokenBudget, spec.MaxBatchPerRank)
}

// poolChanges lists the pools in which two deployments differ: the fields that
// belong to no factor.
func poolChanges(a, b *pools) []configs.Difference {
	var list []configs.Difference
	for _, name := range []string{serve.Aggregated, serve.PrefillPool, serve.DecodePool} {
		if x, y := a.part(name), b.part(name); x != y {
			list = append(list, configs.Difference{Path: "deployment." + name, A: x, B: y})
		}
	}
	return list
}

// words names the workers.
func (p *pools) words() string {
	d := serve.DeploymentSpec{
		Mode:       p.mode,
		Units:      p.units,
		Aggregated: &p.finish,
		Prefill:    &p.entry,
		Decode:     &p.finish,
	}
	return deploy.Shape(&d)
}
