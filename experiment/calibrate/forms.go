package calibrate

import (
	"agentsim/models/hardware"
	"agentsim/units"
)

// terms says which optional terms of the roofline a family has; perUnit and
// perGroup are the orders of magnitude of those constants in seconds, 0 = no
// such term.
type terms struct {
	perUnit  float64
	perGroup float64
	streamed bool
	rows     bool
	floor    float64 // where it is known from elsewhere; 0 = fitted
}

// known pins a parameter to a value.
func known(v float64) parameter {
	const slack = 1e-3 // the log scale needs some room
	return parameter{v * (1 - slack), v, v * (1 + slack)}
}

// Bounds. No kernel exceeds the dense peak or the memory bandwidth; streamed
// passes may, where their data stays in cache.
func floorRange() parameter    { return parameter{2e-7, 6e-6, 2e-3} }
func computeRange() parameter  { return parameter{0.02, 0.6, 1} }
func memoryRange() parameter   { return parameter{0.05, 0.7, 1} }
func streamRange() parameter   { return parameter{0.01, 0.4, 2} }
func rowsRange() parameter     { return parameter{0.1, 20, 500} }
func exponentRange() parameter { return parameter{1, 2, 6} }
func linkRange() parameter     { return parameter{0.002, 0.5, 1.2} }

const unitSpan = 1e3 // per_unit is sought this far around its magnitude

// edge is how near to a bound a constant counts as there.
const edge = 1.2

func rooflineForm(t terms, peak units.FLOPRate, bandwidth units.ByteRate) form {
	f := form{parameters: []parameter{floorRange(), computeRange(), memoryRange()}}
	if t.floor > 0 {
		f.parameters[0] = known(t.floor)
	}
	if t.perUnit > 0 {
		f.parameters = append(f.parameters, parameter{t.perUnit / unitSpan, t.perUnit, t.perUnit * unitSpan})
	}
	if t.perGroup > 0 {
		f.parameters = append(f.parameters, parameter{t.perGroup / unitSpan, t.perGroup, t.perGroup * unitSpan})
	}
	if t.streamed {
		f.parameters = append(f.parameters, streamRange())
	}
	if t.rows {
		f.parameters = append(f.parameters, rowsRange())
	}
	f.parameters = append(f.parameters, exponentRange())
	f.bind = func(c []float64) func(*sample) float64 {
		r := t.roofline(c)
		return func(s *sample) float64 { return r.Seconds(s.work, peak, bandwidth) }
	}
	return f
}

// roofline reads the constants in the order of rooflineForm.
func (t terms) roofline(c []float64) hardware.Roofline {
	r := hardware.Roofline{Floor: units.Seconds(c[0]), ComputeEfficiency: c[1], MemoryEfficiency: c[2]}
	c = c[3:]
	if t.perUnit > 0 {
		if c[0] > edge*t.perUnit/unitSpan {
			r.PerUnit = units.Seconds(c[0])
		}
		c = c[1:]
	}
	if t.perGroup > 0 {
		if c[0] > edge*t.perGroup/unitSpan {
			r.PerGroup = units.Seconds(c[0])
		}
		c = c[1:]
	}
	if t.streamed {
		if c[0] < streamRange().high/edge {
			r.StreamEfficiency = c[0]
		}
		c = c[1:]
	}
	if t.rows {
		if c[0] > edge*rowsRange().low {
			r.HalfRows = c[0]
		}
		c = c[1:]
	}
	r.Exponent = c[0]
	return r
}

func fitRoofline(t terms, peak units.FLOPRate, bandwidth units.ByteRate, samples []sample) hardware.Roofline {
	return t.roofline(fit(rooflineForm(t, peak, bandwidth), samples, 1.05, 2, 4))
}

// fitCollective fits one algorithm, or two where the larger messages are
// served by another (see hardware.Collective).
func fitCollective(link units.ByteRate, samples []sample, two bool) hardware.Collective {
	f := form{parameters: []parameter{floorRange(), linkRange()}}
	if two {
		small, large := linkRange(), floorRange()
		small.start, large.start = 0.05, 2e-5
		f.parameters = []parameter{floorRange(), small, large, linkRange()}
	}
	f.bind = func(c []float64) func(*sample) float64 {
		k := collective(c)
		return func(s *sample) float64 { return k.Seconds(s.bytes, link) }
	}
	return collective(fit(f, samples, 0.3, 0.8))
}

func collective(c []float64) hardware.Collective {
	k := hardware.Collective{Floor: units.Seconds(c[0]), Efficiency: c[1]}
	if len(c) > 2 {
		k.LargeFloor, k.LargeEfficiency = units.Seconds(c[2]), c[3]
	}
	return k
}
