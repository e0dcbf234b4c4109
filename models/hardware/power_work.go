package hardware

import "agentsim/units"

// KernelClass groups kernels that draw alike at equal FLOPs and bytes.
type KernelClass string

// The kernel classes.
const (
	DenseClass   KernelClass = "dense"   // projections, heads, dense FFN
	ExpertsClass KernelClass = "experts" // grouped GEMM of routed experts
	PrefillClass KernelClass = "prefill" // attention of prompts
	DecodeClass  KernelClass = "decode"  // attention of generated tokens
)

const (
	formatCount      = 7
	kernelClassCount = 4
)

// Formats returns every known format, in the order of Format.Index.
func Formats() [formatCount]Format {
	return [formatCount]Format{BF16, FP8, FP8Tensor, MXFP4, NVFP4, INT8, INT4}
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

// KernelClasses returns every class, in the order of KernelClass.Index.
func KernelClasses() [kernelClassCount]KernelClass {
	return [kernelClassCount]KernelClass{DenseClass, ExpertsClass, PrefillClass, DecodeClass}
}

// Index returns the place of the class in KernelClasses, or -1 if it is unknown.
func (c KernelClass) Index() int {
	for i, known := range KernelClasses() {
		if c == known {
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
	LinkBytes float64                   // sent by this accelerator over the scale-up link
	Busy      [kernelClassCount]float64 // seconds of kernels, by the Index of their class
}

// AddFLOPs counts FLOPs computed in the given format; an unknown format counts
// as BF16, the dearest.
func (w *EnergyWork) AddFLOPs(f Format, flops float64) {
	w.FLOPs[max(f.Index(), 0)] += flops
}

// AddBusy counts seconds during which a kernel of a known class ran.
func (w *EnergyWork) AddBusy(c KernelClass, seconds float64) {
	w.Busy[max(c.Index(), 0)] += seconds
}

// Add adds other to w.
func (w *EnergyWork) Add(other EnergyWork) {
	for i := range w.FLOPs {
		w.FLOPs[i] += other.FLOPs[i]
	}
	for i := range w.Busy {
		w.Busy[i] += other.Busy[i]
	}
	w.HBMBytes += other.HBMBytes
	w.LinkBytes += other.LinkBytes
}

// EnergyPerFLOP returns the energy of one FLOP computed in a format. A format
// without an entry costs what the arithmetic that stands in for it costs: FP8
// for per-tensor scales, the other FP4 for FP4, else BF16, into which
// accelerators without a format's arithmetic unpack it.
func (p AcceleratorPower) EnergyPerFLOP(f Format) units.JoulesPerFLOP {
	if e, ok := p.PerFLOP[f]; ok {
		return e
	}
	if e, ok := p.PerFLOP[f.standIn()]; ok {
		return e
	}
	return p.PerFLOP[BF16]
}

// Peak returns the peak dense rate of a format, by the same rule: that of its
// stand-in where it has none of its own, and 0 where neither has one.
func (a Accelerator) Peak(f Format) units.FLOPRate {
	if rate, ok := a.Compute[f]; ok {
		return rate
	}
	return a.Compute[f.standIn()]
}

// standIn is the format that is computed by the same arithmetic.
func (f Format) standIn() Format {
	switch f {
	case FP8Tensor:
		return FP8
	case MXFP4:
		return NVFP4
	case NVFP4:
		return MXFP4
	}
	return f
}

// Coefficients are the energies of eq. (13) in modelling.md with the maps
// resolved, for use in a loop.
type Coefficients struct {
	PerFLOP     [formatCount]units.JoulesPerFLOP // by Format.Index
	Busy        [kernelClassCount]units.Watts    // by KernelClass.Index
	PerHBMByte  units.JoulesPerByte
	PerLinkByte units.JoulesPerByte
}

// Coefficients resolves the energies per format and class once.
func (p AcceleratorPower) Coefficients() Coefficients {
	c := Coefficients{PerHBMByte: p.PerHBMByte, PerLinkByte: p.PerLinkByte}
	for i, f := range Formats() {
		c.PerFLOP[i] = p.EnergyPerFLOP(f)
	}
	for i, class := range KernelClasses() {
		c.Busy[i] = p.Busy[class]
	}
	return c
}

// Dynamic returns the joules of the work above idle and active power.
func (c *Coefficients) Dynamic(w *EnergyWork) float64 {
	joules := float64(c.PerHBMByte)*w.HBMBytes + float64(c.PerLinkByte)*w.LinkBytes
	for i, flops := range w.FLOPs {
		joules += float64(c.PerFLOP[i]) * flops
	}
	for i, seconds := range w.Busy {
		joules += float64(c.Busy[i]) * seconds
	}
	return joules
}

// Dynamic returns the joules of the work above idle and active power. In a
// loop resolve Coefficients once and use theirs.
func (p AcceleratorPower) Dynamic(w EnergyWork) float64 {
	c := p.Coefficients()
	return c.Dynamic(&w)
}
