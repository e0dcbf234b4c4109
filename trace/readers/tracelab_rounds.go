package readers

import (
	"cmp"
	"slices"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// tracelabRounds reads TraceLab's normalised rounds: JSON Lines, one call each,
// with ISO 8601 events. A call begins with its last input event and ends with
// its last event. The cached part is what the engine reported. Rounds come
// unsorted and may come twice, so a file is held in memory, without its text.
type tracelabRounds struct {
	env   *env
	calls []tracelabRound
	clock clock
}

type tracelabRound struct {
	trace.Call
	index      int
	begin, end float64 // Unix seconds
	calledTool string
}

func newTracelabRounds(e *env) jsonFormat { return &tracelabRounds{env: e} }

func (t *tracelabRounds) begin(string) {}

const tracelabKnown = "provider project round_id claude_uncached_input_tokens claude_cache_creation_input_tokens" +
	" claude_cache_read_input_tokens reasoning_output_tokens current_input_event_count current_user_message_count" +
	" current_tool_result_count current_user_message_chars current_tool_result_chars current_input_chars store trace_key" +
	" turn_id"

func (t *tracelabRounds) record(s *jsonscan.Scanner, _ *queue) {
	r := tracelabRound{Call: unknownTimes(), index: -1, begin: trace.Unknown, end: trace.Unknown}
	r.Kind = trace.Tool
	fresh := -1
	s.Object(func(key []byte) {
		switch string(key) {
		case "session_id":
			r.Session = s.String()
		case "round_index":
			r.index = s.Count("round_index")
		case "model":
			r.Model = t.env.names.of(s.Bytes())
		case "input_tokens_total":
			r.Input = s.Count("input_tokens_total")
		case "prefix_tokens":
			r.Cached = s.Count("prefix_tokens")
		case "newly_append_tokens":
			fresh = s.Count("newly_append_tokens")
		case "output_tokens":
			r.Output = s.Count("output_tokens")
		case "first_input_event_type":
			if string(s.Bytes()) == "user_message" {
				r.Kind = trace.User
			}
		case "timing_events":
			s.Array(func() { r.event(s) })
		case "tools":
			s.Array(func() { r.callsTool(s, t.env) })
		default:
			t.env.unknown(s, key, tracelabKnown)
		}
	})
	switch {
	case s.Err() != nil:
		return
	case r.Session == "" || r.index < 0:
		s.Fail("session_id or round_index: missing; want both")
	case fresh >= 0 && r.Cached+fresh != r.Input:
		s.Fail("input_tokens_total: %d; want prefix_tokens + newly_append_tokens, %d", r.Input, r.Cached+fresh)
	default:
		t.calls = append(t.calls, r)
	}
}

func (r *tracelabRound) event(s *jsonscan.Scanner) {
	kind, at := "", trace.Unknown
	s.Object(func(key []byte) {
		switch string(key) {
		case "event_type":
			kind = s.String()
		case "timestamp":
			at = wallSeconds(s, "timestamp")
		default:
			s.Skip()
		}
	})
	if kind == "user_message" || kind == "tool_result" {
		r.begin = max(r.begin, at)
	}
	r.end = max(r.end, at)
}

func (r *tracelabRound) callsTool(s *jsonscan.Scanner, e *env) {
	s.Object(func(key []byte) {
		if string(key) == "tool_name" {
			r.calledTool = e.names.of(s.Bytes())
			return
		}
		s.Skip()
	})
}

func (t *tracelabRounds) finish(q *queue) error {
	slices.SortStableFunc(t.calls, func(a, b tracelabRound) int {
		return cmp.Or(cmp.Compare(a.Session, b.Session), cmp.Compare(a.index, b.index), cmp.Compare(a.begin, b.begin))
	})
	var at progress
	session, last, tool := "", -1, ""
	for _, r := range t.calls {
		if r.Session != session {
			session, last, tool, at = r.Session, -1, "", progress{end: trace.Unknown}
		}
		if r.index == last {
			t.env.note("copies of rounds left out")
			continue
		}
		if r.begin >= 0 {
			r.Start, r.Service = t.clock.sinceUnix(r.begin), max(r.end-r.begin, 0)
		}
		if r.Kind == trace.Tool {
			r.Tool = tool
		}
		at.place(&r.Call)
		q.push(r.Call)
		last, tool = r.index, r.calledTool
	}
	t.calls = nil
	return nil
}
