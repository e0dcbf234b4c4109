package step

import "agentsim/models/hardware"

// energy is what work draws on a worker's accelerators.
type energy struct {
	accelerators         float64
	perByte, perLinkByte float64 // joules
	dense, head          float64 // joules per FLOP of projections and of the head
	watts                classWatts
}

// classWatts are what kernels of each class draw while they run, beyond what
// their work draws.
type classWatts struct{ dense, experts, prefill, decode float64 }

// energyOf is the energy of so many accelerators whose projections compute in
// this format.
func energyOf(a *hardware.Accelerator, dense hardware.Format, accelerators int) energy {
	p := a.Power
	return energy{
		accelerators: float64(accelerators),
		perByte:      float64(p.PerHBMByte),
		perLinkByte:  float64(p.PerLinkByte),
		dense:        float64(p.EnergyPerFLOP(dense)),
		head:         float64(p.EnergyPerFLOP(hardware.BF16)),
		watts: classWatts{
			dense:   float64(p.Busy[hardware.DenseClass]),
			experts: float64(p.Busy[hardware.ExpertsClass]),
			prefill: float64(p.Busy[hardware.PrefillClass]),
			decode:  float64(p.Busy[hardware.DecodeClass]),
		},
	}
}
