package readers

import (
	"cmp"
	"slices"
	"strings"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// dynamoTrace reads Dynamo request traces: events in Unix milliseconds, in an
// envelope or raw, of which request_end gives a call and tool_end the time
// spent in tools. Prompts are whole, with global 64-bit hashes of their blocks
// where the trace was made for a replay; or else with what the engine's cache
// returned. When a request began is told by newer versions. Requests without
// the context of an agent stand alone. Events are held in memory, to sort them.
type dynamoTrace struct {
	env    *env
	events []dynamoEvent
}

type dynamoEvent struct {
	entry
	kind      string
	time      float64 // Unix seconds
	toolEnd   float64
	hashes    []uint64
	replayed  bool // hashes are told
	block     int
	toolCalls bool
	request   bool
	hit       bool    // what the engine's cache returned is told
	received  float64 // Unix seconds
	lasted    float64 // seconds
	tokens    usage
	whole     int // input_length of the replay
}

// dynamoAgent is what is known of an agent's tools since its last request.
type dynamoAgent struct {
	ended    float64 // of the last request, Unix seconds
	toolEnd  float64 // of the last tool after it; Unknown if none
	tool     string
	expected bool // the last answer asked for a tool
}

func newDynamoTrace(e *env) jsonFormat { return &dynamoTrace{env: e} }

func (d *dynamoTrace) begin(string)        {}
func (d *dynamoTrace) finish(*queue) error { return nil }

func (d *dynamoTrace) record(s *jsonscan.Scanner, _ *queue) {
	e := dynamoEvent{
		entry:    newEntry(),
		toolEnd:  trace.Unknown,
		time:     trace.Unknown,
		received: trace.Unknown,
		lasted:   trace.Unknown,
	}
	s.Object(func(key []byte) {
		if string(key) == "event" && s.Is('{') {
			s.Object(func(key []byte) { d.event(s, key, &e) })
			return
		}
		d.event(s, key, &e)
	})
	if s.Err() != nil || e.kind != "request_end" && !strings.HasPrefix(e.kind, "tool_") {
		return
	}
	if e.kind == "request_end" && (!e.request || len(e.hashes) > 0 && e.block == 0) {
		s.Fail("request or replay.trace_block_size: missing; want both in a request_end event")
		return
	}
	d.events = append(d.events, e)
}

func (d *dynamoTrace) event(s *jsonscan.Scanner, key []byte, e *dynamoEvent) {
	switch string(key) {
	case "event_type":
		e.kind = d.env.names.of([]byte(text(s)))
	case "event_time_unix_ms":
		e.time = seconds(s, "event_time_unix_ms", milli)
	case "agent_context":
		object(s, func(key []byte) {
			switch string(key) {
			case "session_id":
				if name := text(s); e.Session == "" {
					e.Session = name
				}
			case "trajectory_id":
				e.Session = cmp.Or(text(s), e.Session)
			case "parent_trajectory_id":
				e.Parent = cmp.Or(text(s), e.Parent)
			case "parent_session_id":
				if name := text(s); e.Parent == "" {
					e.Parent = name
				}
			default:
				d.env.unknown(s, key, "session_type_id")
			}
		})
	case "request":
		e.request = s.Is('{')
		object(s, func(key []byte) { d.requestField(s, key, e) })
	case "tool":
		object(s, func(key []byte) {
			switch string(key) {
			case "tool_class":
				e.Tool = d.env.names.of([]byte(text(s)))
			case "ended_at_unix_ms":
				e.toolEnd = seconds(s, "ended_at_unix_ms", milli)
			default:
				d.env.unknown(s, key, "tool_call_id status started_at_unix_ms duration_ms output_bytes error")
			}
		})
	default:
		d.env.unknown(s, key, "timestamp schema event_source")
	}
}

func (d *dynamoTrace) requestField(s *jsonscan.Scanner, key []byte, e *dynamoEvent) {
	switch string(key) {
	case "request_id":
		e.id = text(s)
	case "model":
		e.Model = d.env.names.of([]byte(text(s)))
	case "input_tokens":
		e.tokens.input = s.Count("input_tokens")
	case "output_tokens":
		e.tokens.output = s.Count("output_tokens")
	case "cached_tokens":
		e.hit = !s.Is('n')
		e.tokens.read = s.Count("cached_tokens")
	case "request_received_ms":
		e.received = seconds(s, "request_received_ms", milli)
	case "total_time_ms":
		e.lasted = seconds(s, "total_time_ms", milli)
	case "finish_reason_metadata":
		nested(s, func() { e.toolCalls = text(s) == "tool_calls" }, "finish_reason")
	case "replay":
		object(s, func(key []byte) {
			switch string(key) {
			case "trace_block_size":
				e.block = s.Count("trace_block_size")
			case "input_length":
				e.whole = s.Count("input_length")
			case "input_sequence_hashes":
				e.replayed = s.Is('[')
				if e.replayed {
					s.Uints(func(id uint64) { e.hashes = append(e.hashes, id) })
				} else {
					s.Skip()
				}
			default:
				d.env.unknown(s, key, "")
			}
		})
	default:
		d.env.unknown(s, key, "x_request_id ttft_ms prefill_wait_time_ms prefill_time_ms avg_itl_ms kv_hit_rate"+
			" kv_transfer_estimated_latency_ms queue_depth worker output_length")
	}
}

// began is when a request was received, as far as is known, in Unix seconds.
func (e *dynamoEvent) began() float64 {
	switch {
	case e.received >= 0:
		return e.received
	case e.lasted >= 0 && e.time >= e.lasted:
		return e.time - e.lasted
	}
	return e.time
}

// drain puts all requests into the ledger, in the order in which they began:
// what a prompt shares with an earlier one is known then.
func (d *dynamoTrace) drain(*queue) (bool, error) {
	slices.SortStableFunc(d.events, func(a, b dynamoEvent) int {
		return cmp.Or(cmp.Compare(a.began(), b.began()), cmp.Compare(a.time, b.time), cmp.Compare(a.id, b.id))
	})
	var seen idSet
	known := map[string]bool{}
	agents := map[string]*dynamoAgent{}
	for i := range d.events {
		e := &d.events[i]
		a := agents[e.Session]
		if a == nil {
			a = &dynamoAgent{ended: trace.Unknown, toolEnd: trace.Unknown}
			agents[e.Session] = a
		}
		switch {
		case e.kind != "request_end":
			// Failed tools count: the agent waited for them too.
			a.toolEnd, a.tool = max(a.toolEnd, e.toolEnd), cmp.Or(e.Tool, a.tool)
		case e.id != "" && known[e.id]:
			d.env.note(copies)
		default:
			known[e.id] = true
			d.request(a, e, &seen)
		}
	}
	d.events = nil
	return true, nil
}

func (d *dynamoTrace) request(a *dynamoAgent, e *dynamoEvent, seen *idSet) {
	e.Input, e.Cached, e.Output = e.tokens.tokens()
	e.Input = cmp.Or(e.whole, e.Input)
	if e.replayed {
		hits, missed := 0, false
		for _, id := range e.hashes {
			missed = !seen.add(id) || missed
			if !missed {
				hits++
			}
		}
		e.Prefix, e.told = min(hits*e.block, e.Input), true
		if !e.hit {
			e.Cached = e.Prefix
		}
	}
	e.Kind, e.Tool = trace.User, a.tool
	if a.expected || a.toolEnd >= 0 {
		e.Kind = trace.Tool
	}
	if a.ended >= 0 && a.toolEnd >= 0 {
		e.Gap = max(a.toolEnd-a.ended, 0)
	}
	e.end = e.time
	if e.received >= 0 {
		e.Start, e.Service = e.received, e.lasted
		if e.lasted < 0 && e.time >= e.received {
			e.Service = e.time - e.received
		}
	} else if e.lasted >= 0 && e.time >= e.lasted {
		e.Start, e.Service = e.time-e.lasted, e.lasted
	}
	if e.Session == "" {
		e.Kind = trace.First
	}
	*a = dynamoAgent{ended: e.time, toolEnd: trace.Unknown, expected: e.toolCalls}
	d.env.record(e.entry)
}
