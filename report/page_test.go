package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/metrics"
)

// A page needs nothing else, says question, answer with interval and inputs, and
// escapes what files say.
func TestAPageHoldsItself(t *testing.T) {
	page := PlanPage(&metrics.Plan{
		Budget: metrics.PlanBudget{MW: 1, Boundary: "facility"},
		Options: []*metrics.PlanOption{{System: "hgx-<b>", Units: 3, SpareUnits: 1, Accelerators: 24,
			Agents: metrics.Quantiles{P10: 10, P50: 20, P90: 40}, MW: 0.9,
			Classes: []metrics.PlanClass{{Scenario: "chat", Share: 1, Units: 2}}}},
		LeftOut: []metrics.PlanLeftOut{{System: "l40s-8", Why: "does not fit"}},
	})
	page.Inputs = &metrics.Inputs{System: "hgx-h200", Overrides: []string{"system.domain=4"}, Version: "abc"}
	var b bytes.Buffer
	require.NoError(t, page.Write(&b))
	text := b.String()
	for _, want := range []string{"Which systems", "hgx-&lt;b&gt;", "20 (10 to 40)", "left:25%;width:75%", "system.domain=4",
		"does not fit", "What it rests on", "- chat"} {
		require.Contains(t, text, want)
	}
	for _, never := range []string{"<script", "http://", "https://", "<link", "src="} {
		require.NotContains(t, text, never)
	}
	require.Equal(t, 1, strings.Count(text, "<!DOCTYPE html>"))
}
