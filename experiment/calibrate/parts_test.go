package calibrate

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"agentsim/models/hardware"
	"agentsim/units"
)

func TestLocate(t *testing.T) {
	l, ok := locate("/a", "/a/b/h200_sxm/moe/vllm/0.24.0/moe_perf.parquet")
	require.True(t, ok)
	require.Equal(t, "h200_sxm/moe/vllm/0.24.0/moe_perf", l.String())
	require.Equal(t, "h200", accelerator(l.System))
	_, ok = locate("/a", "/a/moe/vllm/0.24.0/moe_perf.parquet")
	require.False(t, ok)
}

func TestBalancedRouting(t *testing.T) {
	of := func(tokens, groups int) load {
		l, err := routing{tokens, 8, 256, groups, "balanced"}.load()
		require.NoError(t, err)
		return l
	}
	require.Equal(t, load{rows: 8, distinct: 8}, of(1, 1))
	require.Equal(t, load{rows: 1, distinct: 1}, of(1, 16), "the busiest of 16 groups has one of 8 pairs")
	require.Equal(t, load{rows: 16, distinct: 16}, of(16, 8))
	require.Equal(t, load{rows: 128, distinct: 32}, of(128, 8))
}

// A token-poor power law touches as many experts as there are pairs, until
// rounding sets in: measured times say so (H200 and GB300, 8 and 16 tokens).
func TestPowerLawRouting(t *testing.T) {
	of := func(tokens, groups int) load {
		l, err := routing{tokens, 8, 256, groups, "power_law_1.01"}.load()
		require.NoError(t, err)
		return l
	}
	require.Equal(t, load{rows: 64, distinct: 64}, of(8, 1))
	require.InDelta(t, 97, of(16, 1).distinct, 3)
	require.InDelta(t, 12, of(8, 8).distinct, 2, "the most of 8 groups, 8 on average")
	_, err := routing{8, 8, 256, 1, "zipf"}.load()
	require.ErrorContains(t, err, `unknown distribution "zipf"`)
	_, err = routing{8, 8, 256, 7, "balanced"}.load()
	require.ErrorContains(t, err, "256 experts do not divide over 7 groups")
}

func TestRoutingConservesPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := routing{tokens: rapid.IntRange(1, 5000).Draw(t, "tokens"), topK: rapid.IntRange(1, 8).Draw(t, "topK"),
			experts: 64 * rapid.IntRange(1, 6).Draw(t, "experts"), groups: 1, distribution: "power_law_1.2"}
		l, err := r.load()
		require.NoError(t, err)
		require.InDelta(t, float64(r.tokens*r.topK), l.rows, 1e-6)
		require.LessOrEqual(t, l.distinct, float64(min(r.experts, r.tokens*r.topK)))
		r.groups = 8
		busiest, err := r.load()
		require.NoError(t, err)
		require.GreaterOrEqual(t, busiest.rows, l.rows/8)
	})
}

func TestPrefixSumAgainstCounting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, s := rapid.IntRange(0, 300).Draw(t, "prefix"), rapid.IntRange(1, 300).Draw(t, "tokens")
		window := rapid.IntRange(0, 400).Draw(t, "window")
		want := 0
		for i := 1; i <= s; i++ {
			seen := p + i
			if window > 0 {
				seen = min(seen, window)
			}
			want += seen
		}
		require.InDelta(t, float64(want), prefixSum(float64(p), float64(s), float64(window)), 1e-9)
	})
}

func TestCornersKeepWhatALineNeeds(t *testing.T) {
	x := []float64{1, 2, 4, 8, 16, 32}
	require.Equal(t, []int{0, 5}, corners(x, []float64{1, 2, 4, 8, 16, 32}, 0, 5), "a straight line")
	require.Equal(t, []int{0, 3, 5}, corners(x, []float64{5, 5, 5, 5, 10, 20}, 0, 5), "a knee")
}

func TestExpertPathNames(t *testing.T) {
	dtype := []string{"fp8_block", "fp8_block", "fp8_block", "nvfp4", "nvfp4", "nvfp4", "int4_wo"}
	kernel := []string{"x_triton", "y_cutlass", "y_cutlass", "a_cutlass", "a_cutlass", "b_min_latency", "c_marlin"}
	names := namePaths(dtype, kernel, []float64{1, 2, 4, 1, 2, 1, 1})
	require.Equal(t, pathNames{
		{"fp8_block", "x_triton"}: "fp8-block", {"fp8_block", "y_cutlass"}: "fp8-block.ep",
		{"nvfp4", "a_cutlass"}: "nvfp4", {"nvfp4", "b_min_latency"}: "nvfp4-min-latency", {"int4_wo", "c_marlin"}: marlin,
	}, names)
}

func TestHostBoundRowsAreLeftOut(t *testing.T) {
	var b batch
	for i := range 100 {
		b.keep(sample{group: "launches", seconds: math.Max(400e-6, float64(i)*20e-6)})
		b.keep(sample{group: "kernels", seconds: 5e-6 + float64(i)*2e-6})
	}
	b.dropHostBound(gemmPlateau)
	require.Equal(t, map[string]bool{"launches": true}, b.hostBound)
	names, by := groups(b.samples)
	require.Equal(t, []string{"kernels", "launches"}, names)
	require.Len(t, by["kernels"], 100)
	for _, x := range by["launches"] {
		require.GreaterOrEqual(t, x.seconds, 2.5*400e-6)
	}
}

func TestSecondsAsText(t *testing.T) {
	for want, v := range map[string]units.Seconds{"0s": 0, "12.5us": 12.5e-6, "1234us": 1.234e-3, "45.6ns": 45.6e-9,
		"7ps": 7e-12, "200fs": 2e-13} {
		require.Equal(t, want, seconds(v))
		var back units.Seconds
		require.NoError(t, back.UnmarshalText([]byte(want)))
		require.InDelta(t, float64(v), float64(back), 1e-21)
	}
}

func TestMedianOverFamilies(t *testing.T) {
	list := []FamilyError{{System: "a", Engine: "x", MAPE: 0.1}, {System: "a", Engine: "x", MAPE: 0.3},
		{System: "a", Engine: "x", MAPE: 0.2}, {System: "a", Engine: "y", MAPE: 0.9}}
	require.InDelta(t, 0.2, medianMAPE(list, "a", "x"), 1e-12)
	require.InDelta(t, 0.15, medianMAPE(list[:2], "a", "x")-0.05, 1e-12)
	require.Zero(t, medianMAPE(list, "b", "x"))
}

func TestNearestMeasuredAccelerator(t *testing.T) {
	at := func(name string, bf16, fp8, fp4, bandwidth float64) hardware.Accelerator {
		a := hardware.Accelerator{Name: name, HBM: hardware.HBM{Bandwidth: units.ByteRate(bandwidth)},
			Compute: map[hardware.Format]units.FLOPRate{hardware.BF16: units.FLOPRate(bf16), hardware.FP8: units.FLOPRate(fp8)}}
		if fp4 > 0 {
			a.Compute[hardware.MXFP4] = units.FLOPRate(fp4)
		}
		return a
	}
	sets := []*fitted{{target: target{accelerator: at("h200", 989, 1979, 0, 4.8)}},
		{target: target{accelerator: at("b200", 2250, 4500, 9000, 7.7)}},
		{target: target{accelerator: at("gb300", 2500, 5000, 15000, 8)}}}
	for want, a := range map[string]hardware.Accelerator{"gb300": at("b300", 2250, 4500, 13500, 7.75),
		"h200": at("mi300x", 1307, 2615, 0, 5.3), "b200": at("mi355x", 2516, 5033, 10066, 8)} {
		near, ok := nearest(sets, a)
		require.True(t, ok)
		require.Equal(t, want, near.Name, a.Name)
	}
}

// medianMAPE is the median over families of their MAPE, of one system and
// engine.
func medianMAPE(families []FamilyError, system, engine string) float64 {
	var all []float64
	for _, f := range families {
		if f.System == system && f.Engine == engine {
			all = append(all, f.MAPE)
		}
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	middle := len(all) / 2
	if len(all)%2 == 1 {
		return all[middle]
	}
	return (all[middle-1] + all[middle]) / 2
}
