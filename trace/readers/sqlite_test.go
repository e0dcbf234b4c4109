//go:build !js && !wasip1 && !nosqlite

package readers

import (
	"database/sql"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// database makes a database of some statements and returns its path. It stays
// open, as that of a program that runs.
func database(t *testing.T, statements ...string) string {
	path := filepath.Join(t.TempDir(), "opencode.db")
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	db.SetMaxOpenConns(1)
	for _, statement := range statements {
		_, err := db.Exec(statement)
		require.NoError(t, err, statement)
	}
	return path
}

const openCodeMessage = `INSERT INTO message VALUES ('m2', 's', 1782896405000, '{"role":"assistant","modelID":"m",` +
	`"time":{"created":1782896405000,"completed":1782896409000},"tokens":{"input":10,"output":5,"reasoning":1,` +
	`"cache":{"read":90,"write":0}}}')`

// What OpenCode has written but not yet moved into its database lies in a log
// beside it.
func TestDatabaseOfARunningProgram(t *testing.T) {
	path := database(t, "PRAGMA journal_mode = WAL", "PRAGMA wal_autocheckpoint = 0",
		"CREATE TABLE message (id TEXT, session_id TEXT, time_created INTEGER, data TEXT)", openCodeMessage)
	log, err := os.Stat(path + "-wal")
	require.NoError(t, err)
	require.Positive(t, log.Size())
	got, _ := tallyOf(t, Options{}, path)
	requireTally(t, tally{1, 1, 0, 100, 90, 90, 6, 0, 0, 4}, got, path)
	_, err = os.Stat(path + "-wal") // reading leaves it as it was
	require.NoError(t, err)
}

func TestDatabasesOfOthers(t *testing.T) {
	path := database(t, "CREATE TABLE note (secret TEXT)")
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
