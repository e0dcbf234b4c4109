//go:build !js

package tokens

import (
	"bytes"

	"github.com/tiktoken-go/tokenizer/codec"
)

// Default returns the Counter that readers use: the vocabulary. It is slow to
// set up, so make one and keep it. A web page gets ByRatio instead.
func Default() (Counter, error) { return O200k() }

// O200k returns a Counter with OpenAI's o200k_base vocabulary, which is
// embedded in the program.
func O200k() (Counter, error) {
	o200k := codec.NewO200kBase() // by its own constructor, so that no other vocabulary is linked in
	rough := ByRatio(CharactersPerToken)
	return func(text []byte) int {
		total := 0
		for len(text) > 0 {
			var piece []byte
			piece, text = cut(text)
			n, err := o200k.Count(string(piece))
			if err != nil {
				n = rough(piece) // text that is not text, such as raw bytes
			}
			total += n
		}
		return total
	}, nil
}

// pieceBytes bounds what is tokenized at once: time grows faster than length
// on runs without spaces.
const pieceBytes = 64 << 10

// cut splits off at most pieceBytes, behind a line break if there is one.
func cut(text []byte) (piece, rest []byte) {
	if len(text) <= pieceBytes {
		return text, nil
	}
	end := bytes.LastIndexByte(text[:pieceBytes], '\n') + 1
	if end == 0 {
		end = pieceBytes
	}
	return text[:end], text[end:]
}
