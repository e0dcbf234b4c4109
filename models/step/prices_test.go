package step_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/step"
)

// Prices that remember are those of the model, to the bit, of batches that come once
// and of those that come again, with prompts and without.
func TestPricesThatAreRememberedAreTheModels(t *testing.T) {
	shapes := map[string]step.Shape{
		"drafts":    {Accelerators: 8, EP: 8, DPAttention: true, TokenBudget: 16384, DraftTokens: 3, MaxBatchPerRank: 256},
		"one draft": {Accelerators: 8, EP: 8, DPAttention: true, TokenBudget: 16384, DraftTokens: 1, MaxBatchPerRank: 256},
		"no drafts": {Accelerators: 8, EP: 1, TP: 8, TokenBudget: 16384, MaxBatchPerRank: 256},
		"stages":    {Accelerators: 8, EP: 1, TP: 4, PP: 2, TokenBudget: 16384, MaxBatchPerRank: 256},
		"halves":    {Accelerators: 8, EP: 8, DPAttention: true, TokenBudget: 16384, TwoBatchFrom: 200, MaxBatchPerRank: 256},
	}
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(5, 6))
			m := h200(t, shape)
			p := m.Prices()
			ranks := m.Config().Shape.Ranks()
			for range 5000 {
				loads := make([]step.Rank, ranks)
				for i := range loads {
					if r.IntN(20) == 0 {
						m.AddPrefill(&loads[i], r.IntN(100_000), 1+r.IntN(8192), r.IntN(2) == 0)
					}
					loads[i].Sequences = r.IntN(1 + r.IntN(40)) // sums beyond what is kept push each other out
					loads[i].Context = float64(loads[i].Sequences) * (1 + 1e5*r.Float64())
				}
				require.Equal(t, m.Step(loads), p.Step(loads))
			}
			loads := make([]step.Rank, ranks)
			loads[0] = step.Rank{Sequences: 3, Context: 4000}
			p.Step(loads)
			require.Zero(t, testing.AllocsPerRun(100, func() { p.Step(loads) }))
		})
	}
}
