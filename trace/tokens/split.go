//go:build !js

package tokens

import (
	"unicode"
	"unicode/utf8"
)

// next is the length in bytes of the first word of a text, which is valid UTF-8
// and not empty. The vocabulary's tokens never reach across words. These are the
// matches of its published expression, in its order; \s is white space:
//
//	[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?
//	[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?
//	\p{N}{1,3}
//	 ?[^\s\p{L}\p{N}]+[\r\n/]*
//	\s*[\r\n]+|\s+(?!\S)|\s+
func next(text []byte) int {
	first, size := utf8.DecodeRune(text)
	begins := []int{0}
	if leads(first) {
		begins = []int{size, 0} // with the character before the letters, or if that fails without
	}
	for _, word := range []func([]byte) int{endsInLower, beginsWithUpper} {
		for _, from := range begins {
			if n := word(text[from:]); n > 0 {
				return from + n + contraction(text[from+n:])
			}
		}
	}
	if unicode.In(first, unicode.N) {
		return digits(text)
	}
	after := 0
	if first == ' ' {
		after = 1
	}
	if n := run(text[after:], symbol); n > 0 {
		n += after
		return n + run(text[n:], func(r rune) bool { return r == '\r' || r == '\n' || r == '/' })
	}
	return space(text)
}

// run is the length of the longest beginning of which all characters are such.
func run(text []byte, is func(r rune) bool) int {
	n := 0
	for n < len(text) {
		r, size := utf8.DecodeRune(text[n:])
		if !is(r) {
			break
		}
		n += size
	}
	return n
}

// leads says whether a character may stand before the letters of a word.
func leads(r rune) bool { return r != '\r' && r != '\n' && !unicode.In(r, unicode.L, unicode.N) }

func symbol(r rune) bool { return !unicode.IsSpace(r) && !unicode.In(r, unicode.L, unicode.N) }

func upper(r rune) bool {
	return unicode.In(r, unicode.Lu, unicode.Lt, unicode.Lm, unicode.Lo, unicode.M)
}

func lower(r rune) bool {
	return unicode.In(r, unicode.Ll, unicode.Lm, unicode.Lo, unicode.M)
}

// endsInLower matches upper* lower+. Where nothing lower follows, the letters
// that are both give back: the match ends behind the last of them.
func endsInLower(text []byte) int {
	n := run(text, upper)
	if more := run(text[n:], lower); more > 0 {
		return n + more
	}
	for n > 0 {
		r, size := utf8.DecodeLastRune(text[:n])
		if lower(r) {
			return n
		}
		n -= size
	}
	return 0
}

// beginsWithUpper matches upper+ lower*.
func beginsWithUpper(text []byte) int {
	n := run(text, upper)
	if n == 0 {
		return 0
	}
	return n + run(text[n:], lower)
}

// contraction is the length of what English draws to a word: 's, 't, 're.
func contraction(text []byte) int {
	if len(text) < 2 || text[0] != '\'' {
		return 0
	}
	const longS = "ſ" // an s in other case
	switch rest := text[1:]; rest[0] | ' ' {
	case 's', 't', 'm', 'd':
		return 2
	case 'r', 'v':
		if len(rest) > 1 && rest[1]|' ' == 'e' {
			return 3
		}
	case 'l':
		if len(rest) > 1 && rest[1]|' ' == 'l' {
			return 3
		}
	default:
		if len(rest) >= len(longS) && string(rest[:len(longS)]) == longS {
			return 1 + len(longS)
		}
	}
	return 0
}

// digits are at most three.
func digits(text []byte) int {
	n := 0
	for range 3 {
		r, size := utf8.DecodeRune(text[n:])
		if size == 0 || !unicode.In(r, unicode.N) {
			break
		}
		n += size
	}
	return n
}

// space is white space up to its last line break, or all but its last character,
// which goes to the word that follows, or what there is.
func space(text []byte) int {
	n := run(text, unicode.IsSpace)
	for i := n; i > 0; i-- {
		if c := text[i-1]; c == '\r' || c == '\n' {
			return i
		}
	}
	if _, last := utf8.DecodeLastRune(text[:n]); n < len(text) && n > last {
		return n - last
	}
	return n
}
