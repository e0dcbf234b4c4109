package report_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/report"
)

func TestScatterDrawsPNGAndSVG(t *testing.T) {
	dir := t.TempDir()
	s := report.Scatter{Title: "step time", Unit: "ms", Series: []report.Series{
		{Name: "h200", Measured: []float64{1, 10, 0}, Predicted: []float64{1.1, 8, 3}},
		{Name: "empty"},
		{Name: "gb300", Measured: []float64{5}, Predicted: []float64{5}},
	}}
	files, err := s.Draw(dir, "tpot")
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(dir, "tpot.png"), filepath.Join(dir, "tpot.svg")}, files)
	png, err := os.ReadFile(files[0])
	require.NoError(t, err)
	require.Equal(t, "\x89PNG", string(png[:4]))
	svg, err := os.ReadFile(files[1])
	require.NoError(t, err)
	require.Contains(t, string(svg), "step time")
	require.Contains(t, string(svg), "gb300")
	require.NotContains(t, string(svg), ">empty<", "a series without points has no place in the legend")

	again := t.TempDir()
	twice, err := s.Draw(again, "tpot")
	require.NoError(t, err)
	for i := range files {
		a, err := os.ReadFile(files[i])
		require.NoError(t, err)
		b, err := os.ReadFile(twice[i])
		require.NoError(t, err)
		require.Equal(t, a, b, "the same figure has the same bytes")
	}
}

func TestScatterWithoutPointsIsRefused(t *testing.T) {
	dir := t.TempDir()
	nothing := report.Series{Measured: []float64{-1}, Predicted: []float64{2}}
	_, err := report.Scatter{Title: "nothing", Series: []report.Series{nothing}}.Draw(dir, "x")
	require.ErrorContains(t, err, "figure x: no points to draw")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
}
