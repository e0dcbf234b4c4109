package jsonscan

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
)

// Object reads an object and calls field for each key; field must consume the
// value. The key is valid until the value is read.
func (s *Scanner) Object(field func(key []byte)) {
	if !s.enter('{') {
		return
	}
	for first := true; ; first = false {
		c := s.peek()
		if c == '}' && first || s.err != nil {
			break
		}
		if !first {
			if c == '}' {
				break
			}
			if !s.expect(',') {
				return
			}
		}
		key := s.key()
		if !s.expect(':') {
			return
		}
		field(key)
		if s.err != nil {
			return
		}
	}
	s.leave('}')
}

// Array reads a list and calls element for each entry; element must consume it.
func (s *Scanner) Array(element func()) {
	s.BeginList()
	for first := true; s.Next(first); first = false {
		element()
	}
}

// BeginList consumes the beginning of a list, whose entries are then read one
// by one:
//
//	s.BeginList()
//	for first := true; s.Next(first); first = false {
//		entry(s)
//	}
func (s *Scanner) BeginList() { s.enter('[') }

// Next reports whether another entry of the list follows, and consumes the end
// of the list if not. It is false after an error.
func (s *Scanner) Next(first bool) bool {
	c := s.peek()
	if s.err != nil {
		return false
	}
	if c == ']' {
		s.leave(']')
		return false
	}
	return first || s.expect(',')
}

func (s *Scanner) enter(c byte) bool {
	if s.depth >= maxDepth {
		s.Fail("nested deeper than %d levels", maxDepth)
		return false
	}
	if !s.expect(c) {
		return false
	}
	s.depth++
	return true
}

func (s *Scanner) leave(c byte) {
	if s.expect(c) {
		s.depth--
	}
}

// key reads an object's key. It is copied where reading the value could move it.
func (s *Scanner) key() []byte {
	if c := s.peek(); c != '"' {
		s.expect('"')
		return nil
	}
	if i := bytes.IndexByte(s.buf[s.pos+1:s.end], '"'); i >= 0 && s.end-s.pos > i+2 {
		key := s.buf[s.pos+1 : s.pos+1+i]
		if s.buf[s.pos+i+2] == ':' && bytes.IndexByte(key, '\\') < 0 {
			s.pos += i + 2 // the colon is in the buffer: nothing moves before the value
			return key
		}
	}
	return append([]byte(nil), s.Bytes()...)
}

// Null consumes a null and reports whether there was one.
func (s *Scanner) Null() bool {
	if s.peek() != 'n' {
		return false
	}
	s.word("null")
	return true
}

// Bool reads true or false; null reads as false.
func (s *Scanner) Bool() bool {
	switch s.peek() {
	case 't':
		s.word("true")
		return s.err == nil
	case 'n':
		s.word("null")
	default:
		s.word("false")
	}
	return false
}

func (s *Scanner) word(want string) {
	if s.err != nil {
		return
	}
	for s.end-s.pos < len(want) {
		if !s.fill() {
			s.stop()
			return
		}
	}
	if string(s.buf[s.pos:s.pos+len(want)]) != want {
		s.Fail("found %s; want %s", s.sample(), want)
		return
	}
	s.pos += len(want)
}

// Uint reads a whole number of up to 64 bits, such as a block hash.
func (s *Scanner) Uint() uint64 {
	if c := s.peek(); c < '0' || c > '9' {
		s.failNumber("a whole number of 0 or more")
		return 0
	}
	var v uint64
	for digits := 0; ; digits++ {
		if s.pos == s.end && !s.fill() {
			return v // a bare number may end the stream
		}
		c := s.buf[s.pos]
		if c < '0' || c > '9' {
			if c == '.' || c == 'e' || c == 'E' {
				s.Fail("found a fraction; want a whole number")
			}
			return v
		}
		if digits >= 19 && (v > math.MaxUint64/10 || v*10 > math.MaxUint64-uint64(c-'0')) {
			s.Fail("a whole number beyond 64 bits")
			return 0
		}
		v = v*10 + uint64(c-'0')
		s.pos++
	}
}

// Uints reads a list of whole numbers. Lists of block ids are most of what many
// traces consist of, so this is the one path that is made for speed.
func (s *Scanner) Uints(each func(uint64)) {
	s.BeginList()
	for first := true; s.Next(first); first = false {
		each(s.Uint())
		for {
			v, n := shortUint(s.buf[s.pos:s.end])
			if n == 0 || s.err != nil {
				break
			}
			each(v)
			s.pos += n
		}
	}
}

// shortUint reads a comma and a number of up to 18 digits that ends within the
// text. It returns how many bytes that took, 0 if the text begins otherwise.
func shortUint(text []byte) (v uint64, n int) {
	if len(text) < 2 || text[0] != ',' || text[1] == '0' {
		return 0, 0
	}
	for i, c := range text[1:] {
		c -= '0'
		if c > 9 {
			if text[i+1] != ',' && text[i+1] != ']' || i == 0 || i > 18 {
				return 0, 0 // leave it to the careful path
			}
			return v, i + 1
		}
		v = v*10 + uint64(c)
	}
	return 0, 0
}

// Float reads a number. A number in quotes is accepted: some exporters write
// 64-bit integers as strings.
func (s *Scanner) Float() float64 {
	text := s.number()
	if s.err != nil {
		return 0
	}
	if v, ok := shortDecimal(text); ok {
		return v
	}
	v, err := strconv.ParseFloat(string(text), 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) || !jsonNumber(text) {
		s.Fail("found something that is not a number; want a number")
		return 0
	}
	return v
}

// Int reads a whole number of either sign; 12.0 counts as whole.
func (s *Scanner) Int() int64 {
	text := s.number()
	if s.err != nil {
		return 0
	}
	if v, err := strconv.ParseInt(string(text), 10, 64); err == nil && jsonNumber(text) {
		return v
	}
	v, err := strconv.ParseFloat(string(text), 64)
	if err != nil || v != math.Trunc(v) || math.Abs(v) > 1<<53 || !jsonNumber(text) {
		s.Fail("found a fraction or no number; want a whole number")
		return 0
	}
	return int64(v)
}

// number returns the bytes of the next number, quoted or not.
func (s *Scanner) number() []byte {
	c := s.peek()
	if c == '"' {
		return s.Bytes()
	}
	if c != '-' && (c < '0' || c > '9') {
		s.failNumber("a number")
		return nil
	}
	start := 0
	for {
		for i := s.pos + start; i < s.end; i++ {
			if !numberByte(s.buf[i]) {
				text := s.buf[s.pos:i]
				s.pos = i
				return text
			}
		}
		start = s.end - s.pos
		if start > 64 {
			s.Fail("a number of more than 64 characters")
			return nil
		}
		if !s.fill() {
			text := s.buf[s.pos:s.end]
			s.pos = s.end
			return text
		}
	}
}

func (s *Scanner) failNumber(want string) {
	if s.peek() == 0 {
		s.stop()
		return
	}
	s.Fail("found %s; want %s", s.sample(), want)
}

func numberByte(c byte) bool {
	return c >= '0' && c <= '9' || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E'
}

// jsonNumber refuses what strconv takes and JSON does not: 007, +1, .5, 1., 0x1, 1_000.
func jsonNumber(text []byte) bool {
	if len(text) > 0 && text[0] == '-' {
		text = text[1:]
	}
	whole := digits(text)
	if whole == 0 || whole > 1 && text[0] == '0' {
		return false
	}
	text = text[whole:]
	if len(text) > 0 && text[0] == '.' {
		fraction := digits(text[1:])
		if fraction == 0 {
			return false
		}
		text = text[1+fraction:]
	}
	if len(text) > 0 && (text[0] == 'e' || text[0] == 'E') {
		text = text[1:]
		if len(text) > 0 && (text[0] == '+' || text[0] == '-') {
			text = text[1:]
		}
		exponent := digits(text)
		return exponent > 0 && exponent == len(text)
	}
	return len(text) == 0
}

func digits(text []byte) int {
	n := 0
	for n < len(text) && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	return n
}

// shortDecimal reads plain decimals of up to 15 digits, where digits / 10^k is
// exact to the last bit (both are exact doubles and division rounds once).
func shortDecimal(text []byte) (float64, bool) {
	if len(text) > 16 || !jsonNumber(text) {
		return 0, false
	}
	negative := text[0] == '-'
	if negative {
		text = text[1:]
	}
	var mantissa int64
	scale, fraction := 1.0, false
	for _, c := range text {
		switch {
		case c == '.':
			fraction = true
		case c < '0' || c > '9':
			return 0, false
		default:
			mantissa = mantissa*10 + int64(c-'0')
			if fraction {
				scale *= 10
			}
		}
	}
	v := float64(mantissa) / scale
	if negative {
		v = -v
	}
	return v, true
}

// CountMax is the largest token count that is believed: an input beyond it is
// far more likely to be a broken file than a prompt.
const CountMax = 100_000_000

// Count reads a token count: a whole number from 0 to CountMax. Null reads as 0.
func (s *Scanner) Count(name string) int {
	if s.peek() == 'n' {
		s.Null()
		return 0
	}
	v := s.Int()
	switch {
	case s.err != nil:
		s.err = &SyntaxError{Line: LineOf(s.err, s.line), Msg: fmt.Sprintf("%s: %v", name, s.err)}
		return 0
	case v < 0:
		s.Fail("%s: %d tokens; want 0 or more", name, v)
		return 0
	case v > CountMax:
		s.Fail("%s: %d tokens; want at most %d", name, v, CountMax)
		return 0
	}
	return int(v)
}
