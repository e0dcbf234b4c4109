package readers

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

const byteOrderMark = "\xef\xbb\xbf"

// decodeText takes a byte order mark off the beginning of the content, and
// makes UTF-8 of UTF-16 that has one.
func (f *file) decodeText() error {
	start, err := f.r.Peek(len(byteOrderMark))
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w; the file seems to be damaged or cut short", f.path, err)
	}
	switch {
	case string(start) == byteOrderMark:
		_, err = f.r.Discard(len(byteOrderMark))
		return err
	case len(start) >= 2 && start[0] == 0xff && start[1] == 0xfe:
		f.r = newHead(&utf16Reader{r: f.r, low: 0})
	case len(start) >= 2 && start[0] == 0xfe && start[1] == 0xff:
		f.r = newHead(&utf16Reader{r: f.r, low: 1})
	default:
		return nil
	}
	_, err = f.r.Discard(len(byteOrderMark)) // the mark is three bytes in UTF-8
	return err
}

// utf16Reader turns UTF-16 into UTF-8. Half a character at the end is dropped.
type utf16Reader struct {
	r    *bufio.Reader
	low  int    // which byte of a pair is the lower one
	left []byte // decoded and not yet read
	buf  [utf8.UTFMax]byte
}

// Read fills b with UTF-8.
func (u *utf16Reader) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) {
		if len(u.left) == 0 {
			r, err := u.next()
			if err != nil {
				if n > 0 {
					return n, nil
				}
				return 0, err
			}
			u.left = u.buf[:utf8.EncodeRune(u.buf[:], r)]
		}
		moved := copy(b[n:], u.left)
		u.left = u.left[moved:]
		n += moved
	}
	return n, nil
}

func (u *utf16Reader) next() (rune, error) {
	first, err := u.unit()
	if err != nil || !utf16.IsSurrogate(first) {
		return first, err
	}
	second, err := u.unit()
	if errors.Is(err, io.EOF) {
		return utf8.RuneError, nil
	}
	return utf16.DecodeRune(first, second), err
}

func (u *utf16Reader) unit() (rune, error) {
	var pair [2]byte
	if _, err := io.ReadFull(u.r, pair[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = io.EOF
		}
		return 0, err
	}
	return rune(pair[u.low]) | rune(pair[1-u.low])<<8, nil
}
