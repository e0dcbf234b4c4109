package hardware

import "agentsim/units"

// Usage is what a deployment asks of a system, averaged over time.
type Usage struct {
	Accelerators     int         // in use; the rest of the system is not counted
	AcceleratorWatts units.Watts // mean over those in use, idle time included
	CPULoad          float64     // mean load of the hosts, 0 to 1
	PUE              float64     // facility factor; 0 = the system's own
}

// HostLoad is the load of hosts whose accelerators are busy for a share of the
// time: hosts work about as much as what they drive. The check point of 250 W
// per Grace at the agent operating point (modelling.md 6.3) lies half-way
// between its idle and its full power.
func HostLoad(busy float64) float64 {
	const whenAlwaysBusy = 0.5
	return whenAlwaysBusy * busy
}

// Breakdown is where the watts of a deployment go. IT is the exact sum of the
// six parts above it; Facility is IT times the PUE. AcceleratorTDP and
// Provisioned are what a buyer reserves for the same accelerators.
type Breakdown struct {
	Accelerator units.Watts // measured mean times the number in use
	CPU         units.Watts
	Host        units.Watts // DRAM, NICs, drives, boards
	Switch      units.Watts // scale-up switches
	Fans        units.Watts
	Conversion  units.Watts // lost in supplies and busbars
	IT          units.Watts

	Facility       units.Watts
	AcceleratorTDP units.Watts
	Provisioned    units.Watts // nameplate share
}

// Power returns the mean draw of a deployment (modelling.md 6.3):
// (accelerators + CPU + host + switch)·(1 + fans)/(1 - conversion).
// A deployment smaller than the system carries the hosts, the switches and the
// nameplate in proportion to the accelerators it uses: the rest of the system
// is taken to serve others at the same density.
func (s System) Power(u Usage) Breakdown {
	used := float64(u.Accelerators)
	nodes := units.Watts(used / float64(s.AcceleratorsPer))
	share := units.Watts(used / float64(s.Accelerators))
	b := Breakdown{
		Accelerator:    u.AcceleratorWatts * units.Watts(used),
		CPU:            nodes * (s.Host.CPUIdle + s.Host.CPUBusy*units.Watts(u.CPULoad)),
		Host:           nodes * s.Host.Static,
		Switch:         share * s.Switch,
		AcceleratorTDP: units.Watts(used) * s.Accelerator.Power.TDP,
		Provisioned:    share * s.Overheads.Nameplate,
	}
	components := b.Accelerator + b.CPU + b.Host + b.Switch
	b.Fans = components * units.Watts(s.Overheads.Fans)
	lost := units.Watts(s.Overheads.Conversion)
	b.Conversion = (components + b.Fans) * lost / (1 - lost)
	b.IT = components + b.Fans + b.Conversion
	b.Facility = b.IT * units.Watts(s.pue(u))
	return b
}

// AcceleratorWatts is how much each accelerator may draw for a whole system to
// draw so much at the wall, its hosts at full load: the inverse of Power.
func (s System) AcceleratorWatts(wall units.Watts) units.Watts {
	nodes := units.Watts(s.Nodes())
	components := wall * units.Watts((1-s.Overheads.Conversion)/(1+s.Overheads.Fans))
	rest := nodes*(s.Host.CPUIdle+s.Host.CPUBusy+s.Host.Static) + s.Switch
	return (components - rest) / units.Watts(s.Accelerators)
}

// Plus is two deployments together.
func (b Breakdown) Plus(o Breakdown) Breakdown {
	return Breakdown{
		Accelerator:    b.Accelerator + o.Accelerator,
		CPU:            b.CPU + o.CPU,
		Host:           b.Host + o.Host,
		Switch:         b.Switch + o.Switch,
		Fans:           b.Fans + o.Fans,
		Conversion:     b.Conversion + o.Conversion,
		IT:             b.IT + o.IT,
		Facility:       b.Facility + o.Facility,
		AcceleratorTDP: b.AcceleratorTDP + o.AcceleratorTDP,
		Provisioned:    b.Provisioned + o.Provisioned,
	}
}

func (s System) pue(u Usage) float64 {
	if u.PUE > 0 {
		return u.PUE
	}
	return s.Overheads.PUE
}

// Nodes returns the number of nodes or trays in the system.
func (s System) Nodes() int { return s.Accelerators / s.AcceleratorsPer }
