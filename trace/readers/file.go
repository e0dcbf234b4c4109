package readers

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// headBytes is how much of a file's content detection may look at.
const headBytes = 128 << 10

// file is one input file, decompressed on the fly.
type file struct {
	path string
	r    *bufio.Reader
	c    []io.Closer
}

// openFile opens a plain, gzip or zstd file; the content tells which.
func openFile(path string) (*file, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err // names the path already
	}
	raw := bufio.NewReaderSize(f, 1<<16)
	in := &file{path: path, c: []io.Closer{f}}
	magic, err := raw.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), in.Close())
	}
	r, err := in.decompressed(raw, magic)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w; the file seems to be damaged or cut short", path, err), in.Close())
	}
	in.r = bufio.NewReaderSize(r, headBytes)
	return in, nil
}

func (f *file) decompressed(raw io.Reader, magic []byte) (io.Reader, error) {
	switch {
	case strings.HasPrefix(string(magic), "\x1f\x8b"):
		return gzip.NewReader(raw)
	case string(magic) == "\x28\xb5\x2f\xfd":
		z, err := zstd.NewReader(raw, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		f.c = append(f.c, z.IOReadCloser())
		return z, nil
	}
	return raw, nil
}

// head returns the beginning of the content without consuming it.
func (f *file) head() ([]byte, error) {
	head, err := f.r.Peek(headBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w; the file seems to be damaged or cut short", f.path, err)
	}
	if len(strings.TrimSpace(string(head))) == 0 {
		return nil, fmt.Errorf("%s: the file is empty; want a trace", f.path)
	}
	return head, nil
}

// name returns the file's name without directory and compression suffix.
func (f *file) name() string {
	name := filepath.Base(f.path)
	return strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
}

// Close closes the file.
func (f *file) Close() error {
	var errs []error
	for i := len(f.c) - 1; i >= 0; i-- {
		errs = append(errs, f.c[i].Close())
	}
	return errors.Join(errs...)
}
