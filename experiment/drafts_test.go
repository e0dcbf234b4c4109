package experiment_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/experiment"
	"agentsim/experiment/analytic"
	"agentsim/report"
)

const unknownDrafts = "deployment.aggregated.draft={kind: recurrent, depth: 3, accepted_length: unknown}"

// Nobody knows how much is accepted: the answer is a band, whose middle is the
// answer to the preset's acceptance and whose ends are those to its P10 and P90.
func TestDraftsOfUnknownAcceptanceGiveABand(t *testing.T) {
	at := func(accepted string) float64 {
		r, err := experiment.Run(context.Background(), quick(t, "deployment.aggregated.draft={depth: 3, accepted_length: "+
			accepted+"}"), 6, experiment.Options{})
		require.NoError(t, err)
		require.Nil(t, r.Drafts)
		return r.Metrics.TPOTP50MS
	}
	r, err := experiment.Run(context.Background(), quick(t, unknownDrafts), 6, experiment.Options{})
	require.NoError(t, err)
	require.NotNil(t, r.Drafts)
	tokens, tpot := r.Drafts.Tokens, r.Drafts.Figures["tpot_p50_ms"]
	require.Less(t, tokens.P10, tokens.P50)
	require.Less(t, tokens.P50, tokens.P90)
	require.InEpsilon(t, at("2.14519"), tpot.P90, 0.02, "fewest accepted, slowest")
	require.InEpsilon(t, at("2.72333"), tpot.P10, 0.02)
	require.InDelta(t, r.Metrics.TPOTP50MS, tpot.P50, 1e-12, "the single figure is that of the middle")
	require.True(t, strings.Contains(strings.Join(r.Warnings, "\n"), "single figures are those of the middle, 2.49"))

	var text strings.Builder
	require.NoError(t, report.Table(&text, r, report.Style{}))
	require.Regexp(t, `drafts +2.15 to 2.72 tokens a step are plausible`, text.String())
	require.Regexp(t, `median [0-9.]+ \[[0-9.]+ to [0-9.]+\]`, text.String())
}

func TestACapacityWithUnknownDraftsIsABand(t *testing.T) {
	r := capacity(t, quick(t, unknownDrafts))
	require.NotNil(t, r.Drafts)
	agents := r.Drafts.Capacity.Agents
	require.LessOrEqual(t, agents.P10, agents.P50)
	require.LessOrEqual(t, agents.P50, agents.P90)
	require.Less(t, agents.P10, agents.P90)
	require.InDelta(t, float64(r.Capacity.Agents), agents.P50, 1e-12)
	var text strings.Builder
	require.NoError(t, report.Table(&text, r, report.Style{}))
	require.Regexp(t, `agents +\d+ to \d+, in the middle \d+`, text.String())

	estimate, err := new(analytic.Solver).Capacity(context.Background(), quick(t, unknownDrafts))
	require.NoError(t, err)
	require.NotNil(t, estimate.Drafts, "an estimate too")
}
