package calibrate

import (
	"math"
	"slices"

	"agentsim/models/hardware"
	"agentsim/units"
)

// lag is what a collector's readings miss. The module collectors time a few
// launches only, so that the sampler's average still holds the idle time
// before: a reading is idle + (draw - idle)·(1 - exp(-(seconds/tau)^shape)).
// At equal work per second their readings double from 1 to 100 ms.
type lag struct{ tau, shape float64 }

// read returns the watts a collector would report.
func (l lag) read(p *hardware.AcceleratorPower, draw, seconds float64) float64 {
	idle := float64(p.Idle)
	return idle + (draw-idle)*(1-math.Exp(-math.Pow(seconds/l.tau, l.shape)))
}

// readAtCap is the share of its limit that a throttled accelerator reports:
// 97.9 to 98.6 % for the largest GEMM of three accelerators.
const readAtCap = 0.985

// reading is what power p makes of a row.
func reading(p *hardware.AcceleratorPower, c *hardware.Coefficients, l lag, r *powerRow) float64 {
	draw := float64(p.Static()) + c.Dynamic(&r.work)/r.seconds
	draw = min(draw, readAtCap*float64(p.TDP))
	if !r.module {
		return draw
	}
	return l.read(p, draw, r.seconds)
}

// silicon is accelerators that share their energies: the same chip in other
// boards, with idle power, limits and collectors of their own.
type silicon struct {
	name     string
	measured []string
	formats  []hardware.Format
}

// mostPerByte holds the fit to what memory and the way to it can cost
// (modelling.md 6.1: 5 to 7 pJ/bit on Hopper, 4 to 6 on Blackwell).
const mostPerByte units.JoulesPerByte = 56e-12

// silicons groups the accelerators whose watts are measured, those that take
// them over from no other, by generation, in the order of the list. Energies are
// fitted for the formats whose kernels were run with watts.
func silicons(accelerators []hardware.Accelerator) []silicon {
	var list []silicon
	for i := range accelerators {
		a := &accelerators[i]
		if a.PowerFrom != nil {
			continue
		}
		k := slices.IndexFunc(list, func(s silicon) bool { return s.name == a.Family() })
		if k < 0 {
			k = len(list)
			list = append(list, silicon{name: a.Family()})
			for _, f := range []hardware.Format{hardware.BF16, hardware.FP8, hardware.NVFP4} {
				if a.Compute[f] > 0 {
					list[k].formats = append(list[k].formats, f)
				}
			}
		}
		list[k].measured = append(list[k].measured, a.Name)
	}
	return list
}

// perTable is how many rows of a table enter the fit; tables count alike.
const perTable = 500

// powerFit is the search for the coefficients of one silicon.
type powerFit struct {
	silicon
	powers []hardware.AcceleratorPower // of the measured, in order
	tables [][]powerRow                // thinned
	of     []int                       // the accelerator of each table
}

// A format of half the width takes about half the energy: saturated BF16 and
// FP8 draw the same power at twice the rate (modelling.md 6.1).
const (
	leastHalving = 0.45
	halving      = 0.5
	mostHalving  = 0.65
)

// parameters in the order of split: watts per class, the first format's energy
// in pJ, each next one's share of the one before, the energy per byte in pJ,
// then tau and shape of every accelerator's lag.
func (f *powerFit) parameters() []parameter {
	watts := parameter{low: 1, start: 200, high: 900}
	classes := hardware.KernelClasses()
	list := slices.Repeat([]parameter{watts}, len(classes[:]))
	list = append(list, parameter{low: 0.05, start: 0.5, high: 2})
	for range f.formats[1:] {
		list = append(list, parameter{low: leastHalving, start: halving, high: mostHalving})
	}
	list = append(list, parameter{low: 5, start: 30, high: float64(mostPerByte) / pico})
	for range f.powers {
		list = append(list, parameter{low: 3e-4, start: 6e-3, high: 0.1}, parameter{low: 0.2, start: 0.5, high: 1.5})
	}
	return list
}

const pico = 1e-12

// split turns constants into the power and the lag of each accelerator.
func (f *powerFit) split(constants []float64) ([]hardware.AcceleratorPower, []lag) {
	busy := map[hardware.KernelClass]units.Watts{}
	for i, class := range hardware.KernelClasses() {
		busy[class] = units.Watts(constants[i])
	}
	constants = constants[len(busy):]
	perFLOP := map[hardware.Format]units.JoulesPerFLOP{}
	energy := 1.0
	for i, format := range f.formats {
		energy *= constants[i]
		perFLOP[format] = units.JoulesPerFLOP(energy * pico)
	}
	perByte := units.JoulesPerByte(constants[len(f.formats)] * pico)
	constants = constants[len(f.formats)+1:]
	powers, lags := make([]hardware.AcceleratorPower, len(f.powers)), make([]lag, len(f.powers))
	for i, p := range f.powers {
		p.Busy, p.PerFLOP, p.PerHBMByte = busy, perFLOP, perByte
		powers[i], lags[i] = p, lag{constants[2*i], constants[2*i+1]}
	}
	return powers, lags
}

// loss is the pseudo-Huber loss of relative errors, each table counting alike:
// kernel switches and bad runs do not pull the fit, nor do big tables.
func (f *powerFit) loss(constants []float64) float64 {
	powers, lags := f.split(constants)
	total := 0.0
	for t, rows := range f.tables {
		p, l := &powers[f.of[t]], lags[f.of[t]]
		c := p.Coefficients()
		sum := 0.0
		for i := range rows {
			e := math.Log(reading(p, &c, l, &rows[i])/rows[i].watts) / outlier
			sum += math.Sqrt(1+e*e) - 1
		}
		total += sum / float64(len(rows))
	}
	return total / float64(len(f.tables))
}

// solve returns the best power and lag of each accelerator, rounded as the
// presets show them.
func (f *powerFit) solve() ([]hardware.AcceleratorPower, []lag) {
	search := form{parameters: f.parameters()}
	last := search.parameters[len(search.parameters)-1].start
	x := search.startingPoint(last)
	descend(x, func(x []float64) float64 { return f.loss(search.constants(x)) })
	powers, lags := f.split(search.constants(x))
	for i, p := range powers {
		powers[i] = inShort(p)
		lags[i] = lag{roundTo(lags[i].tau, powerDigits), roundTo(lags[i].shape, powerDigits)}
	}
	return powers, lags
}

// powerDigits of a coefficient mean something.
const powerDigits = 3

// inShort rounds the fitted coefficients.
func inShort(p hardware.AcceleratorPower) hardware.AcceleratorPower {
	busy, perFLOP := map[hardware.KernelClass]units.Watts{}, map[hardware.Format]units.JoulesPerFLOP{}
	for class, watts := range p.Busy {
		busy[class] = units.Watts(roundTo(float64(watts), powerDigits))
	}
	for format, joules := range p.PerFLOP {
		perFLOP[format] = units.JoulesPerFLOP(roundTo(float64(joules)/pico, powerDigits) * pico)
	}
	p.Busy, p.PerFLOP = busy, perFLOP
	p.PerHBMByte = units.JoulesPerByte(roundTo(float64(p.PerHBMByte)/pico, powerDigits) * pico)
	return p
}
