package metrics_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/metrics"
)

func saved(t *testing.T, text string) map[string]any {
	t.Helper()
	var v map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &v))
	return v
}

// The interval of agents carries over to what is counted per something.
func TestADifferenceIsHeldAgainstTheIntervals(t *testing.T) {
	a := saved(t, `{"inputs": {"system": "x", "overrides": ["a.b=1"], "files": [{"file": "t", "sha256": "1"}]},
		"capacity": {"agents": 100, "agents_low": 90, "agents_high": 110, "agents_per_accelerator": 10},
		"metrics": {"ttft_p95_s": 2}, "wall_s": 3}`)
	b := saved(t, `{"inputs": {"system": "y", "overrides": ["c=2", "a.b=1"], "files": [{"file": "t", "sha256": "2"}]},
		"capacity": {"agents": 120, "agents_low": 115, "agents_high": 130, "agents_per_accelerator": 10.5},
		"metrics": {"ttft_p95_s": 4}, "wall_s": 9}`)
	d := metrics.DiffOf(a, b)
	require.Equal(t, []metrics.InputChange{{Path: "files[t].sha256", A: "1", B: "2"},
		{Path: "overrides.c", A: "", B: "2"}, {Path: "system", A: "x", B: "y"}}, d.Inputs)
	byPath := map[string]metrics.AnswerChange{}
	for _, c := range d.Answers {
		byPath[c.Path] = c
	}
	require.NotContains(t, byPath, "wall_s")
	require.True(t, *byPath["capacity.agents"].Beyond)
	require.InDelta(t, 1.2, byPath["capacity.agents"].Ratio, 1e-12)
	each := byPath["capacity.agents_per_accelerator"]
	require.Equal(t, [2]float64{9, 11}, *each.IntervalA)
	require.InDelta(t, 10.5*115/120, each.IntervalB[0], 1e-9)
	require.False(t, *each.Beyond, "9 to 11 and 10.06 to 11.4 overlap")
	require.Nil(t, byPath["metrics.ttft_p95_s"].Beyond, "a figure without interval")
	require.Equal(t, 2.0, byPath["metrics.ttft_p95_s"].Ratio)

	same := metrics.DiffOf(a, a)
	require.Empty(t, same.Inputs)
	require.Empty(t, same.Answers)
}

// Items of lists are compared by what they are about, not by their place.
func TestAListInAnotherOrderIsNoDifference(t *testing.T) {
	a := saved(t, `{"inputs": {}, "options": [{"system": "x", "agents": {"p10": 1, "p50": 2, "p90": 3}}, {"system": "y", "mw": 1}]}`)
	b := saved(t, `{"inputs": {}, "options": [{"system": "y", "mw": 1}, {"system": "x", "agents": {"p10": 4, "p50": 5, "p90": 6}}]}`)
	d := metrics.DiffOf(a, b)
	require.Len(t, d.Answers, 3)
	require.Equal(t, "options[x].agents.p50", d.Answers[1].Path)
	require.True(t, *d.Answers[1].Beyond)
}
