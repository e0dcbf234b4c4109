package experiment

import (
	"agentsim/configs"
	"agentsim/experiment/power"
	"agentsim/metrics"
	"agentsim/serve"
)

// draw is what the accelerators did over a span: idle power all the time,
// active power while a step runs, and the energy of the work itself.
func (p *phase) draw(s *configs.Scenario, work []serve.WorkerTally, seconds float64) *power.Draw {
	d := &power.Draw{Seconds: seconds}
	worker, busy := 0, 0.0
	for _, pool := range s.Deployment.Pools() {
		spec, joules := &pool.Spec.On(&s.System).Accelerator.Power, 0.0
		for range pool.Workers {
			w, n := &work[worker], float64(p.accelerators[worker])
			idle, active := float64(spec.Idle)*n*seconds, float64(spec.Active)*n*w.Busy.Seconds()
			d.Idle, d.Active, d.Work = d.Idle+idle, d.Active+active, d.Work+w.Joules
			joules += idle + active + w.Joules
			busy += n * w.Busy.Seconds()
			worker++
		}
		d.Pools = append(d.Pools, joules)
	}
	d.Busy = busy / seconds / float64(s.Deployment.Accelerators())
	return d
}

// acceleratorWatts is the mean draw of one accelerator.
func (p *phase) acceleratorWatts(s *configs.Scenario) float64 {
	return p.draw(s, p.sum.Work, p.span).Joules() / p.span / float64(s.Deployment.Accelerators())
}

// account fills in power, energy and cost of so many agents, on so many units
// like that of the phase, and returns what all of their accelerators draw.
func (p *phase) account(s *configs.Scenario, base *setup, r *metrics.Result, agents, units float64) *power.Draw {
	times := units / p.span
	rates := power.Rates{Turns: times * float64(p.sum.Calls), OutputTokens: times * float64(p.sum.OutputTokens)}
	if base.mean.turns > 0 {
		rates.Sessions = rates.Turns / base.mean.turns
	} else {
		rates.Sessions = times * float64(p.window.sessions())
	}
	one := *s
	one.Deployment.Units = int(max(1, float64(s.Deployment.Units)) / units)
	draw := p.draw(&one, p.sum.Work, p.span)
	draw.Times(units)
	r.Power = power.Figures(s, draw, rates)
	r.Energy = power.Energy(&r.Power, rates)
	r.Cost = power.Cost(s, &r.Power, agents, rates)
	return draw
}

// series is the draw of every slice that counts.
func (p *phase) series(s *configs.Scenario) []metrics.PowerSample {
	var list []metrics.PowerSample
	for i := p.window.cut; i < len(p.window.slices); i++ {
		from, to := p.window.begin(i), p.window.slices[i].to
		b := power.Breakdown(s, p.draw(s, p.window.slices[i].tally.Work, to-from))
		list = append(list, metrics.PowerSample{
			FromS:       from,
			ToS:         to,
			Accelerator: float64(b.Accelerator),
			CPU:         float64(b.CPU),
			Host:        float64(b.Host),
			Switch:      float64(b.Switch),
			Fans:        float64(b.Fans),
			Conversion:  float64(b.Conversion),
			IT:          float64(b.IT),
			Facility:    float64(b.Facility),
		})
	}
	return list
}
