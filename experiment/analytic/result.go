package analytic

import (
	"math"

	"agentsim/experiment"
	"agentsim/experiment/power"
	"agentsim/metrics"
	"agentsim/models/hardware"
	"agentsim/serve"
	"agentsim/units"
)

// fingerprint stands where a simulation tells which events happened.
const fingerprint = "analytic"

// Capacity is the estimate as a capacity.
func (e *Estimate) Capacity() *metrics.Capacity {
	count := float64(e.Agents)
	return &metrics.Capacity{
		Agents:         e.Agents,
		AgentsLow:      count,
		AgentsHigh:     count,
		Accelerators:   e.Accelerators,
		PerAccelerator: count / float64(e.Accelerators),
		PerMW:          e.Within,
	}
}

// within is agents per megawatt within every boundary.
func (n *network) within(f *flow, agents int) metrics.PerMW {
	b := n.breakdown(f)
	return power.PerMW(float64(agents), &b)
}

func (n *network) result(f *flow) *metrics.Result {
	s := n.scenario
	r := &metrics.Result{
		Scenario:    s.Name,
		Question:    s.Question,
		Seed:        s.Seed,
		Fingerprint: fingerprint,
		Metrics:     n.figures(f),
		Power:       n.power(f),
		Time:        n.time(f),
	}
	for _, p := range n.pools() {
		r.Memory = append(r.Memory, experiment.Memory(p.name, p.model))
	}
	return r
}

func (n *network) figures(f *flow) metrics.Figures {
	mean := &n.work.mean
	m := metrics.Figures{
		OutputSpeedP25: f.pace.quantile(0.75),
		OutputSpeedP50: f.pace.quantile(0.5),
		TTFTP50S:       f.ttft(0.5),
		TTFTP95S:       f.ttft(0.95),
		TurnsPerS:      f.turns,
		InputTokS:      f.turns * mean.input,
		OutputTokS:     f.turns * mean.output,
		PrefixHitRate:  1 - (f.kept*mean.fresh+(1-f.kept)*mean.missed)/mean.input,
		MeanInput:      mean.input,
		MeanOutput:     mean.output,
	}
	if m.OutputSpeedP50 > 0 {
		const milli = 1e3
		m.TPOTP50MS = milli / m.OutputSpeedP50
	}
	return m
}

func (n *network) time(f *flow) metrics.Time {
	t := metrics.Time{Batch: f.sequences / n.finish.ranks, Busy: map[string]float64{n.finish.name: f.busy},
		ByState: map[string]float64{
			serve.InTool.String(): n.work.mean.gap, serve.InIngress.String(): n.ingress,
			serve.InQueue.String(): f.entry.wait.mean, serve.InPrefill.String(): f.entry.fill,
			serve.InTransfer.String(): f.transfer, serve.InSlot.String(): f.slot.mean, serve.InDecode.String(): f.decode}}
	if !n.mixed {
		t.Busy[n.entry.name] = f.entry.busy
	}
	t.CycleS = n.work.mean.gap + f.before.mean + f.entry.fill + f.decode
	return t
}

// pools lists each pool once.
func (n *network) pools() []*pool {
	if n.mixed {
		return []*pool{&n.entry}
	}
	return []*pool{&n.entry, &n.finish}
}

// acceleratorWatts is the mean draw of one accelerator, and busy the share of
// time that accelerators compute.
func (n *network) acceleratorWatts(f *flow) (watts, busy float64) {
	power := n.scenario.System.Accelerator.Power
	all := float64(n.deployment.Accelerators())
	busy = n.finish.accelerators() * f.busy / all
	dynamic := n.finish.workers * f.watts
	if !n.mixed {
		busy += n.entry.accelerators() * f.entry.busy / all
		dynamic += n.entry.workers * f.entry.watts
	}
	return float64(power.Idle) + float64(power.Active)*busy + dynamic/all, busy
}

func (p *pool) accelerators() float64 { return p.workers * float64(p.spec.Shape.Accelerators) }

func (n *network) breakdown(f *flow) hardware.Breakdown {
	if n.deployment.Elsewhere() {
		return n.bySystem(f)
	}
	watts, busy := n.acceleratorWatts(f)
	return n.scenario.System.Power(hardware.Usage{Accelerators: n.deployment.Accelerators(),
		AcceleratorWatts: units.Watts(watts), CPULoad: hardware.HostLoad(busy), PUE: n.scenario.Power.PUE})
}

// bySystem adds up pools on systems of their own.
func (n *network) bySystem(f *flow) (all hardware.Breakdown) {
	_, load := n.acceleratorWatts(f)
	for _, p := range n.pools() {
		busy, dynamic := f.busy, f.watts
		if p == &n.entry {
			busy, dynamic = f.entry.busy, f.entry.watts
		}
		on := p.spec.On(&n.scenario.System)
		spec, each := &on.Accelerator.Power, float64(p.spec.Shape.Accelerators)
		all = all.Plus(on.Power(hardware.Usage{
			Accelerators:     int(p.accelerators()),
			AcceleratorWatts: spec.Idle + spec.Active*units.Watts(busy) + units.Watts(dynamic/each),
			CPULoad:          hardware.HostLoad(load),
			PUE:              n.scenario.Power.PUE,
		}))
	}
	return all
}

func (n *network) power(f *flow) metrics.Power {
	b := n.breakdown(f)
	watts, busy := n.acceleratorWatts(f)
	spec, all := &n.scenario.System.Accelerator.Power, float64(n.deployment.Accelerators())
	parts := metrics.AcceleratorParts{IdleW: all * float64(spec.Idle), ActiveW: all * float64(spec.Active) * busy}
	parts.WorkW = float64(b.Accelerator) - parts.IdleW - parts.ActiveW
	return metrics.Power{
		AcceleratorW:     float64(b.Accelerator),
		PerAcceleratorW:  watts,
		ITW:              float64(b.IT),
		FacilityW:        float64(b.Facility),
		AcceleratorTDPW:  float64(b.AcceleratorTDP),
		ProvisionedW:     float64(b.Provisioned),
		AcceleratorParts: parts,
		ByComponent: map[string]float64{"accelerator": float64(b.Accelerator), "cpu": float64(b.CPU),
			"host": float64(b.Host), "switch": float64(b.Switch), "fans": float64(b.Fans),
			"conversion": float64(b.Conversion)},
		JoulesPerOutputToken: float64(b.Accelerator) / math.Max(tiny, f.turns*n.work.mean.output),
	}
}
