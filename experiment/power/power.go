// Package power accounts for what a deployment draws, by component and under
// each meaning of "per megawatt", and what that is per turn, per session, per
// token and in money. docs/ARCHITECTURE.md defines the denominators.
package power

import (
	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/models/hardware"
	"agentsim/units"
)

// Draw is what the accelerators of a deployment did over a span of time.
type Draw struct {
	Seconds float64
	Idle    float64   // joules: drawn whether there is work or not
	Active  float64   // while a step runs, beside the energy of its work
	Work    float64   // of FLOPs, bytes and kernels
	Pools   []float64 // the sum of the three, by pool
	Busy    float64   // share of the time that accelerators are in a step
}

// Joules is the energy of all accelerators.
func (d *Draw) Joules() float64 { return d.Idle + d.Active + d.Work }

// Times turns the draw into that of so many equal deployments.
func (d *Draw) Times(n float64) {
	d.Idle, d.Active, d.Work = n*d.Idle, n*d.Active, n*d.Work
	for i := range d.Pools {
		d.Pools[i] *= n
	}
}

// Breakdown is where the watts of a scenario's deployment go.
func Breakdown(s *configs.Scenario, d *Draw) hardware.Breakdown {
	n := s.Deployment.Accelerators()
	if s.Deployment.Elsewhere() {
		return bySystem(s, d)
	}
	return s.System.Power(hardware.Usage{Accelerators: n,
		AcceleratorWatts: units.Watts(d.Joules() / d.Seconds / float64(n)),
		CPULoad:          hardware.HostLoad(d.Busy), PUE: s.Power.PUE})
}

// bySystem adds up pools on systems of their own.
func bySystem(s *configs.Scenario, d *Draw) (all hardware.Breakdown) {
	for i, p := range s.Deployment.Pools() {
		n := p.Workers * p.Spec.Accelerators
		all = all.Plus(p.Spec.On(&s.System).Power(hardware.Usage{
			Accelerators:     n,
			AcceleratorWatts: units.Watts(d.Pools[i] / d.Seconds / float64(n)),
			CPULoad:          hardware.HostLoad(d.Busy),
			PUE:              s.Power.PUE,
		}))
	}
	return all
}

// PerMW is a number of agents per megawatt under each meaning.
func PerMW(agents float64, b *hardware.Breakdown) metrics.PerMW {
	per := func(w units.Watts) float64 {
		const mega = 1e6
		return agents * mega / float64(w)
	}
	return metrics.PerMW{
		AcceleratorMeasured: per(b.Accelerator),
		AcceleratorTDP:      per(b.AcceleratorTDP),
		IT:                  per(b.IT),
		Facility:            per(b.Facility),
		Provisioned:         per(b.Provisioned),
	}
}

// Rates are what the watts are for, per second.
type Rates struct{ Turns, Sessions, OutputTokens float64 }

// Figures are the watts of a deployment as a result shows them.
func Figures(s *configs.Scenario, d *Draw, r Rates) metrics.Power {
	b := Breakdown(s, d)
	p := metrics.Power{
		AcceleratorW:    float64(b.Accelerator),
		PerAcceleratorW: float64(b.Accelerator) / float64(s.Deployment.Accelerators()),
		ITW:             float64(b.IT),
		FacilityW:       float64(b.Facility),
		AcceleratorTDPW: float64(b.AcceleratorTDP),
		ProvisionedW:    float64(b.Provisioned),
		ByComponent: map[string]float64{"accelerator": float64(b.Accelerator), "cpu": float64(b.CPU), "host": float64(b.Host),
			"switch": float64(b.Switch), "fans": float64(b.Fans), "conversion": float64(b.Conversion)},
		AcceleratorParts: metrics.AcceleratorParts{IdleW: d.Idle / d.Seconds, ActiveW: d.Active / d.Seconds,
			WorkW: d.Work / d.Seconds},
		ByPool:               map[string]float64{},
		JoulesPerOutputToken: per(float64(b.Accelerator), r.OutputTokens),
	}
	for i, pool := range s.Deployment.Pools() {
		p.ByPool[pool.Name] += d.Pools[i] / d.Seconds
	}
	return p
}

// per divides a rate of watts or money by what it is for; 0 where there was none.
func per(amount, rate float64) float64 {
	if !(rate > 0) {
		return 0
	}
	return amount / rate
}

// Energy is what one of each thing takes, up to each boundary.
func Energy(p *metrics.Power, r Rates) *metrics.Energy {
	within := func(watts float64) metrics.EnergyPer {
		return metrics.EnergyPer{TurnJ: per(watts, r.Turns), SessionJ: per(watts, r.Sessions),
			MillionOutputTokensJ: per(watts, r.OutputTokens) * 1e6}
	}
	return &metrics.Energy{Accelerator: within(p.AcceleratorW), IT: within(p.ITW), Facility: within(p.FacilityW)}
}

// Cost is what the deployment costs at the scenario's prices; nil where it
// gives none.
func Cost(s *configs.Scenario, p *metrics.Power, agents float64, r Rates) *metrics.Cost {
	const (
		hour = 3600
		kilo = 1e3
	)
	price := &s.Price
	if price.AcceleratorHour == 0 && price.ElectricityKWh == 0 {
		return nil
	}
	c := &metrics.Cost{Currency: price.Currency,
		AcceleratorsPerHour: price.AcceleratorHour * float64(s.Deployment.Accelerators()),
		ElectricityPerHour:  price.ElectricityKWh * p.FacilityW / kilo}
	c.PerHour = c.AcceleratorsPerHour + c.ElectricityPerHour
	c.PerAgentHour = per(c.PerHour, agents)
	c.PerTurn, c.PerSession = per(c.PerHour/hour, r.Turns), per(c.PerHour/hour, r.Sessions)
	c.PerMillionOutputTokens = per(c.PerHour/hour, r.OutputTokens) * 1e6
	return c
}
