package readers

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"agentsim/trace"
)

const goodRow = `{"timestamp":1,"input_length":10,"output_length":1,"hash_ids":[1]}`

// failure opens and reads a file until the error.
func failure(t *testing.T, path string, opts Options) error {
	t.Helper()
	tr, err := OpenAll([]string{path}, opts)
	if err != nil {
		return err
	}
	defer func() { require.NoError(t, tr.Close()) }()
	_, err = all(tr)
	require.Error(t, err)
	return err
}

func TestBadInputNamesFileLineAndWhatIsRight(t *testing.T) {
	weka := `{"id":"s","block_size":64,"hash_id_scope":"local","requests":[REQUESTS]}`
	for _, test := range []struct{ name, text, want string }{
		{"x.jsonl", "", "x.jsonl: the file is empty; want a trace"},
		{"x.jsonl", " \n\n", "x.jsonl: the file is empty"},
		{"x.txt", "hello\n", "x.txt: the content is of no known trace format; name one of agentsim, weka,"},
		{"x.jsonl", lines(goodRow, `{"timestamp":1,"input_length":-5,"output_length":1}`),
			"x.jsonl:2: input_length: -5 tokens; want 0 or more"},
		{"x.jsonl", lines(goodRow, `{"timestamp":1,"input_length":99999999999,"output_length":1}`),
			"x.jsonl:2: input_length: 99999999999 tokens; want at most 100000000"},
		{"x.jsonl", lines(goodRow, goodRow, `{"timestamp":1,"input_length":10.5,"output_length":1}`),
			"x.jsonl:3: input_length: found a fraction"},
		{"x.jsonl", lines(goodRow, `{"timestamp":-1,"input_length":10}`),
			"x.jsonl:2: timestamp: -1; want a time of 0 or more"},
		{"x.jsonl", lines(goodRow, `{"output_length":10}`), "x.jsonl:2: input_length: missing"},
		{"x.jsonl", lines(goodRow, `{"timestamp":1,"input_le`, goodRow), "x.jsonl:2: "},
		{"x.jsonl", `{"timestamp":1,"input_le`, "x.jsonl"},
		{"x.jsonl", lines(goodRow, strings.Replace(weka, "REQUESTS", "", 1)), "x.jsonl:2: input_length: missing"}, // mixed
		{"x.json", strings.Replace(weka, "REQUESTS", "", 1), "x.json:1: session s has no requests; want at least one"},
		{"x.json", strings.Replace(weka, "REQUESTS", `{"in":130,"hash_ids":[1]}`, 1),
			"x.json:1: hash_ids: 1 ids in request 0 of session s; want 2 for 130 tokens in blocks of 64"},
		{"x.json", `{"hash_id_scope":"local","requests":[{"in":1}]}`, "x.json:1: id: missing"},
		{"x.json", "{\n\"id\":\"s\",\n\"hash_id_scope\":\"local\",\"requests\":[{\"in\":64,\"hash_ids\":[1]}]}",
			"x.json:3: block_size: missing"},
		{"x.csv", "TIMESTAMP,ContextTokens\n", `x.csv: column "GeneratedTokens" is missing`},
		{"x.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03,5,1\nsoon,5,1\n",
			"x.csv:3: TIMESTAMP: not a date with time"},
		{"x.csv", "num_prefill_tokens,num_decode_tokens\n5,1\n5,-1\n", "x.csv:3: num_decode_tokens: -1 tokens; want 0 to"},
		{"x.csv", "num_prefill_tokens,num_decode_tokens\n5,1\n5,1,9\n", "x.csv:3: wrong number of fields"},
		{"x.csv", "num_prefill_tokens,num_decode_tokens\n", "holds no calls"},
		{"x.csv", "id,input_len,output_len,round_idx,prefix_len\n0,1,1,1,0\n", "x.csv:2: round_idx: 1; want 0"},
		{"x.jsonl", `{"conversation_id":"a","conversation_idx":1,"messages":[{"role":"user","content":"x"}]}`,
			"x.jsonl:1: conversation_idx: 1; want 0, the next of conversation a"},
		{"x.jsonl", `{"chat_id":3,"parent_chat_id":3,"timestamp":1,"input_length":1,"output_length":1}`,
			"x.jsonl:1: parent_chat_id: 3 is the chat itself"},
		{"x.jsonl", lines(`{"session_id":"a","turns":[{"messages":[],"spawns":["b"]}]}`,
			`{"session_id":"b","turns":[{"messages":[],"forks":["a"]}]}`),
			"x.jsonl:1: session a is its own ancestor; want parents without a circle"},
		{"x.jsonl", `{"session_id":"a","turns":[{"messages":[],"spawns":["b"]}]}`, `x.jsonl:1: session a starts "b", which is not in the file`},
		{"x.jsonl", lines(`{"id":"a","trace_id":"t","run_type":"llm","parent_run_id":"b"}`,
			`{"id":"b","trace_id":"t","run_type":"chain","parent_run_id":"b"}`), "x.jsonl:1: span a is its own ancestor"},
		{"x.jsonl", `{"request_id":"a","session_id":"s","input_length":1,"wait_for":["a"]}`,
			"x.jsonl:1: request a waits for one that does not stand before it"},
	} {
		path := write(t, test.name, test.text)
		require.ErrorContains(t, failure(t, path, Options{}), test.want)
	}
}

func TestUnknownFormatAndMissingFile(t *testing.T) {
	_, err := Open("x.jsonl", "mooncacke")
	require.ErrorContains(t, err, `unknown trace format "mooncacke"; want auto or one of agentsim, weka,`)
	_, err = Open("nowhere/x.jsonl", Auto)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "nowhere/x.jsonl")
	_, err = OpenAll(nil, Options{})
	require.ErrorContains(t, err, "no trace given")
	_, err = Open(t.TempDir(), Auto)
	require.ErrorContains(t, err, "holds no files")
}

func compressed(t *testing.T, text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := io.WriteString(z, text)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.Bytes()
}

func TestCompression(t *testing.T) {
	text := strings.Repeat(goodRow+"\n", 5000)
	whole := compressed(t, text)
	dir := t.TempDir()
	path := filepath.Join(dir, "x.jsonl.gz")
	require.NoError(t, os.WriteFile(path, whole, 0o600))
	require.Len(t, readAll(t, path), 5000)

	for _, keep := range []int{len(whole) / 2, len(whole) - 4, 5} {
		require.NoError(t, os.WriteFile(path, whole[:keep], 0o600))
		err := failure(t, path, Options{SkipBad: 10})
		require.ErrorContains(t, err, "x.jsonl.gz")
		require.ErrorContains(t, err, "cut short")
	}

	w, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	path = filepath.Join(dir, "x.jsonl.zst")
	require.NoError(t, os.WriteFile(path, w.EncodeAll([]byte(text), nil), 0o600))
	require.Len(t, readAll(t, path), 5000)
}

func TestSkipBadToleratesAndReports(t *testing.T) {
	text := lines(goodRow, `{"timestamp":1,"input_length":-5}`, goodRow, `{"oops`, goodRow, `not json at all`, goodRow)
	path := write(t, "x.jsonl", text)
	tr, err := OpenAll([]string{path}, Options{SkipBad: 3})
	require.NoError(t, err)
	require.Len(t, drain(t, tr), 4)
	var bad []string
	for _, err := range tr.Report().Bad {
		bad = append(bad, err.Error())
	}
	require.Len(t, bad, 3)
	for i, line := range []string{":2: ", ":4: ", ":6: "} {
		require.Contains(t, bad[i], path+line)
	}
	require.ErrorContains(t, failure(t, path, Options{SkipBad: 2}), ":6: ")

	table := write(t, "x.csv", "num_prefill_tokens,num_decode_tokens\n5,1\n5,x\n5\n\"5,1\n6,1\n")
	tr, err = OpenAll([]string{table}, Options{SkipBad: 3})
	require.NoError(t, err)
	require.Len(t, drain(t, tr), 1) // the open quote swallows the rest
	require.Len(t, tr.Report().Bad, 3)

	single := write(t, "x.json", `{"id":"s","hash_id_scope":"local","requests":[{"in":-1}]}`)
	require.ErrorContains(t, failure(t, single, Options{SkipBad: 9}), "in: -1 tokens")
}

func TestManyFilesAreOneTrace(t *testing.T) {
	dir := t.TempDir()
	row := func(name, ids string) {
		text := strings.Replace(strings.Repeat(goodRow+"\n", 2), "[1]", ids, -1)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	row("b.jsonl", "[ 1 ]")
	row("a.jsonl", "[1]")
	row(".hidden", "[9]")
	row("copy.jsonl", "[1]")
	for name, text := range map[string]string{
		"c.csv": "num_prefill_tokens,num_decode_tokens\n5,1\n", "notes.md": "# notes\n", "index.json": `{"a":1}`, "empty": "",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	tr, err := Open(dir, Auto)
	require.NoError(t, err)
	calls := drain(t, tr)
	require.Len(t, calls, 4)
	require.Equal(t, []int{0, 10, 10, 10}, []int{calls[0].Cached, calls[1].Cached, calls[2].Cached, calls[3].Cached})
	require.Equal(t, []Note{
		{"copies of files left out: copy.jsonl", 1},
		{"files of another format passed over: c.csv (vidur)", 1},
		{"files of no known format passed over: empty, index.json, notes.md", 3},
	}, tr.Report().Notes)

	// What is named is not passed over.
	tr, err = OpenAll([]string{filepath.Join(dir, "a.jsonl"), filepath.Join(dir, "c.csv")}, Options{})
	require.NoError(t, err)
	_, err = all(tr)
	require.ErrorContains(t, err, "c.csv: format vidur after files in format mooncake")
}

// Text of a trace must never reach an error message.
func TestErrorsDoNotQuoteText(t *testing.T) {
	for _, text := range []string{
		`{"id":"1","messages":[{"role":"user","content":"top secret"},{"role":"assistant","content":"top secret" oops}]}`,
		`{"id":"1","messages":[{"role":"user","content":"top secret"},{"role":"assistant","content":"top secret`,
		`{"timestamp":"top secret","input":"top secret","output":"top secret","session_id":"s"}`,
	} {
		err := failure(t, write(t, "x.jsonl", text), Options{})
		require.NotContains(t, err.Error(), "secret")
	}
}

func TestReadAfterTheEnd(t *testing.T) {
	tr, err := Open(write(t, "x.jsonl", goodRow), Auto)
	require.NoError(t, err)
	_ = drain(t, tr)
	var c trace.Call
	require.ErrorIs(t, tr.Read(&c), io.EOF)
	require.ErrorIs(t, tr.Read(&c), io.EOF)
}
