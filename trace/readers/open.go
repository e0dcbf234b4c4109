// Package readers reads the trace formats that exist in the wild into calls.
//
// Each format has a file of its own, named after it; formats.go lists them.
package readers

import (
	"errors"
	"fmt"
	"io"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// Auto is the format name that lets the content decide.
const Auto = "auto"

// Trace is an open trace. It implements trace.Reader.
type Trace struct {
	in     *file
	format string
	d      decoder
	q      queue
	calls  int
}

// decoder reads the records of one file.
type decoder interface {
	decode(q *queue) error // reads one record, io.EOF at the end
	line() int
}

// Open opens a trace file. The format is a name from Formats, or "auto".
func Open(path, format string) (*Trace, error) {
	in, err := openFile(path)
	if err != nil {
		return nil, err
	}
	t, err := open(in, format)
	if err != nil {
		return nil, errors.Join(err, in.Close())
	}
	return t, nil
}

func open(in *file, name string) (*Trace, error) {
	head, err := in.head()
	if err != nil {
		return nil, err
	}
	p := probe(in.name(), head)
	f, err := choose(in.path, p, name)
	if err != nil {
		return nil, err
	}
	return &Trace{in: in, format: f.name, d: f.open(in, head, p)}, nil
}

// Format returns the name of the trace's format.
func (t *Trace) Format() string { return t.format }

// Close closes the file.
func (t *Trace) Close() error { return t.in.Close() }

// Read returns the next call, or io.EOF. Errors name the file and the line.
func (t *Trace) Read(c *trace.Call) error {
	for !t.q.pop(c) {
		err := t.d.decode(&t.q)
		if errors.Is(err, io.EOF) && len(t.q.calls) == 0 {
			if t.calls == 0 {
				return fmt.Errorf("%s: no calls in it; want at least one", t.in.path)
			}
			return io.EOF
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("%s:%d: %w", t.in.path, jsonscan.LineOf(err, t.d.line()), err)
		}
	}
	t.calls++
	return nil
}
