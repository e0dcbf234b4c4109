package hardware

import "agentsim/units"

// formatCount is the number of formats that FLOPs may be counted in.
const formatCount = 6

// Formats returns every known format, in the order of Format.Index.
func Formats() [formatCount]Format {
	return [formatCount]Format{BF16, FP8, MXFP4, NVFP4, INT8, INT4}
}

// Index returns the place of the format in Formats, or -1 if it is unknown.
func (f Format) Index() int {
	for i, known := range Formats() {
		if f == known {
			return i
		}
	}
	return -1
}

// EnergyWork is the countable work of one piece of a step on one accelerator.
// It is a plain value: adding up pieces allocates nothing.
type EnergyWork struct {
	FLOPs     [formatCount]float64 // by the Index of the format computed in
	HBMBytes  float64
	LinkBytes float64 // sent by this accelerator over the scale-up link
}

// AddFLOPs counts FLOPs computed in the given format; an unknown format counts
// as BF16, the dearest.
func (w *EnergyWork) AddFLOPs(f Format, flops float64) {
	w.FLOPs[max(f.Index(), 0)] += flops
}

// Add adds other to w.
func (w *EnergyWork) Add(other EnergyWork) {
	for i := range w.FLOPs {
		w.FLOPs[i] += other.FLOPs[i]
	}
	w.HBMBytes += other.HBMBytes
	w.LinkBytes += other.LinkBytes
}

// Coefficients are the energies of eq. (13) in modelling.md with the format
// map resolved, for use in a loop.
type Coefficients struct {
	PerFLOP     [formatCount]units.JoulesPerFLOP // by Format.Index
	PerHBMByte  units.JoulesPerByte
	PerLinkByte units.JoulesPerByte
}

// Coefficients resolves the per-format energies once. A format without an
// entry costs what BF16 costs: accelerators without its arithmetic unpack it
// and compute in BF16.
func (p AcceleratorPower) Coefficients() Coefficients {
	c := Coefficients{PerHBMByte: p.PerHBMByte, PerLinkByte: p.PerLinkByte}
	for i, f := range Formats() {
		perFLOP, ok := p.PerFLOP[f]
		if !ok {
			perFLOP = p.PerFLOP[BF16]
		}
		c.PerFLOP[i] = perFLOP
	}
	return c
}

// Dynamic returns the joules of the work above idle and active power.
func (c *Coefficients) Dynamic(w *EnergyWork) float64 {
	joules := float64(c.PerHBMByte)*w.HBMBytes + float64(c.PerLinkByte)*w.LinkBytes
	for i, flops := range w.FLOPs {
		joules += float64(c.PerFLOP[i]) * flops
	}
	return joules
}

// Dynamic returns the joules of the work above idle and active power. In a
// loop resolve Coefficients once and use theirs.
func (p AcceleratorPower) Dynamic(w EnergyWork) float64 {
	c := p.Coefficients()
	return c.Dynamic(&w)
}
