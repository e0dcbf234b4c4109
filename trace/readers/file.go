package readers

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// headBytes is how much of a file's content detection may look at.
const headBytes = 128 << 10

// input is a file to be read, or a directory whose files are one document.
type input struct {
	path  string
	parts []string // files of a directory, in order; nil for a file
	found bool     // in a directory: nobody named it
	size  int64    // bytes on disk
}

// list returns the inputs of a path: a file, or the files of a directory and
// those below it, by name. Hidden files are left out, and directories that
// stand around themselves by a link.
func list(path string, around ...os.FileInfo) ([]input, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err // names the path already
	}
	if !info.IsDir() {
		return []input{{path: path, size: info.Size()}}, nil
	}
	if slices.ContainsFunc(around, func(dir os.FileInfo) bool { return os.SameFile(dir, info) }) {
		return nil, nil
	}
	entries, err := os.ReadDir(path) // sorted by name
	if err != nil {
		return nil, err
	}
	var out, events []input
	for _, entry := range entries {
		name := filepath.Join(path, entry.Name())
		switch {
		case strings.HasPrefix(entry.Name(), "."):
		case strings.HasPrefix(entry.Name(), "event-") && !entry.IsDir():
			events = append(events, input{path: name})
		default:
			below, err := list(name, append(slices.Clip(around), info)...)
			if err != nil {
				return nil, err
			}
			out = append(out, below...)
		}
	}
	if len(events) > 0 {
		out = append(out, together(path, events))
	}
	if len(out) == 0 && len(around) == 0 {
		return nil, fmt.Errorf("%s: the directory holds no files; want trace files", path)
	}
	for i := range out {
		out[i].found = true
	}
	return companions(out), nil
}

// together makes one input of the event files of a directory.
func together(path string, events []input) input {
	in := input{path: path}
	for _, e := range events {
		in.parts = append(in.parts, e.path)
	}
	return in
}

// companions leaves out files that are read together with another one: the
// CSV of a header in YAML, the data set of a client's rates.
func companions(all []input) []input {
	have := map[string]bool{}
	for _, in := range all {
		have[in.path] = true
	}
	var out []input
	for _, in := range all {
		if other := companionOf(in.path); other == "" || !have[other] {
			out = append(out, in)
		}
	}
	return out
}

// file is one input, decompressed on the fly. It reads its parts one after the
// other, opening each when the one before is done.
type file struct {
	input
	r    *bufio.Reader
	left []string // parts still to be opened
	part io.Reader
	c    []io.Closer // of the open part
}

// openFile opens a plain, gzip or zstd file; the content tells which.
func openFile(in input) (*file, error) {
	f := &file{input: in, left: in.parts}
	if in.parts == nil {
		f.left = []string{in.path}
	}
	if err := f.openPart(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	f.r = newHead(readerFunc(f.read))
	if err := f.decodeText(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// newHead returns a reader whose beginning can be looked at.
func newHead(r io.Reader) *bufio.Reader { return bufio.NewReaderSize(r, headBytes) }

type readerFunc func([]byte) (int, error)

// Read calls the function.
func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

func (f *file) read(b []byte) (int, error) {
	n, err := f.part.Read(b)
	if !errors.Is(err, io.EOF) || len(f.left) == 0 {
		return n, err
	}
	if err := f.Close(); err != nil {
		return n, err
	}
	return n, f.openPart()
}

func (f *file) openPart() error {
	path := f.left[0]
	f.left = f.left[1:]
	in, err := os.Open(path)
	if err != nil {
		return err // names the path already
	}
	f.c = append(f.c, in)
	raw := bufio.NewReaderSize(in, 1<<16)
	magic, err := raw.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w", path, err)
	}
	f.part, err = f.decompressed(raw, magic)
	if err != nil {
		return fmt.Errorf("%s: %w; the file seems to be damaged or cut short", path, err)
	}
	return nil
}

func (f *file) decompressed(raw io.Reader, magic []byte) (io.Reader, error) {
	switch {
	case bytes.HasPrefix(magic, []byte("\x1f\x8b")):
		return gzip.NewReader(raw)
	case string(magic) == "\x28\xb5\x2f\xfd":
		z, err := zstd.NewReader(raw, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
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
	if len(bytes.TrimSpace(head)) == 0 {
		return nil, fmt.Errorf("%s: %w", f.path, errEmpty)
	}
	return head, nil
}

// errEmpty is of a file with nothing in it.
var errEmpty = errors.New("the file is empty; want a trace")

// base returns a path's last element without compression suffix.
func base(path string) string {
	name := filepath.Base(path)
	return strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
}

// Close closes the part that is open.
func (f *file) Close() error {
	var errs []error
	for i := len(f.c) - 1; i >= 0; i-- {
		errs = append(errs, f.c[i].Close())
	}
	f.c = nil
	return errors.Join(errs...)
}
