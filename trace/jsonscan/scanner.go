// Package jsonscan reads JSON as a stream. It never holds more than one string
// in memory, so a file, or a single line of it, may be of any length.
//
// A Scanner remembers its first error: afterwards every value reads as zero
// and every loop ends, so a decoder checks Err once per record.
//
//	s.Object(func(key []byte) {
//		switch string(key) {
//		case "in":
//			call.Input = s.Count("in")
//		default:
//			s.Skip()
//		}
//	})
package jsonscan

import (
	"errors"
	"fmt"
	"io"
)

const (
	bufferBytes    = 256 << 10
	maxStringBytes = 64 << 20 // longer strings are refused, to bound memory
	maxDepth       = 512      // deeper nesting is refused, to bound the stack
)

// Scanner reads one JSON value after the other from a stream.
type Scanner struct {
	r        io.Reader
	buf      []byte // buf[pos:end] is read but not consumed
	pos, end int
	line     int // 1-based line of buf[pos]
	depth    int
	err      error
	readErr  error // what ended the stream: io.EOF or a fault
	scratch  []byte
	tail     Tail
	// OneLine refuses line breaks inside a value, as JSON Lines does: a
	// record that was cut short then cannot swallow the next one.
	OneLine bool
}

// SyntaxError is a fault in the text: what stands there and what would be right.
type SyntaxError struct {
	Line int
	Msg  string
}

// Error returns the message without the line; callers add file and line.
func (e *SyntaxError) Error() string { return e.Msg }

// New returns a Scanner that reads from r.
func New(r io.Reader) *Scanner {
	return &Scanner{r: r, buf: make([]byte, bufferBytes), line: 1}
}

// NewText returns a Scanner of a text, which it reads in place.
func NewText(text []byte) *Scanner {
	return &Scanner{r: nothing{}, buf: text, end: len(text), line: 1}
}

// nothing is a stream that has ended.
type nothing struct{}

// Read returns io.EOF.
func (nothing) Read([]byte) (int, error) { return 0, io.EOF }

// Line returns the 1-based line the scanner stands on.
func (s *Scanner) Line() int { return s.line }

// Err returns the first error met, nil if none.
func (s *Scanner) Err() error { return s.err }

// Fail records an error at the current line unless there is one already.
func (s *Scanner) Fail(format string, args ...any) {
	if s.err == nil {
		s.err = &SyntaxError{Line: s.line, Msg: fmt.Sprintf(format, args...)}
	}
}

// More reports whether another value follows at top level. It is false at the
// end of the stream and after an error.
func (s *Scanner) More() bool {
	oneLine := s.OneLine
	s.OneLine = false
	c := s.peek()
	s.OneLine = oneLine
	if c == ',' && s.depth == 0 {
		s.Fail("stray comma between records")
	}
	return s.err == nil && c != 0
}

// SkipLine clears the error and moves behind the next line break, so that
// reading goes on with the next record of JSON Lines. It reports whether the
// stream goes on; a damaged stream is an error again.
func (s *Scanner) SkipLine() bool {
	s.err, s.depth = nil, 0
	for {
		for s.pos < s.end {
			c := s.buf[s.pos]
			s.pos++
			if c == '\n' {
				s.line++
				return true
			}
		}
		if !s.fill() {
			if damaged(s) {
				s.stop()
			}
			return false
		}
	}
}

// damaged reports whether the stream ended by a fault.
func damaged(s *Scanner) bool { return s.readErr != nil && !errors.Is(s.readErr, io.EOF) }

// fill reads more bytes behind buf[pos:end], moving these to the front first.
// It reports whether there is at least one unread byte.
func (s *Scanner) fill() bool {
	if s.pos > 0 {
		copy(s.buf, s.buf[s.pos:s.end])
		s.end -= s.pos
		s.pos = 0
	}
	for s.readErr == nil && s.end < len(s.buf) {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		if err != nil {
			s.readErr = err
		}
		if n > 0 {
			return true
		}
	}
	return false
}

// nulTail reports whether only NUL bytes are left. If so the stream ends before
// them.
func nulTail(s *Scanner) bool {
	for {
		for s.pos < s.end {
			switch s.buf[s.pos] {
			case 0, ' ', '\t', '\r', '\n':
				s.pos++
			default:
				return false
			}
		}
		if !s.fill() {
			if damaged(s) {
				return false
			}
			s.tail = Padded
			return true
		}
	}
}

// Tail is how a stream ended.
type Tail uint8

// The ends of a stream.
const (
	Whole  Tail = iota // with a value, or not at all yet
	Cut                // inside a value, which is an error
	Padded             // in NUL bytes, as a file system leaves them after a crash
)

// Tail returns how the stream ended.
func (s *Scanner) Tail() Tail { return s.tail }

// stop turns the end of the stream into an error: inside a value it always is one.
func (s *Scanner) stop() {
	if s.err != nil {
		return
	}
	if damaged(s) {
		s.err = &readError{line: s.line, err: s.readErr}
		return
	}
	s.tail = Cut
	s.Fail("the file ends in the middle of a record; it seems to be cut short")
}

type readError struct {
	line int
	err  error
}

func (e *readError) Error() string {
	return fmt.Sprintf("reading: %v; the file seems to be damaged or cut short", e.err)
}
func (e *readError) Unwrap() error { return e.err }

// LineOf returns the line that err names, or the given one if it names none.
func LineOf(err error, line int) int {
	var syntax *SyntaxError
	var read *readError
	switch {
	case errors.As(err, &syntax):
		return syntax.Line
	case errors.As(err, &read):
		return read.line
	}
	return line
}

// peek skips white space and returns the next byte without consuming it, or 0
// at the end of the stream and after an error.
func (s *Scanner) peek() byte {
	if s.err != nil {
		return 0
	}
	for {
		for s.pos < s.end {
			switch c := s.buf[s.pos]; c {
			case ' ', '\t', '\r':
				s.pos++
			case '\n':
				if s.OneLine {
					s.Fail("the line ends in the middle of a record")
					return 0
				}
				s.pos++
				s.line++
			case 0:
				if !nulTail(s) {
					s.Fail("a NUL byte; this is not a text file")
				}
				return 0
			default:
				return c
			}
		}
		if !s.fill() {
			if damaged(s) {
				s.stop()
			}
			return 0
		}
	}
}

// expect consumes the next byte if it is c and fails otherwise.
func (s *Scanner) expect(c byte) bool {
	got := s.peek()
	if got == c {
		s.pos++
		return true
	}
	if got == 0 {
		s.stop()
	} else {
		s.Fail("found %s; want %q", s.sample(), c)
	}
	return false
}

// sample returns the kind of thing that stands here, never the text itself:
// traces hold what people typed.
func (s *Scanner) sample() string {
	switch c := s.peek(); {
	case c == '"':
		return "a string"
	case c == '{':
		return "an object"
	case c == '[':
		return "a list"
	case c == '-' || c >= '0' && c <= '9':
		return "a number"
	case c == 't' || c == 'f':
		return "true or false"
	case c == 'n':
		return "null"
	default:
		return fmt.Sprintf("%q", c)
	}
}
