package results_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/experiment/sweep"
	"agentsim/experiment/sweep/results"
)

// table has every kind of cell, and none.
func table() *sweep.Table {
	known := func(c sweep.Cell) sweep.Cell { c.Known = true; return c }
	whole := func(n int64) sweep.Cell { return sweep.Cell{Known: true, Whole: n, Number: float64(n)} }
	return &sweep.Table{Study: "s", Question: "why?", Hash: "abc", Version: "v1", Axes: []string{"system.domain"},
		Objectives: []sweep.Objective{{Metric: "y.z", Goal: "max"}},
		Columns: []sweep.Column{{Name: "point", Kind: sweep.Whole}, {Name: "replication", Kind: sweep.Whole}, {Name: "seed", Kind: sweep.Whole},
			{Name: "status", Kind: sweep.Text}, {Name: "error", Kind: sweep.Text}, {Name: "system.domain", Kind: sweep.Whole},
			{Name: "y.z", Kind: sweep.Number, Unit: "tok/s"}, {Name: "a.last", Kind: sweep.Text}},
		Rows: [][]sweep.Cell{
			{whole(0), whole(0), whole(1 << 60), known(sweep.Cell{Text: "done"}), {}, whole(8),
				known(sweep.Cell{Number: 1.0 / 3}), known(sweep.Cell{Text: `says "x", yes`})},
			{whole(1), whole(0), whole(1), known(sweep.Cell{Text: "failed"}), known(sweep.Cell{Text: "no\nluck"}), whole(16),
				{}, {}},
		}}
}

func encode(t *testing.T, of *sweep.Table) []byte {
	var b bytes.Buffer
	require.NoError(t, results.WriteParquet(&b, of))
	return b.Bytes()
}

func TestParquetComesBack(t *testing.T) {
	content := encode(t, table())
	require.Equal(t, content, encode(t, table()), "the same table gives the same bytes")
	back, err := results.ReadParquet(content)
	require.NoError(t, err)
	require.Equal(t, table(), back)
	empty := table()
	empty.Rows = nil
	back, err = results.ReadParquet(encode(t, empty))
	require.NoError(t, err)
	require.Equal(t, empty, back)
}

// Other programs see typed columns in the order of the table, with units.
func TestParquetForOthers(t *testing.T) {
	content := encode(t, table())
	file, err := parquet.OpenFile(bytes.NewReader(content), int64(len(content)))
	require.NoError(t, err)
	var got []string
	for _, f := range file.Schema().Fields() {
		got = append(got, f.Name()+" "+f.Type().String())
	}
	require.Equal(t, []string{"point INT(64,true)", "replication INT(64,true)", "seed INT(64,true)", "status STRING",
		"error STRING", "system.domain INT(64,true)", "y.z DOUBLE", "a.last STRING"}, got)
	unit, ok := file.Lookup("unit:y.z")
	require.True(t, ok)
	require.Equal(t, "tok/s", unit)
}

func TestBrokenParquet(t *testing.T) {
	content := encode(t, table())
	for _, broken := range [][]byte{nil, []byte("PAR1"), content[:len(content)/2], []byte("{}")} {
		_, err := results.ReadParquet(broken)
		require.Error(t, err)
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[struct{ X int }](&b)
	require.NoError(t, w.Close())
	_, err := results.ReadParquet(b.Bytes())
	require.ErrorContains(t, err, "holds no results of a study")
}

func TestText(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, results.WriteCSV(&b, table()))
	records, err := csv.NewReader(&b).ReadAll()
	require.NoError(t, err)
	require.Equal(t, [][]string{
		{"point", "replication", "seed", "status", "error", "system.domain", "y.z", "a.last"},
		{"0", "0", "1152921504606846976", "done", "", "8", "0.3333333333333333", `says "x", yes`},
		{"1", "0", "1", "failed", "no\nluck", "16", "", ""},
	}, records)
	b.Reset()
	require.NoError(t, results.WriteJSONL(&b, table()))
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	require.Len(t, lines, 2)
	require.Equal(t, `{"point":1,"replication":0,"seed":1,"status":"failed","error":"no\nluck","system.domain":16}`, lines[1])
	require.True(t, json.Valid([]byte(lines[0])))
}

func manifest(index, count, done int) *results.Manifest {
	return &results.Manifest{Study: "s", Hash: "abc", Outputs: []string{sweep.Parquet, sweep.JSONL, sweep.CSV}, Build: "b1", Version: "v1", Points: 2, ShardIndex: index,
		ShardCount: count, Done: done, Started: time.Unix(int64(100-index), 0).UTC(), Ended: time.Unix(int64(200+index), 0).UTC(),
		Runs: 1}
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, results.Write(dir, table(), manifest(0, 1, 2)))
	back, err := results.Read(dir)
	require.NoError(t, err)
	require.Equal(t, table(), back)
	back, err = results.Read(filepath.Join(dir, "results.parquet"))
	require.NoError(t, err)
	require.Equal(t, table(), back)
	m, err := results.ReadManifest(dir)
	require.NoError(t, err)
	require.Equal(t, manifest(0, 1, 2), m)
	require.True(t, m.Complete())
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	require.NoError(t, err)
	require.Empty(t, left, "nothing half written stays")

	none, err := results.ReadManifest(t.TempDir())
	require.NoError(t, err)
	require.Nil(t, none)
	_, err = results.Read(filepath.Join(dir, "nowhere"))
	require.ErrorContains(t, err, "is not there")
	_, err = results.Read(filepath.Join(dir, "results.csv"))
	require.ErrorContains(t, err, "not a whole Parquet file")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "manifest.json"), []byte("{"), 0o600))
	_, err = results.ReadManifest(dir)
	require.ErrorContains(t, err, "is no manifest")
}

func TestForeignFolder(t *testing.T) {
	m := manifest(0, 1, 2)
	require.NoError(t, m.Check("d", manifest(0, 1, 0)))
	for _, c := range []struct {
		change func(*results.Manifest)
		want   string
	}{
		{func(m *results.Manifest) { m.Hash, m.Study = "xyz", "o" }, "holds results of another study, s (abc), not of o (xyz)"},
		{func(m *results.Manifest) { m.Build = "b2" }, "another version of the program"},
		{func(m *results.Manifest) { m.ShardIndex, m.ShardCount = 1, 3 }, "holds shard 0 of 1, not 1 of 3"},
	} {
		want := manifest(0, 1, 0)
		c.change(want)
		err := m.Check("d", want)
		require.ErrorContains(t, err, c.want)
		require.IsType(t, &configs.Error{}, err)
	}
}

// shards writes the two rows of the table as two shards.
func shards(t *testing.T) string {
	dir := t.TempDir()
	for index := range 2 {
		part := table()
		part.Rows = part.Rows[index : index+1]
		if index == 1 { // a shard that used no such pool has no such column
			part.Columns = part.Columns[:7]
			part.Rows[0] = part.Rows[0][:7]
		}
		folder := results.ShardFolder(dir, index, 2)
		require.NoError(t, os.MkdirAll(folder, 0o755))
		require.NoError(t, results.Write(folder, part, manifest(index, 2, 1)))
	}
	return dir
}

func TestMerge(t *testing.T) {
	dir := shards(t)
	whole, m, err := results.Merge(dir)
	require.NoError(t, err)
	require.Equal(t, table(), whole)
	require.Equal(t, 2, m.Done)
	require.Equal(t, 2, m.Runs)
	require.True(t, m.Complete())
	require.Equal(t, time.Unix(99, 0).UTC(), m.Started)
	require.Equal(t, time.Unix(201, 0).UTC(), m.Ended)
}

func TestMergeRefuses(t *testing.T) {
	_, _, err := results.Merge(t.TempDir())
	require.ErrorContains(t, err, "has no folder of a shard")

	dir := shards(t)
	require.NoError(t, os.RemoveAll(results.ShardFolder(dir, 1, 2)))
	_, _, err = results.Merge(dir)
	require.ErrorContains(t, err, "shard-0001-of-0002: is not there: 1 points are missing")

	dir = shards(t)
	require.NoError(t, os.Remove(filepath.Join(results.ShardFolder(dir, 0, 2), "manifest.json")))
	_, _, err = results.Merge(dir)
	require.ErrorContains(t, err, "has no manifest.json")

	dir = shards(t)
	other := manifest(1, 2, 1)
	other.Hash = "xyz"
	require.NoError(t, results.WriteManifest(results.ShardFolder(dir, 1, 2), other))
	_, _, err = results.Merge(dir)
	require.ErrorContains(t, err, "another study")

	dir = shards(t)
	twice := table()
	twice.Rows = twice.Rows[:1]
	require.NoError(t, results.Write(results.ShardFolder(dir, 1, 2), twice, manifest(1, 2, 1)))
	_, _, err = results.Merge(dir)
	require.ErrorContains(t, err, "point 0 is there twice")
}
