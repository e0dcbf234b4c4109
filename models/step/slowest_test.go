package step_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/step"
)

// Ranks meet at every layer, so that a step is as slow as its slowest rank
// wherever that stands: the order in which ranks are looked at decides only which
// of them are priced in full. Alone, with nothing beside it, no rank takes longer.
func TestTheSlowestRankIsFoundWhereverItStands(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	shape := step.Shape{Accelerators: 8, EP: 8, DPAttention: true, TokenBudget: 16384, DraftTokens: 3, MaxBatchPerRank: 256}
	for _, m := range []*step.Model{gb300(t, shape), h200(t, shape)} {
		for range 200 {
			loads := make([]step.Rank, 8)
			mixed := r.IntN(3)
			for i := range loads {
				if r.IntN(5) == 0 {
					continue // idle
				}
				if mixed != 1 && r.IntN(3) > 0 {
					m.AddPrefill(&loads[i], r.IntN(100_000), 1+r.IntN(8192), r.IntN(2) == 0)
				}
				if mixed != 2 {
					loads[i].Sequences = r.IntN(100)
					loads[i].Context = float64(loads[i].Sequences) * (1 + 1e5*r.Float64())
				}
			}
			want := attention(m, loads)
			slowest := map[string]float64{}
			for i := range loads {
				alone := make([]step.Rank, 8)
				alone[0] = loads[i]
				for kind, seconds := range attention(m, alone) {
					slowest[kind] = max(slowest[kind], seconds)
				}
			}
			require.Equal(t, slowest, want)
			r.Shuffle(len(loads), func(i, j int) { loads[i], loads[j] = loads[j], loads[i] })
			require.Equal(t, want, attention(m, loads))
		}
	}
}

// attention is the seconds that the attention of a step takes, by its kind.
func attention(m *step.Model, loads []step.Rank) map[string]float64 {
	_, items := m.Explain(loads)
	kinds := map[string]float64{}
	for _, item := range items {
		if item.Operator == step.Attention {
			kinds[item.Kind] += item.Seconds
		}
	}
	return kinds
}
