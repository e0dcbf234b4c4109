package configs

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"agentsim/configs/tree"
	"agentsim/models/hardware"
	"agentsim/portable"
	"agentsim/units"
)

// DefaultValues are what a scenario means that leaves fields out: calls stay
// with their worker, experts are chosen and placed as in the scenarios that come
// with the program, weights have the formats they were published in, and the
// deployment is the best one found on the whole system.
func (Scenario) DefaultValues(value func(path string) string) []tree.Setting {
	dense, experts := value("model.weights.dense"), value("model.weights.experts")
	cache := string(hardware.BF16)
	if value("system.accelerator.compute.fp8") != "" {
		cache = string(hardware.FP8)
	}
	settings := []tree.Setting{
		{Path: "deployment.mode", Value: "auto"},
		{Path: "deployment.precision.dense", Value: cmp.Or(dense, string(hardware.BF16))},
		{Path: "deployment.precision.kv", Value: cache},
		{Path: "deployment.router", Value: "conversation-affinity"},
	}
	if mode := value("deployment.mode"); mode == "" || mode == "auto" {
		settings = append(settings, tree.Setting{Path: "deployment.accelerators", Value: value("system.accelerators")})
	}
	if value("model.experts.routed") != "" {
		settings = append(settings,
			tree.Setting{Path: "deployment.precision.experts", Value: cmp.Or(experts, dense, string(hardware.BF16))},
			tree.Setting{Path: "deployment.experts.popularity", Value: "{kind: lognormal, sigma: 0.6, drift: 0.2}"},
			tree.Setting{Path: "deployment.experts.placement", Value: "{kind: eplb}"})
	}
	return slices.DeleteFunc(settings, func(s tree.Setting) bool { return s.Value == "" })
}

// KinOf names the accelerator whose kernels stand for those that another has
// not: one that the engine has kernels on, of the same generation if there is
// one, else of the same vendor, and of these the one whose peak BF16 rate and
// memory bandwidth are nearest in their ratios. Empty where the engine has none.
func KinOf(a *hardware.Accelerator, engine string) string {
	library := Presets()
	kernels := library.Names("kernels")
	best, rank, distance := "", 0, math.Inf(1)
	for _, name := range library.Names("accelerators") {
		kin, _, err := LoadPreset[hardware.Accelerator](library, "accelerators", name, nil)
		if err != nil || !slices.Contains(kernels, KernelsOf(kin.Served(), engine)) {
			continue
		}
		near := 0
		if kin.Vendor == a.Vendor {
			near = 1
		}
		if a.Generation != "" && kin.Family() == a.Generation {
			near = 2
		}
		apart := apart(float64(kin.Compute[hardware.BF16]), float64(a.Compute[hardware.BF16])) +
			apart(float64(kin.HBM.Bandwidth), float64(a.HBM.Bandwidth))
		if best == "" || near > rank || near == rank && apart < distance {
			best, rank, distance = kin.Served(), near, apart
		}
	}
	return best
}

// apart is the logarithm of a ratio, upwards; 0 where one of the two is unknown.
func apart(a, b float64) float64 {
	if a <= 0 || b <= 0 {
		return 0
	}
	return math.Abs(portable.Log(a / b))
}

// written reads what KinOf needs of an accelerator that is not loaded yet.
func written(value func(path string) string) *hardware.Accelerator {
	a := &hardware.Accelerator{
		Name:       value("system.accelerator.name"),
		Vendor:     value("system.accelerator.vendor"),
		Generation: value("system.accelerator.generation"),
		Kernels:    value("system.accelerator.kernels"),
		Compute:    map[hardware.Format]units.FLOPRate{},
	}
	var rate units.FLOPRate
	if rate.UnmarshalText([]byte(value("system.accelerator.compute.bf16"))) == nil {
		a.Compute[hardware.BF16] = rate
	}
	var bandwidth units.ByteRate
	if bandwidth.UnmarshalText([]byte(value("system.accelerator.hbm.bandwidth"))) == nil {
		a.HBM.Bandwidth = bandwidth
	}
	return a
}

// kinNote says that kernels stand for those of another accelerator.
func (s *Scenario) kinNote() []string {
	a, k := &s.System.Accelerator, &s.Kernels
	if a.Kernels != "" || k.Name == KernelsOf(a.Served(), s.Engine.Kernels) ||
		k.Name == KernelsOf(a.Served(), s.Engine.Family) || k.Accelerator == a.Name {
		return nil
	}
	if k.Name != KernelsOf(KinOf(a, s.Engine.Kernels), s.Engine.Kernels) &&
		k.Name != KernelsOf(KinOf(a, s.Engine.Family), s.Engine.Family) {
		return nil // named outright
	}
	return []string{fmt.Sprintf("there are no kernels of %s under %s: those of %s, its nearest kin by generation, vendor "+
		"and rates, stand for them, and the answer is less certain than its interval says", a.Name, s.Engine.Name,
		s.Kernels.Accelerator)}
}
