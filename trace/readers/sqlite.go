package readers

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"agentsim/trace/sqlite"
)

// sqliteRows turns the rows of some tables of a database into JSON Lines, as
// parquetRows does: names of columns become keys, what is absent is left out, a
// text that is JSON becomes what it holds.
type sqliteRows struct {
	db     *sqlite.Database
	tables []sqlite.Table // still to be read
	table  *sqlite.Table  // that rows are of
	rows   *sqlite.Rows   // nil = none begun
	out    bytes.Buffer
}

// openSQLite opens a database for reading; what a running program has written
// to the log beside it is read too. Tables that are not there are passed over.
func openSQLite(path string, tables ...string) (jsonStream, error) {
	db, err := sqlite.Open(path)
	if err != nil {
		return nil, err
	}
	r := &sqliteRows{db: db}
	if err := r.find(tables); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return r, nil
}

// find keeps the tables that the database has.
func (r *sqliteRows) find(tables []string) error {
	have, err := r.db.Tables()
	if err != nil {
		return fmt.Errorf("the database cannot be read: %w", err)
	}
	for _, table := range tables {
		if i := slices.IndexFunc(have, func(t sqlite.Table) bool { return t.Name == table }); i >= 0 {
			r.tables = append(r.tables, have[i])
		}
	}
	if !slices.ContainsFunc(r.tables, func(t sqlite.Table) bool { return t.Name == "message" }) {
		return errNotOpenCode
	}
	return nil
}

// Read hands out the JSON.
func (r *sqliteRows) Read(to []byte) (int, error) {
	for r.out.Len() == 0 {
		if err := r.row(); err != nil {
			return 0, err
		}
	}
	return r.out.Read(to)
}

func (r *sqliteRows) row() (err error) {
	for r.rows == nil {
		if len(r.tables) == 0 {
			return io.EOF
		}
		r.table, r.tables = &r.tables[0], r.tables[1:]
		if r.rows, err = r.db.Rows(r.table); err != nil {
			return err
		}
	}
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return fmt.Errorf("table %s: %w", r.table.Name, err)
		}
		r.rows = nil
		return nil
	}
	r.out.Reset()
	r.out.WriteByte('{')
	for i, cell := range r.rows.Values {
		value := sqliteValue(cell)
		if value == nil {
			continue
		}
		if r.out.Len() > 1 {
			r.out.WriteByte(',')
		}
		r.out.Write(appendJSON(nil, r.table.Columns[i].Name))
		r.out.WriteByte(':')
		r.out.Write(value)
	}
	r.out.WriteString("}\n")
	return nil
}

// sqliteValue returns a cell as JSON; nil = absent, or a number that JSON has
// none for.
func sqliteValue(cell any) []byte {
	switch v := cell.(type) {
	case int64:
		return strconv.AppendInt(nil, v, 10)
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return nil
		}
		return strconv.AppendFloat(nil, v, 'f', -1, 64)
	case []byte:
		return jsonOrText(string(v))
	case string:
		return jsonOrText(v)
	}
	return nil
}

// Close closes the database.
func (r *sqliteRows) Close() error { return r.db.Close() }
