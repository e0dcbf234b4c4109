package readers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/trace"
	"agentsim/trace/tokens"
)

// write puts text into a file of its own and returns the path.
func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// read returns the calls of a file with that text. Its format must be found.
func read(t testing.TB, format, name, text string) []trace.Call {
	t.Helper()
	tr, err := OpenAll([]string{write(t, name, text)}, Options{Tokens: tokens.ByRatio(1)})
	require.NoError(t, err)
	require.Equal(t, format, tr.Format())
	return drain(t, tr)
}

// line repeats a record with other fields at its beginning.
func lines(records ...string) string { return strings.Join(records, "\n") + "\n" }

func TestTimesHaveTheUnitOfTheirFormat(t *testing.T) {
	for format, text := range map[string]string{
		"mooncake": `{"timestamp":2500,"input_length":10,"output_length":1,"hash_ids":[1]}`, // ms
		"bailian":  `{"chat_id":1,"parent_chat_id":-1,"timestamp":2.5,"input_length":10,"output_length":1,"hash_ids":[1]}`,
		"dynamo-mooncake": `{"request_id":"a","session_id":"s","timestamp":2500,"input_length":10,"output_length":1,` +
			`"hash_ids":[1],"wait_for":[]}`,
	} {
		require.Equal(t, 2.5, read(t, format, "x.jsonl", text)[0].Start, format)
	}
	for format, text := range map[string]string{
		"burstgpt": "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n2.5,m,1,1,2,API log\n",
		"vidur":    "arrived_at,num_prefill_tokens,num_decode_tokens\n2.5,1,1\n",
		"azure": "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,1,1\n" +
			"2023-11-16 18:17:06.4799600,1,1\n",
	} {
		calls := read(t, format, "x.csv", text)
		require.Equal(t, 2.5, calls[len(calls)-1].Start, format)
	}
	lmcache := lines(
		`{"timestamp":1760428438776726,"input":"ab","output":"c","session_id":"s"}`,
		`{"timestamp":1760428436276726,"input":"a","output":"cd","session_id":"s"}`)
	calls := read(t, "lmcache", "x.jsonl", lmcache) // µs, unsorted, answers put back
	require.InDelta(t, 2.5, calls[1].Start, 1e-9)
	require.Equal(t, []int{1, 4}, []int{calls[0].Input, calls[1].Input})
	require.Equal(t, 1, calls[1].Cached)
}

func TestGapsRunFromEndToStart(t *testing.T) {
	// burstGPT 3 tells when a call began and how long it took.
	calls := read(t, "burstgpt", "x.csv", "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens\n"+
		"10,a,2,m,100,10\n17,a,1,m,200,10\n")
	require.Equal(t, 5.0, calls[1].Gap)
	// AIPerf's delay runs from the answer's end already.
	calls = read(t, "mooncake", "x.jsonl", lines(
		`{"session_id":"s","timestamp":0,"input_length":10,"output_length":1}`,
		`{"session_id":"s","delay":1500,"input_length":10,"output_length":1}`))
	require.Equal(t, 1.5, calls[1].Gap)
	// TraceLab's CSV puts the wait beside the call before it.
	calls = read(t, "tracelab-csv", "x.csv",
		"id,input_len,output_len,arrival_time,round_idx,tool_wait_after_ms,prefix_len\n"+
			"0,10,5,100,0,700,0\n0,10,5,100,1,0,15\n")
	require.Equal(t, 0.7, calls[1].Gap)
	require.Equal(t, 0.1, calls[0].Start)
	require.Equal(t, trace.Unknown, calls[1].Start)
}

func TestBlockIDs(t *testing.T) {
	// Global ids match across requests; hashes need all 64 bits.
	dynamo := `{"timestamp":0,"event":{"event_type":"request_end","event_time_unix_ms":1000,"agent_context":{` +
		`"session_id":"s","trajectory_id":"T"},"request":{"output_tokens":1,"replay":{"trace_block_size":64,` +
		`"input_length":192,"input_sequence_hashes":[18446744073709551615,HASH,3]}}}}`
	calls := read(t, "dynamo-trace", "x.jsonl", lines(
		strings.NewReplacer("T", "a", "HASH", "9223372036854775807").Replace(dynamo),
		strings.NewReplacer("T", "b", "HASH", "9223372036854775808").Replace(dynamo)))
	require.Equal(t, []int{0, 64}, []int{calls[0].Cached, calls[1].Cached})

	// Local ids of another session mean other blocks; sub-agents share them.
	session := `{"id":"NAME","block_size":64,"hash_id_scope":"local","tool_tokens":30,"system_tokens":10,"requests":[` +
		`{"t":0,"in":130,"out":5,"hash_ids":[1,2],"input_types":["text"]},` +
		`{"type":"subagent","t":100,"agent_id":"A","tool_tokens":7,"system_tokens":2,"requests":[` +
		`{"t":1,"in":64,"out":5,"hash_ids":[1],"input_types":["text"]},` +
		`{"t":9,"in":128,"out":5,"hash_ids":[1,3],"input_types":["tool_result"],"think_time":2}]},` +
		`{"t":200,"in":200,"out":5,"hash_ids":[1,2,3],"input_types":["tool_result"],"api_time":3}]}`
	p, q := strings.Replace(session, "NAME", "p", 1), strings.Replace(session, "NAME", "q", 1)
	calls = read(t, "weka", "x.jsonl", lines(p, q))
	require.Len(t, calls, 8)
	for _, c := range [][]trace.Call{calls[:4], calls[4:]} {
		require.Equal(t, []int{0, 64, 64, 192}, []int{c[0].Cached, c[1].Cached, c[2].Cached, c[3].Cached})
		require.Equal(t, []string{"", "A", "A", ""}, []string{c[0].Agent, c[1].Agent, c[2].Agent, c[3].Agent})
		require.Equal(t, []int{0, 0, 1, 1}, []int{c[0].Turn, c[1].Turn, c[2].Turn, c[3].Turn})
		require.Equal(t, []float64{0, 101, 109, 200}, []float64{c[0].Start, c[1].Start, c[2].Start, c[3].Start})
		require.Equal(t, []int{40, 9, 0, 0}, []int{c[0].Shared, c[1].Shared, c[2].Shared, c[3].Shared})
	}
	require.Equal(t, "p", calls[1].Parent)
}

// A prompt's beginning is held by the latest prompt that began so.
func TestWhoHoldsAPrefix(t *testing.T) {
	row := func(input, ids string) string {
		return `{"timestamp":0,"input_length":` + input + `,"output_length":1,"hash_ids":[` + ids + `]}`
	}
	calls := read(t, "mooncake", "x.jsonl", lines(row("1024", "1,2"), row("1536", "1,2,3"), row("1024", "1,9"),
		row("1024", "7,6"), row("1536", "1,2,8")))
	var holders, cached []int
	for _, c := range calls {
		holders, cached = append(holders, c.Holder), append(cached, c.Cached)
	}
	require.Equal(t, []int{0, 1024, 512, 0, 1024}, cached)
	require.Equal(t, []int{0, 1, 2, 0, 2}, holders)
	pool, err := trace.NewPool(open(t, write(t, "x.jsonl", lines(row("1024", "1,2"), row("1536", "1,2,3")))),
		trace.PoolOptions{Trees: true})
	require.NoError(t, err)
	require.True(t, pool.Inherits())
	var s trace.Session
	pool.Session(1, &s)
	require.EqualValues(t, 1, s.From)
	require.EqualValues(t, 1024, s.Inherited)
}

func TestCallsSpreadOverRecordsCountOnce(t *testing.T) {
	assistant := `{"type":"assistant","sessionId":"s","parentUuid":"x","isSidechain":SIDE,` +
		`"timestamp":"2026-01-01T00:00:TIMEZ","message":{"role":"assistant","id":"ID","model":"m",` +
		`"content":[{"type":"tool_use","id":"t1","name":"Bash"}],` +
		`"usage":{"input_tokens":2,"cache_creation_input_tokens":30,"cache_read_input_tokens":100,"output_tokens":OUT}}}`
	user := `{"type":"user","sessionId":"s","parentUuid":"x","isSidechain":SIDE,"timestamp":"2026-01-01T00:00:TIMEZ",` +
		`"message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"x"}]}}`
	with := func(record, side, time, id, out string) string {
		return strings.NewReplacer("SIDE", side, "TIME", time, "ID", id, "OUT", out).Replace(record)
	}
	calls := read(t, "claude-code", "x.jsonl", lines(
		with(user, "false", "01", "", ""),
		with(assistant, "false", "03", "m1", "5"),
		with(assistant, "true", "04", "side", "7"), // a sub-agent in between
		with(assistant, "false", "05", "m1", "40"),
		with(user, "false", "08", "", ""),
		with(assistant, "false", "09", "m2", "6"),
		with(assistant, "false", "09", "m1", "40"), // a copy of an old record
	))
	require.Len(t, calls, 3)
	calls[1], calls[2] = calls[2], calls[1] // in the order of time, that of the sub-agent is the second
	require.Equal(t, []int{40, 6, 7}, []int{calls[0].Output, calls[1].Output, calls[2].Output})
	require.Equal(t, 132, calls[0].Input)
	require.Equal(t, 100, calls[0].Cached)
	require.Equal(t, 4.0, calls[0].Service)
	require.Equal(t, 3.0, calls[1].Gap)
	require.Equal(t, "Bash", calls[1].Tool)
	require.Equal(t, "sidechain", calls[2].Agent)
	require.Equal(t, "s", calls[2].Parent)

	codex := func(total, input string) string {
		return `{"timestamp":"2026-01-01T00:00:01Z","type":"event_msg","payload":{"type":"token_count","info":{` +
			`"total_token_usage":{"total_tokens":` + total + `},"last_token_usage":{"input_tokens":` + input +
			`,"cached_input_tokens":4,"output_tokens":1}}}}`
	}
	calls = read(t, "codex", "x.jsonl", lines(codex("10", "9"), codex("10", "9"),
		`{"timestamp":"2026-01-01T00:00:01Z","type":"event_msg","payload":{"type":"token_count","info":null}}`,
		codex("30", "19")))
	require.Equal(t, []int{9, 19}, []int{calls[0].Input, calls[1].Input})
	require.Len(t, calls, 2)
}

func TestCachedTokensInsideOrBesideTheInput(t *testing.T) {
	langfuse := `{"id":"a","traceId":"t","type":"GENERATION","startTime":"2026-01-01T00:00:00Z","usageDetails":`
	for usage, want := range map[string][2]int{
		`{"input":100,"input_cached_tokens":60,"output":10,"total":110}}`:                       {100, 60},
		`{"input":100,"input_cached_tokens":60,"output":10,"total":170}}`:                       {160, 60},
		`{"input":5,"cache_read_input_tokens":60,"output":1}}`:                                  {65, 60},
		`{"input":5,"cache_read_input_tokens":60,"cache_creation_input_tokens":20,"output":1}}`: {85, 60},
		`{"input":100,"output":10}}`:                                                            {100, 0},
	} {
		calls := read(t, "langfuse", "x.jsonl", langfuse+usage)
		require.Equal(t, want, [2]int{calls[0].Input, calls[0].Cached}, usage)
	}
}

func TestCopiesAndUnsortedRounds(t *testing.T) {
	round := func(index, at string) string {
		return `{"session_id":"s","round_index":` + index + `,"input_tokens_total":10,"prefix_tokens":4,` +
			`"newly_append_tokens":6,"output_tokens":1,"first_input_event_type":"tool_result","timing_events":[` +
			`{"event_type":"tool_result","timestamp":"2026-01-01T00:00:0` + at + `Z"},` +
			`{"event_type":"text","timestamp":"2026-01-01T00:00:0` + at + `.5Z"}]}`
	}
	path := write(t, "x.jsonl", lines(round("1", "4"), round("0", "1"), round("1", "4"), round("2", "9")))
	tr, err := Open(path, Auto)
	require.NoError(t, err)
	calls := drain(t, tr)
	require.Len(t, calls, 3)
	require.Equal(t, []float64{trace.Unknown, 2.5, 4.5}, []float64{calls[0].Gap, calls[1].Gap, calls[2].Gap})
	require.Equal(t, []Note{{"copies of calls left out", 1}}, tr.Report().Notes)
}

func TestForksInheritAndSpawnsStartEmpty(t *testing.T) {
	calls := read(t, "aiperf-dag", "x.jsonl", lines(
		`{"session_id":"fork","turns":[{"messages":[{"role":"user","content":"f"}],"max_tokens":1}]}`, // before its parent
		`{"session_id":"root","turns":[{"messages":[{"role":"user","content":"root"}],"max_tokens":10,`+
			`"forks":["fork"],"spawns":["spawn"]}]}`,
		`{"session_id":"spawn","turns":[{"messages":[{"role":"user","content":"sp"}],"max_tokens":1}]}`))
	require.Equal(t, []string{"root", "fork", "spawn"}, []string{calls[0].Session, calls[1].Session, calls[2].Session})
	require.Equal(t, []int{8, 8 + 10 + 5, 6}, []int{calls[0].Input, calls[1].Input, calls[2].Input})
	require.Equal(t, []int{0, 8, 0}, []int{calls[0].Cached, calls[1].Cached, calls[2].Cached})
	require.Equal(t, []string{"", "root", "root"}, []string{calls[0].Parent, calls[1].Parent, calls[2].Parent})
}

func TestSpansOfNestedAgents(t *testing.T) {
	span := func(id, parent, operation, start, end, more string) string {
		return `{"traceId":"t","spanId":"` + id + `","parentSpanId":"` + parent + `","name":"` + operation + ` x",` +
			`"startTimeUnixNano":"` + start + `000000000","endTimeUnixNano":` + end + `000000000,"attributes":[` + more + `]}`
	}
	usage := `{"key":"gen_ai.usage.prompt_tokens","value":{"intValue":"50"}},` +
		`{"key":"gen_ai.usage.completion_tokens","value":{"intValue":5}}`
	text := `{"resourceSpans":[{"scopeSpans":[{"spans":[` + strings.Join([]string{
		span("c3", "main", "chat", "30", "31", usage),
		span("c2", "sub", "chat", "20", "21", usage),
		span("sub", "tool", "invoke_agent", "19", "22", `{"key":"gen_ai.agent.name","value":{"stringValue":"explore"}}`),
		span("tool", "main", "execute_tool", "18", "23", `{"key":"gen_ai.tool.name","value":{"stringValue":"task"}}`),
		span("main", "", "invoke_agent", "10", "40", ""),
		span("c1", "main", "chat", "10", "12", usage),
	}, ",") + `]}]}]}`
	calls := read(t, "otel", "x.json", text)
	require.Len(t, calls, 3)
	require.Equal(t, []string{"", "explore:sub", ""}, []string{calls[0].Agent, calls[1].Agent, calls[2].Agent})
	require.Equal(t, "t", calls[1].Parent)
	require.Equal(t, 18.0, calls[2].Gap)
	require.Equal(t, trace.Tool, calls[2].Kind)
	require.Equal(t, "task", calls[2].Tool)
}

func TestAgenticMooncakeSubAgents(t *testing.T) {
	row := func(id, session, wait, branches string) string {
		return `{"request_id":"` + id + `","session_id":"` + session + `","input_length":10,"output_length":1,` +
			`"hash_ids":[1],"wait_for":[` + wait + `],"branches":[` + branches + `],"delay":10,"tool_wait_ms":20}`
	}
	calls := read(t, "dynamo-mooncake", "x.jsonl", lines(
		row("a", "main", "", `"b"`), row("b", "sub", `"a"`, ""), row("c", "main", `"a","b"`, "")))
	require.Equal(t, []string{"", "main", ""}, []string{calls[0].Parent, calls[1].Parent, calls[2].Parent})
	require.InDelta(t, 0.03, calls[2].Gap, 1e-9)
	require.Equal(t, []int{0, 1, 0}, []int{calls[0].After, calls[1].After, calls[2].After})
	require.Equal(t, []bool{false, false, true}, []bool{calls[0].Joins, calls[1].Joins, calls[2].Joins})
}

// The sessions of a DAG wait for each other as the file says.
func TestJoinsOfADAG(t *testing.T) {
	tr, err := Open(sharedPath(t, "traces/formats/aiperf_dag.jsonl"), Auto)
	require.NoError(t, err)
	defer tr.Close()
	pool, err := trace.NewPool(tr, trace.PoolOptions{Trees: true})
	require.NoError(t, err)
	require.Equal(t, []int32{0}, pool.Roots())
	var s trace.Session
	pool.Session(0, &s)
	require.Len(t, s.Spawns, 2)
	for _, spawn := range s.Spawns {
		require.Zero(t, spawn.After)
		require.EqualValues(t, 2, spawn.Join)
	}
}

func TestHistoryOfTextAccumulates(t *testing.T) {
	// Messages that two conversations begin with are found in the cache.
	calls := read(t, "chat", "x.jsonl", lines(
		`{"id":"1","messages":[{"role":"system","content":"sys"},{"role":"user","content":"hello"},`+
			`{"role":"assistant","content":"hi"},{"role":"tool","content":"result"},{"role":"assistant","content":"done"}]}`,
		`{"id":"2","messages":[{"role":"system","content":"sys"},{"role":"user","content":"bye"},`+
			`{"role":"assistant","content":[{"type":"text","text":"ok"}]}]}`))
	require.Equal(t, []int{7 + 9, 16 + 6 + 10, 7 + 7}, []int{calls[0].Input, calls[1].Input, calls[2].Input})
	require.Equal(t, []int{0, 16, 7}, []int{calls[0].Cached, calls[1].Cached, calls[2].Cached})
	require.Equal(t, []int{2, 4, 2}, []int{calls[0].Output, calls[1].Output, calls[2].Output})
	require.Equal(t, trace.Tool, calls[1].Kind)
}

func TestTextRowsOfMooncake(t *testing.T) {
	calls := read(t, "mooncake", "x.jsonl", lines(
		`{"session_id":"s","timestamp":0,"text_input":"abcd","output_length":10}`,
		`{"session_id":"s","delay":1,"text_input":"ef","output_length":1}`,
		`{"session_id":"w","timestamp":9,"messages":[{"role":"user","content":"abc"}],"output_length":2}`,
		`{"session_id":"w","delay":1,"messages":[{"role":"user","content":"abc"},{"role":"assistant","content":"xy"},`+
			`{"role":"user","content":"d"}],"output_length":2}`))
	require.Equal(t, []int{8, 8 + 10 + 6, 7, 7 + 6 + 5},
		[]int{calls[0].Input, calls[1].Input, calls[2].Input, calls[3].Input})
	require.Equal(t, []int{0, 8, 0, 7}, []int{calls[0].Cached, calls[1].Cached, calls[2].Cached, calls[3].Cached})
}

func TestGeneratedConversations(t *testing.T) {
	calls := readAll(t, sharedPath(t, "traces/formats/vllm_multi_turn_generate.json"))
	turns := map[string]int{}
	for _, c := range calls {
		turns[c.Session]++
		if c.Turn == 0 {
			require.Equal(t, 4000, c.Shared)
			require.Greater(t, c.Input, 4000)
		}
		require.LessOrEqual(t, c.Output, 16000)
	}
	require.Len(t, turns, 8)
	for _, n := range turns { // 4 to 40 messages, half of them the model's
		require.GreaterOrEqual(t, n, 2)
		require.LessOrEqual(t, n, 20)
	}
}

func TestUnknownKeysOfExportsAreCounted(t *testing.T) {
	path := write(t, "x.jsonl", lines(
		`{"timestamp":0,"input_length":10,"output_length":1,"hash_ids":[1],"colour":"red"}`,
		`{"timestamp":0,"input_length":10,"output_length":1,"hash_ids":[1],"colour":{"x":[1]}}`))
	tr, err := Open(path, Auto)
	require.NoError(t, err)
	require.Len(t, drain(t, tr), 2)
	require.Equal(t, []Note{{"unknown key colour", 2}}, tr.Report().Notes)
}

func TestSWEAgentWithoutHistory(t *testing.T) {
	calls := read(t, "swe-agent", "x.traj", `{"trajectory":[{"action":"ls","observation":"files","response":"run ls",`+
		`"execution_time":0.25},{"action":"exit","observation":"","response":"done","execution_time":0.5}]}`)
	require.Equal(t, []int{0, 4 + 6 + 4 + 5}, []int{calls[0].Input, calls[1].Input})
	require.Equal(t, 0.25, calls[1].Gap)
}
