package readers

import (
	"encoding/csv"
	"errors"
	"io"
	"os"
	"strconv"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"

	"agentsim/trace"
)

// sharedPath returns the path of a file of the shared data, or skips the test
// where there is none. In CI it has to be there.
func sharedPath(t testing.TB, name string) string {
	t.Helper()
	path := "../../../shared/" + name
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s: %v", path, err)
		}
		t.Skipf("no shared data: %v", err)
	}
	return path
}

func readAll(t testing.TB, path string) []trace.Call {
	t.Helper()
	tr, err := Open(path, Auto)
	require.NoError(t, err)
	return drain(t, tr)
}

// all reads calls until the end or the first error.
func all(tr *Trace) ([]trace.Call, error) {
	var calls []trace.Call
	for {
		var c trace.Call
		err := tr.Read(&c)
		if errors.Is(err, io.EOF) {
			return calls, nil
		}
		if err != nil {
			return calls, err
		}
		calls = append(calls, c)
	}
}

// TestWekaAgainstOracle compares every call with the table that was derived
// from the same sessions by other code.
func TestWekaAgainstOracle(t *testing.T) {
	oracle := oracleRows(t)
	row := 0
	for _, name := range []string{"dev-00", "dev-01", "dev-02", "dev-03"} {
		for _, c := range readAll(t, sharedPath(t, "traces/claude-code-weka/"+name+".jsonl.gz")) {
			want := oracle[row]
			row++
			start := number(t, want["t_s"])
			if c.Agent == "" {
				require.Equal(t, start, c.Start)
			} else {
				require.GreaterOrEqual(t, c.Start, start)
				require.Equal(t, c.Session, c.Parent)
			}
			got := map[string]string{
				"session_id": c.Session, "agent_id": c.Agent, "turn": strconv.Itoa(c.Turn), "model": c.Model,
				"input_tokens": strconv.Itoa(c.Input), "output_tokens": strconv.Itoa(c.Output),
				"cached_tokens_inf": strconv.Itoa(c.Cached), "input_kind": c.Kind.String(),
			}
			for column, value := range got {
				require.Equal(t, want[column], value, "row %d: %s", row, column)
			}
			require.Equal(t, number(t, want["think_time_s"]), c.Gap, "row %d", row)
			require.Equal(t, number(t, want["api_time_s"]), c.Service, "row %d", row)
		}
	}
	require.Equal(t, 28356, row)
	require.Len(t, oracle, row)
}

// number reads a cell; an empty one is unknown.
func number(t testing.TB, cell string) float64 {
	if cell == "" {
		return trace.Unknown
	}
	v, err := strconv.ParseFloat(cell, 64)
	require.NoError(t, err)
	return v
}

func oracleRows(t testing.TB) []map[string]string {
	f, err := os.Open(sharedPath(t, "traces/claude-code-weka/dev_requests.csv.gz"))
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	rows, err := csv.NewReader(z).ReadAll()
	require.NoError(t, err)
	var out []map[string]string
	for _, row := range rows[1:] {
		cells := map[string]string{}
		for i, column := range rows[0] {
			cells[column] = row[i]
		}
		out = append(out, cells)
	}
	return out
}
