package validate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
)

// Runs drawn with known spreads give them back: errors walk at random along the
// doublings of the batch, and each way to spread has an error of its own.
func TestDistanceIsFoundFromPairsOfRuns(t *testing.T) {
	const (
		equal, batch, kind = 0.03, 0.06, 0.2
		stacks, doublings  = 40, 8
	)
	r := rand.New(rand.NewPCG(7, 1))
	var cases []Case
	result := &Result{}
	for s := range stacks {
		for _, dp := range []bool{false, true} {
			off := kind / math.Sqrt2 * r.NormFloat64() // of two ways that differ by kind
			for d := range doublings {
				if d > 0 {
					off += batch * r.NormFloat64()
				}
				c := Case{ID: fmt.Sprint(s, dp, d), Mode: aggregated, Concurrency: 8 << d,
					Decode: Pool{Workers: 1, Accelerators: 8, TP: 8, EP: 1}}
				if dp {
					c.Decode = Pool{Workers: 1, Accelerators: 8, TP: 1, EP: 8, DPAttention: true}
				}
				cases = append(cases, c)
				result.Cases = append(result.Cases, Comparison{ID: c.ID, Metric: TPOT.String(), Load: fixedLoad, Measured: 10,
					Predicted: 10 * math.Exp(off+equal*r.NormFloat64()), Engine: "vllm", System: "hgx-h200",
					Model: fmt.Sprintf("model%c", 'a'+s)})
			}
		}
	}
	spread, source, err := Distance(cases, []*Result{result})
	require.NoError(t, err)
	require.InEpsilon(t, batch, spread.Batch, 0.3)
	require.InEpsilon(t, kind, spread.Kind, 0.4)
	require.Equal(t, len(cases), source.Points)

	_, _, err = Distance(cases[1:], []*Result{result})
	require.ErrorContains(t, err, "no run of the tables")
	_, _, err = Distance(cases, []*Result{{}})
	require.ErrorContains(t, err, "0 pairs")
}

// What is written is what is read.
func TestRunsKeepTheSpreadThatWasFound(t *testing.T) {
	before, err := configs.PublicRuns()
	require.NoError(t, err)
	cases := []Case{{ID: "x", Engine: "vllm", System: "hgx-h200", Model: "deepseek-r1", Mode: aggregated, Concurrency: 8,
		Decode: Pool{Workers: 1, Accelerators: 8, TP: 8, EP: 1}}}
	kept, err := Where(cases, nil, before, "2026-11-30")
	require.NoError(t, err)
	require.Equal(t, before.Spread, kept.Spread)
	read, _, err := configs.Load[configs.Runs](configs.Presets(), configs.Source{Name: "r.yaml", Text: RunsYAML(kept)}, nil)
	require.NoError(t, err)
	require.Equal(t, before.Spread, read.Spread)
}
