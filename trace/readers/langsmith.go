package readers

import (
	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// langsmith reads LangSmith runs, JSON Lines or a list: ISO 8601 times without
// zone, in UTC; sessions by the thread of the metadata or else trace_id (its
// session_id is a project). An export is held in memory to sort it and to
// follow parents.
type langsmith struct{ spans }

func newLangSmith(e *env) jsonFormat { return &langsmith{spans{env: e}} }

const langsmithKnown = "dotted_order session_id first_token_time total_tokens status inputs error events tags" +
	" reference_example_id serialized child_run_ids parent_run_ids total_cost prompt_cost completion_cost app_path" +
	" in_dataset feedback_stats"

func (l *langsmith) record(s *jsonscan.Scanner, _ *queue) {
	sp := span{start: trace.Unknown, end: trace.Unknown, call: unknownTimes()}
	traceID, thread, cached := "", "", 0
	s.Object(func(key []byte) {
		switch string(key) {
		case "id":
			sp.id = s.String()
		case "trace_id":
			traceID = s.String()
		case "parent_run_id":
			sp.parent = s.String()
		case "run_type":
			sp.kind = langsmithKind(s.String())
		case "name":
			sp.name = s.String()
		case "start_time":
			sp.start = wallSeconds(s, "start_time")
		case "end_time":
			sp.end = wallSeconds(s, "end_time")
		case "prompt_tokens":
			sp.call.Input = s.Count("prompt_tokens")
		case "completion_tokens":
			sp.call.Output = s.Count("completion_tokens")
		case "extra":
			nested(s, func() { thread = l.metadata(s, &sp) }, "metadata")
		case "outputs":
			nested(s, func() { cached = s.Count("cache_read") }, "usage_metadata", "input_token_details", "cache_read")
		default:
			l.env.unknown(s, key, langsmithKnown)
		}
	})
	if s.Err() == nil && sp.id == "" {
		s.Fail("id: missing; want the run's id")
	}
	sp.call.Session = thread
	if thread == "" {
		sp.call.Session = traceID
	}
	countCached(&sp.call, cached)
	l.add(sp, s.Line())
}

func langsmithKind(name string) spanKind {
	switch name {
	case "llm":
		return callSpan
	case "tool":
		return toolSpan
	}
	return otherSpan
}

func (l *langsmith) metadata(s *jsonscan.Scanner, sp *span) (thread string) {
	if !s.Is('{') {
		s.Skip()
		return ""
	}
	s.Object(func(key []byte) {
		switch string(key) {
		case "thread_id", "conversation_id":
			thread = s.String()
		case "ls_model_name":
			sp.call.Model = l.env.names.of(s.Bytes())
		default:
			s.Skip()
		}
	})
	return thread
}
