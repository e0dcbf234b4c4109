package readers

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"

	"agentsim/trace"
)

func wekaStats(t *testing.T, mainOnly bool) *trace.Summary {
	stats := trace.Stats{MainOnly: mainOnly}
	for _, name := range []string{"dev-00", "dev-01", "dev-02", "dev-03"} {
		tr, err := Open(sharedPath(t, "traces/claude-code-weka/"+name+".jsonl.gz"), "weka")
		require.NoError(t, err)
		var c trace.Call
		for tr.Read(&c) == nil {
			stats.Add(&c)
		}
		require.NoError(t, tr.Close())
	}
	return stats.Summary()
}

// The figures are those that the data's own description gives.
func TestWekaStatistics(t *testing.T) {
	s := wekaStats(t, true)
	require.EqualValues(t, 428, s.Sessions)
	require.EqualValues(t, 27918, s.Calls)
	within(t, s.Turns, 7, 17, 42, 89, 149, 337)
	within(t, s.FirstInput, 15477, 18565, 22335, 102919, 251543, 765829)
	within(t, s.LastInput, 54333, 92696, 130952, 161365, 341552, 833295)
	within(t, s.Input, 42248, 65738, 99722, 133238, 188461, 525624)
	within(t, s.Output, 104, 139, 218, 426, 866, 3435)
	within(t, s.New, 229, 372, 721, 1752, 4282, 50864)
	within(t, s.ToolGap, 4, 5, 9, 19, 74, 905)
	all := wekaStats(t, false)
	require.EqualValues(t, 28356, all.Calls)
	require.EqualValues(t, 42, all.SubAgents)
	require.InEpsilon(t, 0.9623, all.PrefixReuse, 1e-4)
	require.InEpsilon(t, 3.27e9, float64(all.InputTotal), 0.01)
	require.InEpsilon(t, 12.1e6, float64(all.OutputTotal), 0.01)
}

func within(t *testing.T, q trace.Quantiles, want ...float64) {
	t.Helper()
	for i, got := range []float64{q.P10, q.P25, q.P50, q.P75, q.P90, q.P99} {
		require.InDelta(t, want[i], got, max(0.01*want[i], 0.5)) // published rounded to whole numbers
	}
}

func TestAzureStatistics(t *testing.T) {
	tr, err := Open(sharedPath(t, "traces/azure/AzureLLMInferenceTrace_code.csv.gz"), "auto")
	require.NoError(t, err)
	calls := drain(t, tr)
	var stats trace.Stats
	var gaps []float64
	for i := range calls {
		stats.Add(&calls[i])
		if i > 0 {
			gaps = append(gaps, calls[i].Start-calls[i-1].Start)
		}
	}
	s := stats.Summary()
	within(t, s.Input, 147, 578, 1469, 2744, 5188, 7436)
	within(t, s.Output, 7, 9, 13, 24, 55, 251)
	require.InDelta(t, 3436, calls[len(calls)-1].Start, 0.5)
	mean, deviation := stat.PopMeanStdDev(gaps, nil)
	require.InEpsilon(t, 13.2, deviation/mean, 0.01, "bursts")
}

func TestMooncakeStatistics(t *testing.T) {
	tr, err := Open(sharedPath(t, "traces/mooncake/conversation_trace.jsonl.gz"), "auto")
	require.NoError(t, err)
	defer tr.Close()
	var stats trace.Stats
	var c trace.Call
	last := 0.0
	for tr.Read(&c) == nil {
		stats.Add(&c)
		last = c.Start
	}
	s := stats.Summary()
	require.Equal(t, "mooncake", tr.Format())
	require.EqualValues(t, 12031, s.Calls)
	require.EqualValues(t, 12031, s.Sessions)
	require.InEpsilon(t, 3537, last, 1e-3)
	within(t, s.Input, 964, 2306, 6909, 15367, 27367, 85400)
	within(t, s.Output, 24, 156, 350, 472, 597, 1119)
	require.InEpsilon(t, 0.374, s.PrefixReuse, 0.002)
}
