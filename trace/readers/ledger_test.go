package readers

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/trace"
)

// placed puts calls through a ledger, given in any order.
func placed(t *testing.T, entries ...entry) ([]trace.Call, []Note) {
	t.Helper()
	e := newEnv(nil)
	for _, entry := range entries {
		e.record(entry)
	}
	var q queue
	e.ledger.finish(&q)
	var out []trace.Call
	var c trace.Call
	for q.pop(&c) {
		out = append(out, c)
	}
	return out, e.sorted()
}

// sent is a call that went out at a time, in seconds, and took one.
func sent(at float64, input, cached int, model string) entry {
	e := newEntry()
	e.Session, e.Start, e.Service, e.Input, e.Cached, e.Output, e.Model = "s", at, 1, input, cached, 5, model
	return e
}

func TestPrefixesOfAppendedPrompts(t *testing.T) {
	edited := sent(1050, 30_000, 4_000, "m")
	edited.edited = true
	calls, notes := placed(t,
		sent(1000, 10_000, 2_000, "m"), // the first: what the provider had of a scaffold
		sent(1010, 11_000, 0, "m"),     // the cache had expired
		sent(1020, 11_000, 10_999, "m"),
		sent(1030, 500, 100, "small"),  // a title, say: another model
		sent(1040, 12_000, 3_000, "m"), // goes on where the model's last prompt ended
		edited,                         // after a compaction: only what the provider says is known
		sent(1060, 31_000, 0, "m"),
		sent(1070, 20_000, 7_000, "m"), // cut
	)
	var prefixes []int
	for i, c := range calls {
		prefixes = append(prefixes, c.Prefix)
		require.Equal(t, i, c.Turn)
		require.Equal(t, float64(10*i), c.Start)
	}
	require.Equal(t, []int{2_000, 10_000, 11_000, 100, 11_000, 4_000, 30_000, 7_000}, prefixes)
	require.Empty(t, notes)
}

func TestCallsAtOnceAreNoHistoryOfEachOther(t *testing.T) {
	slow := sent(1010, 12_000, 10_000, "m")
	slow.Service = 30
	calls, notes := placed(t, sent(1000, 10_000, 0, "m"), slow, sent(1011, 13_000, 9_000, "m"), sent(1050, 14_000, 0, "m"))
	require.Equal(t, []int{0, 10_000, 10_000, 13_000}, []int{calls[0].Prefix, calls[1].Prefix, calls[2].Prefix, calls[3].Prefix})
	require.Equal(t, []Note{{overlapping, 1}}, notes)
}

func TestAllTokensAsked(t *testing.T) {
	none := sent(1000, 0, 0, "m")
	calls, notes := placed(t, none)
	require.Empty(t, calls)
	require.Equal(t, []Note{{noTokens, 1}}, notes)

	failed := `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"t","spanId":"a","name":"chat m","status":{"code":2}}]}]}]}`
	require.ErrorContains(t, failure(t, write(t, "x.json", failed), Options{}), "holds no calls; want at least one; failed calls left out: 1")
}

// The provider's cache is the switch's other position, for logs alone.
func TestPrefixOfTheProvider(t *testing.T) {
	var rows []string
	for i, cached := range []int{0, 40, 0} {
		rows = append(rows, fmt.Sprintf(`{"id":"%d","traceId":"t","type":"GENERATION","startTime":"2026-01-01T00:00:%02dZ",`+
			`"usageDetails":{"input":%d,"input_cached_tokens":%d,"output":9}}`, i, i, 100*(i+1), cached))
	}
	path := write(t, "x.jsonl", strings.Join(rows, "\n"))
	for prefix, want := range map[string][]int{"": {0, 100, 200}, trace.PrefixProvider: {0, 40, 0}} {
		tr, err := OpenAll([]string{path}, Options{Prefix: prefix})
		require.NoError(t, err)
		for i, c := range drain(t, tr) {
			require.Equal(t, want[i], c.Prefix)
			require.Equal(t, []int{0, 40, 0}[i], c.Cached)
		}
	}
	_, err := OpenAll([]string{path}, Options{Prefix: "guess"})
	require.ErrorContains(t, err, `unknown prefix "guess"; want appended or provider`)
}

// Text comes in the encodings that editors and shells write.
func TestEncodings(t *testing.T) {
	row := `{"timestamp":1,"input_length":10,"output_length":1,"hash_ids":[1]}`
	wide := func(text string, low int) string {
		var b strings.Builder
		for _, r := range "\ufeff" + text {
			pair := [2]byte{}
			pair[low], pair[1-low] = byte(r), byte(r>>8)
			b.Write(pair[:])
		}
		return b.String()
	}
	for name, text := range map[string]string{
		"mark":          byteOrderMark + row + "\n" + row,
		"CRLF":          row + "\r\n\r\n" + row + "\r\n",
		"little endian": wide(row+"\r\n"+row, 0),
		"big endian":    wide(row+"\n"+row, 1),
		"NUL tail":      row + "\n" + row + "\n" + strings.Repeat("\x00", 5000),
	} {
		require.Len(t, readAll(t, write(t, "x.jsonl", text)), 2, name)
	}
	header := "num_prefill_tokens,num_decode_tokens\r\n5,1\r\n6,1\r\n"
	for _, text := range []string{header, byteOrderMark + header, wide(header, 0)} {
		require.Len(t, readAll(t, write(t, "x.csv", text)), 2)
	}
	cut := write(t, "x.jsonl", row+"\n"+row[:30]+strings.Repeat("\x00", 4096))
	tr, err := Open(cut, Auto)
	require.NoError(t, err)
	require.Len(t, drain(t, tr), 1)
	require.Equal(t, []Note{{cutShort, 1}}, tr.Report().Notes)
}
