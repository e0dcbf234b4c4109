package llm

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

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
