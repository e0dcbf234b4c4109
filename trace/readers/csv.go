package readers

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// csvFormat decodes the rows of CSV files. It reads cells by column name.
type csvFormat interface {
	columns() (required, optional []string)
	begin(path string)
	row(r *csvRow, q *queue)
	finish(q *queue) error
}

// csvOpener reads the files of a trace with one csvFormat.
type csvOpener struct {
	csvFormat
	env *env
	own bool // the format is ours: a column that it does not have is a mistake
}

// drain asks the format, if it holds calls back until all files are read.
func (o csvOpener) drain(q *queue) (bool, error) {
	if d, ok := o.csvFormat.(drainer); ok {
		return d.drain(q)
	}
	return true, nil
}

func (o csvOpener) open(f *file, _ []byte, _ *sample) (decoder, error) {
	o.begin(f.path)
	tail := &lastByte{r: f.r}
	r := csv.NewReader(tail)
	r.ReuseRecord = true
	header, err := r.Read()
	if err != nil {
		return nil, err
	}
	row := &csvRow{columns: map[string]int{}}
	for i, name := range header {
		row.columns[strings.TrimSpace(name)] = i
	}
	if err := o.checkColumns(row, header); err != nil {
		return nil, err
	}
	return &csvDecoder{
		r:      r,
		row:    row,
		format: o.csvFormat,
		at:     1,
		last:   tail,
	}, nil
}

// checkColumns wants all required columns, and counts those that the format
// does not know.
func (o csvOpener) checkColumns(row *csvRow, header []string) error {
	required, optional := o.columns()
	for _, name := range required {
		if !row.has(name) {
			return fmt.Errorf("column %q is missing; want %s", name, strings.Join(required, ", "))
		}
	}
	for _, name := range header {
		name = strings.TrimSpace(name)
		if slices.Contains(required, name) || slices.Contains(optional, name) {
			continue
		}
		if o.own {
			return fmt.Errorf("unknown column %q; want %s", name, strings.Join(slices.Concat(required, optional), ", "))
		}
		o.env.unknownName("column", name)
	}
	return nil
}

type csvDecoder struct {
	r      *csv.Reader
	row    *csvRow
	format csvFormat
	at     int  // line of the row last read
	broken bool // the stream has ended by a fault
	last   *lastByte
	ahead  *csvAhead // what was read to see whether a bad row is the last one
	left   string    // what is to be noted of the file's end
}

// csvAhead is what the reader returned.
type csvAhead struct {
	cells []string
	err   error
}

// lastByte remembers the last byte of a stream.
type lastByte struct {
	r    io.Reader
	last byte
}

// Read reads from the stream.
func (l *lastByte) Read(b []byte) (int, error) {
	n, err := l.r.Read(b)
	if n > 0 {
		l.last = b[n-1]
	}
	return n, err
}

// next reads a row.
func (d *csvDecoder) next() ([]string, error) {
	if a := d.ahead; a != nil {
		d.ahead = nil
		return a.cells, a.err
	}
	return d.r.Read()
}

// ends reports whether the row just read is the last one of a file that does
// not end with a line.
func (d *csvDecoder) ends() bool {
	cells, err := d.r.Read()
	d.ahead = &csvAhead{cells, err}
	return errors.Is(err, io.EOF) && d.last.last != '\n'
}

// tail returns what is to be noted of the file's end.
func (d *csvDecoder) tail() string { return d.left }

func (d *csvDecoder) decode(q *queue) error {
	cells, err := d.next()
	var bad *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		if d.last.last != '\n' && d.left == "" {
			d.left = "tables whose last row has no line break behind it: it may be cut short"
		}
		return io.EOF
	case errors.As(err, &bad) && d.ends():
		d.left = cutShort
		return io.EOF
	case errors.As(err, &bad):
		return &jsonscan.SyntaxError{Line: bad.Line, Msg: bad.Err.Error()}
	case err != nil:
		d.at++
		d.broken = true
		return fmt.Errorf("%w; the file seems to be damaged or cut short", err)
	}
	d.at, _ = d.r.FieldPos(0)
	d.row.cells, d.row.line, d.row.err = cells, d.at, nil
	before := len(q.calls)
	d.format.row(d.row, q)
	if d.row.err != nil {
		q.calls = q.calls[:before]
		if d.ahead == nil && d.ends() {
			d.left = cutShort
			return io.EOF
		}
		return &jsonscan.SyntaxError{Line: d.at, Msg: d.row.err.Error()}
	}
	return nil
}

func (d *csvDecoder) skip() bool { return !d.broken } // the CSV reader stands on the next row

func (d *csvDecoder) line() int { return d.at }

// csvRow is one row. The first bad cell is remembered in err.
type csvRow struct {
	columns map[string]int
	cells   []string
	line    int
	err     error
}

func (r *csvRow) has(column string) bool {
	_, ok := r.columns[column]
	return ok
}

func (r *csvRow) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

// cell returns the text of a cell, "" if the column is absent.
func (r *csvRow) cell(column string) string {
	i, ok := r.columns[column]
	if !ok {
		return ""
	}
	return strings.TrimSpace(r.cells[i])
}

// count reads a token count. An empty cell reads as 0.
func (r *csvRow) count(column string) int {
	v := r.number(column)
	switch {
	case v < 0 || v > jsonscan.CountMax:
		r.fail("%s: %v tokens; want 0 to %d", column, v, jsonscan.CountMax)
		return 0
	case v != math.Trunc(v):
		r.fail("%s: %v tokens; want a whole number", column, v)
		return 0
	}
	return int(v)
}

// number reads a number. An empty cell reads as 0.
func (r *csvRow) number(column string) float64 {
	text := r.cell(column)
	if text == "" {
		return 0
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		r.fail("%s: not a number", column)
		return 0
	}
	return v
}

// seconds reads a time of 0 or more given in a unit of so many seconds. An
// absent column and an empty cell read as unknown.
func (r *csvRow) seconds(column string, unit float64) float64 {
	if r.cell(column) == "" {
		return trace.Unknown
	}
	v := r.number(column)
	if v < 0 {
		r.fail("%s: %v; want a time of 0 or more", column, v)
		return trace.Unknown
	}
	return v * unit
}
