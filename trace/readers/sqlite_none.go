//go:build js || wasip1 || nosqlite

package readers

import "errors"

// openSQLite refuses databases: the driver is left out of this build.
func openSQLite(string, ...string) (jsonStream, error) {
	return nil, errors.New("a database of SQLite, which this build cannot read; want an export: opencode export SESSION")
}
