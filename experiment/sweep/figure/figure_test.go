package figure_test

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/experiment/sweep"
	"agentsim/experiment/sweep/figure"
)

// table has two axes and two objectives over 3 × 2 points with 2 replications.
func table() *sweep.Table {
	t := &sweep.Table{Study: "made", Axes: []string{"a", "b"}, Objectives: []sweep.Objective{{Metric: "y"}, {Metric: "z"}},
		Columns: []sweep.Column{{Name: "point", Kind: sweep.Whole}, {Name: "replication", Kind: sweep.Whole}, {Name: "seed", Kind: sweep.Whole},
			{Name: "status", Kind: sweep.Text}, {Name: "error", Kind: sweep.Text}, {Name: "a", Kind: sweep.Number, Unit: "s"}, {Name: "b", Kind: sweep.Text},
			{Name: "y", Kind: sweep.Number}, {Name: "z", Kind: sweep.Number}}}
	number := func(v float64) sweep.Cell { return sweep.Cell{Known: true, Number: v, Whole: int64(v)} }
	point := 0.0
	for _, a := range []float64{1, 2, 3} {
		for b, name := range []string{"x", "y"} {
			for r := range 2 {
				t.Rows = append(t.Rows, []sweep.Cell{number(point), number(float64(r)), number(0),
					{Known: true, Text: sweep.Done}, {}, number(a), {Known: true, Text: name},
					number(10*a + float64(b+r)), number(9 - a)})
				point++
			}
		}
	}
	return t
}

func draw(t *testing.T, of *sweep.Table) map[string][]byte {
	dir := t.TempDir()
	_, err := figure.Draw(dir, of)
	require.NoError(t, err)
	files := map[string][]byte{}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		require.NoError(t, err)
		files[e.Name()] = content
	}
	return files
}

func TestDraw(t *testing.T) {
	files := draw(t, table())
	require.Len(t, files, 6)
	for _, name := range []string{"heatmap", "lines", "pareto"} {
		image, err := png.Decode(bytes.NewReader(files[name+".png"]))
		require.NoError(t, err)
		require.Greater(t, image.Bounds().Dx(), 500)
		require.Contains(t, string(files[name+".svg"]), "<svg")
	}
	for _, text := range []string{">made<", ">y, mean with 95 % interval<", ">a<", ">1s<", ">b<", ">x<", ">y<"} {
		require.Contains(t, string(files["lines.svg"]), text, "axes, and a line for each value of the second")
	}
	require.Contains(t, string(files["heatmap.svg"]), "20.5", "the mean of a cell")
	require.Equal(t, files, draw(t, table()), "the same results give the same bytes")
}

// What a study is too small for is left out.
func TestDrawLess(t *testing.T) {
	one := table()
	one.Axes = one.Axes[:1]
	one.Objectives = one.Objectives[:1]
	files := draw(t, one)
	require.Len(t, files, 2)
	require.Contains(t, files, "lines.png")
	empty := table()
	empty.Rows = nil
	require.Empty(t, draw(t, empty))
	wrong := table()
	wrong.Objectives[0].Metric = "nothing"
	_, err := figure.Draw(t.TempDir(), wrong)
	require.Error(t, err)
}
