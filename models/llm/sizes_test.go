package llm

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/hardware"
)

// Formats that the hand calculations assume: FP8 entries, V4 indexer keys in
// FP4, V3.2 indexer keys in FP8.
var (
	v4Cache  = CacheFormat{KV: hardware.FP8, Index: hardware.MXFP4}
	v32Cache = CacheFormat{KV: hardware.FP8, Index: hardware.FP8}
)

const (
	giga    = 1e9
	longest = 1 << 20 // tokens of context
)

// modelling.md section 9, item 1.
func TestV4ProParameters(t *testing.T) {
	s := preset(t, "deepseek-v4-pro")
	require.Equal(t, 3.0*7168*3072, s.ExpertParams()) // 66.06 M
	require.InDelta(t, 35.09e6, s.ExpertParams()*hardware.BytesPerWeight(hardware.MXFP4), 0.01e6)
	p := s.Params()
	require.Equal(t, 61*384*66060288.0, p.Routed)
	require.InDelta(t, 4.03, p.Shared/giga, 0.005)
	require.InDelta(t, 19.46, p.Attention/giga, 0.005)
	require.InDelta(t, 1.85, (p.Embedding+p.Head)/giga, 0.005)
	require.InDelta(t, 0.17, p.Router/giga, 0.005)
	require.InDelta(t, 0.084, p.Residual/giga, 0.0005) // 61·2 sites of 24 × 4·7168
	require.InDelta(t, 1572.9, (p.Total-p.Residual)/giga, 0.05)
	require.InDelta(t, 49.7, (p.Active-p.Residual)/giga, 0.05)
	require.Equal(t, p.Routed+p.Shared+p.Attention+p.Dense+p.Router+p.Embedding+p.Head+p.Residual, p.Total)
	// The draft layer is one more layer of experts and joins two inputs.
	swa := s.MTP.Attention.Weights(7168).Total()
	require.Equal(t, 385*66060288.0+384*7168+swa+p.Residual/61+2*7168*7168, p.MTP)
}

// modelling.md 1.2: 0.34 B per CSA layer, 0.31 B per HCA layer; 1.3 line by line.
func TestV4ProAttentionWeights(t *testing.T) {
	s := preset(t, "deepseek-v4-pro")
	const h = 7168
	sharded := 1536.0*128*512 + 128*512*1024 + 16*1024*h
	replicated := h*1536.0 + h*512
	hca, csa, swa := s.Blocks[0].Attention, s.Blocks[1].Attention, s.MTP.Attention
	require.Equal(t, AttentionWeights{Sharded: sharded, Replicated: replicated}, swa.Weights(h))
	require.Equal(t, AttentionWeights{Sharded: sharded, Replicated: replicated + 2*h*512}, hca.Weights(h))
	indexer := 2*h*2*128.0 + 1536*64*128 + h*64
	require.Equal(t, AttentionWeights{Sharded: sharded, Replicated: replicated + 2*h*2*512 + indexer}, csa.Weights(h))
}

// modelling.md section 9, item 1: 822.1 GB of routed experts; 3.2: a draft
// layer of 13.5 GB.
func TestV4ProWeightBytes(t *testing.T) {
	s := preset(t, "deepseek-v4-pro")
	routed, rest := s.WeightBytes(hardware.MXFP4, hardware.FP8)
	require.InDelta(t, 822.1, routed/giga, 0.05)
	// FP8 attention and shared experts, one byte more per value of the grouped
	// output projection, BF16 embedding, head and router, FP32 stream mixing.
	p := s.Params()
	grouped := 61 * 128 * 512 * 1024.0
	want := (p.Attention+p.Shared)*(1+4.0/16384) + grouped*(1-4.0/16384) + 2*(p.Embedding+p.Head+p.Router) + 4*p.Residual
	require.InDelta(t, want, rest, 1)
	draft, other := s.DraftBytes(hardware.MXFP4, hardware.FP8)
	require.InDelta(t, 13.5, draft/giga, 0.05)
	require.Less(t, other, giga)
	routed, rest = s.WeightBytes(hardware.BF16, hardware.BF16)
	require.Equal(t, 2*(p.Total-p.Residual)+4*p.Residual, routed+rest)
}

// modelling.md section 9, item 2.
func TestCacheOfLongContexts(t *testing.T) {
	v4, v32 := preset(t, "deepseek-v4-pro"), preset(t, "deepseek-v3.2")
	require.InDelta(t, 507.7e6, v4.CacheBytes(100_000, v4Cache), 0.05e6)
	require.InDelta(t, 140.4e6, v4.CacheBytes(27_000, v4Cache), 0.05e6)
	long, reference := v4.CacheBytes(longest, v4Cache), v32.CacheBytes(longest, v32Cache)
	require.InDelta(t, 5.280, long/giga, 0.0005)
	require.InDelta(t, 50.40, reference/giga, 0.005)
	require.InDelta(t, 0.105, long/reference, 0.0005)
	require.InDelta(t, 5031, v4.CacheBytesPerToken(v4Cache), 0.5)
	require.Equal(t, 61*788.0, v32.CacheBytesPerToken(v32Cache))
	require.Equal(t, 61*128*584.0, v4.FixedBytes(v4Cache))
	require.Equal(t, 30*40_960+31*524_288.0, v4.StateBytes()) // eq. (10): 17.5 MB
	// agentperf.md 3.2: one scale per tensor, 4,474 bytes a token.
	perTensor := CacheFormat{KV: hardware.FP8Tensor, Index: hardware.MXFP4}
	require.Equal(t, 30*(512+68)/4.0+31*512/128.0, v4.CacheBytesPerToken(perTensor))
}

// modelling.md section 9, item 3, and the totals of 1.4.
func TestFLOPsPerToken(t *testing.T) {
	v4, v32 := preset(t, "deepseek-v4-pro"), preset(t, "deepseek-v3.2")
	for _, c := range []struct {
		context     int
		core, index float64
	}{{8192, 10.6, 1.0}, {27_000, 11.8, 3.3}, {100_000, 16.4, 12.3}, {longest, 76.7, 128.8}} {
		linear, core, index := v4.FLOPsPerToken(c.context)
		require.InDelta(t, 97.5, linear/giga, 0.05)
		require.InDelta(t, c.core, core/giga, 0.06)
		require.InDelta(t, c.index, index/giga, 0.06)
	}
	sum := func(a, b, c float64) float64 { return (a + b + c) / giga }
	require.InDelta(t, 126.3, sum(v4.FLOPsPerToken(100_000)), 0.05)
	require.InDelta(t, 303, sum(v4.FLOPsPerToken(longest)), 0.5)
	require.InDelta(t, 1157, sum(v32.FLOPsPerToken(longest)), 1)
	require.InDelta(t, 0.262, sum(v4.FLOPsPerToken(longest))/sum(v32.FLOPsPerToken(longest)), 0.0005)
}

// modelling.md section 9, item 4: communication hides behind an expert's
// compute up to 6HI/3H = 2I FLOPs per byte.
func TestExpertComputePerByteMoved(t *testing.T) {
	s := preset(t, "deepseek-v4-pro")
	moved := 3 * float64(s.Hidden) // FP8 in, BF16 out
	require.Equal(t, 6144.0, flopsPerMAC*s.ExpertParams()/moved)
}

// agentperf.md section 4: cache values per token of the other models.
func TestCacheOfOtherModels(t *testing.T) {
	bf16, fp8 := CacheFormat{KV: hardware.BF16}, CacheFormat{KV: hardware.FP8}
	require.Equal(t, 2*35_136.0, preset(t, "deepseek-r1").CacheBytesPerToken(bf16))
	require.Equal(t, 61*656.0, preset(t, "deepseek-r1").CacheBytesPerToken(fp8))
	require.Equal(t, 2*96_256.0, preset(t, "qwen3-235b-a22b").CacheBytesPerToken(bf16))
	require.Equal(t, 126_976.0, preset(t, "minimax-m2").CacheBytesPerToken(fp8))
	require.Equal(t, 2*44_928.0+78*132, preset(t, "glm-5").CacheBytesPerToken(bf16))
	gpt := preset(t, "gpt-oss-120b")
	require.Equal(t, 18_432.0, gpt.CacheBytesPerToken(fp8))
	require.Equal(t, 18*128*1024.0, gpt.FixedBytes(fp8))
	require.Equal(t, 18*1024*1000.0+18*1024*128, gpt.CacheBytes(1000, fp8))
	require.Equal(t, 36*1024*100.0, gpt.CacheBytes(100, fp8))
	require.Equal(t, 80*8*2*128*2.0, preset(t, "llama-3.1-70b").CacheBytesPerToken(bf16))
}

func TestLinearLayersHoldAState(t *testing.T) {
	s := preset(t, "qwen3.5-397b-a17b")
	bf16 := CacheFormat{KV: hardware.BF16}
	// 64 heads of 128 × 128 in FP32, and three inputs of 12,288 channels in BF16.
	layer := 64*128*128*4.0 + 3*12_288*2
	require.Equal(t, 45*layer, s.StateBytes())
	require.Equal(t, 15*2*2*256*2.0, s.CacheBytesPerToken(bf16))
	linear := s.Blocks[0].Attention
	require.Equal(t, 2*layer, linear.ReadBytes(5000, bf16))
	require.Equal(t, 2*3*64*128*128.0, linear.FLOPsPerPair())
	require.Zero(t, linear.CacheBytes(5000, bf16))
	// q and k of 2,048, v, gate and output of 8,192, decay and beta of 64.
	require.Equal(t, 4096*(2*2048+3*8192+2*64)+4*12_288.0, linear.Weights(4096).Total())
	// A gated full layer has an output gate as wide as its queries.
	full := s.Blocks[1].Attention
	require.Equal(t, 4096*(3*32*256+2*2*256.0), full.Weights(4096).Total())
}

// Kimi Linear (arXiv 2510.26692): the gates pass through the rank of a head.
func TestLowRankGates(t *testing.T) {
	kda := Attention{Kind: Linear, KeyHeads: 32, KeyDim: 128, ValueHeads: 32, ValueDim: 128, Conv: 4,
		Gated: true, GateLoRA: 128}
	const h, width = 2304, 32 * 128
	want := AttentionWeights{Sharded: 4*h*width + 4*3*width + 2*128*width + h*32, Replicated: 2 * h * 128}
	require.Equal(t, want, kda.Weights(h))
}

func TestLatentAttentionAbsorbsInDecode(t *testing.T) {
	mla := preset(t, "deepseek-r1").Blocks[0].Attention
	require.Equal(t, 2*128*(576+512.0), mla.FLOPsPerPair())
	require.Equal(t, 2*128*(192+128.0), mla.PrefillFLOPsPerPair())
	require.Equal(t, 2*512*128*(128+128.0), mla.Core().Expand)
	dsa := preset(t, "deepseek-v3.2").Blocks[0].Attention
	require.Equal(t, dsa.FLOPsPerPair(), dsa.PrefillFLOPsPerPair())
	require.Equal(t, 2*64*128.0, dsa.FLOPsPerIndexPair())
	require.Zero(t, dsa.Core().Expand)
	require.Equal(t, 2048*656+100_000*132.0, dsa.ReadBytes(100_000, v32Cache))
	// V3: 187.1 M per layer; the indexer of V3.2 adds 14.0 M.
	require.InDelta(t, 187.1e6, mla.Weights(7168).Total(), 0.05e6)
	require.Equal(t, 1536*64*128+7168*128+7168*64.0, dsa.Weights(7168).Total()-mla.Weights(7168).Total())
	require.Equal(t, 1, mla.CacheShards())
	require.Equal(t, 8, preset(t, "gpt-oss-120b").Blocks[0].Attention.CacheShards())
}

func TestReadBytesOfV4(t *testing.T) {
	s := preset(t, "deepseek-v4-pro")
	hca, csa := s.Blocks[0].Attention, s.Blocks[1].Attention
	require.Equal(t, (128+100_000/128.0)*584, hca.ReadBytes(100_000, v4Cache))
	require.Equal(t, (128+1024)*584+25_000*68.0, csa.ReadBytes(100_000, v4Cache))
	require.Equal(t, 31*hca.ReadBytes(5e4, v4Cache)+30*csa.ReadBytes(5e4, v4Cache), s.ReadBytes(5e4, v4Cache))
}

func TestEntryLayouts(t *testing.T) {
	s := preset(t, "deepseek-v4-pro")
	csa := s.Blocks[1].Attention
	for _, c := range []struct {
		format       hardware.Format
		entry, index float64
	}{
		{hardware.BF16, 1024, 256},
		{hardware.FP8, 448 + 64*2 + 8, 128 + 4},
		{hardware.FP8Tensor, 512, 128},
		{hardware.MXFP4, 448/2 + 448/32 + 64*2, 64 + 4},
		{hardware.NVFP4, 448/2 + 448/16 + 64*2, 64 + 8},
	} {
		require.Equal(t, c.entry, csa.kind().entryBytes(csa, c.format), c.format)
		require.Equal(t, c.index, csa.indexBytes(c.format), c.format)
	}
	require.Equal(t, csa.indexBytes(hardware.FP8), csa.indexBytes(""))
	gqa := Attention{Kind: GQA, Heads: 8, KVHeads: 2, HeadDim: 64}
	require.Equal(t, 2*2*64*(0.5+1.0/16), gqa.CacheBytesPerToken(CacheFormat{KV: hardware.NVFP4}))
	uneven := Attention{Kind: GQA, Heads: 64, KVHeads: 4, HeadDim: 192, ValueDim: 128}
	require.Equal(t, 4*(192+128)*2.0, uneven.CacheBytesPerToken(CacheFormat{KV: hardware.BF16}))
	require.Equal(t, 2*64*(192+128.0), uneven.FLOPsPerPair())
	require.Equal(t, 1000*(64*(192+128)+4*(192+128.0)), uneven.Weights(1000).Total())
}

func TestGroupsMergeLayersOfOneType(t *testing.T) {
	gqa := Attention{Kind: GQA, Heads: 8, KVHeads: 8, HeadDim: 64}
	window := gqa
	window.Kind, window.Window = Window, 128
	s := Spec{Blocks: []Block{
		{Count: 1, Attention: gqa, Dense: 100},
		{Count: 2, Attention: window, HashRouted: 1},
		{Count: 3, Attention: gqa},
		{Count: 4, Attention: window, HashRouted: 2},
	}}
	require.Equal(t, []Block{
		{Count: 1, Attention: gqa, Dense: 100},
		{Count: 6, Attention: window, HashRouted: 3},
		{Count: 3, Attention: gqa},
	}, s.Groups())
	require.Equal(t, 2, s.Blocks[1].Count, "the model itself is untouched")
	require.Equal(t, 10, s.Layers())
	require.Equal(t, 9, s.ExpertLayers())
}
