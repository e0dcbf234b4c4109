package serve

import (
	"agentsim/models/hardware"
	"agentsim/units"
)

// CapOf is how many watts each accelerator of a pool may draw on a system: what
// its site leaves it, or the pool's own cap if that is lower.
func (d *DeploymentSpec) CapOf(p *PoolSpec, system *hardware.System) units.Watts {
	cap := p.On(system).Accelerator.Power.Cap()
	if system.Accelerator.Power.Shared != nil && d.Mode == Disaggregated && p.Machine == nil {
		cap = d.shared(p, &system.Accelerator.Power)
	}
	if p.Cap > 0 {
		cap = min(cap, p.Cap)
	}
	return cap
}

// shared is what a pool gets of watts that the accelerators of both pools share:
// first·n + second·m = limit·(n + m), where the first has as much as it can have
// while the second keeps the least. Nobody gets more where there is not even that.
func (d *DeploymentSpec) shared(p *PoolSpec, power *hardware.AcceleratorPower) units.Watts {
	rule, limit := power.Shared, power.Limit
	if limit <= rule.Least {
		return limit
	}
	first, second := d.Decode, d.Prefill
	if rule.First == PrefillPool {
		first, second = second, first
	}
	n, m := units.Watts(first.Workers*first.Accelerators), units.Watts(second.Workers*second.Accelerators)
	most := min(rule.Most, limit+(limit-rule.Least)*m/n)
	if p == first {
		return most
	}
	return min(rule.Most, limit-(most-limit)*n/m)
}

// held is the system of a pool's workers as its caps hold it.
func (d *DeploymentSpec) held(p *PoolSpec, system *hardware.System) hardware.System {
	held := *p.On(system)
	if cap := d.CapOf(p, system); cap != held.Accelerator.Power.Cap() {
		held.Accelerator.Power.Limit = cap
	}
	return held
}
