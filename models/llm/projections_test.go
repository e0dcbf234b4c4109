package llm

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// What the projections hold is what Weights counts.
func TestProjectionsSumToWeights(t *testing.T) {
	for _, name := range presetNames(t) {
		s := preset(t, name)
		for _, b := range s.Groups() {
			total, sharded := 0.0, 0.0
			for _, p := range b.Attention.Projections(s.Hidden) {
				columns, depth := p.On(1)
				total += columns * depth
				if p.Split != Whole {
					sharded += columns * depth
				}
				halfColumns, halfDepth := p.On(2)
				if p.Split != Whole {
					require.InEpsilon(t, columns*depth/2, halfColumns*halfDepth, 1e-12)
				}
			}
			w := b.Attention.Weights(s.Hidden)
			require.InEpsilon(t, w.Total(), total, 1e-9, "%s %s", name, b.Attention.Kind)
			require.InEpsilon(t, w.Sharded, sharded, 1e-9, "%s %s", name, b.Attention.Kind)
		}
	}
}

// The law for modules of every kind in the table, whatever their dimensions.
func TestProjectionsOfEveryKindSumToWeights(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := anyAttention(t)
		hidden := rapid.IntRange(1, 8192).Draw(t, "hidden")
		total, sharded := 0.0, 0.0
		for _, p := range a.Projections(hidden) {
			columns, depth := p.On(1)
			total += columns * depth
			if p.Split != Whole {
				sharded += columns * depth
			}
		}
		w := a.Weights(hidden)
		require.InDelta(t, w.Total(), total, 1e-9*(1+total))
		require.InDelta(t, w.Sharded, sharded, 1e-9*(1+total))
	})
}
