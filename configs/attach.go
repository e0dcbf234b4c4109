package configs

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"agentsim/configs/tree"
	"agentsim/fault"
	"agentsim/models/hardware"
	"agentsim/models/moe"
	"agentsim/serve"
)

// popularityFile is where a scenario names a count of how often each expert is
// chosen.
const popularityFile = "deployment.experts.popularity.file"

// Attach reads what a scenario names besides its own fields.
func (s *Scenario) Attach(a *tree.Attachment) error {
	var err error
	s.Kernels.Holds, err = tree.Named[hardware.Accelerator](a, "accelerators", "kernels.accelerator", "system.accelerator")
	if err != nil {
		return err
	}
	s.Kernels = s.Kernels.AsOf(s.Engine.Version)
	if err := s.attachSystems(a); err != nil {
		return err
	}
	if err := s.held(); err != nil {
		return placedAt(a, err)
	}
	return s.attachPopularity(a)
}

// placedAt says where the first faulty field of an error was written.
func placedAt(a *tree.Attachment, err error) error {
	faults := fault.All(err)
	if len(faults) == 0 {
		return err
	}
	first := faults[0]
	return &tree.Error{At: a.At(first.Path), Path: first.Path, Problem: first.Problem}
}

// attachSystems reads the systems of pools that run on others than the
// scenario's, and finds the engine's kernels on them.
func (s *Scenario) attachSystems(a *tree.Attachment) error {
	d := &s.Deployment
	for _, pool := range []serve.NamedPool{{Name: serve.PrefillPool, Spec: d.Prefill},
		{Name: serve.DecodePool, Spec: d.Decode}, {Name: serve.Aggregated, Spec: d.Aggregated}} {
		p := pool.Spec
		if p == nil || p.System == "" {
			continue
		}
		at := "deployment." + pool.Name + ".system"
		if pool.Name == serve.Aggregated {
			return a.Fault(at, p.System, errors.New("an aggregated deployment has one pool: set system"))
		}
		system, err := tree.Named[hardware.System](a, "systems", at, "system")
		if err != nil {
			return err
		}
		if system == nil {
			continue // the scenario's own
		}
		served := system.Accelerator.Served()
		kernels := ""
		for _, engine := range []string{s.Engine.Kernels, s.Engine.Family} {
			if k := KernelsOf(served, engine); kernels == "" && slices.Contains(Presets().Names("kernels"), k) {
				kernels = k
			}
		}
		if kernels == "" {
			return a.Fault(at, p.System, fmt.Errorf("engine %s has no kernels for %s; engines that have: %s", s.Engine.Name,
				system.Accelerator.Name, strings.Join(enginesOn(served), ", ")))
		}
		set, _, err := LoadPreset[hardware.KernelSet](Presets(), "kernels", kernels, nil)
		if err != nil {
			return err
		}
		set.Holds, _, err = LoadPreset[hardware.Accelerator](Presets(), "accelerators", set.Accelerator, nil)
		if err != nil {
			return err
		}
		on := set.AsOf(s.Engine.Version)
		p.Machine, p.Kernels = system, &on
	}
	return nil
}

// attachPopularity reads a histogram of expert popularity. Tables of experts go
// by the histogram itself, so that equal ones must be one.
func (s *Scenario) attachPopularity(a *tree.Attachment) error {
	popularity := &s.Deployment.Experts.Popularity
	if popularity.File == "" || s.Model.Experts == nil {
		return nil
	}
	file, experts := a.Beside(popularityFile, popularity.File), s.Model.Experts.Routed
	counts, err := tree.Keep(a, fmt.Sprint(experts, " ", file), func() (*moe.Histogram, error) {
		content, err := a.Open(file)
		if err != nil {
			return nil, err
		}
		return moe.ReadHistogram(bytes.NewReader(content), experts)
	})
	if err != nil {
		return a.Fault(popularityFile, popularity.File, err)
	}
	popularity.Histogram = counts
	return nil
}
