package trace

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Bounds that most of a distribution lies beyond are hardly meant; those of the
// tails are.
func TestDoubtfulDistributions(t *testing.T) {
	turns := Tokens{Kind: Constant, Value: 3}
	for want, p := range map[string]Profile{
		"": {ToolGap: Span{Kind: LogNormal, Median: 2, Sigma: 1, Max: 5}},
		"workload.tool_gap: its median 120s is above its max 5s: most values are the max": {
			ToolGap: Span{Kind: LogNormal, Median: 120, Sigma: 1, Max: 5},
		},
		"workload.output: its median 4 is below its min 10: most values are the min": {
			Output: Tokens{Kind: LogNormal, Median: 4, Sigma: 1, Min: 10},
		},
		"workload.append_late: its median 900 is above its max 500: most values are the max": {
			AppendLate: Tokens{Kind: Mixture, Max: 500, Parts: []Part[float64]{{Weight: 0.6, Median: 900}, {Weight: 0.4, Median: 1}}},
		},
	} {
		p.Turns = turns
		w := Workload{Synthetic: p}
		if want == "" {
			require.Empty(t, w.Warnings())
			continue
		}
		require.Equal(t, []string{want}, w.Warnings())
		w.Trace = "sessions.jsonl"
		require.Empty(t, w.Warnings(), "a trace wins over the profile")
	}
}
