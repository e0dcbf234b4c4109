package report

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/metrics"
)

// gap is a comparison with every part that can be shown.
func gap() *metrics.Comparison {
	return &metrics.Comparison{A: "rack", B: "node", Question: "Why?", Counted: "agents per MW", Ratio: 6, LogRatio: 1.791759,
		Ends: metrics.Ends{A: metrics.End{Value: 600, Agents: 60}, B: metrics.End{Value: 100, Agents: 1}},
		Factors: []metrics.FactorShare{
			{Name: "memory", Multiplier: 12, LogShare: 2.484907, Share: 1.386853, Low: 8, High: 14, OnB: 8, OffA: 14,
				StandardError: 0.03, Explains: "room",
				Feasibility: []metrics.Feasibility{{Deployment: "1×8 tp8", Of: "a", Corners: 1, All: 2}},
				Paths: []metrics.FieldChange{{Path: "kernels.x", A: "1", B: "2"}, {Path: "hbm", A: "2GB", B: "1GB"},
					{Path: "list", A: "[3 items]", B: "[2 items]"}, {Path: "new", A: "5"}}},
			{Name: "power", Multiplier: 0.5, LogShare: -0.693147, Share: -0.386853, Low: 0.4, High: 0.6, OnB: 0.6, OffA: 0.4},
		},
		Interactions: []metrics.Interaction{{Factors: [2]string{"memory", "power"}, Multiplier: 1.5, Log: 0.405465},
			{Factors: [2]string{"memory", "nothing"}, Multiplier: 1, Log: 0}},
		Residual: &metrics.Residual{Published: 4, Predicted: 6, Multiplier: 4. / 6, Source: "a page",
			A: metrics.Against{Published: 400, Predicted: 600, Multiplier: 4. / 6},
			B: metrics.Against{Published: 100, Predicted: 100, Multiplier: 1}},
		Corners: metrics.Corners{Count: 4, Deployments: 3, Trials: 9, Simulated: 4, Permutations: 2, Wider: 1,
			Infeasible: []metrics.Infeasible{{}}}}
}

func TestComparisonTellsEveryPart(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, Comparison(&b, gap(), Style{}))
	for _, want := range []string{"rack holds 6.00 times the agents per MW of node", "memory (feasibility)", "12 ±3 %", "139 %",
		"-39 %", "memory with power", "1.50", "residual", "published is ×0.67", "a page",
		"A's deployment (1×8 tp8) works with it and not without it, at 1 of 2 corners",
		"hbm 1GB → 2GB, kernels.x 2 → 1, 2 more", "4 simulations on 2 permutations", "at 1 nothing works", "1 need wider workers"} {
		require.Contains(t, b.String(), want)
	}
	require.NotContains(t, b.String(), "memory with nothing", "a pair that does no more together than alone")

	plain := gap()
	plain.Ratio, plain.LogRatio, plain.Residual, plain.Interactions = 1, 0, nil, nil
	b.Reset()
	require.NoError(t, Comparison(&b, plain, Style{}))
	require.NotContains(t, b.String(), "139 %", "there is nothing to share out")
	require.NotContains(t, b.String(), "residual")
}

// Bars follow each other from B to A and on to what was published.
func TestWaterfallRows(t *testing.T) {
	w := newWaterfall(gap())
	names := []string{}
	for _, row := range w.rows {
		names = append(names, row.name)
	}
	require.Equal(t, []string{"node", "memory", "power", "rack", "residual, of no factor", "published"}, names)
	require.Equal(t, 1.0, w.rows[1].from)
	require.Equal(t, w.rows[1].to, w.rows[2].from)
	require.InEpsilon(t, 6, w.rows[2].to, 1e-9)
	require.InEpsilon(t, 4, w.rows[5].to, 1e-9)
	for _, row := range w.rows {
		require.LessOrEqual(t, w.low, row.to)
		require.Greater(t, w.high, row.to)
		require.Greater(t, w.high, row.high)
	}

	dir := t.TempDir()
	for _, format := range []string{".png", ".svg"} {
		one, two := filepath.Join(dir, "1"+format), filepath.Join(dir, "2"+format)
		require.NoError(t, Waterfall(one, gap()))
		require.NoError(t, Waterfall(two, gap()))
		first, err := os.ReadFile(one)
		require.NoError(t, err)
		second, err := os.ReadFile(two)
		require.NoError(t, err)
		require.True(t, bytes.Equal(first, second), format)
	}
	err := Waterfall(filepath.Join(dir, "no", "such.png"), gap())
	require.ErrorContains(t, err, "such.png")
	require.False(t, strings.Contains(err.Error(), "panic"))
}
