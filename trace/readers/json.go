package readers

import (
	"bytes"
	"io"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// queue holds the calls of the record just read until they are asked for.
type queue struct {
	calls []trace.Call
	next  int
}

func (q *queue) push(c trace.Call) { q.calls = append(q.calls, c) }

func (q *queue) pop(c *trace.Call) bool {
	if q.next == len(q.calls) {
		q.calls, q.next = q.calls[:0], 0
		return false
	}
	*c = q.calls[q.next]
	q.next++
	return true
}

// jsonFormat decodes the records of a JSON file one by one. record must
// consume exactly one value and may push any number of calls; faults go to
// s.Fail. A format that has to see all records first pushes its calls in finish.
type jsonFormat interface {
	record(s *jsonscan.Scanner, q *queue)
	finish(q *queue) error
}

// jsonDecoder walks the records of a file: JSON Lines, one value after the
// other, or the entries of one list.
type jsonDecoder struct {
	s      *jsonscan.Scanner
	format jsonFormat
	list   bool // the file is one list of records
	begun  bool
	ended  bool
}

func newJSONDecoder(r io.Reader, head []byte, format jsonFormat, list bool) *jsonDecoder {
	s := jsonscan.New(r)
	s.OneLine = !list && linewise(head)
	return &jsonDecoder{s: s, format: format, list: list}
}

// linewise reports whether the text looks like one record per line.
func linewise(head []byte) bool {
	first, rest, _ := bytes.Cut(head, []byte("\n"))
	first, rest = bytes.TrimSpace(first), bytes.TrimLeft(rest, "\r\n")
	return len(first) > 1 && first[0] == '{' && len(rest) > 0 && rest[0] == '{'
}

// decode reads the next record into q. It returns io.EOF at the end.
func (d *jsonDecoder) decode(q *queue) error {
	if d.ended {
		return io.EOF
	}
	if d.list && !d.begun {
		d.begun, d.ended = true, true
		d.s.Array(func() { d.format.record(d.s, q) })
		d.s.End()
		if d.s.Err() != nil {
			return d.s.Err()
		}
		return d.format.finish(q)
	}
	if !d.s.More() {
		if d.s.Err() != nil {
			return d.s.Err()
		}
		d.ended = true
		return d.format.finish(q)
	}
	line := d.s.Line()
	d.format.record(d.s, q)
	if d.s.Err() == nil && !d.begun {
		d.begun = true
		d.s.OneLine = d.s.OneLine || line == d.s.Line() && d.s.More() && d.s.Line() > line
	}
	return d.s.Err()
}

// skip moves behind a bad record; false where records are not lines.
func (d *jsonDecoder) skip() bool {
	if !d.s.OneLine {
		return false
	}
	if !d.s.SkipLine() {
		d.s = jsonscan.New(bytes.NewReader(nil))
	}
	return true
}

func (d *jsonDecoder) line() int { return d.s.Line() }
