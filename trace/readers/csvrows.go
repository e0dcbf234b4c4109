package readers

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"agentsim/trace/jsonscan"
)

// csvRecords turns the rows of a CSV file into JSON Lines, so that the reader of
// an export as JSON can also read the one as CSV, whose columns are spelt in
// more ways than a table of names could hold. Column names become keys; empty
// cells are left out; a cell that is JSON becomes what it holds. A row stands on
// the line on which it ends in the file.
type csvRecords struct {
	env    *env
	rows   *csv.Reader
	header []string
	line   int // of the JSON
	out    bytes.Buffer
}

// looseCSV opens CSV files with a reader of JSON.
func looseCSV(begin func(*env) jsonFormat) func(*env) opener {
	return func(e *env) opener { return csvRecordsOpener{jsonOpener: jsonOpener{begin(e)}, env: e} }
}

type csvRecordsOpener struct {
	jsonOpener
	env *env
}

func (o csvRecordsOpener) open(f *file, head []byte, p *sample) (decoder, error) {
	if p.text == "" { // the same as JSON
		return o.jsonOpener.open(f, head, p)
	}
	r := &csvRecords{env: o.env, rows: newCSV(f.r, head), line: 1}
	header, err := r.rows.Read()
	if err != nil {
		return nil, err
	}
	for _, name := range header {
		r.header = append(r.header, strings.TrimSpace(strings.TrimPrefix(name, byteOrderMark)))
	}
	return o.jsonOpener.open(&file{input: f.input, r: newHead(r)}, nil, &sample{})
}

// newCSV reads CSV divided by commas, semicolons or tabs.
func newCSV(r io.Reader, head []byte) *csv.Reader {
	rows := csv.NewReader(r)
	rows.FieldsPerRecord = -1
	rows.LazyQuotes = true
	rows.Comma = divider(head)
	return rows
}

// divider is what stands between the names of a header.
func divider(head []byte) rune {
	header, _, _ := bytes.Cut(head, []byte("\n"))
	best, most := ',', bytes.Count(header, []byte(","))
	for _, r := range []rune{';', '\t'} {
		if n := bytes.Count(header, []byte(string(r))); n > most {
			best, most = r, n
		}
	}
	return best
}

// headerOf returns the plain names of a CSV's columns.
func headerOf(p *sample) map[string]bool {
	names := map[string]bool{}
	if p.text == "" {
		return names
	}
	cells, err := newCSV(strings.NewReader(p.text), []byte(p.text)).Read()
	if err != nil {
		return names
	}
	for _, name := range cells {
		names[plainName(name)] = true
	}
	return names
}

// csvColumns matches CSV files that have a column of each set; names are plain
// and divided by spaces.
func csvColumns(sets ...string) func(*sample) bool {
	return func(p *sample) bool {
		have := headerOf(p)
		for _, set := range sets {
			found := false
			for name := range strings.FieldsSeq(set) {
				found = found || have[name]
			}
			if !found {
				return false
			}
		}
		return true
	}
}

// Read hands out the JSON.
func (r *csvRecords) Read(to []byte) (int, error) {
	for r.out.Len() == 0 {
		if err := r.row(); err != nil {
			return 0, err
		}
	}
	return r.out.Read(to)
}

// row turns one row into JSON. A short last one was cut.
func (r *csvRecords) row() error {
	cells, err := r.rows.Read()
	if err != nil {
		return err
	}
	line, _ := r.rows.FieldPos(len(cells) - 1)
	for r.line < line {
		r.out.WriteByte('\n')
		r.line++
	}
	if len(cells) < len(r.header) {
		if _, err := r.rows.Read(); errors.Is(err, io.EOF) {
			r.env.note("a last line that is cut short left out")
			return io.EOF
		}
		return &jsonscan.SyntaxError{Line: line, Msg: "wrong number of fields"}
	}
	r.out.WriteByte('{')
	begun := false
	for i, name := range r.header {
		cell := strings.TrimSpace(cells[i])
		if cell == "" || name == "" || cell == "NULL" || cell == `\N` {
			continue
		}
		if begun {
			r.out.WriteByte(',')
		}
		begun = true
		r.out.Write(appendJSON(nil, name))
		r.out.WriteByte(':')
		r.out.Write(jsonOrText(cell))
	}
	r.out.WriteString("}\n")
	r.line++
	return nil
}
