package readers

import (
	"cmp"
	"fmt"
	"strings"

	"agentsim/trace/jsonscan"
)

// litellm reads LiteLLM's StandardLoggingPayload, with Unix seconds, and rows of
// its SpendLogs, with ISO 8601 times: JSON Lines or a list; sessions by trace_id
// or session_id, whole prompts. Failed calls and those that are not completions
// are left out. A log is held in memory to sort it.
type litellm struct{ spans }

func newLiteLLM(e *env) jsonFormat { return &litellm{newSpans(e)} }

const litellmKnown = "completionStartTime response_time cache_hit end_user model_id model_group messages" +
	" response api_base response_cost saved_cache_cost custom_llm_provider request_tags error_str model_parameters" +
	" hidden_params stream requester_ip_address cache_key model_map_information cost_breakdown error_information" +
	" response_cost_failure_debug_info status_fields guardrail_information standard_built_in_tools_params api_key spend" +
	" user team_id organization_id agent_id proxy_server_request"

func (l *litellm) record(s *jsonscan.Scanner, _ *queue) {
	sp := newSpan()
	sp.kind = callSpan
	callType, status, thread := "completion", "success", ""
	var report usage
	s.Object(func(key []byte) {
		switch name := string(key); name {
		case "id", "request_id":
			sp.id = cmp.Or(sp.id, text(s))
		case "trace_id":
			sp.session = text(s)
		case "session_id":
			thread = text(s)
		case "call_type":
			callType = cmp.Or(text(s), callType)
		case "status":
			status = cmp.Or(text(s), status)
		case "model":
			sp.model = l.env.names.of([]byte(text(s)))
		case "startTime":
			sp.start = instant(s, name, 1)
		case "endTime":
			sp.end = instant(s, name, 1)
		case "prompt_tokens":
			sp.tokens.input = s.Count(name)
		case "completion_tokens":
			sp.tokens.output = s.Count(name)
		case "total_tokens":
			sp.tokens.total = s.Count(name)
		case "metadata":
			l.metadata(s, &report)
		default:
			l.env.unknown(s, key, litellmKnown)
		}
	})
	if s.Err() != nil {
		return
	}
	sp.session = cmp.Or(sp.session, thread)
	sp.failed = status != "success"
	if !sp.failed && !strings.Contains(callType, "completion") && !strings.Contains(callType, "responses") &&
		!strings.Contains(callType, "messages") {
		l.env.note("calls of type " + callType + " left out")
		return
	}
	sp.tokens.read, sp.tokens.created, sp.tokens.reasoning = report.read, report.created, report.reasoning
	if sp.tokens.input == 0 {
		sp.tokens.input, sp.tokens.output = report.input, report.output
	}
	sp.tokens.usual = buckets{created: true} // LiteLLM adds cache reads to the input, writes it does not everywhere
	if strings.Contains(callType, "messages") {
		sp.tokens.usual = anthropic() // handed on as the provider reported it
	}
	if sp.id == "" {
		sp.id = fmt.Sprintf("#%d", len(l.all))
	}
	l.add(sp, s.Line())
}

// metadata reads what the provider reported, which is named after its manner.
// Rows of a table hold it as text.
func (l *litellm) metadata(s *jsonscan.Scanner, u *usage) {
	if s.Is('"') {
		inner := jsonscan.NewText([]byte(s.String()))
		l.metadata(inner, u)
		return
	}
	nested(s, func() {
		object(s, func(key []byte) {
			switch name := string(key); name {
			case "prompt_tokens", "input_tokens":
				u.input = s.Count(name)
			case "completion_tokens", "output_tokens":
				u.output = s.Count(name)
			case "cache_read_input_tokens":
				u.read = max(u.read, s.Count(name))
			case "cache_creation_input_tokens":
				u.created = max(u.created, s.Count(name))
			case "prompt_tokens_details", "input_tokens_details":
				object(s, func(key []byte) {
					switch name := string(key); name {
					case "cached_tokens":
						u.read = max(u.read, s.Count(name))
					case "cache_creation_tokens":
						u.created = max(u.created, s.Count(name))
					default:
						s.Skip()
					}
				})
			case "completion_tokens_details", "output_tokens_details":
				nested(s, func() { u.reasoning = s.Count("reasoning_tokens") }, "reasoning_tokens")
			default:
				s.Skip()
			}
		})
	}, "usage_object")
}
