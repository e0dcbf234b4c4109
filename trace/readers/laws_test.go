package readers

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/trace"
	"agentsim/trace/tokens"
)

// specimen is a trace of a format in files of records, one a line.
type specimen struct {
	files map[string][]string // by name; of a CSV, the header first
	order string              // why its rows cannot stand in any order; "" = they can
	whole bool                // a file is one document
}

// each makes the records of two sessions of three calls, in the order of time.
func each(record func(session string, s, i int) string) []string {
	var out []string
	for i := range 3 {
		for s, session := range []string{"a", "b"} {
			out = append(out, record(session, s, i))
		}
	}
	return out
}

// clockOf is a wall time: sessions a day apart, calls a minute.
func clockOf(s, i, second int) string {
	return fmt.Sprintf("2026-07-%02dT09:%02d:%02d.000Z", 2-s, i, second)
}

// unixOf is the same in seconds since 1970.
func unixOf(s, i, second int) int { return 1782896400 + (1-s)*86400 + 60*i + second }

func withHeader(header string, rows []string) []string { return append([]string{header}, rows...) }

// specimens are traces of the formats of logs and traces; those of tools have
// tests of their own, with their miniatures.
func specimens() map[string]specimen {
	all := maps.Collect(maps.All(logSpecimens()))
	maps.Copy(all, requestSpecimens())
	maps.Copy(all, textSpecimens())
	return all
}

func logSpecimens() map[string]specimen {
	claude := func(session string) (out []string) {
		for i := range 3 {
			s := int(session[0] - 'a')
			out = append(out, fmt.Sprintf(`{"type":"user","uuid":"u%s%d","parentUuid":null,"sessionId":"%s","timestamp":"%s",`+
				`"isSidechain":false,"message":{"role":"user","content":"x"}}`, session, i, session, clockOf(s, i, 1)),
				fmt.Sprintf(`{"type":"assistant","uuid":"v%s%d","parentUuid":"u%s%d","sessionId":"%s","timestamp":"%s","isSidechain":false,`+
					`"message":{"role":"assistant","id":"m%s%d","model":"m","usage":{"input_tokens":%d,"cache_read_input_tokens":90,`+
					`"output_tokens":5}}}`, session, i, session, i, session, clockOf(s, i, 9), session, i, 100*(i+1)))
		}
		return out
	}
	codex := func(session string) []string {
		s := int(session[0] - 'a')
		out := []string{fmt.Sprintf(`{"timestamp":"%s","type":"session_meta","payload":{"id":"%s","cwd":"/w"}}`, clockOf(s, 0, 0), session)}
		for i := range 3 {
			out = append(out, fmt.Sprintf(`{"timestamp":"%s","type":"response_item","payload":{"type":"message","role":"user"}}`, clockOf(s, i, 1)),
				fmt.Sprintf(`{"timestamp":"%s","type":"event_msg","payload":{"type":"token_count","info":{"total_token_usage":{"input_tokens":%d,`+
					`"output_tokens":%d,"total_tokens":%d}}}}`, clockOf(s, i, 9), 1000*(i+1)*(i+2), 10*(i+1), 1000*(i+1)*(i+2)+10*(i+1)))
		}
		return out
	}
	atif := func(session string, s int) string {
		var steps []string
		for i := range 3 {
			steps = append(steps, fmt.Sprintf(`{"step_id":%d,"timestamp":"%s","source":"agent","metrics":{"prompt_tokens":%d,`+
				`"completion_tokens":5,"cached_tokens":7},"observation":{"results":[]}}`, i, clockOf(s, i, 0), 100*(i+1)))
		}
		return `{"schema_version":"ATIF-v1.7","session_id":"` + session + `","steps":[` + strings.Join(steps, ",") + `]}`
	}
	span := func(session string, s, i int) string {
		return fmt.Sprintf(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"t%s","spanId":"%s%d","name":"chat m",`+
			`"startTimeUnixNano":"%d000000000","endTimeUnixNano":"%d500000000","attributes":[{"key":"gen_ai.usage.input_tokens",`+
			`"value":{"intValue":"%d"}},{"key":"gen_ai.usage.output_tokens","value":{"intValue":"9"}}]}]}]}]}`,
			session, session, i, unixOf(s, i, 0), unixOf(s, i, 7), 100*(i+1))
	}
	return map[string]specimen{
		"claude-code": {files: map[string][]string{"p.jsonl": claude("a"), "q.jsonl": claude("b")}},
		"codex":       {files: map[string][]string{"p.jsonl": codex("a"), "q.jsonl": codex("b")}},
		"atif":        {files: map[string][]string{"p.json": {atif("a", 0)}, "q.json": {atif("b", 1)}}, whole: true},
		"otel":        {files: map[string][]string{"p.jsonl": each(span)}},
		"langfuse": {files: map[string][]string{"p.jsonl": each(func(session string, s, i int) string {
			return fmt.Sprintf(`{"id":"%s%d","traceId":"%s","type":"GENERATION","startTime":"%s","endTime":"%s",`+
				`"usageDetails":{"input":%d,"output":9}}`, session, i, session, clockOf(s, i, 0), clockOf(s, i, 7), 100*(i+1))
		})}},
		"langsmith": {files: map[string][]string{"p.jsonl": each(func(session string, s, i int) string {
			return fmt.Sprintf(`{"id":"%s%d","trace_id":"%s","run_type":"llm","start_time":"%s","end_time":"%s","prompt_tokens":%d,`+
				`"completion_tokens":9}`, session, i, session, clockOf(s, i, 0), clockOf(s, i, 7), 100*(i+1))
		})}},
		"litellm": {files: map[string][]string{"p.jsonl": each(func(session string, s, i int) string {
			return fmt.Sprintf(`{"id":"%s%d","trace_id":"%s","call_type":"acompletion","startTime":%d.0,"endTime":%d.5,"prompt_tokens":%d,`+
				`"completion_tokens":9}`, session, i, session, unixOf(s, i, 0), unixOf(s, i, 7), 100*(i+1))
		})}},
		"dynamo-trace": {files: map[string][]string{"p.jsonl": each(func(session string, s, i int) string {
			return fmt.Sprintf(`{"event":{"event_type":"request_end","event_time_unix_ms":%d500,"agent_context":{"session_id":"%s"},`+
				`"request":{"request_id":"%s%d","output_tokens":9,"request_received_ms":%d000,"replay":{"trace_block_size":64,`+
				`"input_length":%d,"input_sequence_hashes":[1%s]}}}}`, unixOf(s, i, 7), session, session, i, unixOf(s, i, 0), 64*(i+1),
				strings.Repeat(fmt.Sprintf(",%d7", s), i))
		})}},
		"tracelab-rounds": {files: map[string][]string{"p.jsonl": each(func(session string, s, i int) string {
			return fmt.Sprintf(`{"session_id":"%s","round_index":%d,"input_tokens_total":%d,"prefix_tokens":0,"newly_append_tokens":%d,`+
				`"output_tokens":9,"timing_events":[{"event_type":"tool_result","timestamp":"%s"},{"event_type":"text","timestamp":"%s"}]}`,
				session, i, 100*(i+1), 100*(i+1), clockOf(s, i, 0), clockOf(s, i, 7))
		})}},
		"mini-swe-agent": {files: map[string][]string{"p.json": {miniTrajectory(0)}, "q.json": {miniTrajectory(1)}}, whole: true},
	}
}

func miniTrajectory(s int) string {
	var messages []string
	for i := range 3 {
		messages = append(messages, fmt.Sprintf(`{"role":"user","content":"x","extra":{"timestamp":%d}}`, unixOf(s, i, 0)),
			fmt.Sprintf(`{"role":"assistant","content":"y","extra":{"timestamp":%d,"response":{"usage":{"prompt_tokens":%d,`+
				`"completion_tokens":5}}}}`, unixOf(s, i, 7), 100*(i+1)))
	}
	return `{"trajectory_format":"mini-swe-agent-1.1","messages":[` + strings.Join(messages, ",") + `]}`
}

func requestSpecimens() map[string]specimen {
	weka := func(session string, s int) string {
		return fmt.Sprintf(`{"id":"%s","block_size":64,"hash_id_scope":"local","requests":[{"t":%d,"in":130,"out":5,"hash_ids":[1,2]},`+
			`{"t":%d,"in":200,"out":5,"hash_ids":[1,2,3],"think_time":2}]}`, session, s, s+9)
	}
	return map[string]specimen{
		"weka": {files: map[string][]string{"p.jsonl": {weka("a", 0), weka("b", 1)}}},
		"dynamo-mooncake": {order: "a request stands behind those that it waits for", files: map[string][]string{"p.jsonl": each(
			func(session string, s, i int) string {
				wait := ""
				if i > 0 {
					wait = fmt.Sprintf(`"%s%d"`, session, i-1)
				}
				return fmt.Sprintf(`{"request_id":"%s%d","session_id":"%s","wait_for":[%s],"delay":%d,"input_length":%d,"output_length":9,`+
					`"hash_ids":[1%s]}`, session, i, session, wait, 100*i, 64*(i+1), strings.Repeat(",2", i))
			})}},
		"mooncake": {files: map[string][]string{"p.jsonl": each(func(_ string, s, i int) string {
			return fmt.Sprintf(`{"timestamp":%d,"input_length":%d,"output_length":9,"hash_ids":[1%s]}`, 1000*i+s, 512*(i+1),
				strings.Repeat(fmt.Sprintf(",%d", s+2), i))
		})}},
		"bailian": {files: map[string][]string{"p.jsonl": each(func(_ string, s, i int) string {
			parent := -1
			if i > 0 {
				parent = 10*s + i - 1
			}
			return fmt.Sprintf(`{"chat_id":%d,"parent_chat_id":%d,"timestamp":%d.%d,"input_length":%d,"output_length":9,"hash_ids":[1%s]}`,
				10*s+i, parent, 10*i, s, 16*(i+1), strings.Repeat(fmt.Sprintf(",%d", s+2), i))
		})}},
		"azure": {files: map[string][]string{"p.csv": withHeader("TIMESTAMP,ContextTokens,GeneratedTokens",
			each(func(_ string, s, i int) string { return fmt.Sprintf("2023-11-16 18:%02d:0%d.0,%d,9", i, s, 100*(i+1)) }))}},
		"burstgpt": {files: map[string][]string{"p.csv": withHeader("Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens",
			each(func(session string, s, i int) string {
				return fmt.Sprintf("%d.%d,%s,2,m,%d,9", 10*i, s, session, 100*(i+1))
			}))}},
		"vidur": {files: map[string][]string{"p.csv": withHeader("arrived_at,num_prefill_tokens,num_decode_tokens",
			each(func(_ string, s, i int) string { return fmt.Sprintf("%d.%d,%d,9", i, s, 100*(i+1)) }))}},
		"blis": {files: map[string][]string{"p.yaml": {"trace_version: 3", "time_unit: us"}, "p.csv": withHeader(
			"request_id,session_id,round_index,input_tokens,output_tokens,arrival_time_us,last_chunk_time_us,think_time_us",
			each(func(session string, s, i int) string {
				return fmt.Sprintf("%d,%s,%d,%d,9,%d,%d,500", 10*s+i, session, i, 100*(i+1), 1000*(10*i+s), 1000*(10*i+s+3))
			}))}},
		"tracelab-csv": {files: map[string][]string{"p.csv": withHeader("id,input_len,output_len,arrival_time,round_idx,tool_wait_after_ms,prefix_len",
			each(func(session string, s, i int) string {
				return fmt.Sprintf("%s,%d,9,%d,%d,%d,%d", session, 10*(i+1), 100*s, i, 7*(i+1), 50*i)
			}))}},
		"session-csv": {files: map[string][]string{"p.csv": withHeader(
			"session_id,turn,input_tokens,cached_prefix_tokens,output_tokens,tool_delay_before_s",
			each(func(session string, _, i int) string {
				return fmt.Sprintf("%s,%d,%d,%d,9,%d", session, i, 100*(i+1), 100*i, i)
			}))}},
	}
}

func textSpecimens() map[string]specimen {
	said := func(upTo int) string {
		var messages []string
		for i := range upTo {
			messages = append(messages, fmt.Sprintf(`{"role":"user","content":"ask %d"},{"role":"assistant","content":"say %d"}`, i, i))
		}
		return strings.Join(append(messages, `{"role":"user","content":"go on"}`), ",")
	}
	return map[string]specimen{
		"aa-rwlt": {files: map[string][]string{"p.jsonl": each(func(session string, _, i int) string {
			return fmt.Sprintf(`{"conversation_id":"%s","conversation_idx":%d,"messages":[%s]}`, session, i, said(i))
		})}},
		"aiperf-dag": {files: map[string][]string{"p.jsonl": {
			`{"session_id":"a","turns":[{"messages":[{"role":"user","content":"one"}],"max_tokens":9,"forks":["b"]},` +
				`{"messages":[{"role":"user","content":"two"}],"max_tokens":9,"delay":10}]}`,
			`{"session_id":"b","turns":[{"messages":[{"role":"user","content":"three"}],"max_tokens":9}]}`,
		}}},
		"aiperf-multi-turn": {files: map[string][]string{"p.jsonl": {
			`{"session_id":"a","turns":[{"text":"one","output_length":5},{"text":"two","delay":7,"output_length":5}]}`,
			`{"session_id":"b","turns":[{"text":"three","output_length":5}]}`,
		}}},
		"isl-osl": {files: map[string][]string{"p.jsonl": {
			`{"instance_id":"a","turns":[{"isl_new":10,"osl":5},{"isl_new":7,"osl":5}]}`, `{"instance_id":"b","turns":[{"isl_new":9,"osl":5}]}`,
		}}},
		"lmcache": {files: map[string][]string{"p.jsonl": each(func(session string, s, i int) string {
			return fmt.Sprintf(`{"timestamp":%d000000,"input":"x%s","output":"yz","session_id":"%s"}`, unixOf(s, i, 0),
				strings.Repeat(" more", i), session)
		})}},
		"swe-agent": {whole: true, files: map[string][]string{
			"p.traj": {`{"history":[` + said(3) + `],"trajectory":[{"observation":"z","execution_time":1}]}`},
			"q.traj": {`{"history":[` + said(2) + `],"trajectory":[{"observation":"z","execution_time":2}]}`},
		}},
		"chat": {files: map[string][]string{"p.jsonl": {
			`{"id":"a","messages":[` + said(3) + `]}`, `{"id":"b","messages":[` + said(1) + `]}`,
		}}},
	}
}

// lawless are formats whose laws stand elsewhere, or of which none holds.
var lawless = map[string]string{
	"agentsim":      "a table with a seal: TestDamagedTablesAreRefused",
	"servegen":      "a profile, from which calls are drawn",
	"vllm-generate": "settings, from which calls are drawn",
	"openhands":     "a directory of numbered events",
}

func TestLawsHoldForAllFormats(t *testing.T) {
	have := specimens()
	tools := map[string]bool{}
	for _, f := range toolFormats() {
		tools[f.name] = true // TestToolMiniatures and the tests behind it
	}
	for _, name := range Formats() {
		_, ok := have[name]
		require.True(t, ok || tools[name] || lawless[name] != "", "format %s has no specimen", name)
	}
}

// lay writes the files of a specimen to a directory.
func (s specimen) lay(t testing.TB, rename func(i int, name string) string, rows func(lines []string)) string {
	t.Helper()
	dir := t.TempDir()
	for i, name := range slices.Sorted(maps.Keys(s.files)) {
		lines := slices.Clone(s.files[name])
		switch filepath.Ext(name) {
		case ".csv":
			rows(lines[1:])
		case ".jsonl":
			rows(lines)
		}
		text := strings.Join(lines, "\n") + "\n"
		require.NoError(t, os.WriteFile(filepath.Join(dir, rename(i, name)), []byte(text), 0o600))
	}
	return dir
}

func keepName(_ int, name string) string { return name }
func keepRows([]string)                  {}

// summary is what a trace adds up to, as JSON.
func summary(t testing.TB, format string, paths ...string) string {
	t.Helper()
	tr, err := OpenAll(paths, Options{Tokens: tokens.ByRatio(1)})
	require.NoError(t, err, format)
	require.Equal(t, format, tr.Format())
	var stats trace.Stats
	for _, c := range drain(t, tr) {
		requireSound(t, c)
		stats.Add(&c)
	}
	out, err := json.Marshal(stats.Summary())
	require.NoError(t, err)
	return string(out)
}

// Files and rows may come in any order.
func TestOrderDoesNotMatter(t *testing.T) {
	for name, s := range specimens() {
		dir := s.lay(t, keepName, keepRows)
		want := summary(t, name, dir)
		require.Contains(t, want, `"sessions":`)
		for seed := range uint64(8) {
			r := rand.New(rand.NewPCG(seed, 1))
			mixed := s.lay(t, func(i int, file string) string {
				if name == "blis" {
					return file // a pair goes by its name
				}
				return fmt.Sprintf("%d-%s", (i+1+int(seed))%len(s.files), file)
			}, func(rows []string) {
				if s.order == "" {
					r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
				}
			})
			require.Equal(t, want, summary(t, name, mixed), "%s, seed %d", name, seed)
		}
	}
}

// A file that is given twice, or that lies there under two names, counts once.
func TestCopiesCountOnce(t *testing.T) {
	for name, s := range specimens() {
		dir := s.lay(t, keepName, keepRows)
		want := summary(t, name, dir)
		require.Equal(t, want, summary(t, name, dir, dir), name)
		for file := range s.files {
			if name == "blis" {
				continue
			}
			text, err := os.ReadFile(filepath.Join(dir, file))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, "copy-"+file), text, 0o600))
		}
		require.Equal(t, want, summary(t, name, dir), name)
	}
}

// A file that ends anywhere reads to the beginning of its calls and a note, or
// is an error.
func TestCutAnywhere(t *testing.T) {
	const stride = 7 // bytes; every one takes a minute
	for name, s := range specimens() {
		for file, lines := range s.files {
			if filepath.Ext(file) == ".yaml" {
				continue
			}
			text := strings.Join(lines, "\n") + "\n"
			whole := cutCalls(t, name, s, file, text)
			require.NotEmpty(t, whole.calls, name)
			read := 0
			for at := 0; at < len(text); at += stride {
				got := cutCalls(t, name, s, file, text[:at])
				if got.err != nil {
					continue
				}
				read++
				require.LessOrEqual(t, got.count, whole.count, "%s cut at byte %d", name, at)
				for call, n := range got.calls {
					require.True(t, n <= whole.calls[call] || got.noted, "%s cut at byte %d: %s", name, at, call)
				}
				atLine := text[at] == '\n' || at > 0 && text[at-1] == '\n'
				require.True(t, atLine || got.noted, "%s cut at byte %d of %d without a note", name, at, len(text))
			}
			behind := len(text) - len(lines[0]) // the first record or the header
			require.True(t, s.whole || len(lines) < 3 || read > behind/2/stride, "%s: %d of %d bytes", name, read, behind)
		}
	}
}

type cutRead struct {
	calls map[string]int
	count int
	noted bool
	err   error
}

// cutCalls reads one file of a specimen, beside what belongs to it.
func cutCalls(t *testing.T, name string, s specimen, file, text string) cutRead {
	dir := t.TempDir()
	for other, lines := range s.files {
		if filepath.Ext(other) == ".yaml" {
			require.NoError(t, os.WriteFile(filepath.Join(dir, other), []byte(strings.Join(lines, "\n")+"\n"), 0o600))
		}
	}
	path := filepath.Join(dir, file)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	tr, err := OpenAll([]string{path}, Options{Format: name, Tokens: tokens.ByRatio(1)})
	if err != nil {
		return cutRead{err: err}
	}
	defer tr.Close()
	calls, err := all(tr)
	out := cutRead{calls: map[string]int{}, count: len(calls), err: err, noted: len(tr.Report().Notes) > 0}
	for _, c := range calls {
		if name == "aa-rwlt" {
			c.Output = 0 // it stands in the record behind
		}
		out.calls[fmt.Sprint(c.Session, c.Agent, c.Turn, c.Input, c.Output)]++
	}
	return out
}
