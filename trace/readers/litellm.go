package readers

import (
	"strings"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// litellm reads LiteLLM's StandardLoggingPayload, JSON Lines or a list: Unix
// seconds, sessions by trace_id, whole prompts. Failed calls and those that
// are not completions are left out. A log is held in memory to sort it.
type litellm struct{ spans }

func newLiteLLM(e *env) jsonFormat { return &litellm{spans{env: e}} }

const litellmKnown = "completionStartTime response_time total_tokens cache_hit end_user model_id model_group messages" +
	" response api_base response_cost saved_cache_cost custom_llm_provider request_tags error_str model_parameters" +
	" hidden_params stream requester_ip_address cache_key model_map_information cost_breakdown error_information" +
	" response_cost_failure_debug_info status_fields guardrail_information standard_built_in_tools_params"

func (l *litellm) record(s *jsonscan.Scanner, _ *queue) {
	sp := span{kind: callSpan, start: trace.Unknown, end: trace.Unknown, call: unknownTimes()}
	callType, status, cached := "completion", "success", 0
	s.Object(func(key []byte) {
		switch string(key) {
		case "id":
			sp.id = s.String()
		case "trace_id":
			sp.call.Session = s.String()
		case "call_type":
			callType = s.String()
		case "status":
			status = s.String()
		case "model":
			sp.call.Model = l.env.names.of(s.Bytes())
		case "startTime":
			sp.start = seconds(s, "startTime", 1)
		case "endTime":
			sp.end = seconds(s, "endTime", 1)
		case "prompt_tokens":
			sp.call.Input = s.Count("prompt_tokens")
		case "completion_tokens":
			sp.call.Output = s.Count("completion_tokens")
		case "metadata":
			nested(s, func() { cached = l.cached(s) }, "usage_object")
		default:
			l.env.unknown(s, key, litellmKnown)
		}
	})
	if s.Err() != nil {
		return
	}
	if status != "success" {
		l.env.note("failed calls left out")
		return
	}
	if !strings.Contains(callType, "completion") && !strings.Contains(callType, "responses") &&
		!strings.Contains(callType, "messages") {
		l.env.note("calls of type " + callType + " left out")
		return
	}
	countCached(&sp.call, cached)
	l.add(sp, s.Line())
}

// cached reads the cached tokens, which are named after the provider's manner.
func (l *litellm) cached(s *jsonscan.Scanner) (cached int) {
	if !s.Is('{') {
		s.Skip()
		return 0
	}
	s.Object(func(key []byte) {
		switch string(key) {
		case "prompt_tokens_details":
			nested(s, func() { cached = max(cached, s.Count("cached_tokens")) }, "cached_tokens")
		case "cache_read_input_tokens":
			cached = max(cached, s.Count("cache_read_input_tokens"))
		default:
			s.Skip()
		}
	})
	return cached
}
