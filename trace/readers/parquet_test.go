package readers

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"agentsim/trace"
	"agentsim/trace/tokens"
)

// table writes rows as a Parquet table, as hubs publish them.
func table[T any](t testing.TB, rows ...T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "train-00000.parquet")
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, parquet.MaxRowsPerRowGroup(2))
	_, err := w.Write(rows)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
	return path
}

// tableCalls reads a table; characters count as tokens.
func tableCalls(t *testing.T, path, inner string) []trace.Call {
	t.Helper()
	tr, err := OpenAll([]string{path}, Options{Tokens: tokens.ByRatio(1)})
	require.NoError(t, err)
	require.Equal(t, "parquet", tr.Format())
	calls := drain(t, tr)
	require.Contains(t, tr.Report().Notes, Note{"rows of the table read as " + inner, 1})
	for _, c := range calls {
		requireSound(t, c)
	}
	return calls
}

type wekaRow struct {
	ID         string        `parquet:"id"`
	Models     []string      `parquet:"models,list"`
	BlockSize  int32         `parquet:"block_size"`
	Scope      string        `parquet:"hash_id_scope"`
	ToolTokens *int64        `parquet:"tool_tokens,optional"`
	Requests   []wekaRequest `parquet:"requests,list"`
}

type wekaRequest struct {
	T        float64      `parquet:"t"`
	Kind     string       `parquet:"type"`
	Agent    *string      `parquet:"agent_id,optional"`
	In       *int64       `parquet:"in,optional"`
	Out      *int64       `parquet:"out,optional"`
	Hashes   []int64      `parquet:"hash_ids,list,optional"`
	Types    []string     `parquet:"input_types,list,optional"`
	Requests []wekaNested `parquet:"requests,list,optional"`
}

type wekaNested struct {
	T      float64 `parquet:"t"`
	In     int64   `parquet:"in"`
	Out    int64   `parquet:"out"`
	Hashes []int64 `parquet:"hash_ids,list"`
}

func TestTablesOfAgenticCorpora(t *testing.T) {
	session := func(id string) wekaRow {
		return wekaRow{
			ID: id, Models: []string{"m"}, BlockSize: 64, Scope: "local", ToolTokens: new(int64(30)),
			Requests: []wekaRequest{
				{T: 0, Kind: "n", In: new(int64(130)), Out: new(int64(5)), Hashes: []int64{1, 2}, Types: []string{"text"}},
				{T: 100, Kind: "subagent", Agent: new("A"), Requests: []wekaNested{{1, 64, 5, []int64{1}}, {9, 128, 5, []int64{1, 3}}}},
				{T: 200, Kind: "s", In: new(int64(200)), Out: new(int64(5)), Hashes: []int64{1, 2, 3}, Types: []string{"tool_result"}},
			},
		}
	}
	path := table(t, session("p"), session("q"), session("r"))
	calls := tableCalls(t, path, "weka")
	require.Len(t, calls, 12)
	for i, name := range []string{"p", "q", "r"} {
		c := calls[4*i : 4*i+4]
		require.Equal(t, name, c[0].Session)
		require.Equal(t, []int{130, 64, 128, 200}, []int{c[0].Input, c[1].Input, c[2].Input, c[3].Input})
		require.Equal(t, []int{0, 64, 64, 192}, []int{c[0].Prefix, c[1].Prefix, c[2].Prefix, c[3].Prefix})
		require.Equal(t, []int{0, 64, 64, 192}, []int{c[0].Cached, c[1].Cached, c[2].Cached, c[3].Cached})
		require.Equal(t, []string{"", "A", "A", ""}, []string{c[0].Agent, c[1].Agent, c[2].Agent, c[3].Agent})
		require.Equal(t, 30, c[0].Shared)
	}
}

type chatMessage struct {
	Role    string `parquet:"role"`
	Content string `parquet:"content"`
}

func TestTablesOfConversations(t *testing.T) {
	said := []chatMessage{{"user", "hello"}, {"assistant", "hi"}, {"user", `{"a": 1}`}, {"assistant", "done"}}
	check := func(calls []trace.Call) {
		t.Helper()
		require.Equal(t, []int{9, 9 + 6 + 12}, []int{calls[0].Input, calls[1].Input}) // 4 tokens a message beside the text
		require.Equal(t, []int{2, 4}, []int{calls[0].Output, calls[1].Output})
		require.Equal(t, []int{0, 9}, []int{calls[0].Prefix, calls[1].Prefix})
	}
	calls := tableCalls(t, table(t, struct {
		ID       string        `parquet:"conversation_id"`
		Model    string        `parquet:"model"`
		Messages []chatMessage `parquet:"conversation,list"`
	}{"c7", "m", said}), "chat")
	check(calls)
	require.Equal(t, "c7", calls[0].Session)

	check(tableCalls(t, table(t, struct { // without the wrapping of lists
		At       time.Time     `parquet:"created,timestamp"`
		Messages []chatMessage `parquet:"messages"`
	}{time.Unix(1_782_896_400, 0), said}), "chat"))

	check(tableCalls(t, table(t, struct { // a sequence of records as a record of sequences
		ID         string `parquet:"id"`
		Trajectory struct {
			Role    []string `parquet:"role,list"`
			Content []string `parquet:"content,list"`
		} `parquet:"trajectory"`
	}{"x", struct {
		Role    []string `parquet:"role,list"`
		Content []string `parquet:"content,list"`
	}{[]string{"user", "assistant", "user", "assistant"}, []string{"hello", "hi", `{"a": 1}`, "done"}}}), "chat"))

	check(tableCalls(t, table(t, struct { // JSON in a column of text
		ID       string `parquet:"id"`
		Messages string `parquet:"messages"`
	}{"x", `[{"role":"user","content":"hello"},{"role":"assistant","content":"hi"},` +
		`{"role":"user","content":"{\"a\": 1}"},{"role":"assistant","content":"done"}]`}), "chat"))

	type pair struct {
		Prompt   string  `parquet:"prompt"`
		Response *string `parquet:"response,optional"`
	}
	calls = tableCalls(t, table(t, pair{"hello", new("hi")}, pair{"unanswered", nil}, pair{"hello", new("there")}), "chat")
	require.Len(t, calls, 2)
	require.Equal(t, []int{9, 9}, []int{calls[0].Input, calls[1].Input})
	require.Equal(t, []int{0, 9}, []int{calls[0].Prefix, calls[1].Prefix})
}

// Messages may be rows of their own, and texts longer than what detection looks
// at first.
func TestTablesOfMessages(t *testing.T) {
	type row struct {
		Content string `parquet:"content"`
		Role    string `parquet:"role"`
		Turn    int32  `parquet:"turn"`
		ID      string `parquet:"conversation_id"`
	}
	long := strings.Repeat("long ", 60_000)
	calls := tableCalls(t, table(t, row{long, "user", 1, "c"}, row{"hi", "assistant", 2, "c"}), "chat-rows")
	require.Equal(t, []int{300_004, 2}, []int{calls[0].Input, calls[0].Output})
}

func TestTablesOfRequests(t *testing.T) {
	type row struct {
		Timestamp float64  `parquet:"timestamp"`
		In        int32    `parquet:"input_length"`
		Out       int32    `parquet:"output_length"`
		Hashes    []uint64 `parquet:"hash_ids,list"`
	}
	calls := tableCalls(t, table(t, row{0, 1024, 7, []uint64{1 << 63, 5}}, row{2500, 1024, 7, []uint64{1 << 63, 6}}), "mooncake")
	require.Equal(t, []int{0, 512}, []int{calls[0].Prefix, calls[1].Prefix})
	require.Equal(t, 2.5, calls[1].Start)
}

func TestTablesThatSayNothing(t *testing.T) {
	type row struct {
		Label string `parquet:"label"`
		Count int64  `parquet:"count"`
	}
	require.ErrorContains(t, failure(t, table(t, row{"secret", 1}), Options{}), "columns label, count say nothing of calls")
	require.ErrorContains(t, failure(t, table[row](t), Options{}), "no rows")
}

func FuzzParquet(f *testing.F) {
	text, err := os.ReadFile(table(f, struct {
		ID       string        `parquet:"id"`
		Messages []chatMessage `parquet:"messages,list"`
	}{"x", []chatMessage{{"user", "a"}, {"assistant", "b"}}}))
	require.NoError(f, err)
	fuzz(f, "parquet", string(text))
}
