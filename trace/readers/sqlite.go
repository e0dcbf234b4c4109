//go:build !js && !wasip1 && !nosqlite

package readers

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	_ "modernc.org/sqlite" // the driver
)

// sqliteRows turns the rows of some tables of a database into JSON Lines, as
// parquetRows does: names of columns become keys, what is absent is left out, a
// text that is JSON becomes what it holds.
type sqliteRows struct {
	db     *sql.DB
	tables []string // still to be read
	rows   *sql.Rows
	names  []string // of the columns
	cells  []any
	out    bytes.Buffer
}

// openSQLite opens a database for reading; what a running program has written
// to the log beside it is read too. Tables that are not there are passed over.
func openSQLite(path string, tables ...string) (jsonStream, error) {
	if err := checkPages(path); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", sqliteName(path))
	if err != nil {
		return nil, err
	}
	r := &sqliteRows{db: db}
	db.SetMaxOpenConns(1)
	if err := r.find(tables); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return r, nil
}

// checkPages refuses a database that holds fewer pages than it says, which the
// driver reads as far as they go (SQLite's file format, "The database header").
func checkPages(path string) error {
	const header, pageSize, changes, pages, validFor = 100, 16, 24, 28, 92
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	head := make([]byte, header)
	if _, err := io.ReadFull(in, head); err != nil {
		return errors.New("the database is cut short")
	}
	info, err := in.Stat()
	if err != nil {
		return err
	}
	size := int64(binary.BigEndian.Uint16(head[pageSize:]))
	if size == 1 {
		size = 1 << 16
	}
	told := bytes.Equal(head[changes:changes+4], head[validFor:validFor+4])
	if want := size * int64(binary.BigEndian.Uint32(head[pages:])); told && info.Size() < want {
		return fmt.Errorf("the database is cut short: %d bytes; want %d", info.Size(), want)
	}
	return nil
}

// sqliteName is the address of a database that is only read. Without a log
// beside it, it is opened as one that nobody writes, which also works where
// the folder may not be written to.
func sqliteName(path string) string {
	query := "mode=ro"
	if info, err := os.Stat(path + "-wal"); err != nil || info.Size() == 0 {
		query += "&immutable=1"
	}
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: query}).String()
}

// find keeps the tables that the database has.
func (r *sqliteRows) find(tables []string) error {
	rows, err := r.db.Query("SELECT name FROM sqlite_master WHERE type = 'table'")
	if err != nil {
		return fmt.Errorf("the database cannot be read: %w", err)
	}
	defer rows.Close()
	var have []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		have = append(have, name)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("the database cannot be read: %w", err)
	}
	for _, table := range tables {
		if slices.Contains(have, table) {
			r.tables = append(r.tables, table)
		}
	}
	if !slices.Contains(r.tables, "message") {
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

func (r *sqliteRows) row() error {
	for r.rows == nil {
		if len(r.tables) == 0 {
			return io.EOF
		}
		if err := r.begin(r.tables[0]); err != nil {
			return err
		}
		r.tables = r.tables[1:]
	}
	if !r.rows.Next() {
		err := errors.Join(r.rows.Err(), r.rows.Close())
		r.rows = nil
		return err
	}
	to := make([]any, len(r.cells))
	for i := range to {
		to[i] = &r.cells[i]
	}
	if err := r.rows.Scan(to...); err != nil {
		return err
	}
	r.out.Reset()
	r.out.WriteByte('{')
	for i, name := range r.names {
		value := sqliteValue(r.cells[i])
		if value == nil {
			continue
		}
		if r.out.Len() > 1 {
			r.out.WriteByte(',')
		}
		r.out.Write(appendJSON(nil, name))
		r.out.WriteByte(':')
		r.out.Write(value)
	}
	r.out.WriteString("}\n")
	return nil
}

// begin asks for the rows of a table. The name is one of ours.
func (r *sqliteRows) begin(table string) error {
	rows, err := r.db.Query("SELECT * FROM " + table)
	if err != nil {
		return fmt.Errorf("table %s: %w", table, err)
	}
	r.rows = rows
	if r.names, err = rows.Columns(); err != nil {
		return err
	}
	r.cells = make([]any, len(r.names))
	return nil
}

// sqliteValue returns a cell as JSON; nil = absent.
func sqliteValue(cell any) []byte {
	switch v := cell.(type) {
	case int64:
		return strconv.AppendInt(nil, v, 10)
	case float64:
		return strconv.AppendFloat(nil, v, 'f', -1, 64)
	case bool:
		return strconv.AppendBool(nil, v)
	case time.Time:
		return appendJSON(nil, v.Format(time.RFC3339Nano))
	case []byte:
		return sqliteValue(string(v))
	case string:
		return jsonOrText(v)
	}
	return nil
}

// Close closes the database.
func (r *sqliteRows) Close() error {
	var err error
	if r.rows != nil {
		err = r.rows.Close()
	}
	return errors.Join(err, r.db.Close())
}
