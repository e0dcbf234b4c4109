//go:build !js || readers

package readers

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
)

// parquetRows turns the rows of a Parquet table into JSON Lines, so that the
// reader of whatever the rows hold can read them. Column names become keys;
// what is absent is left out; time stamps become dates; a text that is JSON
// becomes what it holds. Levels are those of the Dremel paper (Melnik et al.,
// VLDB 2010, section 4). One row is in memory at a time.
type parquetRows struct {
	root   tableNode
	groups []parquet.RowGroup // still to be opened
	rows   parquet.Rows       // of the open group; nil = none
	buf    []parquet.Row
	out    []byte // JSON not handed out yet
	next   int    // of out
	// The columns of a prompt and of its answer, where they are the conversation.
	asked, said *tableNode
}

// tableNode is a column, or a group of columns.
type tableNode struct {
	name        string
	children    []tableNode // of a group
	first, last int         // its leaf columns, from first up to last
	defined     int         // definition level from which on it is present
	repeated    int         // repetition level at which its next element begins
	optional    bool
	list        bool // repeated: the values are a list
	wrapped     bool // a group around one list, and no more
	leaf        parquet.Type
	unit        time.Duration // of a time stamp; 0 = none
	mayHoldJSON bool
	transposed  bool // a group of lists that stands for a list of groups
}

// rowLists are the columns that hold the steps of a session.
const rowLists = "requests messages conversations conversation trajectory turns"

func newParquetRows(table *parquet.File) *parquetRows {
	r := &parquetRows{groups: table.RowGroups(), buf: make([]parquet.Row, 1)}
	r.root = tableNode{}
	for _, field := range table.Schema().Fields() {
		r.root.children = append(r.root.children, newTableNode(field, &r.root, 1))
	}
	return r
}

// jsonDepth is how deep in a row texts may hold JSON: deeper ones are what
// somebody said.
const jsonDepth = 1

func newTableNode(field parquet.Field, parent *tableNode, depth int) tableNode {
	n := tableNode{
		name:     field.Name(),
		first:    parent.last,
		last:     parent.last,
		defined:  parent.defined,
		repeated: parent.repeated,
		optional: field.Optional(),
		list:     field.Repeated(),
	}
	if n.optional || n.list {
		n.defined++
	}
	if n.list {
		n.repeated++
	}
	if field.Leaf() {
		n.last++
		n.leaf = field.Type()
		n.unit = stampUnit(n.leaf)
		n.mayHoldJSON = depth <= jsonDepth
	}
	for _, child := range field.Fields() {
		n.children = append(n.children, newTableNode(child, &n, depth+1))
	}
	n.wrapped = !n.list && len(n.children) == 1 && n.children[0].list
	n.transposed = depth == 1 && !n.list && !n.wrapped && len(n.children) > 0 && listed(rowLists, []byte(n.name))
	for i := range n.children {
		n.transposed = n.transposed && (n.children[i].wrapped || n.children[i].list)
	}
	parent.last = n.last
	return n
}

// stampUnit is the unit of a time stamp's column.
func stampUnit(leaf parquet.Type) time.Duration {
	logical := leaf.LogicalType()
	if logical == nil || logical.Value == nil || !strings.HasPrefix(logical.String(), "TIMESTAMP") {
		return 0
	}
	switch text := logical.String(); {
	case strings.Contains(text, "MILLI"):
		return time.Millisecond
	case strings.Contains(text, "MICRO"):
		return time.Microsecond
	}
	return time.Nanosecond
}

// Read hands out the JSON.
func (r *parquetRows) Read(to []byte) (int, error) {
	for r.next == len(r.out) {
		r.out, r.next = r.out[:0], 0
		if err := r.readRow(); err != nil {
			return 0, err
		}
	}
	n := copy(to, r.out[r.next:])
	r.next += n
	return n, nil
}

// readRow reads one row. The library trusts the file's pages, so a damaged one
// can make it panic.
func (r *parquetRows) readRow() (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("the table seems to be damaged: %v", fault)
		}
	}()
	for r.rows == nil {
		if len(r.groups) == 0 {
			return io.EOF
		}
		r.rows = r.groups[0].Rows()
		r.groups = r.groups[1:]
	}
	n, err := r.rows.ReadRows(r.buf)
	if n == 0 {
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("the table seems to be damaged: %w", err)
		}
		err = r.rows.Close()
		r.rows = nil
		return err
	}
	columns := make([][]parquet.Value, r.root.last)
	r.buf[0].Range(func(column int, values []parquet.Value) bool {
		if column < len(columns) {
			columns[column] = values
		}
		return true
	})
	r.group(&r.root, columns)
	if r.asked != nil {
		r.out = r.out[:len(r.out)-1]
		r.pair(columns)
		r.out = append(r.out, '}')
	}
	r.out = append(r.out, '\n')
	return nil
}

// Close closes the row group that is open.
func (r *parquetRows) Close() error {
	if r.rows == nil {
		return nil
	}
	rows := r.rows
	r.rows = nil
	return rows.Close()
}

// group writes an object. columns are those of the group's leaves.
func (r *parquetRows) group(n *tableNode, columns [][]parquet.Value) {
	r.out = append(r.out, '{')
	begun := len(r.out)
	for i := range n.children {
		child := &n.children[i]
		before := len(r.out)
		if before > begun {
			r.out = append(r.out, ',')
		}
		r.out = append(appendJSON(r.out, child.name), ':')
		if !r.value(child, columns[child.first-n.first:child.last-n.first]) {
			r.out = r.out[:before]
		}
	}
	r.out = append(r.out, '}')
}

// value writes a node's value. It reports whether there is one.
func (r *parquetRows) value(n *tableNode, columns [][]parquet.Value) bool {
	if len(columns) == 0 || len(columns[0]) == 0 {
		return false
	}
	switch present := columns[0][0].DefinitionLevel() >= n.defined; {
	case n.list:
		r.elements(n, columns, present)
	case !present:
		return false
	case n.wrapped:
		return r.value(&n.children[0], columns)
	case n.transposed:
		r.transpose(n, columns)
	case n.leaf != nil:
		return r.scalar(n, columns[0][0])
	default:
		r.group(n, columns)
	}
	return true
}

// elements writes a list.
func (r *parquetRows) elements(n *tableNode, columns [][]parquet.Value, any bool) {
	r.out = append(r.out, '[')
	begun := len(r.out)
	rest := append([][]parquet.Value(nil), columns...)
	one := make([][]parquet.Value, len(columns))
	for any && len(rest[0]) > 0 {
		for i := range rest {
			one[i], rest[i] = nextElement(rest[i], n.repeated)
		}
		before := len(r.out)
		if before > begun {
			r.out = append(r.out, ',')
		}
		if !r.element(n, one) {
			r.out = r.out[:before]
		}
	}
	r.out = append(r.out, ']')
}

// nextElement cuts the values of a list's first element off.
func nextElement(values []parquet.Value, level int) (one, rest []parquet.Value) {
	if len(values) == 0 {
		return nil, nil
	}
	i := 1
	for i < len(values) && values[i].RepetitionLevel() > level {
		i++
	}
	return values[:i], values[i:]
}

// element writes an element of a list. A group of one column inside a list is
// only there to make the column a list.
func (r *parquetRows) element(n *tableNode, columns [][]parquet.Value) bool {
	switch {
	case n.leaf != nil:
		return len(columns[0]) > 0 && r.scalar(n, columns[0][0])
	case len(n.children) == 1:
		return r.value(&n.children[0], columns)
	}
	r.group(n, columns)
	return true
}

// transpose writes a group of lists as a list of groups: Hugging Face's older
// way to store a sequence of records.
func (r *parquetRows) transpose(n *tableNode, columns [][]parquet.Value) {
	r.out = append(r.out, '[')
	begun := len(r.out)
	rest := append([][]parquet.Value(nil), columns...)
	for more := true; more; {
		more = false
		before := len(r.out)
		if before > begun {
			r.out = append(r.out, ',')
		}
		r.out = append(r.out, '{')
		for i := range n.children {
			child := &n.children[i]
			inner := child
			if child.wrapped {
				inner = &child.children[0]
			}
			from, to := child.first-n.first, child.last-n.first
			if len(rest[from]) == 0 || rest[from][0].DefinitionLevel() < inner.defined {
				continue
			}
			one := make([][]parquet.Value, to-from)
			for j := range one {
				one[j], rest[from+j] = nextElement(rest[from+j], inner.repeated)
			}
			key := len(r.out)
			if r.out[key-1] != '{' {
				r.out = append(r.out, ',')
			}
			r.out = append(appendJSON(r.out, child.name), ':')
			if !r.element(inner, one) {
				r.out = r.out[:key]
			}
			more = true
		}
		r.out = append(r.out, '}')
		if !more {
			r.out = r.out[:before]
		}
	}
	r.out = append(r.out, ']')
}

// scalar writes a column's value.
func (r *parquetRows) scalar(n *tableNode, v parquet.Value) bool {
	if v.IsNull() {
		return false
	}
	switch v.Kind() {
	case parquet.Boolean:
		r.out = strconv.AppendBool(r.out, v.Boolean())
	case parquet.Int32:
		r.out = strconv.AppendInt(r.out, int64(v.Int32()), 10)
	case parquet.Int64:
		r.whole(n, v)
	case parquet.Float:
		return r.number(float64(v.Float()))
	case parquet.Double:
		return r.number(v.Double())
	case parquet.ByteArray:
		r.text(n, v.ByteArray())
	default:
		return false // older time stamps, decimals, UUIDs
	}
	return true
}

func (r *parquetRows) whole(n *tableNode, v parquet.Value) {
	switch logical := n.leaf.LogicalType(); {
	case n.unit > 0:
		at := time.Unix(0, 0).UTC()
		switch n.unit {
		case time.Millisecond:
			at = time.UnixMilli(v.Int64()).UTC()
		case time.Microsecond:
			at = time.UnixMicro(v.Int64()).UTC()
		default:
			at = at.Add(time.Duration(v.Int64()))
		}
		r.out = appendJSON(r.out, at.Format(time.RFC3339Nano))
	case logical != nil && strings.HasPrefix(logical.String(), "INT(64,false"):
		r.out = strconv.AppendUint(r.out, v.Uint64(), 10)
	default:
		r.out = strconv.AppendInt(r.out, v.Int64(), 10)
	}
}

func (r *parquetRows) number(v float64) bool {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return false // how tables without nulls write them
	}
	r.out = strconv.AppendFloat(r.out, v, 'f', -1, 64)
	return true
}

// text writes a string, or the JSON that it holds.
func (r *parquetRows) text(n *tableNode, text []byte) {
	if n.mayHoldJSON {
		r.out = append(r.out, jsonOrText(string(text))...)
		return
	}
	r.out = appendJSON(r.out, string(text))
}
