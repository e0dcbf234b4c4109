package configs

import (
	"cmp"
	"slices"
	"strings"

	"agentsim/fault"
	"agentsim/models/hardware"
	"agentsim/serve"
	"agentsim/units"
)

// validate reports caps that cannot be.
func (p *PowerSpec) validate() error {
	var faults fault.List
	for _, cap := range []struct {
		path  string
		watts units.Watts
	}{{"accelerator_cap", p.AcceleratorCap}, {"rack_cap", p.RackCap}, {"hall_cap", p.HallCap}, {"least", p.Least}} {
		faults.Check(cap.watts >= 0, cap.path, cap.watts, "0 W (none) or more")
	}
	faults.Check(p.Policy == "" || slices.Contains(Policies(), p.Policy), "policy", p.Policy,
		strings.Join(Policies(), ", "))
	return faults.Err()
}

// held puts the caps of the site on all accelerators.
func (s *Scenario) held() error {
	if err := s.heldOn(&s.System); err != nil {
		return err
	}
	if s.Deployment.Mode == serve.Auto {
		return nil
	}
	elsewhere := false
	for _, pool := range s.Deployment.Pools() {
		switch p := pool.Spec; {
		case p == nil: // as in a scenario that is not complete yet
			continue
		case p.Machine != nil:
			elsewhere = true
			if err := s.heldOn(p.Machine); err != nil {
				return err
			}
		}
		power, cap := &pool.Spec.On(&s.System).Accelerator.Power, pool.Spec.Cap
		if cap != 0 && cap <= power.Static() {
			return tooLow("deployment."+pool.Name+".accelerator_cap", cap, power)
		}
	}
	switch {
	case !elsewhere:
		return nil
	case s.Power.HallCap > 0:
		return fault.New("power.hall_cap", "the pools are on systems of their own, which share a hall in no way that is "+
			"known: want rack_cap, which holds for each, or accelerator_cap of the pools")
	case s.Power.First() != "":
		return fault.New("power.policy", "%s: the pools are on systems of their own and share no rack: want %s",
			s.Power.Policy, Uniform)
	}
	return nil
}

// First is the pool that gets power first; empty if none does.
func (p *PowerSpec) First() string {
	switch p.Policy {
	case DecodeFirst:
		return serve.DecodePool
	case PrefillFirst:
		return serve.PrefillPool
	}
	return ""
}

// heldOn limits the accelerators of a system to what the caps of the site leave
// each; rated they stay as they are.
func (s *Scenario) heldOn(system *hardware.System) error {
	p, power := &s.Power, &system.Accelerator.Power
	least, path := power.Cap(), ""
	lower := func(field string, watts units.Watts) {
		if watts < least {
			least, path = watts, field
		}
	}
	if p.AcceleratorCap > 0 {
		lower("accelerator_cap", p.AcceleratorCap)
	}
	most := least
	if p.RackCap > 0 {
		lower("rack_cap", system.AcceleratorWatts(p.RackCap))
	}
	if n := s.Deployment.Accelerators(); p.HallCap > 0 && n > 0 {
		pue := cmp.Or(p.PUE, system.Overheads.PUE)
		racks := float64(n) / float64(system.Accelerators)
		lower("hall_cap", system.AcceleratorWatts(p.HallCap/units.Watts(pue*racks)))
	}
	if path == "" {
		return nil
	}
	if least <= power.Static() {
		return tooLow("power."+path, least, power)
	}
	power.Limit = least
	if first := p.First(); first != "" {
		const share = 2 // of the rated power: drivers let set from a quarter of it on
		power.Shared = &hardware.SharedPower{First: first, Most: most,
			Least: max(cmp.Or(p.Least, power.TDP/share), power.Static()*11/10)}
	}
	return nil
}

func tooLow(path string, watts units.Watts, power *hardware.AcceleratorPower) error {
	return fault.New(path, "leaves %.0f W for an accelerator, which draws %.0f W without any work", float64(watts),
		float64(power.Static()))
}
