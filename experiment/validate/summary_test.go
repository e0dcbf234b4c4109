package validate

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestErrorsSumUp(t *testing.T) {
	require.Equal(t, Errors{}, sumUp(nil))
	e := sumUp([]float64{-0.5, 0.1, 0.3, 0.1})
	require.Equal(t, 4, e.N)
	require.InDelta(t, 0.25, e.MAPE, 1e-12)
	require.InDelta(t, 0.2, e.MedianAPE, 1e-12, "between 0.1 and 0.3")
	require.InDelta(t, 0, e.Bias, 1e-12)
	require.InDelta(t, 0.3, sumUp([]float64{0.9, -0.3, 0.1}).MedianAPE, 1e-12)
}

func comparisons() []Comparison {
	return []Comparison{
		{ID: "a", Metric: "tpot_p50_ms", Error: 0.2, Engine: "vllm", System: "hgx-h200", Mode: "aggregated", Model: "m"},
		{ID: "b", Metric: "tpot_p50_ms", Error: -0.4, Engine: "sglang", System: "hgx-h200", Mode: "aggregated", Model: "m"},
		{ID: "b", Metric: "ttft_p50_s", Error: 1, Engine: "sglang", System: "hgx-h200", Mode: "aggregated", Model: "m"},
		{ID: "c", Metric: "tpot_p50_ms", Error: 3, Engine: "vllm", System: "hgx-b200", Mode: "aggregated", Model: "m",
			MTP: true},
	}
}

func TestGroupsKeepSpeculativeCasesApart(t *testing.T) {
	list := groups(comparisons())
	find := func(by, value string, mtp bool) map[string]Errors {
		for _, g := range list {
			if g.By == by && g.Value == value && g.MTP == mtp {
				return g.Summary
			}
		}
		return nil
	}
	require.InDelta(t, -0.1, find("system", "hgx-h200", false)["tpot_p50_ms"].Bias, 1e-12)
	require.Equal(t, 1, find("engine", "sglang", false)["ttft_p50_s"].N)
	require.Equal(t, 1, find("engine", "vllm", false)["tpot_p50_ms"].N)
	require.Equal(t, 1, find("engine", "vllm", true)["tpot_p50_ms"].N)
	require.Nil(t, find("system", "hgx-b200", false))
	require.Len(t, list, 5+4)
}

// Predictions that are off by one factor are centred by its inverse.
func TestFactorsCentreTheErrors(t *testing.T) {
	f := Factor{Efficiency: 0.8}
	f.centre([]float64{math.Log(1.25), math.Log(1.25), math.Log(1.5), math.Log(1)})
	require.InEpsilon(t, 1, f.Efficiency, 1e-12, "a quarter too slow: a quarter faster")
	require.Equal(t, 4, f.Points)
	require.InEpsilon(t, 0.25, f.MAPE, 1e-12)
	require.InEpsilon(t, 0.5, f.MaxError, 1e-12)
}
