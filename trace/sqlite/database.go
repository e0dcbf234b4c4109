package sqlite

import (
	"errors"
	"fmt"
	"os"
)

// Database is a file that is open for reading.
type Database struct {
	pages    *pages
	encoding uint32
}

// Table is a table with what is needed to read its rows.
type Table struct {
	Name    string
	Columns []Column

	root uint32
}

// Open opens a database and the log beside it.
func Open(path string) (*Database, error) {
	if err := noJournal(path + "-journal"); err != nil {
		return nil, err
	}
	p, err := openPages(path)
	if err != nil {
		return nil, err
	}
	d := &Database{pages: p, encoding: utf8Text}
	if err := d.check(); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return d, nil
}

// noJournal refuses a database with a rollback journal that holds pages: the
// file beside it is in the middle of a change, or of one that broke off.
func noJournal(path string) error {
	in, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer in.Close()
	first := make([]byte, 1)
	if n, err := in.Read(first); n == 0 || err != nil || first[0] == 0 { // empty, or done with
		return nil
	}
	return fmt.Errorf("a change of the database is under way or broke off: %s holds pages; want a database at rest: "+
		"end the program that writes it, or open it with sqlite3 once", path)
}

// Close closes the files.
func (d *Database) Close() error { return d.pages.close() }

// check reads the text encoding off the header (section 1.3).
func (d *Database) check() error {
	const encodingAt = 56
	first, err := d.pages.page(1)
	if err != nil {
		return err
	}
	if encoding := bigEndian(first[encodingAt : encodingAt+4]); encoding != 0 { // 0: nothing was written yet
		d.encoding = encoding
	}
	if d.encoding > utf16Big {
		return damaged("its text encoding is %d; want 1 to 3", d.encoding)
	}
	return nil
}

// Tables lists the tables, in the order in which they were created.
func (d *Database) Tables() ([]Table, error) {
	const ( // columns of the table of tables (section 2.6)
		kind = iota
		name
		_ // the table that an index belongs to
		root
		statement
		columns
	)
	var list []Table
	rows := d.rows(1, make([]Column, columns))
	for rows.Next() {
		of, _ := rows.Values[kind].(string)
		page, _ := rows.Values[root].(int64)
		if of != "table" || page == 0 { // a view, an index, a trigger, or a virtual table without pages
			continue
		}
		t := Table{root: uint32(page)}
		t.Name, _ = rows.Values[name].(string)
		text, _ := rows.Values[statement].(string)
		t.Columns = columnsOf(text)
		list = append(list, t)
	}
	return list, rows.Err()
}

// Rows begins to read a table.
func (d *Database) Rows(t *Table) (*Rows, error) {
	if len(t.Columns) == 0 {
		return nil, fmt.Errorf("table %s: its columns cannot be read off its CREATE TABLE", t.Name)
	}
	for _, c := range t.Columns {
		if c.unreadable != "" {
			return nil, fmt.Errorf("table %s: %s", t.Name, c.unreadable)
		}
	}
	return d.rows(t.root, t.Columns), nil
}
