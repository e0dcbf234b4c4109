package llm

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/fault"
)

func TestValidateNamesTheField(t *testing.T) {
	for _, c := range []struct {
		path string
		edit func(*Spec)
	}{
		{"name", func(s *Spec) { s.Name = "" }},
		{"hidden", func(s *Spec) { s.Hidden = 0 }},
		{"vocab", func(s *Spec) { s.Vocab = -1 }},
		{"max_context", func(s *Spec) { s.MaxContext = 0 }},
		{"residuals", func(s *Spec) { s.Residuals = -1 }},
		{"blocks", func(s *Spec) { s.Blocks = nil }},
		{"blocks[1].count", func(s *Spec) { s.Blocks[1].Count = 0 }},
		{"blocks[0].hash_routed", func(s *Spec) { s.Blocks[0].HashRouted = 32 }},
		{"blocks[1].dense", func(s *Spec) { s.Blocks[1].Dense = -1 }},
		{"blocks[1].attention.kind", func(s *Spec) { s.Blocks[1].Attention.Kind = "ring" }},
		{"blocks[1].attention.heads", func(s *Spec) { s.Blocks[1].Attention.Heads = 0 }},
		{"blocks[1].attention.head_dim", func(s *Spec) { s.Blocks[1].Attention.HeadDim = 1 << 30 }},
		{"blocks[1].attention.compress", func(s *Spec) { s.Blocks[1].Attention.Compress = 0 }},
		{"blocks[1].attention.index_top_k", func(s *Spec) { s.Blocks[1].Attention.IndexTopK = 0 }},
		{"blocks[1].attention.rope_dim", func(s *Spec) { s.Blocks[1].Attention.RopeDim = 513 }},
		{"blocks[1].attention.kv_heads", func(s *Spec) {
			s.Blocks[1].Attention = Attention{Kind: GQA, Heads: 6, KVHeads: 4, HeadDim: 64}
		}},
		{"blocks[0].attention.index_dim", func(s *Spec) { s.Blocks[0].Attention.IndexDim = 128 }},
		{"mtp.attention.gated", func(s *Spec) { s.MTP.Attention.Gated = true }},
		{"mtp.attention.window", func(s *Spec) { s.MTP.Attention.Window = 0 }},
		{"experts.routed", func(s *Spec) { s.Experts.Routed = largest + 1 }},
		{"experts.top_k", func(s *Spec) { s.Experts.TopK = 385 }},
		{"experts.inner", func(s *Spec) { s.Experts.Inner = 0 }},
		{"experts.shared", func(s *Spec) { s.Experts.Shared = -1 }},
		{"weights.experts", func(s *Spec) { s.Weights.Experts = "" }},
		{"weights.dense", func(s *Spec) { s.Weights.Dense = "fp7" }},
		{"acceptance[1]", func(s *Spec) { s.Acceptance[1] = 3.01 }},
		{"acceptance[0]", func(s *Spec) { s.Acceptance[0] = 0.9 }},
		{"acceptance[2]", func(s *Spec) { s.Acceptance[2] = math.NaN() }},
		{"published.params", func(s *Spec) { s.Published.Params = math.NaN() }},
		{"published.active", func(s *Spec) { s.Published.Active = -1 }},
	} {
		t.Run(c.path, func(t *testing.T) {
			s := preset(t, "deepseek-v4-pro")
			c.edit(s)
			var broken *fault.Field
			require.ErrorAs(t, s.Validate(), &broken)
			require.Equal(t, c.path, broken.Path)
		})
	}
}

func TestValidateReportsEveryFault(t *testing.T) {
	s := preset(t, "deepseek-v4-pro")
	s.Hidden, s.Experts = 0, nil
	faults, ok := s.Validate().(interface{ Unwrap() []error })
	require.True(t, ok)
	require.Len(t, faults.Unwrap(), 4, "hidden, and three blocks that have neither experts nor a dense size")
	require.EqualError(t, faults.Unwrap()[0], "hidden: 0: want a number from 1 to 16777216")
}
