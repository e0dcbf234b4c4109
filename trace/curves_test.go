package trace

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCurves(t *testing.T) {
	var s Stats
	calls := []Call{
		{Session: "a", Input: 100, Output: 10, Start: Unknown, Gap: Unknown, Service: Unknown},
		{Session: "a", Turn: 1, Kind: Tool, Input: 200, Prefix: 100, Output: 30, Start: Unknown, Gap: 2, Service: Unknown},
		{Session: "b", Input: 300, Output: 10, Start: Unknown, Gap: Unknown, Service: Unknown},
	}
	for i := range calls {
		s.Add(&calls[i])
	}
	c := s.Curves()
	require.Equal(t, Curve{X: []float64{1, 2}, Y: []float64{0.5, 1}}, c.Turns)
	require.Equal(t, Curve{X: []float64{100}, Y: []float64{1}}, c.New)
	require.Equal(t, []float64{10, 30}, c.Output.X)
	require.InDeltaSlice(t, []float64{2. / 3, 1}, c.Output.Y, 1e-12)
	require.Equal(t, []float64{2}, c.ToolGap.X)
	require.Empty(t, c.UserGap.X, "no person answered")
	require.Equal(t, Curve{X: []float64{1, 2}, Y: []float64{200, 200}}, c.Context)
	require.Equal(t, Curve{X: []float64{1, 2}, Y: []float64{0, 0.5}}, c.Reuse)
	require.Equal(t, int64(2), s.Summary().Sessions, "drawing does not end the sessions")
}

// One session in a hundred goes on after the first turn: no trend.
func TestCurvesEndWhereFewGoOn(t *testing.T) {
	var s Stats
	for i := range 300 {
		s.Add(&Call{Session: strconv.Itoa(i), Input: 100, Start: Unknown, Gap: Unknown, Service: Unknown})
	}
	for i := range 3 {
		s.Add(&Call{Session: strconv.Itoa(i), Turn: 1, Input: 900, Start: Unknown, Gap: Unknown, Service: Unknown})
	}
	require.Equal(t, Curve{X: []float64{1}, Y: []float64{100}}, s.Curves().Context)
}

func TestCurvesOfManySamplesHaveFewPoints(t *testing.T) {
	var h histogram
	for v := range int64(4000) {
		h.add(v)
	}
	c := h.curve(milli)
	require.InDelta(t, 200, len(c.X), 2)
	require.Equal(t, 3.999, c.X[len(c.X)-1])
	require.Equal(t, 1.0, c.Y[len(c.Y)-1])
	for i, y := range c.Y {
		require.InDelta(t, c.X[i]*1000+1, y*4000, 1e-9, "every point lies on the distribution")
	}
}
