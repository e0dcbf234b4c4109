package calibrate

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"agentsim/models/hardware"
	"agentsim/units"
)

// scope is what readers and fits know beside the rows.
type scope struct {
	accelerator hardware.Accelerator
	loads       loads
	hostBound   map[string]bool // groups whose launches, not kernels, were measured
}

// leastSeconds is the time of a sample at peak rates, where its work is known.
func (s *scope) leastSeconds(x *sample) float64 {
	least := 0.0
	if x.work.FLOPs > 0 || x.work.Bytes > 0 {
		perfect := hardware.Roofline{ComputeEfficiency: 1, MemoryEfficiency: 1}
		fastest := s.accelerator.Compute[hardware.BF16]
		for _, f := range hardware.Formats() {
			fastest = max(fastest, s.accelerator.Compute[f])
		}
		least = perfect.Seconds(x.work, fastest, s.accelerator.HBM.Bandwidth)
	}
	if x.bytes > 0 {
		least = x.bytes / float64(s.linkOf(x.group))
	}
	return least
}

// corePeak is the rate that a core's FLOPs refer to: that of its cache format.
func (s *scope) corePeak(group string) units.FLOPRate {
	if peak := s.accelerator.Compute[hardware.FP8]; peak > 0 && strings.HasSuffix(group, "."+string(hardware.FP8)) {
		return peak
	}
	return s.accelerator.Compute[hardware.BF16]
}

// phaseOf is the second word of a core's group.
func phaseOf(group string) string {
	_, rest, _ := strings.Cut(group, ".")
	phase, _, _ := strings.Cut(rest, ".")
	return phase
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}
