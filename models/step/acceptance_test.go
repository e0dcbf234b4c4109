package step_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/hardware"
	"agentsim/models/llm"
	"agentsim/models/step"
)

// Of a triangle between ln 0.77 = -0.26136 and ln 1.2 = 0.18232 with its mode at
// 0, P10 lies at -0.26136 + sqrt(0.1 · 0.44369 · 0.26136) = -0.15368 and P90 at
// 0.18232 - sqrt(0.1 · 0.44369 · 0.18232) = 0.09238. The factor is on the chance
// of acceptance, so that it moves the mean of depth 3 by its power 0.97.
func TestPlausibleAcceptanceIsTheRangeOfThePreset(t *testing.T) {
	model := &llm.Spec{Name: "v4", Acceptance: []float64{1.79, 2.27, 2.49}, Sources: hardware.Sources{
		"acceptance": {Range: [2]float64{0.77, 1.2}, Scales: map[string]float64{"acceptance[2]": 0.97}}}}
	d := step.DraftSpec{Depth: 3, Accepted: step.UnknownLength}
	a := d.Plausible(model)
	require.InDelta(t, 2.145, a.Low, 0.001)
	require.InDelta(t, 2.49, a.Middle, 1e-9)
	require.InDelta(t, 2.723, a.High, 0.001)

	d.Kind = step.LookupDraft
	require.InDelta(t, 1, d.Plausible(model).Low, 1e-9, "nothing of the text may come again")
}

// Chances of 0.5, 0.75 and 0.93 at each of two positions: 1 + p + p².
func TestADraftThatNobodyKnowsHasABandAllTheSame(t *testing.T) {
	bare := &llm.Spec{Name: "bare"}
	d := step.DraftSpec{Depth: 2, Accepted: step.UnknownLength}
	require.True(t, d.Unknown())
	a := d.Plausible(bare)
	require.InDeltaSlice(t, []float64{1.75, 2.3125, 2.7949}, []float64{a.Low, a.Middle, a.High}, 1e-9)
	lengths, err := d.Lengths(bare)
	require.NoError(t, err)
	require.InDelta(t, 2.3125, lengths[1], 1e-9)

	known := d.WithAccepted(a.Low)
	require.False(t, known.Unknown())
	lengths, err = known.Lengths(bare)
	require.NoError(t, err)
	require.InDelta(t, 1.75, lengths[1], 1e-9)
}
