package compare

import (
	"slices"
	"strings"

	"agentsim/configs"
	"agentsim/models/hardware"
	"agentsim/serve"
)

// set is a subset of the factors, one bit a factor: those that have the values
// of scenario a. The others have those of b.
type set uint

func (s set) has(i int) bool { return s>>i&1 == 1 }

func (s set) with(i int) set { return s | 1<<i }

func (s set) without(i int) set { return s &^ (1 << i) }

// cube is all mixtures of two scenarios, one a corner.
type cube struct {
	a, b           Terms
	givenA, givenB pools
	*split
}

func newCube(a, b *configs.Scenario, factors *configs.Factors) (*cube, error) {
	c := &cube{a: termsOf(a), b: termsOf(b), givenA: poolsOf(&a.Deployment), givenB: poolsOf(&b.Deployment)}
	var err error
	c.split, err = splitTerms(&c.a, &c.b, factors)
	return c, err
}

// full is the corner at which everything is as in a.
func (c *cube) full() set { return 1<<len(c.groups) - 1 }

// kernelTerms lists the fields of a kernel set under the paths that they have
// in a scenario.
type kernelTerms struct {
	Kernels hardware.KernelSet `yaml:"kernels"`
}

// corner mixes the two scenarios. Kernel constants that are given in seconds
// hold for the accelerator that they were measured on: both kernel sets are
// first moved to the mixed accelerator, whichever of their fields are then
// taken. Floors and shares of a peak do not move, so they go with the engine.
func (c *cube) corner(s set) Terms {
	switch s {
	case c.full():
		return c.a
	case 0:
		return c.b
	}
	fromA := func(path string) bool {
		i := c.of(path)
		return i >= 0 && s.has(i)
	}
	a, b := c.a, c.b
	ka, kb := a.Kernels, b.Kernels
	a.Kernels, b.Kernels = hardware.KernelSet{}, hardware.KernelSet{}
	t := configs.Mix(b, a, fromA)
	if ka.Accelerator != kb.Accelerator {
		ka = hardware.Rescale(ka.On(a.System.Accelerator), a.System.Accelerator, t.System.Accelerator)
		kb = hardware.Rescale(kb.On(b.System.Accelerator), b.System.Accelerator, t.System.Accelerator)
		ka.Holds, kb.Holds = nil, nil
	}
	t.Kernels = configs.Mix(kernelTerms{kb}, kernelTerms{ka}, fromA).Kernels
	return t
}

// abilities are the terms of a corner as far as they say which deployments are
// allowed there: to mix all of them takes longer than to try one.
func (c *cube) abilities(s set) *Terms {
	of := func(path string) *Deployment {
		if i := c.of(path); s == c.full() || i >= 0 && s.has(i) {
			return &c.a.Deployment
		}
		return &c.b.Deployment
	}
	return &Terms{Deployment: Deployment{
		Mode:        of("deployment.mode").Mode,
		DraftTokens: of("deployment.draft_tokens").DraftTokens,
	}}
}

// bearing is the set of factors that can change how many agents a deployment
// holds or how much power it draws.
func (c *cube) bearing(p *pools, per Metric) set {
	var s set
	for i := range c.groups {
		if slices.ContainsFunc(c.groups[i].differences, func(d configs.Difference) bool {
			return !c.idle(d.Path, p, per)
		}) {
			s = s.with(i)
		}
	}
	return s
}

// idle reports whether a field cannot change the value of a deployment: it only
// limits which deployments there are, belongs to a cache tier that no
// deployment uses, or to watts that the metric does not count.
func (c *cube) idle(path string, p *pools, per Metric) bool {
	below := func(fields ...string) bool {
		return slices.ContainsFunc(fields, func(f string) bool { return path == f || strings.HasPrefix(path, f+".") })
	}
	tiers := len(c.a.Deployment.Cache.Tiers)+len(c.b.Deployment.Cache.Tiers) > 0
	switch {
	case below("deployment.mode", "deployment.draft_tokens"):
		return true
	case below("system.accelerator.host_link", "system.host.dram", "system.host.nvme", "system.host.nvme_rate"):
		return !tiers
	case below("deployment.prefill_experts_path", "engine.handshake"):
		return p.mode == serve.Aggregated
	case below("system.host", "system.switch", "system.overheads", "power.pue", "system.accelerators",
		"system.accelerators_per"):
		return !per.wall()
	}
	return isLabel(path)
}
