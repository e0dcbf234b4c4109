package readers

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
	"agentsim/trace/tokens"
)

// Auto is the format name that lets the content decide.
const Auto = "auto"

// Options say how to read. The zero value detects the format and tolerates nothing.
type Options struct {
	Format  string         // a name from Formats; empty or Auto = by content
	SkipBad int            // bad records that are skipped and reported
	Tokens  tokens.Counter // counts the tokens of text; nil = tokens.Default
	Prefix  string         // trace.PrefixAppended (default) or trace.PrefixProvider
	Block   int            // tokens of a block, for formats that do not tell; 0 = find out
}

// Trace is an open trace of one or more files in one format. It implements
// trace.Reader.
type Trace struct {
	opts   Options
	inputs []input // still to be read; the first one is open
	env    *env
	format *format
	state  opener // of the format, over all files
	file   *file
	last   string // path of the file opened last
	d      decoder
	q      queue
	closed bool // all files are read and the ledger is empty
	calls  int
	report Report
}

// Report says what a reader met beside calls.
type Report struct {
	Format string
	Files  int
	Bad    []error // skipped records, with file and line
	Notes  []Note  // sorted by text
}

// Note is something that a reader left out or filled in, and how often.
type Note struct {
	Text  string
	Count int
}

// Open opens a trace: a file, plain, gzip or zstd, or a directory of files.
// The format is a name from Formats, or "auto".
func Open(path, format string) (*Trace, error) {
	return OpenAll([]string{path}, Options{Format: format})
}

// OpenAll opens files and directories as one trace. All have one format.
func OpenAll(paths []string, opts Options) (*Trace, error) {
	if opts.Format == "" {
		opts.Format = Auto
	}
	if opts.Format != Auto && !slices.Contains(Formats(), opts.Format) {
		return nil, fmt.Errorf("unknown trace format %q; want auto or one of %s",
			opts.Format, strings.Join(Formats(), ", "))
	}
	if opts.Prefix != "" && opts.Prefix != trace.PrefixAppended && opts.Prefix != trace.PrefixProvider {
		return nil, fmt.Errorf("unknown prefix %q; want %s or %s", opts.Prefix, trace.PrefixAppended, trace.PrefixProvider)
	}
	t := &Trace{opts: opts, env: newEnv(opts.Tokens)}
	inputs, err := inputsOf(paths)
	if err != nil {
		return nil, err
	}
	if t.inputs, err = t.env.sift(inputs, opts.Format); err != nil {
		return nil, err
	}
	if err := t.openNext(); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// openNext opens the first of the inputs that are left.
func (t *Trace) openNext() error {
	in := t.inputs[0]
	t.inputs = t.inputs[1:]
	f, err := openFile(in)
	if err != nil {
		return err
	}
	return t.begin(f)
}

// begin reads the head of a file and sets the decoder up.
func (t *Trace) begin(f *file) error {
	t.file, t.last = f, f.path
	in := f.input
	head, err := f.head()
	if err != nil {
		return err
	}
	chosen, err := choose(in, head, t.opts.Format)
	if err != nil {
		return err
	}
	p := probe(in, head)
	if t.format != nil && t.format.name != chosen.name {
		return fmt.Errorf("%s: format %s after files in format %s; want one format in a trace",
			in.path, chosen.name, t.format.name)
	}
	if t.format == nil {
		t.env.block, t.env.skipBad = t.opts.Block, t.opts.SkipBad
		t.format, t.state = &chosen, chosen.begin(t.env)
	}
	t.report.Files++
	t.d, err = t.state.open(f, head, p)
	if err != nil {
		return fmt.Errorf("%s: %w", in.path, err)
	}
	return nil
}

// Format returns the name of the trace's format.
func (t *Trace) Format() string { return t.format.name }

// Report returns what was met so far beside calls.
func (t *Trace) Report() Report {
	r := t.report
	r.Format = t.format.name
	r.Notes = t.env.sorted()
	return r
}

// Close closes the file that is open.
func (t *Trace) Close() error {
	if t.file == nil {
		return nil
	}
	f := t.file
	t.file = nil
	return f.Close()
}

// Read returns the next call, or io.EOF. Errors name the file and the line.
func (t *Trace) Read(c *trace.Call) error {
	for !t.q.pop(c) {
		if t.d == nil {
			if t.closed {
				return t.end()
			}
			if err := t.close(); err != nil {
				return err
			}
			continue
		}
		held := len(t.env.ledger.entries)
		err := t.d.decode(&t.q)
		if err != nil {
			t.env.ledger.entries = t.env.ledger.entries[:held] // of a record that is not whole
		}
		if t.env.err != nil {
			return t.env.err
		}
		if errors.Is(err, io.EOF) {
			err = t.endFile()
			if err != nil {
				return err
			}
			continue
		}
		if err != nil {
			if err = t.tolerate(err); err != nil {
				return err
			}
		}
	}
	t.calls++
	if c.Input > jsonscan.CountMax || c.Output > jsonscan.CountMax {
		return fmt.Errorf("%s: call %d of session %q: %d tokens in and %d out; want at most %d",
			t.last, c.Turn, c.Session, c.Input, c.Output, jsonscan.CountMax)
	}
	t.prefixes(c)
	return nil
}

// drainer is an opener that has to see all files before it can hand out calls.
type drainer interface {
	// drain pushes some of the calls, or puts them into the ledger, and reports
	// whether that was all.
	drain(q *queue) (done bool, err error)
}

// close hands out what is held back when all files are read.
func (t *Trace) close() error {
	if d, ok := t.state.(drainer); ok {
		if done, err := d.drain(&t.q); err != nil || !done {
			return err
		}
	}
	t.closed = true
	t.env.ledger.finish(&t.q)
	return nil
}

// prefixes fills in what the format does not tell of a call's cache.
func (t *Trace) prefixes(c *trace.Call) {
	if !t.format.cached {
		c.Cached = c.Prefix
	}
	c.Cached = min(c.Cached, c.Input)
	if t.opts.Prefix == trace.PrefixProvider {
		c.Prefix = c.Cached
	}
	c.Prefix = min(c.Prefix, c.Input)
}

// endFile lets the format hand out what it held back and goes to the next file.
func (t *Trace) endFile() error {
	if d, ok := t.d.(interface{ tail() string }); ok && d.tail() != "" {
		t.env.note(d.tail())
	}
	t.d = nil
	if err := t.state.finish(&t.q); err != nil {
		if line := jsonscan.LineOf(err, 0); line > 0 {
			return fmt.Errorf("%s:%d: %w", t.file.path, line, err)
		}
		return fmt.Errorf("%s: %w", t.file.path, err)
	}
	if err := t.Close(); err != nil {
		return err
	}
	if len(t.inputs) == 0 {
		return nil
	}
	return t.openNext()
}

// atLine is a fault of the record at a line, for formats that see it when all
// records are there.
func atLine(line int, format string, args ...any) error {
	return &jsonscan.SyntaxError{Line: line, Msg: fmt.Sprintf(format, args...)}
}

func (t *Trace) end() error {
	if t.calls > 0 {
		return io.EOF
	}
	why := ""
	for _, note := range t.env.sorted() {
		if !strings.HasPrefix(note.Text, "unknown ") {
			why += fmt.Sprintf("; %s: %d", note.Text, note.Count)
		}
	}
	return fmt.Errorf("the trace (%s, %d files) holds no calls; want at least one%s", t.format.name, t.report.Files, why)
}

// tolerate skips a bad record if the options allow it.
func (t *Trace) tolerate(err error) error {
	err = fmt.Errorf("%s:%d: %w", t.file.path, jsonscan.LineOf(err, t.d.line()), err)
	if len(t.report.Bad) >= t.opts.SkipBad || !t.d.skip() {
		return err
	}
	t.report.Bad = append(t.report.Bad, err)
	return nil
}
