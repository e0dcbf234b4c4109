//go:build !js

package tokens

import (
	"bytes"
	"unicode/utf8"
)

// Default returns the Counter that readers use: the vocabulary. It is slow to
// set up, so make one and keep it. A web page gets ByRatio instead.
func Default() (Counter, error) { return O200k() }

// O200k returns a Counter with OpenAI's o200k_base vocabulary, which is
// embedded in the program.
func O200k() (Counter, error) {
	v, err := unpack(packed)
	if err != nil {
		return nil, err
	}
	return func(text []byte) int {
		if !utf8.Valid(text) {
			text = []byte(string([]rune(string(text)))) // each byte that is no text becomes a character
		}
		total := 0
		for len(text) > 0 {
			var piece []byte
			piece, text = cut(text)
			for len(piece) > 0 {
				n := next(piece)
				total += v.count(piece[:n])
				piece = piece[n:]
			}
		}
		return total
	}, nil
}

// pieceBytes bounds what is tokenized at once: time grows faster than length
// on runs without spaces.
const pieceBytes = 64 << 10

// cut splits off at most pieceBytes, behind a line break if there is one, and in
// no character.
func cut(text []byte) (piece, rest []byte) {
	if len(text) <= pieceBytes {
		return text, nil
	}
	end := bytes.LastIndexByte(text[:pieceBytes], '\n') + 1
	if end == 0 {
		for end = pieceBytes; end > 1 && !utf8.RuneStart(text[end]); end-- {
		}
	}
	return text[:end], text[end:]
}
