package report_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/metrics"
	"agentsim/report"
	"agentsim/trace"
)

func TestLinesLeaveOutWhatALogarithmCannotShow(t *testing.T) {
	dir := t.TempDir()
	l := report.Lines{Title: "gaps", X: "seconds", Y: "share", LogX: true, Lines: []report.Line{
		{Name: "tool", X: []float64{0, 1, 10}, Y: []float64{0.2, 0.5, 1}},
		{Name: "person", X: []float64{0}, Y: []float64{1}},
	}}
	files, err := l.Draw(dir, "gaps")
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(dir, "gaps.png"), filepath.Join(dir, "gaps.svg")}, files)
	svg, err := os.ReadFile(files[1])
	require.NoError(t, err)
	require.Contains(t, string(svg), ">tool<")
	require.NotContains(t, string(svg), ">person<")
}

func TestOnePointOnALogarithm(t *testing.T) {
	l := report.Lines{LogX: true, Lines: []report.Line{{X: []float64{1}, Y: []float64{1}}}}
	files, err := l.Draw(t.TempDir(), "turns")
	require.NoError(t, err)
	require.Len(t, files, 2)
}

func TestFiguresWithoutPointsAreNotWritten(t *testing.T) {
	dir := t.TempDir()
	for _, draw := range []func() ([]string, error){
		func() ([]string, error) { return report.Lines{LogX: true}.Draw(dir, "lines") },
		func() ([]string, error) { return report.Bars{}.Draw(dir, "bars") },
		func() ([]string, error) { return report.TraceFigures(&trace.Curves{}, dir) },
		func() ([]string, error) { return report.ExpertFigures(&metrics.ExpertsExplanation{}, dir) },
	} {
		files, err := draw()
		require.NoError(t, err)
		require.Empty(t, files)
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
}

func TestGridAlignsNumbersRight(t *testing.T) {
	grid := report.Grid([]string{"name", "count"}, [][]string{{"a", "1"}, {"bcd", "1,234"}}, 2)
	require.Equal(t, "  name  count\n  a         1\n  bcd   1,234", grid)
}
