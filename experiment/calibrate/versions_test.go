package calibrate

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/models/hardware"
)

// at8 is a balanced row of 384 experts over eight ranks.
func at8(version string, inner, topK int, tokens, microseconds float64) sample {
	return sample{group: marlin, version: version, dtype: "int4_wo", routing: balanced, seconds: microseconds * microsecond,
		experts: hardware.ExpertWork{GroupTokens: tokens, Hidden: 7168, Inner: inner, Experts: 384, TopK: topK, TP: 1, EP: 8}}
}

func movedTo(samples []sample, inner int, tokens float64) (float64, bool) {
	for _, x := range samples {
		if x.group == marlin && x.moved && x.experts.Inner == inner && x.experts.GroupTokens == tokens {
			return x.seconds / microsecond, true
		}
	}
	return 0, false
}

// A row of the older version moves by what the newer takes of its time at the
// shape both have, at as many rows an expert: 64 tokens to 6 of 384 experts are
// 1, as are 48 to 8 of 384.
func TestOlderRowsMoveByTheRatioOfBoth(t *testing.T) {
	samples := []sample{
		at8("0.18.0", 2048, 8, 32, 756), at8("0.18.0", 2048, 8, 48, 2400), at8("0.18.0", 2048, 8, 96, 2400),
		at8("0.24.0", 2048, 8, 32, 274), at8("0.24.0", 2048, 8, 48, 400), at8("0.24.0", 2048, 8, 96, 600),
		at8("0.18.0", 3072, 6, 64, 3700), at8("0.18.0", 3072, 6, 128, 3700),
	}
	out, s := advance(marlin, samples)
	require.Equal(t, "0.24.0", s.since)
	require.Equal(t, "marlin-w4a16-0-18-0", s.group)
	require.Equal(t, 2, s.rows)
	one, ok := movedTo(out, 3072, 64)
	require.True(t, ok)
	require.InEpsilon(t, 3700.0*400/2400, one, 1e-9)
	two, _ := movedTo(out, 3072, 128)
	require.InEpsilon(t, 3700.0*600/2400, two, 1e-9)
	_, again := movedTo(out, 2048, 48)
	require.False(t, again, "the newest has it measured")
	kept := 0
	for _, x := range out {
		if x.group == s.group {
			kept++
			require.Equal(t, "0.18.0", x.version)
			require.False(t, x.moved)
		}
	}
	require.Equal(t, 5, kept, "the older version as it was measured")
}

func TestOneVersionStays(t *testing.T) {
	samples := []sample{at8("0.24.0", 2048, 8, 32, 274)}
	out, s := advance(marlin, samples)
	require.Nil(t, s)
	require.Equal(t, samples, out)
	apart := []sample{at8("0.18.0", 2048, 8, 32, 756), at8("0.24.0", 3072, 6, 32, 274)}
	out, s = advance(marlin, apart)
	require.Nil(t, s, "no shape in common says how they differ")
	require.Equal(t, apart, out)
}

// DeepSeek-V4-Pro's experts on H200 by hand: 0.18.0 took 242, 3,700 and 3,710 µs
// for 8, 64 and 192 tokens over eight ranks; at Kimi K2's shape 0.24.0 takes
// 0.435, 0.170 and 0.244 of its time at as many rows an expert.
func TestMarlinOnH200MovesAsByHand(t *testing.T) {
	tables, err := find(sharedPath(t, "kernels"))
	require.NoError(t, err)
	a, _, err := configs.LoadPreset[hardware.Accelerator](configs.Presets(), "accelerators", "h200", nil)
	require.NoError(t, err)
	f := families()[1]
	require.Equal(t, "experts", f.name)
	c, err := collect(&f, tables, target{system: "h200_sxm", engine: "vllm", accelerator: *a},
		&scope{accelerator: *a, loads: loads{}, hostBound: map[string]bool{}})
	require.NoError(t, err)
	var ours []sample
	for _, x := range c.samples {
		if w := x.experts; x.routing == balanced && w.EP == 8 && w.TopK == 6 && w.Experts == 384 {
			ours = append(ours, x)
		}
	}
	for _, hand := range [][2]float64{{8, 105}, {64, 630}, {192, 906}} {
		got, ok := movedTo(ours, 3072, hand[0])
		require.True(t, ok)
		require.InEpsilon(t, hand[1], got, 0.02, hand)
	}
	require.InDelta(t, 0.25, c.newer[marlin].spread, 0.2, "of ratios carried from one split to the next")
}
