package calibrate

import (
	"strings"
	"testing"

	"agentsim/configs"
	"agentsim/models/hardware"
)

// Presets of accelerators whose tables lack a kernel that their path names hold
// what the rule lends them.
func TestPresetsHoldTheKernelsThatTheirTwinsLend(t *testing.T) {
	sets := presetSets(t, "trtllm")
	held := map[string]hardware.ExpertKernel{}
	for _, f := range sets {
		for name, e := range f.set.Experts {
			source := f.set.Sources["experts."+name]
			if strings.HasSuffix(name, "min-latency") && strings.Contains(source.Note, "borrowed") {
				held[f.set.Name] = e
				delete(f.set.Experts, name)
			}
		}
	}
	if len(held) != 2 {
		t.Errorf("%d presets hold a lent kernel for few tokens, want those of b300 and gb300", len(held))
	}
	lendTwins(sets)
	for _, f := range sets {
		want, ok := held[f.set.Name]
		if !ok {
			continue
		}
		got, ok := f.set.Experts["nvfp4-min-latency"]
		if !ok || *got.Roofline != *want.Roofline {
			t.Errorf("%s holds %+v, the rule lends %+v", f.set.Name, want.Roofline, got.Roofline)
		}
	}
}

// Another generation is lent nothing: Hopper has no 4-bit arithmetic.
func TestTwinsAreOfOneGeneration(t *testing.T) {
	sets := presetSets(t, "trtllm")
	for _, f := range sets {
		if f.accelerator.Name == "h200" {
			f.set.ExpertsPath["nvfp4"] = "nvfp4-min-latency"
		}
	}
	lendTwins(sets)
	for _, f := range sets {
		if _, ok := f.set.Experts["nvfp4-min-latency"]; ok && f.accelerator.Name == "h200" {
			t.Error("h200 was lent a kernel that computes in 4 bits")
		}
	}
}

// presetSets are the presets of an engine as if they had just been fitted.
func presetSets(t *testing.T, engine string) []*fitted {
	t.Helper()
	presets := configs.Presets()
	var sets []*fitted
	for _, name := range presets.Names("kernels") {
		k, _, err := configs.LoadPreset[hardware.KernelSet](presets, "kernels", name, nil)
		if err != nil {
			t.Fatal(err)
		}
		if k.Engine != engine || k.Name != k.Accelerator+"-"+engine {
			continue
		}
		a, _, err := configs.LoadPreset[hardware.Accelerator](presets, "accelerators", k.Accelerator, nil)
		if err != nil {
			t.Fatal(err)
		}
		sets = append(sets, &fitted{target: target{engine: engine, accelerator: *a}, set: clone(*k)})
	}
	return sets
}
