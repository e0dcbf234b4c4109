package calibrate

import (
	"math"
	"slices"

	"agentsim/models/hardware"
)

// derive adds presets for the accelerators without tables: each engine's
// constants of the nearest measured accelerator, by hardware.Derive. Engines
// that serve one vendor's accelerators only are not carried over to others.
func derive(sets []*fitted, accelerators []hardware.Accelerator) []*fitted {
	var out []*fitted
	for _, a := range accelerators {
		if slices.ContainsFunc(sets, func(f *fitted) bool { return f.accelerator.Name == a.Name }) {
			continue
		}
		near, ok := nearest(sets, a)
		if !ok {
			continue
		}
		for _, f := range sets {
			if f.accelerator.Name == near.Name && (f.engine != "trtllm" || a.Vendor == near.Vendor) {
				out = append(out, &fitted{target: target{engine: f.engine, accelerator: a},
					set: rounded(hardware.Derive(a, f.set, f.accelerator))})
			}
		}
	}
	return out
}

// nearest is the measured accelerator whose rates differ least, by ratio: of
// compute in the formats both have and of memory bandwidth. A format that only
// one of them has counts like a factor of two.
func nearest(sets []*fitted, a hardware.Accelerator) (hardware.Accelerator, bool) {
	var best hardware.Accelerator
	least := math.Inf(1)
	for _, f := range sets {
		if d := apart(f.accelerator, a); d < least {
			best, least = f.accelerator, d
		}
	}
	return best, !math.IsInf(least, 1)
}

func apart(a, b hardware.Accelerator) float64 {
	d := math.Abs(math.Log2(float64(a.HBM.Bandwidth / b.HBM.Bandwidth)))
	for _, f := range []hardware.Format{hardware.BF16, hardware.FP8, hardware.MXFP4} {
		x, y := float64(a.Compute[f]), float64(b.Compute[f])
		switch {
		case x > 0 && y > 0:
			d += math.Abs(math.Log2(x / y))
		case x > 0 || y > 0:
			d++
		}
	}
	return d
}

// rounded keeps as many digits as a preset shows.
func rounded(k hardware.KernelSet) hardware.KernelSet {
	for _, f := range sortedKeys(k.GEMM) {
		k.GEMM[f] = roundedRoofline(k.GEMM[f])
	}
	for _, name := range sortedKeys(k.Core) {
		k.Core[name] = roundedRoofline(k.Core[name])
	}
	for _, name := range sortedKeys(k.Experts) {
		e := k.Experts[name]
		r := roundedRoofline(*e.Roofline)
		e.Roofline = &r
		k.Experts[name] = e
	}
	return k
}

func roundedRoofline(r hardware.Roofline) hardware.Roofline {
	r.ComputeEfficiency, r.MemoryEfficiency = round(r.ComputeEfficiency), round(r.MemoryEfficiency)
	return r
}
