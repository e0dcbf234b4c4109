package jsonscan

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// String reads a string; null reads as "".
func (s *Scanner) String() string {
	if s.peek() == 'n' {
		s.Null()
		return ""
	}
	return string(s.Bytes())
}

// Bytes reads a string into memory that the next read reuses; null reads as nil.
func (s *Scanner) Bytes() []byte {
	c := s.peek()
	if c == 'n' {
		s.Null()
		return nil
	}
	if c != '"' {
		s.expect('"')
		return nil
	}
	if text, ok := s.plainString(); ok {
		return text
	}
	return s.longString()
}

// plainString returns a string that lies whole in the buffer without escapes.
func (s *Scanner) plainString() ([]byte, bool) {
	window := s.buf[s.pos+1 : s.end]
	i := bytes.IndexByte(window, '"')
	if i < 0 {
		return nil, false
	}
	for _, c := range window[:i] {
		if c == '\\' || c < ' ' {
			return nil, false
		}
	}
	s.pos += i + 2
	return window[:i], true
}

// longString copies a string to scratch, resolving escapes.
func (s *Scanner) longString() []byte {
	s.scratch = s.scratch[:0]
	s.stringChunks(func(chunk []byte) {
		if len(s.scratch)+len(chunk) > maxStringBytes {
			s.Fail("a string of more than %d MiB", maxStringBytes>>20)
			return
		}
		s.scratch = append(s.scratch, chunk...)
	})
	if s.err != nil {
		return nil
	}
	return s.scratch
}

// stringChunks consumes a string and hands it on piece by piece.
func (s *Scanner) stringChunks(chunk func([]byte)) {
	if !s.expect('"') {
		return
	}
	for s.err == nil {
		if s.pos == s.end && !s.fill() {
			s.stop()
			return
		}
		n := 0
		window := s.buf[s.pos:s.end]
		for n < len(window) && window[n] != '"' && window[n] != '\\' && window[n] >= ' ' {
			n++
		}
		if n > 0 {
			chunk(window[:n])
			s.pos += n
			continue
		}
		switch window[0] {
		case '"':
			s.pos++
			return
		case '\\':
			s.escape(chunk)
		case 0:
			if nulTail(s) {
				s.stop()
				return
			}
			fallthrough
		default:
			s.Fail("a control character (%q) in a string; want it escaped", window[0])
		}
	}
}

// escape consumes one backslash sequence.
func (s *Scanner) escape(chunk func([]byte)) {
	if !s.need(2) {
		return
	}
	c := s.buf[s.pos+1]
	var out [1]byte
	switch c {
	case '"', '\\', '/':
		out[0] = c
	case 'b':
		out[0] = '\b'
	case 'f':
		out[0] = '\f'
	case 'n':
		out[0] = '\n'
	case 'r':
		out[0] = '\r'
	case 't':
		out[0] = '\t'
	case 'u':
		s.unicodeEscape(chunk)
		return
	default:
		s.Fail("an unknown escape (backslash %q) in a string", c)
		return
	}
	s.pos += 2
	chunk(out[:])
}

// unicodeEscape consumes \uXXXX, or two of them that form a surrogate pair.
// A lone surrogate reads as the replacement character, as encoding/json does.
func (s *Scanner) unicodeEscape(chunk func([]byte)) {
	if !s.need(6) {
		return
	}
	r, ok := s.hex4()
	if !ok {
		s.Fail("a broken \\u escape in a string")
		return
	}
	s.pos += 6
	if utf16.IsSurrogate(r) {
		for s.end-s.pos < 6 && s.fill() {
		}
		second, ok := s.hex4()
		r = utf16.DecodeRune(r, second)
		if ok && r != utf8.RuneError {
			s.pos += 6
		} else {
			r = utf8.RuneError
		}
	}
	var out [utf8.UTFMax]byte
	chunk(out[:utf8.EncodeRune(out[:], r)])
}

// hex4 looks at \uXXXX in the buffer without consuming it.
func (s *Scanner) hex4() (rune, bool) {
	text := s.buf[s.pos:s.end]
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return utf8.RuneError, false
	}
	v, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(v), err == nil
}

// need makes n bytes available in the buffer.
func (s *Scanner) need(n int) bool {
	for s.end-s.pos < n {
		if !s.fill() {
			s.stop()
			return false
		}
	}
	return true
}

// Skip consumes any value.
func (s *Scanner) Skip() {
	switch c := s.peek(); c {
	case '{':
		s.Object(func([]byte) { s.Skip() })
	case '[':
		s.Array(func() { s.Skip() })
	case '"':
		s.stringChunks(func([]byte) {})
	case 't', 'f':
		s.Bool()
	case 'n':
		s.Null()
	default:
		s.Float()
	}
}

// Is reports whether the next value starts with c: '{' an object, '[' a list,
// '"' a string, 'n' null.
func (s *Scanner) Is(c byte) bool { return s.peek() == c }

// End fails unless only white space is left.
func (s *Scanner) End() {
	if c := s.peek(); c != 0 && s.err == nil {
		s.Fail("found %s after the end; want nothing more", s.sample())
	}
}
