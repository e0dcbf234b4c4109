package readers

import (
	"cmp"

	"agentsim/trace/jsonscan"
)

// langsmith reads LangSmith runs, JSON Lines or a list: ISO 8601 times without
// zone, in UTC; sessions by the thread of the metadata or else trace_id (its
// session_id is a project). An export is held in memory to sort it and to
// follow parents.
type langsmith struct{ spans }

func newLangSmith(e *env) jsonFormat { return &langsmith{newSpans(e)} }

const langsmithKnown = "dotted_order session_id first_token_time inputs events tags" +
	" reference_example_id serialized child_run_ids parent_run_ids total_cost prompt_cost completion_cost app_path" +
	" in_dataset feedback_stats"

func (l *langsmith) record(s *jsonscan.Scanner, _ *queue) {
	sp := newSpan()
	var outputs usage
	s.Object(func(key []byte) {
		switch string(key) {
		case "id":
			sp.id = s.String()
		case "trace_id":
			sp.trace = s.String()
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
			sp.tokens.input = s.Count("prompt_tokens")
		case "completion_tokens":
			sp.tokens.output = s.Count("completion_tokens")
		case "total_tokens":
			sp.tokens.total = s.Count("total_tokens")
		case "error":
			sp.failed = sp.failed || s.Is('{')
			sp.failed = text(s) != "" || sp.failed
		case "status":
			status := text(s)
			sp.failed = sp.failed || status == "error" || status == "failure"
		case "extra":
			nested(s, func() { l.metadata(s, &sp) }, "metadata")
		case "outputs":
			langsmithUsage(s, &outputs, outputsDepth)
		default:
			l.env.unknown(s, key, langsmithKnown)
		}
	})
	if s.Err() == nil && sp.id == "" {
		s.Fail("id: missing; want the run's id")
	}
	if outputs.input+outputs.output > 0 {
		sp.tokens = outputs // it tells more than the counts beside it
	}
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

// outputsDepth is how deep usage_metadata may lie: on its own, in the message
// of a generation, or in the fields of a serialised one.
const outputsDepth = 6

// langsmithUsage looks for usage_metadata in outputs, or the provider's own
// usage in llm_output.token_usage.
func langsmithUsage(s *jsonscan.Scanner, u *usage, depth int) {
	switch {
	case depth > 0 && s.Is('['):
		s.Array(func() { langsmithUsage(s, u, depth-1) })
	case depth > 0 && s.Is('{'):
		s.Object(func(key []byte) {
			switch string(key) {
			case "usage_metadata", "token_usage":
				langsmithCounts(s, u)
			case "content", "text":
				s.Skip()
			default:
				langsmithUsage(s, u, depth-1)
			}
		})
	default:
		s.Skip()
	}
}

func langsmithCounts(s *jsonscan.Scanner, u *usage) {
	object(s, func(key []byte) {
		switch name := string(key); name {
		case "input_tokens", "prompt_tokens":
			u.input = s.Count(name)
		case "output_tokens", "completion_tokens":
			u.output = s.Count(name)
		case "total_tokens":
			u.total = s.Count(name)
		case "input_token_details", "prompt_tokens_details", "output_token_details", "completion_tokens_details":
			object(s, func(key []byte) {
				switch name := string(key); name {
				case "cache_read", "cached_tokens":
					u.read = s.Count(name)
				case "cache_creation":
					u.created = s.Count(name)
				case "reasoning", "reasoning_tokens":
					u.reasoning = s.Count(name)
				default:
					s.Skip()
				}
			})
		default:
			s.Skip()
		}
	})
}

func (l *langsmith) metadata(s *jsonscan.Scanner, sp *span) {
	object(s, func(key []byte) {
		switch string(key) {
		case "thread_id", "conversation_id", "session_id":
			sp.session = cmp.Or(sp.session, text(s))
		case "ls_model_name":
			sp.model = l.env.names.of([]byte(text(s)))
		default:
			s.Skip()
		}
	})
}
