package llm

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"agentsim/models/hardware"
)

func anyFormat(t *rapid.T) CacheFormat {
	known := hardware.Formats()
	formats := append(known[:], hardware.FP8Tensor)
	return CacheFormat{
		KV:    rapid.SampledFrom(formats).Draw(t, "kv"),
		Index: rapid.SampledFrom(formats).Draw(t, "index"),
	}
}

func TestCacheGrowsByItsMarginalBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, f := anyAttention(t), anyFormat(t)
		start := a.Window + rapid.IntRange(0, 100_000).Draw(t, "context")
		whole := max(1, a.Compress) * rapid.IntRange(1, 100).Draw(t, "entries")
		grown := a.CacheBytes(start+whole, f) - a.CacheBytes(start, f)
		require.InEpsilon(t, 1+float64(whole)*a.CacheBytesPerToken(f), 1+grown, 1e-9)
		require.LessOrEqual(t, a.FixedBytes(f), a.CacheBytes(start, f))
		require.LessOrEqual(t, a.CacheBytes(start, f), a.CacheBytes(start+1, f))
	})
}

func TestDecodeReadsNoMoreThanIsCached(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, f := anyAttention(t), anyFormat(t)
		context := max(1, a.Compress) * rapid.IntRange(1, 2000).Draw(t, "entries")
		cached := a.CacheBytes(context, f)
		if a.Core().Recurrent() {
			cached = 2 * a.StateBytes()
		}
		require.LessOrEqual(t, a.ReadBytes(float64(context), f), cached*(1+1e-12))
	})
}

func TestNothingIsCachedOfNothing(t *testing.T) {
	f := CacheFormat{KV: hardware.FP8}
	for _, name := range presetNames(t) {
		s := preset(t, name)
		require.Zero(t, s.CacheBytes(0, f), name)
		require.Zero(t, s.CacheBytes(-5, f), name)
		require.Positive(t, s.CacheBytes(1, f), name)
	}
}

// The simulator asks for the size of a cache at every transfer.
func TestCountingTheCacheAllocatesNothing(t *testing.T) {
	s, f := preset(t, "deepseek-v4-pro"), CacheFormat{KV: hardware.FP8}
	require.Zero(t, testing.AllocsPerRun(100, func() { s.CacheBytes(100_000, f) }))
	require.Zero(t, testing.AllocsPerRun(100, func() { s.StateBytes() }))
	require.Zero(t, testing.AllocsPerRun(100, func() { s.ReadBytes(100_000, f) }))
}
