package validate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sharedPath is a file of the public data beside the repository. Where there
// is none the test is skipped, but not in continuous integration.
func sharedPath(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			require.NoError(t, err)
		}
		t.Skip("no public data beside the repository")
	}
	return path
}

// row is a line of a table by column; what a test does not name is as in base.
type row map[string]string

// base is an invented run: eight accelerators of one node, four requests in
// flight.
func base() row {
	return row{"id": "a", "date": "2026-05-17", "engine": "sglang", "system": "hgx-h200", "model": "deepseek-r1",
		"weights": "fp8", "mode": "aggregated", "gpus": "8", "decode_workers": "1", "decode_gpus": "8", "decode_tp": "8",
		"decode_ep": "1", "decode_dp_attention": "false", "mtp": "false", "isl": "1024", "osl": "128",
		"length_range": "0.8-1.0", "concurrency": "4", "total_tok_s_gpu": "100", "tpot_p50_ms": "10"}
}

// csvOf writes rows under a header, as a CSV file.
func csvOf(rows ...row) string {
	header := fixedColumns()
	for _, m := range Metrics() {
		header = append(header, m.String())
	}
	lines := []string{strings.Join(header, ",")}
	for _, changes := range rows {
		full := base()
		for column, value := range changes {
			full[column] = value
		}
		var cells []string
		for _, column := range header {
			cells = append(cells, full[column])
		}
		lines = append(lines, strings.Join(cells, ","))
	}
	return strings.Join(lines, "\n") + "\n"
}

func read(t testing.TB, rows ...row) []Case {
	t.Helper()
	cases, err := Read(strings.NewReader(csvOf(rows...)), "cases.csv")
	require.NoError(t, err)
	return cases
}
