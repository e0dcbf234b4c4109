package experiment

import (
	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/models/hardware"
	"agentsim/units"
)

// acceleratorJoules is the energy of all accelerators over the window: idle
// power all the time, active power while a step runs, and the energy of the
// work itself.
func (p *phase) acceleratorJoules(s *configs.Scenario) float64 {
	power := s.System.Accelerator.Power
	joules := float64(power.Idle) * float64(s.Deployment.Accelerators()) * p.span
	for i, w := range p.sum.Work {
		joules += w.Joules + float64(power.Active)*w.Busy.Seconds()*float64(p.accelerators[i])
	}
	return joules
}

// acceleratorWatts is the mean draw of one accelerator.
func (p *phase) acceleratorWatts(s *configs.Scenario) float64 {
	return p.acceleratorJoules(s) / p.span / float64(s.Deployment.Accelerators())
}

// breakdown is where the watts of the deployment go.
func (p *phase) breakdown(s *configs.Scenario) hardware.Breakdown {
	return s.System.Power(hardware.Usage{Accelerators: s.Deployment.Accelerators(),
		AcceleratorWatts: units.Watts(p.acceleratorWatts(s)), CPULoad: hostShare * p.busy(s), PUE: s.Power.PUE})
}

// hostShare is the load of a host whose accelerators are always busy: the
// check point of 250 W per Grace at the agent operating point (modelling.md
// 6.3) lies half-way between its idle and its full power.
const hostShare = 0.5

// busy is the share of time that workers are in a step, by accelerator: the
// hosts work about as much as what they drive.
func (p *phase) busy(s *configs.Scenario) float64 {
	busy := 0.0
	for i, w := range p.sum.Work {
		busy += w.Busy.Seconds() * float64(p.accelerators[i])
	}
	return busy / p.span / float64(s.Deployment.Accelerators())
}

func (p *phase) power(s *configs.Scenario) metrics.Power {
	b := p.breakdown(s)
	return metrics.Power{AcceleratorW: float64(b.Accelerator), PerAcceleratorW: p.acceleratorWatts(s), ITW: float64(b.IT),
		FacilityW: float64(b.Facility),
		ByComponent: map[string]float64{"accelerator": float64(b.Accelerator), "cpu": float64(b.CPU), "host": float64(b.Host),
			"switch": float64(b.Switch), "fans": float64(b.Fans), "conversion": float64(b.Conversion)},
		JoulesPerOutputToken: p.acceleratorJoules(s) / max(1, float64(p.sum.OutputTokens))}
}
