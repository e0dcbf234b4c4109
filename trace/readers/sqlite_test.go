package readers

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// What OpenCode has written but not yet moved into its database lies in a log
// beside it. The log of testdata/running holds the only message (make.sh).
func TestDatabaseOfARunningProgram(t *testing.T) {
	path := filepath.Join("testdata", "running", "opencode.db")
	log := path + "-wal"
	before, err := os.ReadFile(log)
	require.NoError(t, err)
	got, _ := tallyOf(t, Options{}, path)
	requireTally(t, tally{1, 1, 0, 100, 90, 90, 6, 0, 0, 4}, got, path)
	after, err := os.ReadFile(log) // reading leaves it as it was
	require.NoError(t, err)
	require.Equal(t, before, after)
}

func TestDatabasesOfOthers(t *testing.T) {
	path := filepath.Join("..", "sqlite", "testdata", "rows.db")
	require.ErrorContains(t, failure(t, path, Options{}), "no table message; want that of OpenCode")

	whole, err := os.ReadFile(toolPath("opencode/opencode.db"))
	require.NoError(t, err)
	for _, n := range []int{20, 100, len(whole) / 2, len(whole) - 600} {
		err := failure(t, write(t, "opencode.db", string(whole[:n])), Options{})
		require.ErrorContains(t, err, "opencode.db")
		require.NotContains(t, err.Error(), "secret")
	}
}

func FuzzSqlite(f *testing.F) {
	whole, err := os.ReadFile(toolPath("opencode/opencode.db"))
	require.NoError(f, err)
	f.Add(whole)
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "x.db")
		require.NoError(t, os.WriteFile(path, data, 0o600))
		rows, err := openSQLite(path, "session", "message", "part")
		if err != nil {
			return
		}
		_, err = io.Copy(io.Discard, rows)
		if err != nil {
			require.NotEmpty(t, err.Error())
		}
		require.NoError(t, rows.Close())
	})
}
