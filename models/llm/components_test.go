package llm

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"agentsim/models/hardware"
)

// FP8 with 584-byte entries, as vLLM and SGLang store DeepSeek V4, against the
// table of their pools: 146 bytes a token and layer of CSA, 33 of indexer
// keys, 4.56 of HCA; 5,511 bytes of full history a token; compressor states of
// 8,192, 2,048 and 4,096 bytes a token.
func TestComponentsOfV4(t *testing.T) {
	s := preset(t, "deepseek-v4-pro")
	byName := map[string]CacheComponent{}
	history, inFlight := 0.0, 0.0
	for _, c := range s.CacheComponents(CacheFormat{KV: hardware.FP8}) {
		byName[c.Name] = c
		if c.Kind == Grows {
			history += c.Total()
		}
		if strings.HasSuffix(c.Name, "_state") {
			inFlight += c.Total()
		}
	}
	require.Equal(t, CacheComponent{
		Name:        "csa_kv",
		Kind:        Grows,
		Layers:      30,
		Bytes:       146,
		Compression: 4,
		Shards:      1,
	}, byName["csa_kv"])
	require.Equal(t, 33.0, byName["csa_index_keys"].Bytes)
	require.Equal(t, 4.5625, byName["hca_kv"].Bytes)
	require.Equal(t, 31, byName["hca_kv"].Layers)
	require.InDelta(t, 5511, history, 1)
	require.Equal(t, CacheComponent{
		Name:        "window_kv",
		Kind:        LastTokens,
		Layers:      61,
		Bytes:       584,
		Window:      128,
		Compression: 1,
		Shards:      1,
	}, byName["window_kv"])
	require.Equal(t, 8192.0, byName["csa_state"].Bytes)
	require.Equal(t, 8, byName["csa_state"].Window)
	require.Equal(t, 2048.0, byName["csa_index_state"].Bytes)
	require.Equal(t, 4096.0, byName["hca_state"].Bytes)
	require.Equal(t, 128, byName["hca_state"].Window)
	require.Equal(t, 434176.0, inFlight, "what a token in flight costs")

	draft := s.DraftComponents(CacheFormat{KV: hardware.FP8})
	require.Len(t, draft, 1)
	require.Equal(t, "window_kv", draft[0].Name)
}

func TestComponentsOfOtherModels(t *testing.T) {
	components := func(name string, f hardware.Format) []CacheComponent {
		return preset(t, name).CacheComponents(CacheFormat{KV: f})
	}
	gptOSS := components("gpt-oss-120b", hardware.BF16)
	require.Len(t, gptOSS, 2)
	for _, c := range gptOSS {
		require.Equal(t, 18, c.Layers)
		require.Equal(t, 2048.0, c.Bytes)
	}
	require.Equal(t, 126976.0, components("minimax-m2", hardware.FP8)[0].Total())
	require.Equal(t, 70272.0, components("kimi-k2", hardware.BF16)[0].Total())

	glm := components("glm-5", hardware.FP8)
	require.Len(t, glm, 2)
	require.Equal(t, 61464.0, glm[0].Total()+glm[1].Total())

	for _, c := range components("qwen3.5-397b-a17b", hardware.BF16) {
		if c.Kind == FixedState {
			require.Equal(t, 533504.0, c.Bytes/8, "a rank of eight, in FP32 (engine-caches.md)")
			require.Equal(t, 45, c.Layers)
		}
	}
}

// What a layer of any kind keeps adds up to what its cache and its state hold.
func TestComponentsOfEveryKind(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, f := anyAttention(t), anyFormat(t)
		context := 1_000 * rapid.IntRange(0, 1000).Draw(t, "context")
		names, bytes, fixed, state := map[string]bool{}, 0.0, 0.0, 0.0
		for _, c := range a.Components(f) {
			require.False(t, names[c.Name], "%s twice", c.Name)
			names[c.Name] = true
			require.Equal(t, 1, c.Layers)
			require.GreaterOrEqual(t, c.Shards, 1)
			require.GreaterOrEqual(t, c.Bytes, 0.0)
			require.GreaterOrEqual(t, c.Compression, 1)
			require.Equal(t, c.Kind == LastTokens, c.Window > 0, c.Name)
			switch {
			case c.Kind == Grows:
				bytes += c.Bytes * float64(context-context%c.Compression)
			case c.Kind == FixedState:
				state += c.Bytes
			case c.Buffer:
				state += c.Bytes * float64(c.Compression)
				require.Zero(t, c.Window%c.Compression, "whole runs")
			default:
				bytes += c.Bytes * float64(min(context, c.Window))
				fixed += c.Bytes * float64(c.Window)
			}
		}
		require.InDelta(t, bytes, a.CacheBytes(context, f), 1e-9*bytes)
		require.InDelta(t, fixed, a.FixedBytes(f), 1e-9*fixed)
		require.InDelta(t, state, a.StateBytes(), 1e-9*state)
	})
}
