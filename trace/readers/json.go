package readers

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// opener is the state of a format while the files of a trace are read.
type opener interface {
	// open begins a file.
	open(f *file, head []byte, p *sample) (decoder, error)
	// finish is called at the end of each file and pushes calls held back.
	finish(q *queue) error
}

// decoder reads the records of one file.
type decoder interface {
	decode(q *queue) error // reads one record, io.EOF at the end
	skip() bool            // moves behind a bad record; false = impossible
	line() int
}

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

// jsonFormat decodes the records of JSON files one by one. record must consume
// exactly one value and may push any number of calls; faults go to s.Fail. A
// format that has to see all records first pushes its calls in finish.
type jsonFormat interface {
	begin(path string)
	record(s *jsonscan.Scanner, q *queue)
	finish(q *queue) error
}

// jsonOpener reads the files of a trace with one jsonFormat.
type jsonOpener struct{ jsonFormat }

// What is noted of the end of a file: of a session that goes on, or a crash.
const (
	cutShort = "files that end in the middle of a record, which is left out"
	padded   = "files with NUL bytes at the end, as a crash leaves them, which are passed over"
)

// drain asks the format, if it holds calls back until all files are read.
func (o jsonOpener) drain(q *queue) (bool, error) {
	if d, ok := o.jsonFormat.(drainer); ok {
		return d.drain(q)
	}
	return true, nil
}

func (o jsonOpener) open(f *file, head []byte, p *sample) (decoder, error) {
	o.begin(f.path)
	d := &jsonDecoder{s: jsonscan.New(f.r), format: o.jsonFormat, list: p.list}
	d.s.OneLine = !p.list && linewise(head)
	return d, nil
}

// oneByOne is part of formats that hand out each record's calls at once.
type oneByOne struct{}

func (oneByOne) begin(string)        {}
func (oneByOne) finish(*queue) error { return nil }

// jsonDecoder walks the records of a file: JSON Lines, one value after the
// other, or the entries of one list.
type jsonDecoder struct {
	s      *jsonscan.Scanner
	format jsonFormat
	list   bool // the file is one list of records
	begun  bool
	ended  bool
	left   string // what is to be noted of the file's end
}

// tail returns what is to be noted of the file's end.
func (d *jsonDecoder) tail() string { return d.left }

// linewise reports whether the text looks like one record per line.
func linewise(head []byte) bool {
	first, rest, _ := bytes.Cut(head, []byte("\n"))
	first, rest = bytes.TrimSpace(first), bytes.TrimLeft(rest, "\r\n")
	return len(first) > 1 && first[0] == '{' && len(rest) > 0 && rest[0] == '{'
}

func (d *jsonDecoder) decode(q *queue) error {
	if d.ended {
		return io.EOF
	}
	if !d.more() {
		d.ended = true
		if d.s.Err() != nil && (d.s.Tail() != jsonscan.Cut || !d.begun) {
			return d.s.Err()
		}
		if d.s.Tail() == jsonscan.Cut {
			d.left = cutShort
		} else if d.s.Tail() == jsonscan.Padded {
			d.left = padded
		}
		return io.EOF
	}
	line, before := d.s.Line(), len(q.calls)
	d.format.record(d.s, q)
	if d.s.Err() != nil {
		q.calls = q.calls[:before]
		if d.s.Tail() == jsonscan.Cut && d.begun {
			d.ended, d.left = true, cutShort
			return io.EOF
		}
		return d.s.Err()
	}
	if !d.begun && !d.list {
		d.s.OneLine = d.s.OneLine || line == d.s.Line() && d.s.More() && d.s.Line() > line
	}
	d.begun = true
	return nil
}

// more reports whether another record follows.
func (d *jsonDecoder) more() bool {
	if !d.list {
		return d.s.More()
	}
	if !d.begun {
		d.s.BeginList()
	}
	if d.s.Next(!d.begun) {
		return true
	}
	d.s.End()
	return false
}

func (d *jsonDecoder) skip() bool {
	if !d.s.OneLine {
		return false
	}
	if !d.s.SkipLine() {
		d.ended = true
	}
	return d.s.Err() == nil
}

func (d *jsonDecoder) line() int { return d.s.Line() }

// jsonOrText returns the object or list that a text is, on one line, or else
// the text in quotes.
func jsonOrText(text string) []byte {
	if trimmed := strings.TrimSpace(text); strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[") {
		var compact bytes.Buffer
		if json.Compact(&compact, []byte(trimmed)) == nil {
			return compact.Bytes()
		}
	}
	return appendJSON(nil, text)
}

// appendJSON puts a string in quotes. Bytes that are no text become the
// replacement character.
func appendJSON(to []byte, text string) []byte {
	quoted, err := json.Marshal(text)
	if err != nil { // cannot happen: every string has a JSON form
		return append(to, `""`...)
	}
	return append(to, quoted...)
}
