package hardware_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	. "agentsim/models/hardware"
	"agentsim/units"
)

const micro = 1e-6

// kernels reads a preset as the loader does.
func kernels(t *testing.T, name string) KernelSet {
	t.Helper()
	path := filepath.Join("..", "..", "configs", "kernels", name+".yaml")
	k, _, err := configs.Load[KernelSet](&configs.Library{}, configs.Source{Name: path, ReadFile: os.ReadFile}, nil)
	require.NoError(t, err)
	require.NoError(t, k.Validate())
	return *k
}

// Peak rates of hardware.md 1.1.
func gb300() Accelerator {
	return Accelerator{
		Name:    "gb300",
		Compute: map[Format]units.FLOPRate{BF16: 2.5e15, FP8: 5e15, NVFP4: 15e15},
		HBM:     HBM{Bandwidth: 8e12},
		ScaleUp: 900e9,
	}
}

func h200() Accelerator {
	return Accelerator{
		Name:    "h200",
		Compute: map[Format]units.FLOPRate{BF16: 989e12, FP8: 1979e12},
		HBM:     HBM{Bandwidth: 4.8e12},
		ScaleUp: 450e9,
	}
}

// v4pro is balanced expert work of DeepSeek-V4-Pro: tokens entering the group.
func v4pro(tokens float64, tp, ep int) ExpertWork {
	const experts, topK = 384, 6
	return ExpertWork{
		GroupTokens: tokens, Rows: tokens * topK / float64(ep),
		Distinct: math.Min(experts, tokens*topK) / float64(ep),
		Hidden:   7168, Inner: 3072, Experts: experts, TopK: topK, TP: tp, EP: ep,
	}
}

// v4 are the features of s new tokens after a prefix: a window of 128 and one
// entry per ratio tokens, at most topK of them.
func v4(prefix, s, ratio, topK int) Features {
	x := Features{Tokens: float64(s), Context: float64(prefix) + float64(s)/2}
	for i := 1; i <= s; i++ {
		entries := (prefix + i) / ratio
		x.Pairs += float64(min(prefix+i, 128) + min(entries, topK))
		x.IndexPairs += float64(entries)
	}
	return x
}

func within(t *testing.T, wantMicroseconds, seconds float64, what string) {
	t.Helper()
	require.InEpsilon(t, wantMicroseconds*micro, seconds, 0.15, what)
}

func TestMegaMoEFollowsTheMeasurement(t *testing.T) {
	path := kernels(t, "gb300-trtllm").Experts["megamoe-w4a8"]
	perRank := map[float64]float64{64: 351, 512: 389, 2048: 802, 8192: 2645, 32768: 10072}
	for n, want := range perRank {
		within(t, want, path.Seconds(v4pro(8*n, 1, 8), gb300()), "EP8")
	}
	for ep, want := range map[int]float64{4: 642, 8: 351, 16: 205, 24: 162, 32: 155} {
		within(t, want, path.Seconds(v4pro(float64(64*ep), 1, ep), gb300()), "64 tokens per rank")
	}
}

func TestH200ExpertsFollowTheMeasurement(t *testing.T) {
	k := kernels(t, "h200-vllm")
	tokens := []float64{1, 8, 32, 64, 128, 512, 2048, 4096, 8192}
	// Marlin as vLLM 0.18 ran it; package calibrate tests it as 0.24 does.
	marlin := []float64{68, 255, 883, 1701, 2074, 3893, 4038, 4247, 8171}
	fp8 := []float64{43, 121, 415, 858, 823, 881, 1175} // vLLM 0.18; a newer kernel is fitted, slower beyond
	for i, n := range tokens {
		within(t, marlin[i], k.Experts["marlin-w4a16-0-18-0"].Seconds(v4pro(n, 8, 1), h200()), "marlin")
		if i > 0 && i < len(fp8) {
			within(t, fp8[i], k.Experts["fp8-block"].Seconds(v4pro(n, 8, 1), h200()), "fp8")
		}
	}
}

func TestH200PrefillModulesFollowTheMeasurement(t *testing.T) {
	k := kernels(t, "h200-sglang")
	for prefix, want := range map[int][2]float64{0: {11344, 6814}, 131072: {17974, 11100}, 1000000: {55071, 41459}} {
		const s = 8192
		within(t, want[0], k.Attention["csa"].PrefillSeconds(1, v4(prefix, s, 4, 1024)), "csa")
		within(t, want[1], k.Attention["hca"].PrefillSeconds(1, v4(prefix, s, 128, math.MaxInt)), "hca")
	}
}

func TestHCADecodeFollowsTheMeasurement(t *testing.T) {
	gb, h := kernels(t, "gb300-sglang").Attention["hca"], kernels(t, "h200-sglang").Attention["hca"]
	for batch, want := range map[float64][2]float64{1: {102, 146}, 64: {128, 161}, 256: {191, 292}} {
		const context = 4096
		pairs := batch * (128 + context/128)
		x := Features{Tokens: batch, Pairs: pairs, Context: context}
		within(t, want[0], gb.DecodeSeconds(1, x), "gb300")
		within(t, want[1], h.DecodeSeconds(1, x), "h200")
	}
}

func TestResidualStreamsFollowTheMeasurement(t *testing.T) {
	r := kernels(t, "h200-sglang").Residual
	for n, pre := range map[float64]float64{1: 20, 64: 21, 8192: 547} {
		post := map[float64]float64{1: 8, 64: 8.6, 8192: 512}[n]
		within(t, pre+post, r.Seconds(Features{Tokens: n}), "pre and post")
	}
}

// DeepEP low latency: 128 tokens, top-8 of 256 experts, FP8 dispatch and BF16
// combine at 7168 hidden. What leaves the node of 8 crosses the NIC.
func TestRemoteDispatchFollowsDeepEP(t *testing.T) {
	k := kernels(t, "h200-vllm")
	const nic, rowIn, rowOut, pairs = 50e9, 7168 * (1 + 4.0/128), 7168 * 2, 128 * 8
	measured := map[float64][2]float64{16: {118, 195}, 32: {155, 273}, 64: {173, 314}, 128: {192, 369}, 256: {194, 360}}
	for ranks, want := range measured {
		away := pairs * (1 - 8/ranks)
		within(t, want[0], k.RemoteDispatch.Seconds(away*rowIn, nic), "dispatch")
		within(t, want[1], k.RemoteCombine.Seconds(away*rowOut, nic), "combine")
	}
}

func TestDispatchFollowsTheMeasurementInsideTheDomain(t *testing.T) {
	const rowIn, rowOut, topK = 7168 * (1 + 4.0/128), 7168 * 2, 6
	for _, c := range []struct {
		preset            string
		link              units.ByteRate
		ranks             float64
		tokens            float64
		dispatch, combine float64
	}{
		{"h200-vllm", 450e9, 8, 1, 13, 13},
		{"h200-vllm", 450e9, 8, 128, 30, 51},
		{"h200-vllm", 450e9, 8, 1024, 162, 353},
		{"gb300-sglang", 900e9, 4, 1, 19, 17},
		{"gb300-sglang", 900e9, 4, 128, 28, 32},
		{"gb300-sglang", 900e9, 4, 1024, 90, 132},
	} {
		k := kernels(t, c.preset)
		away := c.tokens * topK * (1 - 1/c.ranks)
		within(t, c.dispatch, k.Dispatch.Seconds(away*rowIn, c.link), "dispatch")
		within(t, c.combine, k.Combine.Seconds(away*rowOut, c.link), "combine")
	}
}
