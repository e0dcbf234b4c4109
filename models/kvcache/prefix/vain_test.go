package prefix

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A request that no eviction can make room for takes nothing from those who are
// there.
func TestNothingIsEvictedInVain(t *testing.T) {
	spec := roomy(llama(16), preset(t, "vllm-0.29").For(llama(16), 16_384, 1))
	perToken := llama(16)[0].Bytes
	spec.Pools[0].Capacity = 30_000 * perToken / 16
	s := newScene(t, spec)
	s.call(0, Turn{Prompt: 10_000}, 16)
	s.contents.Begin(1, Turn{Prompt: 40_000})
	_, ok := s.Admit(5, Request{Session: 1, Prompt: 40_000})
	require.False(t, ok, "more than the whole cache")
	require.Zero(t, s.Stats().EvictedTokens)
	hit := s.call(0, Turn{Prompt: 12_000, Common: 10_000}, 16)
	require.GreaterOrEqual(t, hit.Tokens, 9_900)
}
