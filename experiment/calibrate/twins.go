package calibrate

import (
	"math"
	"strings"

	"agentsim/models/hardware"
)

// lendTwins gives presets the expert kernels that their paths name and no table of
// their accelerator measures: those of the same engine on the accelerator most
// alike. The tables of GB300, for one, leave out the kernel for few tokens of
// TensorRT-LLM, which runs there as on GB200. What is lent takes the time that was
// measured: the other kernel of the format does so on both within 7 %, up to experts
// over 16 ranks, although GB300 computes 4 bits half as fast again by its data sheet.
func lendTwins(sets []*fitted) {
	own := clones(sets)
	for _, f := range sets {
		for _, format := range sortedKeys(f.set.ExpertsPath) {
			for _, name := range strings.Split(f.set.ExpertsPath[format], "|") {
				if _, have := f.set.Experts[name]; !have {
					f.lendTwin(sets, own, name)
				}
			}
		}
	}
}

// lendTwin takes a kernel from the set of the same engine that has it, and whose
// accelerator is of the same generation and most alike.
func (f *fitted) lendTwin(sets []*fitted, own []hardware.KernelSet, name string) {
	best, least := -1, math.Inf(1)
	for i, lender := range sets {
		_, has := own[i].Experts[name]
		if d := apart(lender.accelerator, f.accelerator); has && lender.engine == f.engine && d < least {
			best, least = i, d
		}
	}
	if best < 0 || !sameGeneration(&sets[best].accelerator, &f.accelerator) {
		return
	}
	e := own[best].Experts[name]
	if e.Roofline == nil {
		return
	}
	form := *e.Roofline
	faster := float64(f.accelerator.Compute[e.Compute] / sets[best].accelerator.Compute[e.Compute])
	form.ComputeEfficiency = round(form.ComputeEfficiency / faster)
	e.Roofline = &form
	f.set.Experts[name] = e
	f.loan(own[best], "experts."+name)
}

// sameGeneration says whether two accelerators compute in the same formats, and
// move bytes and multiply BF16 at about the same rate.
func sameGeneration(a, b *hardware.Accelerator) bool {
	for _, format := range hardware.Formats() {
		if (a.Compute[format] > 0) != (b.Compute[format] > 0) {
			return false
		}
	}
	const alike = 1.2
	near := func(x, y float64) bool { return max(x, y) < alike*min(x, y) }
	return near(float64(a.HBM.Bandwidth), float64(b.HBM.Bandwidth)) &&
		near(float64(a.Compute[hardware.BF16]), float64(b.Compute[hardware.BF16])) &&
		a.Vendor == b.Vendor
}
