package readers

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/trace"
)

// otlp writes spans as OTLP JSON: id, parent, name, begin and end in seconds,
// then pairs of attributes.
func otlp(spans ...string) string {
	return `{"resourceSpans":[{"scopeSpans":[{"spans":[` + strings.Join(spans, ",") + `]}]}]}`
}

func otlpSpan(id, parent, name string, at [2]int, attributes ...any) string {
	var pairs []string
	for i := 0; i < len(attributes); i += 2 {
		value := fmt.Sprintf(`{"stringValue":"%v"}`, attributes[i+1])
		if n, ok := attributes[i+1].(int); ok {
			value = fmt.Sprintf(`{"intValue":"%d"}`, n)
		}
		pairs = append(pairs, fmt.Sprintf(`{"key":"%v","value":%s}`, attributes[i], value))
	}
	return fmt.Sprintf(`{"traceId":"t","spanId":"%s","parentSpanId":"%s","name":"%s","startTimeUnixNano":"1%03d000000000",`+
		`"endTimeUnixNano":"1%03d000000000","attributes":[%s]}`, id, parent, name, at[0], at[1], strings.Join(pairs, ","))
}

func TestSpansOfOpenInference(t *testing.T) {
	calls := read(t, "otel", "x.json", otlp(
		otlpSpan("a", "", "agent", [2]int{10, 40}, "openinference.span.kind", "AGENT", "session.id", "s"),
		otlpSpan("b", "a", "ChatOpenAI", [2]int{10, 15}, "openinference.span.kind", "LLM", "llm.model_name", "m",
			"llm.token_count.prompt", 3000, "llm.token_count.completion", 90, "llm.token_count.total", 3090,
			"llm.token_count.prompt_details.cache_read", 2048, "session.id", "s"),
		otlpSpan("b2", "b", "ChatCompletion", [2]int{10, 15}, "openinference.span.kind", "LLM", "llm.model_name", "m",
			"llm.token_count.prompt", 3000, "llm.token_count.completion", 90, "llm.token_count.total", 3090,
			"llm.token_count.prompt_details.cache_read", 2048, "session.id", "s"),
		otlpSpan("c", "a", "bash", [2]int{15, 18}, "openinference.span.kind", "TOOL", "tool.name", "bash"),
		otlpSpan("d", "a", "embed", [2]int{18, 19}, "openinference.span.kind", "EMBEDDING", "llm.token_count.prompt", 50),
		otlpSpan("e", "a", "messages", [2]int{20, 24}, "openinference.span.kind", "LLM", "llm.model_name", "m",
			"llm.token_count.prompt", 120, "llm.token_count.completion", 70, "llm.token_count.total", 3390,
			"llm.token_count.prompt_details.cache_read", 3000, "llm.token_count.prompt_details.cache_write", 200),
	))
	require.Len(t, calls, 2) // one that is told by a framework and by the client within it; no embedding
	require.Equal(t, []int{3000, 3320}, []int{calls[0].Input, calls[1].Input})
	require.Equal(t, []int{2048, 3000}, []int{calls[0].Cached, calls[1].Cached})
	require.Equal(t, []string{"s", "s"}, []string{calls[0].Session, calls[1].Session})
	require.Equal(t, trace.Tool, calls[1].Kind)
	require.Equal(t, "bash", calls[1].Tool)
	require.Equal(t, 5.0, calls[1].Gap)
}

func TestSpansOfVercel(t *testing.T) {
	call := func(id, parent string, at [2]int, in, out int) string {
		return otlpSpan(id, parent, "ai.generateText.doGenerate", at, "operation.name",
			"ai.generateText.doGenerate bot", "ai.operationId", "ai.generateText.doGenerate", "ai.model.id", "m",
			"ai.usage.promptTokens", in, "ai.usage.completionTokens", out, "gen_ai.usage.input_tokens", in,
			"gen_ai.usage.output_tokens", out, "ai.telemetry.metadata.sessionId", "s")
	}
	sdk := func(id, parent string, begin, end int) string {
		return otlpSpan(id, parent, "ai.generateText", [2]int{begin, end}, "operation.name", "ai.generateText bot",
			"ai.operationId", "ai.generateText", "ai.usage.promptTokens", 9999, "ai.usage.completionTokens", 99)
	}
	calls := read(t, "otel", "x.json", otlp(
		otlpSpan("root", "", "invoke_agent main", [2]int{0, 90}, "gen_ai.operation.name", "invoke_agent"),
		sdk("g", "root", 0, 50), call("c1", "g", [2]int{0, 5}, 1000, 20),
		otlpSpan("t1", "g", "ai.toolCall", [2]int{5, 15}, "ai.operationId", "ai.toolCall", "ai.toolCall.name", "research"),
		sdk("g2", "t1", 6, 14), call("sub", "g2", [2]int{6, 14}, 300, 30), // an agent that a tool starts
		call("c2", "g", [2]int{16, 20}, 1100, 25),
		sdk("g3", "root", 60, 70), call("c3", "g3", [2]int{60, 70}, 1200, 35),
		otlpSpan("v", "root", "ai.embed.doEmbed", [2]int{71, 72}, "ai.operationId", "ai.embed.doEmbed", "ai.usage.tokens", 9),
	))
	require.Len(t, calls, 4)
	var agents []string
	var inputs []int
	for _, c := range calls {
		agents, inputs = append(agents, c.Agent), append(inputs, c.Input)
	}
	require.Equal(t, []int{1000, 300, 1100, 1200}, inputs)
	require.Equal(t, []string{"", "agent:g2", "", ""}, agents)
	require.Equal(t, "research", calls[2].Tool)
	require.Equal(t, 11.0, calls[2].Gap)
	require.Equal(t, trace.User, calls[3].Kind)
}

func TestSpansOfTempo(t *testing.T) {
	span := otlpSpan("1", "", "chat m", [2]int{1, 2}, "gen_ai.operation.name", "chat", "gen_ai.usage.input_tokens", 10)
	for _, around := range []string{`"batches":[`, `"trace":{"resourceSpans":[`} {
		text := strings.Replace(otlp(span), `"resourceSpans":[`, around, 1) + strings.Repeat("}", strings.Count(around, "{"))
		require.Equal(t, 10, read(t, "otel", "x.json", text)[0].Input)
	}
}

func TestSpanIdsAreOfTheirTrace(t *testing.T) {
	span := otlpSpan("1", "", "chat m", [2]int{1, 2}, "gen_ai.operation.name", "chat", "gen_ai.usage.input_tokens", 10)
	calls := read(t, "otel", "x.json", otlp(span, strings.Replace(span, `"traceId":"t"`, `"traceId":"u"`, 1)))
	require.Len(t, calls, 2)
}

// What a claude -p prints when it only prints its result.
func TestResultOfClaudeAlone(t *testing.T) {
	calls := read(t, "claude-stream", "x.json", `{"type":"result","subtype":"success","is_error":false,"duration_ms":16000,`+
		`"duration_api_ms":10000,"num_turns":3,"result":"x","session_id":"s","usage":{"input_tokens":30,`+
		`"cache_creation_input_tokens":5970,"cache_read_input_tokens":24000,"output_tokens":301}}`)
	require.Len(t, calls, 3)
	require.Equal(t, []int{8000, 10000, 12000}, []int{calls[0].Input, calls[1].Input, calls[2].Input})
	require.Equal(t, 301, calls[0].Output+calls[1].Output+calls[2].Output)
	require.Equal(t, 24000, calls[0].Cached+calls[1].Cached+calls[2].Cached)
	require.Equal(t, []int{6000, 8000, 10000}, []int{calls[0].Prefix, calls[1].Prefix, calls[2].Prefix})
	require.InDelta(t, 3.0, calls[1].Gap, 1e-6)
	require.InDelta(t, 10./3, calls[2].Service, 1e-6)
}

// Prompts of a thread's later turn are no smaller: where they would be, its
// usage is its own and no sum so far.
func TestTurnsOfCodexThatDoNotAddUp(t *testing.T) {
	turn := func(input, cached, output int) string {
		return fmt.Sprintf(`{"type":"turn.completed","usage":{"input_tokens":%d,"cached_input_tokens":%d,"output_tokens":%d}}`,
			input, cached, output)
	}
	calls := read(t, "codex-exec", "x.jsonl", lines(`{"type":"thread.started","thread_id":"a"}`,
		turn(24763, 24448, 122), turn(25100, 24700, 130)))
	require.Equal(t, []int{24763, 25100}, []int{calls[0].Input, calls[1].Input})
	calls = read(t, "codex-exec", "x.jsonl", lines(`{"type":"thread.started","thread_id":"a"}`,
		turn(24763, 24448, 122), turn(50000, 49000, 130)))
	require.Equal(t, []int{24763, 50000 - 24763}, []int{calls[0].Input, calls[1].Input})
}

func TestOlderEventsOfCodex(t *testing.T) {
	count := func(total, input int) string {
		return fmt.Sprintf(`{"id":"0","msg":{"type":"token_count","info":{"total_token_usage":{"input_tokens":%d,"output_tokens":9},`+
			`"last_token_usage":{"input_tokens":%d,"cached_input_tokens":4,"output_tokens":7}}}}`, total, input)
	}
	calls := read(t, "codex-exec", "x.jsonl", lines(
		`{"id":"","msg":{"type":"session_configured","session_id":"s","model":"m"}}`, count(100, 100),
		`{"id":"0","msg":{"type":"exec_command_begin","call_id":"c","command":["ls"]}}`, count(100, 100), count(250, 150)))
	require.Equal(t, []int{100, 150}, []int{calls[0].Input, calls[1].Input})
	require.Equal(t, []string{"s", "exec_command"}, []string{calls[1].Session, calls[1].Tool})
}

func TestEventsOfCursorAsJSON(t *testing.T) {
	calls := read(t, "cursor", "x.json", `{"totalUsageEventsCount":2,"usageEvents":[{"timestamp":"1782896405000","model":"m",`+
		`"kind":"Usage-based","tokenUsage":{"inputTokens":20,"outputTokens":7,"cacheWriteTokens":500,"cacheReadTokens":3000,`+
		`"totalCents":1.2}},{"timestamp":"1782896400000","model":"m","kind":"Errored, Not Charged"}]}`)
	require.Len(t, calls, 1)
	require.Equal(t, []int{3520, 3000, 7}, []int{calls[0].Input, calls[0].Cached, calls[0].Output})
}

func TestTablesOfCalls(t *testing.T) {
	check := func(calls []trace.Call) {
		t.Helper()
		require.Equal(t, []int{1000, 1200}, []int{calls[0].Input, calls[1].Input})
		require.Equal(t, []int{900, 1000}, []int{calls[0].Cached, calls[1].Prefix})
		require.Equal(t, []float64{2, 3}, []float64{calls[0].Service, calls[1].Gap})
		require.Equal(t, "s", calls[1].Session)
	}
	check(read(t, "call-rows", "x.csv", "Session ID,timestamp_ms,latency_ms,prompt_tokens,completion_tokens,cached_tokens\r\n"+
		"s,1782896405000,1000,1200,5,\r\ns,1782896400000,2000,1000,7,900\r\n"))
	check(read(t, "call-rows", "x.csv", "session_id;start_time;end_time;input_tokens;output_tokens;cached_tokens\n"+
		"s;2026-07-01 09:00:00;2026-07-01 09:00:02;1000;7;900\ns;2026-07-01 09:00:05;;1200;5;"))
	check(read(t, "call-rows", "x.jsonl", lines(
		`{"session_id":"s","timestamp":1782896400.0,"duration_s":2,"usage":{"prompt_tokens":1000,"completion_tokens":7,`+
			`"prompt_tokens_details":{"cached_tokens":900}}}`,
		`{"session_id":"s","timestamp":1782896403.5,"status":"error","usage":{"prompt_tokens":1,"completion_tokens":0}}`,
		`{"session_id":"s","timestamp":1782896405.0,"duration_s":null,"usage":{"prompt_tokens":1200,"completion_tokens":5}}`)))
	type baseten struct {
		Start   int64  `parquet:"timestamp_start_unix_ms"`
		Session string `parquet:"provided_session_id"`
		In      int32  `parquet:"input_tokens"`
		Out     int32  `parquet:"output_tokens"`
		Took    int32  `parquet:"duration_e2e_ms"`
		Cached  *int32 `parquet:"cached_tokens_reference,optional"`
	}
	check(tableCalls(t, table(t, baseten{1782896405000, "s", 1200, 5, 1000, nil},
		baseten{1782896400000, "s", 1000, 7, 2000, new(int32(900))}), "call-rows"))
}

func TestMessagesAsRows(t *testing.T) {
	row := func(turn int, role, content string) string {
		return fmt.Sprintf(`{"conversation_id":"c","turn":%d,"role":"%s","content":"%s"}`, turn, role, content)
	}
	calls := read(t, "chat-rows", "x.jsonl", lines(row(4, "assistant", "done"), row(2, "assistant", "hi"),
		row(1, "user", "hello"), row(3, "user", "go on"), row(1, "user", "hello")))
	require.Equal(t, []int{9, 9 + 6 + 9}, []int{calls[0].Input, calls[1].Input})
	require.Equal(t, []int{2, 4}, []int{calls[0].Output, calls[1].Output})
	require.Equal(t, []int{0, 9}, []int{calls[0].Prefix, calls[1].Prefix})
}

func FuzzCallRows(f *testing.F) {
	fuzz(f, "call-rows", "session_id,timestamp_ms,duration_s,input_tokens,output_tokens\ns,1782896400000,2,10,5\n",
		`{"timestamp":"2026-07-01T09:00:00Z","usage":{"prompt_tokens":1,"completion_tokens":2}}`)
}
