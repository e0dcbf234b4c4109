package sqlite

import "encoding/binary"

// Rows are the rows of a table, by their number, one after the other.
type Rows struct {
	Values []any // of the row: nil, int64, float64, string or []byte; valid until Next

	d       *Database
	columns []Column
	path    []level // from the root to the leaf
	seen    uint32  // pages of the tree
	err     error
}

// level is a page of a b-tree (section 1.6) and how far it is read.
type level struct {
	page  []byte
	start int // of the page's header: page 1 begins with that of the database
	cells int
	next  int
}

const (
	interior, leaf           = 0x05, 0x0d // kinds of pages of a table
	interiorHeader           = 12
	leafHeader               = 8
	cellsAt, rightmostAt     = 3, 8 // in the header of a page
	pointerBytes, childBytes = 2, 4
	treeDepthMax             = 32 // a tree of 2^31 rows has 20 at most
)

func (d *Database) rows(root uint32, columns []Column) *Rows {
	r := &Rows{d: d, columns: columns, Values: make([]any, len(columns))}
	r.err = r.descend(root)
	return r
}

// Err is what went wrong; nil after the last row.
func (r *Rows) Err() error { return r.err }

// descend puts a page on the path.
func (r *Rows) descend(number uint32) error {
	r.seen++
	if r.seen > r.d.pages.count || len(r.path) == treeDepthMax {
		return damaged("page %d is in a circle", number)
	}
	page, err := r.d.pages.page(number)
	if err != nil {
		return err
	}
	l := level{page: page}
	if number == 1 {
		l.start = headerBytes
	}
	if kind := page[l.start]; kind != interior && kind != leaf {
		return damaged("page %d is of kind %d; want %d or %d, of a table", number, kind, interior, leaf)
	}
	l.cells = int(binary.BigEndian.Uint16(page[l.start+cellsAt:]))
	if l.start+l.header()+pointerBytes*l.cells > r.d.pages.usable {
		return damaged("page %d says that it holds %d rows", number, l.cells)
	}
	r.path = append(r.path, l)
	return nil
}

func (l *level) leaf() bool { return l.page[l.start] == leaf }

func (l *level) header() int {
	if l.leaf() {
		return leafHeader
	}
	return interiorHeader
}

// cell returns what the page holds from its next cell on.
func (l *level) cell() ([]byte, error) {
	at := binary.BigEndian.Uint16(l.page[l.start+l.header()+pointerBytes*l.next:])
	l.next++
	if int(at) < l.start+l.header() || int(at)+childBytes > len(l.page) {
		return nil, damaged("a row at byte %d of a page", at)
	}
	return l.page[at:], nil
}

// Next reads the next row into Values. It returns false after the last one,
// and where something is wrong.
func (r *Rows) Next() bool {
	for r.err == nil && len(r.path) > 0 {
		l := &r.path[len(r.path)-1]
		switch {
		case l.leaf() && l.next < l.cells:
			r.err = r.read(l)
			return r.err == nil
		case !l.leaf() && l.next < l.cells:
			var cell []byte
			if cell, r.err = l.cell(); r.err == nil {
				r.err = r.descend(bigEndian(cell))
			}
		case !l.leaf() && l.next == l.cells: // what is right of the last key
			l.next++
			r.err = r.descend(bigEndian(l.page[l.start+rightmostAt:]))
		default:
			r.path = r.path[:len(r.path)-1]
		}
	}
	return false
}

// read reads the next row of a leaf.
func (r *Rows) read(l *level) error {
	cell, err := l.cell()
	if err != nil {
		return err
	}
	size, n := varint(cell)
	number, m := varint(cell[n:])
	if n == 0 || m == 0 {
		return damaged("the beginning of a row")
	}
	// The largest row there can be fills every page.
	if size < 0 || size > int64(r.d.pages.count)*int64(r.d.pages.usable) {
		return damaged("a row of %d bytes", size)
	}
	payload, err := r.payload(cell[n+m:], int(size))
	if err != nil {
		return err
	}
	return r.record(payload, number)
}

// payload joins the part of a row that its page holds with what its overflow
// pages hold (section 1.6, 1.7).
func (r *Rows) payload(cell []byte, size int) ([]byte, error) {
	usable := r.d.pages.usable
	local := localBytes(size, usable)
	rest := size > local
	if local > len(cell) || rest && local+childBytes > len(cell) {
		return nil, damaged("a row runs over its page")
	}
	if !rest {
		return cell[:size], nil
	}
	payload := append(make([]byte, 0, size), cell[:local]...)
	next := bigEndian(cell[local:])
	for len(payload) < size {
		page, err := r.d.pages.page(next)
		if err != nil {
			return nil, err
		}
		next = bigEndian(page)
		payload = append(payload, page[childBytes:min(usable, childBytes+size-len(payload))]...)
	}
	return payload, nil
}

// localBytes is how much of a row of so many bytes its page holds. The numbers
// are those of section 1.6.
func localBytes(size, usable int) int {
	most := usable - 35
	if size <= most {
		return size
	}
	least := (usable-12)*32/255 - 23
	if local := least + (size-least)%(usable-4); local <= most {
		return local
	}
	return least
}
