package readers

import "strings"

// format is one way to write a trace down.
type format struct {
	name  string
	match func(*sample) bool
	begin func(*env) opener // a reader's state over all files of a trace
}

// formats lists all formats, the more particular before the more general ones
// that would match the same content.
func formats() []format {
	return append(append(agentFormats(), requestFormats()...), textFormats()...)
}

// agentFormats are recordings of agents: sessions of calls with token counts.
func agentFormats() []format {
	return []format{
		{"agentsim", func(p *sample) bool { return strings.HasPrefix(p.text, parquetMagic) }, newCompact},
		{"weka", func(p *sample) bool { return p.has("requests", "hash_id_scope") || p.has("requests[].hash_ids") },
			jsonRecords(newWeka)},
		{"dynamo-trace", func(p *sample) bool { return p.has("event", "event.event_type") }, jsonRecords(newDynamoTrace)},
		{"tracelab-rounds", func(p *sample) bool { return p.has("round_index", "newly_append_tokens") },
			jsonRecords(newTracelabRounds)},
		{"tracelab-csv", func(p *sample) bool { return p.columns("input_len", "output_len", "prefix_len") },
			csvRows(newTracelabCSV)},
		{"claude-code", func(p *sample) bool { return p.anywhere("sessionId", "parentUuid", "message.role") },
			jsonRecords(newClaudeCode)},
		{"codex", func(p *sample) bool { return p.anywhere("timestamp", "type", "payload.type") }, jsonRecords(newCodex)},
		{"openhands", func(p *sample) bool { return p.parts != nil || p.has("kind", "id", "source", "timestamp") },
			jsonRecords(newOpenHands)},
		{"atif", func(p *sample) bool { return p.has("schema_version", "steps", "session_id") }, jsonRecords(newATIF)},
		{"otel", func(p *sample) bool { return p.has("resourceSpans") }, jsonRecords(newOTel)},
		{"langfuse", func(p *sample) bool { return p.has("traceId", "startTime", "type") }, jsonRecords(newLangfuse)},
		{"langsmith", func(p *sample) bool { return p.has("run_type", "trace_id") }, jsonRecords(newLangSmith)},
		{"litellm", func(p *sample) bool { return p.has("call_type", "startTime", "prompt_tokens") },
			jsonRecords(newLiteLLM)},
		{"isl-osl", func(p *sample) bool { return p.has("turns[].isl_new") }, jsonRecords(newTurnList)},
		{"session-csv", func(p *sample) bool { return p.columns("session_id", "cached_prefix_tokens", "turn") },
			ownRows(newSessionCSV)},
	}
}

// requestFormats are recordings of a service: requests with times of arrival.
func requestFormats() []format {
	return []format{
		{"dynamo-mooncake", func(p *sample) bool { return p.has("request_id", "input_length", "wait_for") },
			jsonRecords(newDynamoMooncake)},
		{"bailian", func(p *sample) bool { return p.has("chat_id", "parent_chat_id") }, jsonRecords(newBailian)},
		{"mooncake", func(p *sample) bool {
			return p.has("output_length") && (p.has("input_length") || p.has("timestamp", "text_input") ||
				p.has("timestamp", "messages"))
		}, jsonRecords(newMooncake)},
		{"azure", func(p *sample) bool { return p.columns("TIMESTAMP", "ContextTokens") }, csvRows(newAzure)},
		{"burstgpt", func(p *sample) bool { return p.columns("Timestamp", "Request tokens") }, csvRows(newBurstGPT)},
		{"vidur", func(p *sample) bool { return p.columns("num_prefill_tokens", "num_decode_tokens") }, csvRows(newVidur)},
		{"blis", func(p *sample) bool { return p.columns("request_id", "arrival_time_us") || p.yamlKey("trace_version") },
			newBLISOpener},
		{"servegen", isServegen, newServegen},
		{"vllm-generate", func(p *sample) bool { return p.has("filetype", "prompt_input.num_turns") },
			jsonRecords(newVLLMGenerate)},
	}
}

// textFormats hold what was said, and no counts of tokens.
func textFormats() []format {
	return []format{
		{"aa-rwlt", func(p *sample) bool { return p.has("conversation_id", "conversation_idx") }, jsonRecords(newAARWLT)},
		{"aiperf-dag", func(p *sample) bool { return p.has("session_id", "turns[].messages") }, jsonRecords(newAIPerfDAG)},
		{"aiperf-multi-turn", func(p *sample) bool {
			return p.has("turns[].text") || p.has("turns[].texts") || p.has("text") || p.has("texts")
		}, jsonRecords(newMultiTurn)},
		{"lmcache", func(p *sample) bool { return p.has("timestamp", "input", "output", "session_id") },
			jsonRecords(newLMCache)},
		{"swe-agent", func(p *sample) bool { return p.has("trajectory[].observation") || p.has("history[].role") },
			jsonRecords(newSWEAgent)},
		{"mini-swe-agent", func(p *sample) bool { return p.has("trajectory_format") || p.list && p.has("role", "content") },
			jsonRecords(newMiniSWEAgent)},
		{"chat", func(p *sample) bool {
			return p.has("conversations[].from") || p.has("conversation[].role") || p.has("messages[].role")
		}, jsonRecords(newChat)},
	}
}

func jsonRecords(begin func(*env) jsonFormat) func(*env) opener {
	return func(e *env) opener { return jsonOpener{begin(e)} }
}

func csvRows(begin func(*env) csvFormat) func(*env) opener {
	return func(e *env) opener { return csvOpener{csvFormat: begin(e), env: e} }
}

func ownRows(begin func(*env) csvFormat) func(*env) opener {
	return func(e *env) opener { return csvOpener{csvFormat: begin(e), env: e, own: true} }
}

// Formats returns the names of all formats.
func Formats() []string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.name)
	}
	return names
}
