package readers

// toolFormats are logs of further tools, and tables of the corpora that hubs
// hold. Each is described in the file that reads it.
func toolFormats() []format {
	return append(harnessFormats(), exportFormats()...)
}

// harnessFormats are what harnesses and benchmarks of agents keep or print.
func harnessFormats() []format {
	return []format{
		{
			name:   "opencode",
			about:  "sessions of OpenCode: an export, its storage folder, its database, or the events of a run",
			export: "opencode export SESSION > session.json; or cp ~/.local/share/opencode/opencode.db .",
			keys: []string{"info.id messages", "messages[].info.sessionID", "info.role parts", "sessionID role time.created",
				"sessionID messageID type", "id projectID time.created",
				"id title version time.created", "sessionID part.messageID", "id session_id data.role"},
			match:  isSQLite,
			begin:  newOpenCode,
			cached: true,
		}, {
			name:   "gemini",
			about:  "sessions of Gemini CLI",
			export: "cp -r ~/.gemini/tmp/PROJECT/chats .",
			keys:   []string{"sessionId projectHash", "sessionId messages[].tokens", "id type timestamp tokens.input"},
			begin:  jsonRecords(newGemini),
			cached: true,
		}, {
			name:   "claude-stream",
			about:  "what claude -p prints, with tokens of every call",
			export: "claude -p PROMPT --output-format stream-json --verbose > run.jsonl",
			keys: []string{"type subtype session_id", "type session_id message.role parent_tool_use_id",
				"type session_id event.type", "type session_id message.usage"},
			begin:  jsonRecords(newClaudeStream),
			cached: true,
		}, {
			name:   "codex-exec",
			about:  "what codex exec prints: the sums of turns, shared out to their calls",
			export: "codex exec --json PROMPT > run.jsonl",
			keys: []string{"type thread_id", "type item.id item.type", "type item.id item.item_type",
				"type usage.cached_input_tokens",
				"id msg.type msg.info", "id msg.type msg.session_id"},
			begin:  jsonRecords(newCodexExec),
			cached: true,
		}, {
			name:   "cursor",
			about:  "usage events of Cursor: lengths and times, no sessions",
			export: "the CSV of cursor.com/dashboard, Usage, Export",
			match: csvColumns("date", "model", "inputwcachewrite inputwocachewrite inputtokens", "outputtokens",
				"cacheread cachereadtokens"),
			keys:   []string{"usageEvents[].tokenUsage", "usageEventsDisplay[].tokenUsage"},
			begin:  looseCSV(newCursor),
			cached: true,
		}, {
			name:   "openhands-v0",
			about:  "events, trajectories and evaluations of OpenHands before version 1",
			export: "cp -r ~/.openhands/sessions/ID .; or cp evaluation_outputs/…/output.jsonl .",
			keys: []string{"id source timestamp action args", "id source timestamp action message",
				"id source timestamp observation content", "id source timestamp observation cause",
				"instance_id history metrics", "instance_id history[].source", "instance_id history[][].source"},
			begin:  jsonRecords(newOpenHandsV0),
			cached: true,
		}, {
			name:   "aiperf-export",
			about:  "requests that AIPerf measured: lengths and times",
			export: "aiperf profile --export-level records …; cp artifacts/*/profile_export.jsonl .",
			keys:   []string{"metadata.request_start_ns metrics", "metadata.conversation_id metrics"},
			begin:  jsonRecords(newAIPerfExport),
		}, {
			name:   "vllm-results",
			about:  "requests that vLLM's or SGLang's benchmark measured: lengths and times",
			export: "vllm bench serve --save-result --save-detailed …",
			keys:   []string{"input_lens output_lens", "prompt_lens output_lens"},
			begin:  jsonRecords(newVLLMResults),
			prefix: byNothing,
		},
	}
}

// exportFormats are what platforms of observability and hubs of data hand out.
func exportFormats() []format {
	return []format{
		{
			name:   "otel-sdk",
			about:  "spans as SDKs of OpenTelemetry or Phoenix print them; attributes of GenAI, OpenInference, Vercel's AI SDK",
			export: "ConsoleSpanExporter(out=open(\"spans.json\", \"w\")) in Python; stdouttrace in Go",
			keys: []string{"context.trace_id context.span_id", "SpanContext.TraceID SpanContext.SpanID",
				"traceId attributes duration timestamp", "traceId spanId startTime attributes",
				"spanContext.traceId attributes", "trace_id span_id start_time attributes"},
			begin:  jsonRecords(newSpanDump),
			cached: true,
		}, {
			name:   "jaeger",
			about:  "traces of Jaeger, with the attributes of otel as tags",
			export: "curl 'http://localhost:16686/api/traces?service=NAME&limit=1000'",
			keys: []string{"data[].traceID data[].spans", "traceID spans", "traceID spanID operationName",
				"result.resourceSpans"},
			begin:  jsonRecords(newJaeger),
			cached: true,
		}, {
			name:   "langfuse-export",
			about:  "pages of Langfuse's API, traces with observations, exports to a blob store, CSV of its tables",
			export: "curl -u PUBLIC:SECRET 'https://cloud.langfuse.com/api/public/observations?limit=100'; or Export, CSV",
			keys: []string{"data[].traceId data[].startTime data[].type", "data meta.totalItems", "data meta.totalPages",
				"observations[].startTime observations[].type id",
				"trace_id start_time type parent_observation_id usage_details",
				"trace_id start_time type provided_model_name", "trace_id start_time type usage_details",
				"id session_id timestamp project_id", "id sessionId timestamp projectId"},
			match: csvColumns("id observationid", "traceid", "starttime",
				"usagedetails usage usageinput inputtokens prompttokens inputusage tokens"),
			begin:  looseCSV(newLangfuseExport),
			cached: true,
		}, {
			name:   "litellm-pages",
			about:  "pages of LiteLLM's spend logs",
			export: "curl -H 'Authorization: Bearer KEY' 'http://localhost:4000/spend/logs/ui?start_date=…&end_date=…'",
			keys:   []string{"data[].request_id data[].call_type", "data[].request_id data[].prompt_tokens"},
			begin:  jsonRecords(newLiteLLMPages),
			cached: true,
		}, {
			name:   "litellm-csv",
			about:  "LiteLLM's spend logs as CSV",
			export: "psql -c '\\copy \"LiteLLM_SpendLogs\" to spend.csv csv header'",
			match:  csvColumns("requestid", "calltype", "prompttokens", "starttime"),
			begin:  looseCSV(newLiteLLM),
			cached: true,
		}, {
			name:   "chat-rows",
			about:  "conversations as text, a message a row",
			export: "jq -c '{conversation_id: \"1\", turn: 1, role: \"user\", content: \"hi\"}'",
			keys: []string{"conversation_id turn role content", "conversation_id turn_index role content",
				"conversation_id role content"},
			begin:  jsonRecords(newChatRows),
			prefix: byText,
		}, {
			name:    "call-rows",
			about:   "a table of calls with counts of tokens and, if any, sessions, times and cached tokens",
			export:  "session_id,timestamp,duration_ms,input_tokens,cached_tokens,output_tokens",
			keys:    callRowKeys(),
			columns: callRowColumns(),
			match:   isCallRows,
			begin:   looseCSV(newCallRows),
			general: true,
			cached:  true,
		}, {
			name:   "parquet",
			about:  "tables of others, as Hugging Face publishes them: rows of any format of JSON, or conversations",
			export: "hf download --repo-type dataset ORG/NAME --include '*.parquet' --local-dir .",
			match:  isTable,
			begin:  newTables,
			prefix: "as in the format of the rows",
			cached: true,
		},
	}
}
