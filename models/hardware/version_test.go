package hardware

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/units"
)

func TestVersionsInOrder(t *testing.T) {
	want := []string{"0.5.6.post2", "0.5.9", "0.5.10", "0.5.14", "1.2.0rc5", "1.3.0rc5", "1.3.0rc20", "1.3.0"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, CompareVersions)
	require.Equal(t, want, got)
	require.Positive(t, CompareVersions("0.5.6.post2", "0.5.6"))
}

// A kernel that holds from a version on is run from there; engines before it run
// the one before, under the same name.
func TestKernelsOfAnEngineVersion(t *testing.T) {
	k := KernelSet{Experts: map[string]ExpertKernel{
		"marlin":        {Kernel: "new", Since: "0.24.0", Before: "marlin-0-18-0"},
		"marlin-0-18-0": {Kernel: "old", Since: "0.18.0", Before: "marlin-0-9"},
		"marlin-0-9":    {Kernel: "oldest"},
		"bf16":          {Kernel: "plain"},
	}}
	for version, want := range map[string]string{
		"": "new", "0.24.0": "new", "0.25.1": "new", "0.24.0rc1": "old", "0.21.0": "old", "0.18.0": "old", "0.17.3": "oldest",
	} {
		got := k.AsOf(version)
		require.Equal(t, want, got.Experts["marlin"].Kernel, version)
		require.Len(t, got.Experts, 2, "kernels before others are reached by version alone")
		require.Equal(t, "plain", got.Experts["bf16"].Kernel)
	}
	require.Len(t, k.Experts, 4, "the set itself stays")
}

// Kernels of versions before one take longer, by their name.
func TestOlderKernelsAreSlower(t *testing.T) {
	k := KernelSet{
		Experts: map[string]ExpertKernel{
			"fp8":  {Weights: FP8, Compute: FP8, Roofline: &Roofline{Floor: 1e-6, ComputeEfficiency: 1, MemoryEfficiency: 1}},
			"bf16": {Weights: BF16},
		},
		Older: []OlderKernels{{From: "0.18", Before: "0.20", Experts: map[string]float64{"fp8": 3}}, {Before: "0.23", Experts: map[string]float64{"fp8": 2}}},
	}
	work := ExpertWork{Rows: 4, Distinct: 2, GroupTokens: 4, Hidden: 8, Inner: 8, Experts: 2, TopK: 1}
	a := Accelerator{HBM: HBM{Bandwidth: 1e12}, Compute: map[Format]units.FLOPRate{FP8: 1e15}}
	base := k.Experts["fp8"].Seconds(work, a)
	for version, want := range map[string]float64{"": 1, "0.24.0": 1, "0.23": 1, "0.22.1": 2, "0.19": 3, "0.17.1": 1} {
		set := k.AsOf(version)
		require.InEpsilon(t, want*base, set.Experts["fp8"].Seconds(work, a), 1e-12, version)
		require.Zero(t, set.Experts["bf16"].Slower)
	}
	require.Zero(t, k.Experts["fp8"].Slower, "the set itself stays")
}
