package readers

import (
	"slices"
	"strings"
)

// format is one way to write a trace down.
type format struct {
	name    string
	about   string   // who writes it, and what it holds
	export  string   // an example of how to get one
	keys    []string // of a record of JSON, any one of these sets, in words; nested ones as "a.b" and "a[].b"
	columns []string // of a CSV, any one of these sets, divided by commas
	match   func(*sample) bool
	begin   func(*env) opener // a reader's state over all files of a trace
	prefix  string            // how prefixes are found; "" = by the provider's report, if cached
	general bool              // it takes what no other format knows
	cached  bool              // it tells what the provider's cache returned, so Call.Cached is the reader's to fill in
}

// score says how much of a record the format needs and finds; 0 = it is not of
// this format. Among formats that know a record the highest score wins, then
// the order of the table.
func (f *format) score(p *sample) int {
	best := 0
	for _, set := range f.keys {
		if keys := strings.Fields(set); p.has(keys...) {
			best = max(best, len(keys))
		}
	}
	for _, set := range f.columns {
		if columns := strings.Split(set, ","); p.columns(columns...) {
			best = max(best, len(columns))
		}
	}
	if best == 0 && f.match != nil && f.match(p) {
		best = particular
	}
	if f.general {
		return min(best, 1)
	}
	return 2 * best
}

// How the prefixes of a format's prompts are found.
const (
	byBlocks  = "by ids of blocks"
	byText    = "by the text of prompts"
	byTable   = "told by the file"
	byHistory = "by prompts that have room for the one before"
	byReport  = "by prompts with something appended; where none is before, by what the provider's cache returned"
	byNothing = "not told: prompts share nothing"
)

// prefixes says how prefixes are found.
func (f *format) prefixes() string {
	switch {
	case f.prefix != "":
		return f.prefix
	case f.cached:
		return byReport
	}
	return byHistory
}

// particular is the score of what no other format can be taken for.
const particular = 100

// formats lists all formats, the more particular before the more general ones
// that would match the same content.
func formats() []format {
	return slices.Concat(agentFormats(), logFormats(), toolFormats(), requestFormats(), textFormats())
}

// agentFormats are recordings of agents: sessions of calls with token counts.
func agentFormats() []format {
	return []format{
		{
			name:   "agentsim",
			about:  "the compact Parquet table of this program",
			export: "agentsim trace convert IN OUT.parquet",
			match:  isCompact,
			begin:  newCompact,
			prefix: byTable,
			cached: true,
		}, {
			name:   "weka",
			about:  "sessions of kv-cache-tester, replayed by SemiAnalysis AgentX: block ids, times, sub-agents",
			export: "git clone https://github.com/callanjfox/kv-cache-tester",
			keys:   []string{"requests hash_id_scope", "requests[].hash_ids"},
			begin:  jsonRecords(newWeka),
			prefix: byBlocks,
		}, {
			name:   "dynamo-trace",
			about:  "request traces of NVIDIA Dynamo, raw or in an envelope",
			export: "DYN_REQUEST_TRACE_SINKS=jsonl DYN_REQUEST_TRACE_OUTPUT_PATH=trace.jsonl python -m dynamo.frontend",
			keys:   []string{"event event.event_type", "event_type event_time_unix_ms", "event_type request.request_id"},
			begin:  jsonRecords(newDynamoTrace),
			prefix: byBlocks,
			cached: true,
		}, {
			name:   "tracelab-rounds",
			about:  "normalised rounds of TraceLab",
			export: "see github.com/uw-syfi/TraceLab, releases",
			keys:   []string{"round_index newly_append_tokens"},
			begin:  jsonRecords(newTracelabRounds),
			cached: true,
		}, {
			name:    "tracelab-csv",
			about:   "multi-round workloads of TraceLab",
			export:  "see github.com/uw-syfi/TraceLab, releases",
			columns: []string{"input_len,output_len,prefix_len"},
			begin:   csvRows(newTracelabCSV),
			prefix:  byTable,
		}, {
			name:   "isl-osl",
			about:  "lists of turns with new input and output lengths",
			export: "jq -n '{instance_id: \"a\", turns: [{isl_new: 9000, osl: 150}]}'",
			keys:   []string{"turns[].isl_new"},
			begin:  jsonRecords(newTurnList),
			prefix: byHistory,
		}, {
			name:    "session-csv",
			about:   "a plain table of turns: the easiest one to write by hand",
			export:  "session_id,turn,input_tokens,cached_prefix_tokens,output_tokens,tool_delay_before_s",
			columns: []string{"session_id,cached_prefix_tokens,turn"},
			begin:   ownRows(newSessionCSV),
			prefix:  byTable,
		},
	}
}

// logFormats are what tools and gateways log of calls to providers.
func logFormats() []format {
	return []format{
		{
			name:   "claude-code",
			about:  "sessions that Claude Code keeps",
			export: "cp -r ~/.claude/projects/PROJECT .",
			keys:   []string{"sessionId parentUuid message.role"},
			begin:  jsonRecords(newClaudeCode),
			cached: true,
		}, {
			name:   "codex",
			about:  "rollouts that Codex keeps",
			export: "cp -r ~/.codex/sessions .",
			keys:   []string{"timestamp type payload.type", "timestamp type payload.id payload.cwd"},
			begin:  jsonRecords(newCodex),
			cached: true,
		}, {
			name:   "openhands",
			about:  "events of an OpenHands conversation, a directory",
			export: "cp -r ~/.openhands/conversations/ID .",
			keys:   []string{"kind id source timestamp"},
			match:  func(p *sample) bool { return p.parts != nil },
			begin:  jsonRecords(newOpenHands),
			cached: true,
		}, {
			name:   "atif",
			about:  "trajectories of Harbor and terminal-bench (ATIF)",
			export: "harbor run -d terminal-bench -a AGENT; cp jobs/*/*/agent/trajectory.json .",
			keys:   []string{"schema_version steps session_id", "schema_version steps trajectory_id"},
			begin:  jsonRecords(newATIF),
			cached: true,
		}, {
			name:   "otel",
			about:  "OpenTelemetry spans with GenAI attributes, as OTLP JSON",
			export: "the collector's file exporter: exporters: {file: {path: spans.jsonl}}",
			keys:   []string{"resourceSpans[].scopeSpans", "resourceSpans", "batches[].scopeSpans", "trace.resourceSpans"},
			begin:  jsonRecords(newOTel),
			cached: true,
		}, {
			name:   "langfuse",
			about:  "observations of Langfuse",
			export: "curl -u PUBLIC:SECRET https://cloud.langfuse.com/api/public/observations",
			keys:   []string{"traceId startTime type"},
			begin:  jsonRecords(newLangfuse),
			cached: true,
		}, {
			name:   "langsmith",
			about:  "runs of LangSmith",
			export: "python -c 'for r in langsmith.Client().list_runs(project_name=\"p\"): print(r.json())'",
			keys:   []string{"run_type trace_id"},
			begin:  jsonRecords(newLangSmith),
			cached: true,
		}, {
			name:   "litellm",
			about:  "logged payloads and spend logs of LiteLLM",
			export: "psql -c 'select row_to_json(t) from \"LiteLLM_SpendLogs\" t'",
			keys:   []string{"call_type startTime prompt_tokens"},
			begin:  jsonRecords(newLiteLLM),
			cached: true,
		}, {
			name:   "mini-swe-agent",
			about:  "trajectories of mini-swe-agent",
			export: "mini -o run.traj.json",
			keys:   []string{"trajectory_format messages"},
			match:  func(p *sample) bool { return p.has("trajectory_format") || p.list && p.has("role", "content") },
			begin:  jsonRecords(newMiniSWEAgent),
			cached: true,
		},
	}
}

// requestFormats are recordings of a service: requests with times of arrival.
func requestFormats() []format {
	return []format{
		{
			name:   "dynamo-mooncake",
			about:  "agentic Mooncake rows of NVIDIA Dynamo",
			export: "agentsim trace convert IN OUT.jsonl",
			keys:   []string{"request_id input_length wait_for"},
			begin:  jsonRecords(newDynamoMooncake),
			prefix: byBlocks,
		}, {
			name:   "bailian",
			about:  "usage traces of Alibaba's Bailian: block ids",
			export: "git clone https://github.com/alibaba-edu/qwen-bailian-usagetraces-anon",
			keys:   []string{"chat_id parent_chat_id"},
			begin:  jsonRecords(newBailian),
			prefix: byBlocks,
		}, {
			name:   "mooncake",
			about:  "Mooncake rows, AIPerf's among them: block ids or text, with times",
			export: "git clone https://github.com/kvcache-ai/Mooncake",
			keys: []string{"output_length input_length", "output_length timestamp text_input",
				"output_length timestamp messages"},
			begin:  jsonRecords(newMooncake),
			prefix: byBlocks,
		}, {
			name:    "azure",
			about:   "Azure's traces of 2023 and 2024: lengths and times",
			export:  "git clone https://github.com/Azure/AzurePublicDataset",
			columns: []string{"TIMESTAMP,ContextTokens"},
			begin:   csvRows(newAzure),
			prefix:  byNothing,
		}, {
			name:    "burstgpt",
			about:   "BurstGPT: lengths and times",
			export:  "git clone https://github.com/HPMLL/BurstGPT",
			columns: []string{"Timestamp,Request tokens"},
			begin:   csvRows(newBurstGPT),
			prefix:  byHistory,
		}, {
			name:    "vidur",
			about:   "lengths and times for Vidur",
			export:  "git clone https://github.com/microsoft/vidur",
			columns: []string{"num_prefill_tokens,num_decode_tokens"},
			begin:   csvRows(newVidur),
			prefix:  byNothing,
		}, {
			name:    "blis",
			about:   "traces of inference-sim (BLIS): a YAML header and a CSV of the same name",
			export:  "blis observe --trace-header t.yaml --trace-data t.csv",
			columns: []string{"request_id,arrival_time_us"},
			match:   func(p *sample) bool { return p.yamlKey("trace_version") },
			begin:   newBLISOpener,
			prefix:  byHistory,
		}, {
			name:   "servegen",
			about:  "client profiles of ServeGen: NAME-trace.csv and NAME-dataset.json",
			export: "git clone https://github.com/alibaba/ServeGen",
			match:  isServegen,
			begin:  newServegen,
			prefix: byNothing,
		}, {
			name:   "vllm-generate",
			about:  "settings of vLLM's multi-turn benchmark, from which conversations are drawn",
			export: "cp vllm/benchmarks/multi_turn/generate_multi_turn.json .",
			keys:   []string{"filetype prompt_input.num_turns"},
			begin:  jsonRecords(newVLLMGenerate),
			prefix: byHistory,
		},
	}
}

// textFormats hold what was said, and no counts of tokens.
func textFormats() []format {
	return []format{
		{
			name:   "aa-rwlt",
			about:  "AA-RWLT conversations: the whole history of each call as text",
			export: "see artificialanalysis.ai/methodology/agentperf",
			keys:   []string{"conversation_id conversation_idx messages"},
			begin:  jsonRecords(newAARWLT),
			prefix: byText,
		}, {
			name:   "aiperf-dag",
			about:  "AIPerf's dag_jsonl: sessions that fork and spawn sessions",
			export: "see github.com/ai-dynamo/aiperf, docs/benchmark-modes/dag.md",
			keys:   []string{"session_id turns[].messages"},
			begin:  jsonRecords(newAIPerfDAG),
			prefix: byText,
		}, {
			name:   "aiperf-multi-turn",
			about:  "AIPerf's multi_turn and single_turn text",
			export: "see github.com/ai-dynamo/aiperf, docs/benchmark-modes",
			keys: []string{"turns[].text", "turns[].texts", "text output_length", "texts output_length",
				"text delay", "texts delay"},
			begin:  jsonRecords(newMultiTurn),
			prefix: byText,
		}, {
			name:   "lmcache",
			about:  "agent traces of LMCache: text and times",
			export: "git clone https://github.com/LMCache/lmcache-agent-trace",
			keys:   []string{"timestamp input output session_id"},
			begin:  jsonRecords(newLMCache),
			prefix: byText,
		}, {
			name:   "swe-agent",
			about:  "trajectories of SWE-agent",
			export: "cp -r SWE-agent/trajectories .",
			keys:   []string{"trajectory[].observation", "history[].role"},
			begin:  jsonRecords(newSWEAgent),
			prefix: byText,
		}, {
			name:   "chat",
			about:  "conversations as text: ShareGPT, WildChat, vLLM's multi-turn benchmark",
			export: "jq -c '{id: \"1\", messages: [{role: \"user\", content: \"hi\"}]}'",
			keys:   []string{"conversations[].from", "conversation[].role", "messages[].role"},
			begin:  jsonRecords(newChat),
			prefix: byText,
		},
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

// Guide says of a format what it is, what a file of it needs, and how to get one.
type Guide struct {
	Name    string   `json:"name"`
	About   string   `json:"about"`
	Needs   []string `json:"needs"`  // any one of these
	Prefix  string   `json:"prefix"` // how prefixes are found
	Example string   `json:"example"`
}

// GuideOf returns the guide of a format, by its name.
func GuideOf(name string) Guide {
	for _, g := range Guides() {
		if g.Name == name {
			return g
		}
	}
	return Guide{}
}

// Guides returns the guides of all formats.
func Guides() []Guide {
	var out []Guide
	for _, f := range formats() {
		g := Guide{Name: f.name, About: f.about, Prefix: f.prefixes(), Example: f.export}
		for _, keys := range f.keys {
			g.Needs = append(g.Needs, "keys "+strings.Join(strings.Fields(keys), ", "))
		}
		for _, columns := range f.columns {
			g.Needs = append(g.Needs, "columns "+strings.Join(strings.Split(columns, ","), ", "))
		}
		if g.Needs == nil {
			g.Needs = []string{f.about}
		}
		out = append(out, g)
	}
	return out
}
