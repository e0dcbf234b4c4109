//go:build !js || readers

package readers

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/parquet-go/parquet-go"

	"agentsim/trace/writers"
)

// tables reads Parquet tables that others made, as Hugging Face publishes data
// sets: the column names say what the rows hold, as the keys do in JSON. Rows
// of agentic corpora (id, block_size, requests), of conversations (messages,
// conversations, conversation, trajectory, or one column of prompts and one of
// answers) and of every format whose rows are JSON are known.
type tables struct {
	env    *env
	inner  opener
	name   string // of the inner format
	cached bool   // it tells what the provider's cache returned
}

func newTables(e *env) opener { return &tables{env: e} }

// isTable reports whether a file is a Parquet table of somebody else.
func isTable(p *sample) bool {
	if !strings.HasPrefix(p.text, parquetMagic) || p.parts != nil {
		return false
	}
	in, err := os.Open(p.path)
	if err != nil {
		return false
	}
	defer in.Close()
	table, err := openTable(in)
	if err != nil {
		return false
	}
	_, ours := table.Lookup(writers.KeyVersion)
	return !ours
}

// openTable opens a table. The library trusts what the file says of itself, so
// a damaged one can make it panic.
func openTable(in *os.File) (table *parquet.File, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("the table seems to be damaged: %v", fault)
		}
	}()
	info, err := in.Stat()
	if err != nil {
		return nil, err
	}
	return parquet.OpenFile(in, info.Size(), parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true))
}

func (t *tables) open(f *file, _ []byte, _ *sample) (decoder, error) {
	in, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	f.c = append(f.c, in)
	table, err := openTable(in)
	if err != nil {
		return nil, err
	}
	if table.NumRows() == 0 {
		return nil, errors.New("the table has no rows; want at least one")
	}
	rows := newParquetRows(table)
	chosen, ok := rowFormat(f.path, newParquetRows(table))
	if !ok || chosen.name == "chat" { // whose names are many
		sampled := newParquetRows(table)
		renameChat(sampled)
		renameChat(rows)
		chosen, ok = rowFormat(f.path, sampled)
	}
	if !ok {
		return nil, saysNothing(table.Schema())
	}
	f.c = append(f.c, rows)
	r := newHead(rows)
	head, err := r.Peek(headBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if t.inner != nil && t.name != chosen.name {
		return nil, fmt.Errorf("rows of format %s after rows of format %s; want one format in a trace", chosen.name, t.name)
	}
	if t.inner == nil {
		t.inner, t.name, t.cached = chosen.begin(t.env), chosen.name, chosen.cached
		t.env.note("rows of the table read as " + chosen.name)
	}
	inner, err := t.inner.open(&file{input: input{path: f.path}, r: r}, head, &sample{input: input{path: f.path}})
	return &tablesDecoder{inner, t}, err
}

// tablesDecoder reads rows with the inner format.
type tablesDecoder struct {
	decoder
	tables *tables
}

func (d *tablesDecoder) decode(q *queue) error {
	return d.tables.filled(q, func() error { return d.decoder.decode(q) })
}

func (t *tables) finish(q *queue) error {
	if t.inner == nil {
		return nil
	}
	return t.filled(q, func() error { return t.inner.finish(q) })
}

// drain asks the inner format, if it holds calls back until all files are read.
func (t *tables) drain(q *queue) (done bool, err error) {
	d, ok := t.inner.(drainer)
	if !ok {
		return true, nil
	}
	err = t.filled(q, func() error {
		done, err = d.drain(q)
		return err
	})
	return done, err
}

// filled pushes calls, of which the cached tokens are the prefix where the inner
// format does not tell them.
func (t *tables) filled(q *queue, push func() error) error {
	before := len(q.calls)
	err := push()
	for i := before; i < len(q.calls) && !t.cached; i++ {
		q.calls[i].Cached = q.calls[i].Prefix
	}
	return err
}

// rowFormat finds the format of a table's rows.
func rowFormat(path string, rows *parquetRows) (format, bool) {
	found, ok := bestFormat(probeFrom(input{path: path}, io.LimitReader(rows, probeMax)))
	if err := rows.Close(); err != nil {
		return format{}, false
	}
	return found, ok
}

// saysNothing is the error of a table without calls.
func saysNothing(schema *parquet.Schema) error {
	var names []string
	for _, field := range schema.Fields() {
		names = append(names, field.Name())
	}
	return fmt.Errorf("columns %s say nothing of calls; want requests with counts of tokens, or the messages of"+
		" conversations", firstNames(names))
}

// pair writes a prompt and its answer as the messages of a conversation. A
// prompt may be a list of messages itself.
func (r *parquetRows) pair(columns [][]parquet.Value) {
	begun := len(r.out)
	r.out = append(r.out, `,"messages":[`...)
	from := len(r.out)
	asked := r.value(r.asked, columns[r.asked.first:r.asked.last])
	switch prompt := r.out[from:]; {
	case !asked:
		r.out = r.out[:begun]
		return
	case prompt[0] == '[' && len(prompt) > 2:
		r.out = append(r.out[:from], prompt[1:len(prompt)-1]...)
	case prompt[0] == '"':
		r.out = append(append(append(r.out[:from:from], `{"role":"user","content":`...), prompt...), '}')
	default:
		r.out = r.out[:begun]
		return
	}
	r.out = append(r.out, `,{"role":"assistant","content":`...)
	if !r.value(r.said, columns[r.said.first:r.said.last]) {
		r.out = r.out[:begun]
		return
	}
	r.out = append(r.out, "}]"...)
}

// Columns under which tables hold what a conversation is made of, in words.
const (
	chatIDs = "id conversation_hash conversation_id session_id instance_id trajectory_id uuid prompt_id"

	chatLists   = "messages conversations conversation trajectory"
	chatPrompts = "prompt instruction question query user human input"
	chatAnswers = "response completion answer output assistant gpt"
)

// renameChat gives the columns of conversations the names that the reader of
// chats knows.
func renameChat(r *parquetRows) {
	root := &r.root
	list, asked, said := columnOf(root, chatLists), columnOf(root, chatPrompts), columnOf(root, chatAnswers)
	switch {
	case list != nil && list.name == "trajectory":
		list.name = "messages"
	case list == nil && asked != nil && said != nil && said.leaf != nil:
		r.asked, r.said = asked, said
	case list == nil:
		return
	}
	if id := columnOf(root, chatIDs); id != nil && id.name != "conversation_hash" {
		id.name = "id"
	}
}

// columnOf finds the first of several columns that a table has.
func columnOf(root *tableNode, names string) *tableNode {
	for name := range strings.FieldsSeq(names) {
		for i := range root.children {
			if root.children[i].name == name {
				return &root.children[i]
			}
		}
	}
	return nil
}
