package calibrate

import (
	"maps"
	"slices"
	"strings"

	"agentsim/models/hardware"
)

// serve sets what operator tables do not say: how an engine serves on the
// accelerator. A preset that is there keeps its own. A new one runs as the tables
// say, and every format of experts on the path of its name, where there is one.
func (f *fitted) serve(presets []hardware.KernelSet) {
	k := &f.set
	k.Sources = maps.Clone(k.Sources)
	if i := slices.IndexFunc(presets, func(p hardware.KernelSet) bool { return p.Name == k.Name }); i >= 0 {
		old := presets[i]
		k.Efficiency, k.Eager, k.EagerFor, k.Older = old.Efficiency, old.Eager, old.EagerFor, older(k, old.Older)
		for _, path := range []string{"efficiency", "eager", "eager_for", "older"} {
			if source, ok := old.Sources[path]; ok && (path != "older" || len(k.Older) > 0) {
				k.Sources[path] = source
			}
		}
		k.ExpertsPath = maps.Clone(old.ExpertsPath)
		maps.DeleteFunc(k.ExpertsPath, func(_ hardware.Format, path string) bool { return !measured(k, path) })
		return
	}
	k.Efficiency, k.Eager, k.EagerFor, k.ExpertsPath = 1, 0, nil, map[hardware.Format]string{}
	k.Sources["efficiency"] = hardware.Source{
		Basis:  "assumed",
		Source: "1 = as the tables say, for want of serving runs",
		Range:  [2]float64{0.75, 1.15},
	}
	for _, format := range hardware.Formats() {
		if _, ok := k.Experts[string(format)]; ok {
			k.ExpertsPath[format] = string(format)
		}
	}
}

// measured reports whether the set has the experts of a path, or of one of its
// choices: a run over some of the tables finds only some of them.
func measured(k *hardware.KernelSet, path string) bool {
	return slices.ContainsFunc(strings.Split(path, "|"), func(name string) bool {
		_, ok := k.Experts[name]
		return ok
	})
}

// older is how much longer earlier kernels take, as far as tables tell of them.
func older(k *hardware.KernelSet, all []hardware.OlderKernels) (kept []hardware.OlderKernels) {
	for _, o := range all {
		o.Experts = maps.Clone(o.Experts)
		maps.DeleteFunc(o.Experts, func(path string, _ float64) bool { return !measured(k, path) })
		if len(o.Experts) > 0 {
			kept = append(kept, o)
		}
	}
	return kept
}
