package readers

import (
	"cmp"
	"fmt"
	"slices"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// tracelabRounds reads TraceLab's normalised rounds: JSON Lines, one call each,
// with ISO 8601 events. A call begins with its last input event and ends with
// its last event. The cached part is what the engine reported. Rounds come
// unsorted and may come twice, so all are held in memory, without its text.
type tracelabRounds struct {
	env   *env
	calls []tracelabRound
}

type tracelabRound struct {
	entry
	begin      float64 // Unix seconds
	calledTool string
}

func newTracelabRounds(e *env) jsonFormat { return &tracelabRounds{env: e} }

func (t *tracelabRounds) begin(string) {}

const tracelabKnown = "provider project round_id claude_uncached_input_tokens claude_cache_creation_input_tokens" +
	" claude_cache_read_input_tokens reasoning_output_tokens current_input_event_count current_user_message_count" +
	" current_tool_result_count current_user_message_chars current_tool_result_chars current_input_chars store trace_key" +
	" turn_id"

func (t *tracelabRounds) record(s *jsonscan.Scanner, _ *queue) {
	r := tracelabRound{entry: newEntry(), begin: trace.Unknown}
	r.rank = -1
	r.Kind = trace.Tool
	fresh := -1
	s.Object(func(key []byte) {
		switch string(key) {
		case "session_id":
			r.Session = s.String()
		case "round_index":
			r.rank = s.Count("round_index")
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
			array(s, func() { r.event(s) })
		case "tools":
			array(s, func() { r.callsTool(s, t.env) })
		default:
			t.env.unknown(s, key, tracelabKnown)
		}
	})
	switch {
	case s.Err() != nil:
		return
	case r.Session == "" || r.rank < 0:
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

func (t *tracelabRounds) finish(*queue) error { return nil }

// drain puts all rounds into the ledger, with the tool that the one before called.
func (t *tracelabRounds) drain(*queue) (bool, error) {
	slices.SortStableFunc(t.calls, func(a, b tracelabRound) int {
		return cmp.Or(cmp.Compare(a.Session, b.Session), cmp.Compare(a.rank, b.rank), cmp.Compare(a.begin, b.begin),
			cmp.Compare(a.Input, b.Input), cmp.Compare(a.Output, b.Output))
	})
	session, last, tool, called := "", -1, "", ""
	for _, r := range t.calls {
		if r.Session != session {
			session, last, tool, called = r.Session, -1, "", ""
		}
		if r.rank != last {
			last, tool = r.rank, called
		}
		called = r.calledTool
		if r.begin >= 0 {
			r.Start, r.Service = r.begin, max(r.end-r.begin, 0)
		}
		if r.Kind == trace.Tool {
			r.Tool = tool
		}
		r.id = fmt.Sprintf("%s %d", r.Session, r.rank)
		t.env.record(r.entry)
	}
	t.calls = nil
	return true, nil
}
