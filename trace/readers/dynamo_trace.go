package readers

import (
	"strings"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// dynamoTrace reads Dynamo request traces: enveloped events in Unix
// milliseconds, of which request_end gives a call and tool_end the time spent
// in tools. Prompts are whole, with global 64-bit hashes of their blocks. When
// a request began is not told.
type dynamoTrace struct {
	oneByOne
	env    *env
	seen   idSet
	agents map[string]*dynamoAgent
}

type dynamoAgent struct {
	progress
	ended    float64 // of the last request, Unix seconds
	toolEnd  float64 // of the last tool after it; Unknown if none
	tool     string
	expected bool // the last answer asked for a tool
}

type dynamoEvent struct {
	trace.Call
	kind         string
	time         float64 // Unix seconds
	toolEnd      float64
	hits, blocks int
	block        int
	toolCalls    bool
	trajectory   string
	request      bool
}

func newDynamoTrace(e *env) jsonFormat {
	return &dynamoTrace{env: e, agents: map[string]*dynamoAgent{}}
}

func (d *dynamoTrace) record(s *jsonscan.Scanner, q *queue) {
	e := dynamoEvent{Call: unknownTimes(), toolEnd: trace.Unknown, time: trace.Unknown}
	s.Object(func(key []byte) {
		if string(key) == "event" {
			s.Object(func(key []byte) { d.event(s, key, &e) })
			return
		}
		d.env.unknown(s, key, "timestamp")
	})
	if s.Err() != nil {
		return
	}
	switch {
	case e.trajectory == "":
		s.Fail("agent_context.trajectory_id: missing; want the agent's name")
	case e.kind == "request_end":
		d.request(s, &e, q)
	case strings.HasPrefix(e.kind, "tool_"):
		d.toolEvent(&e)
	}
}

func (d *dynamoTrace) event(s *jsonscan.Scanner, key []byte, e *dynamoEvent) {
	switch string(key) {
	case "event_type":
		e.kind = s.String()
	case "event_time_unix_ms":
		e.time = seconds(s, "event_time_unix_ms", milli)
	case "agent_context":
		s.Object(func(key []byte) {
			switch string(key) {
			case "session_id":
				if e.trajectory == "" {
					e.trajectory = s.String()
					return
				}
				s.Skip()
			case "trajectory_id":
				e.trajectory = s.String()
			case "parent_trajectory_id":
				e.Parent = s.String()
			default:
				d.env.unknown(s, key, "session_type_id")
			}
		})
	case "request":
		e.request = true
		s.Object(func(key []byte) { d.requestField(s, key, e) })
	case "tool":
		s.Object(func(key []byte) {
			switch string(key) {
			case "tool_class":
				e.Tool = d.env.names.of(s.Bytes())
			case "ended_at_unix_ms":
				e.toolEnd = seconds(s, "ended_at_unix_ms", milli)
			default:
				d.env.unknown(s, key, "tool_call_id status started_at_unix_ms duration_ms output_bytes error")
			}
		})
	default:
		d.env.unknown(s, key, "schema event_source")
	}
}

func (d *dynamoTrace) requestField(s *jsonscan.Scanner, key []byte, e *dynamoEvent) {
	switch string(key) {
	case "model":
		e.Model = d.env.names.of(s.Bytes())
	case "output_tokens":
		e.Output = s.Count("output_tokens")
	case "finish_reason_metadata":
		nested(s, func() { e.toolCalls = string(s.Bytes()) == "tool_calls" }, "finish_reason")
	case "replay":
		s.Object(func(key []byte) {
			switch string(key) {
			case "trace_block_size":
				e.block = s.Count("trace_block_size")
			case "input_length":
				e.Input = s.Count("input_length")
			case "input_sequence_hashes":
				e.hits, e.blocks = d.seen.leading(s)
			default:
				d.env.unknown(s, key, "")
			}
		})
	default:
		d.env.unknown(s, key, "request_id x_request_id input_tokens cached_tokens")
	}
}

func (d *dynamoTrace) request(s *jsonscan.Scanner, e *dynamoEvent, q *queue) {
	if !e.request || e.blocks > 0 && e.block == 0 {
		s.Fail("request or replay.trace_block_size: missing; want both in a request_end event")
		return
	}
	agent := d.agent(e.trajectory)
	e.Session = e.trajectory
	e.Cached = min(e.hits*e.block, e.Input)
	e.Kind = trace.User
	e.Tool = agent.tool
	if agent.expected || agent.toolEnd >= 0 {
		e.Kind = trace.Tool
	}
	if agent.turns > 0 && agent.toolEnd >= 0 {
		e.Gap = max(agent.toolEnd-agent.ended, 0)
	}
	agent.place(&e.Call)
	agent.ended, agent.toolEnd, agent.tool, agent.expected = e.time, trace.Unknown, "", e.toolCalls
	q.push(e.Call)
}

// toolEvent remembers when the last tool ended. Failed tools count: the agent
// waited for them too.
func (d *dynamoTrace) toolEvent(e *dynamoEvent) {
	agent := d.agent(e.trajectory)
	agent.toolEnd = max(agent.toolEnd, e.toolEnd)
	if e.Tool != "" {
		agent.tool = e.Tool
	}
}

func (d *dynamoTrace) agent(trajectory string) *dynamoAgent {
	if d.agents[trajectory] == nil {
		d.agents[trajectory] = &dynamoAgent{progress: progress{end: trace.Unknown}, toolEnd: trace.Unknown}
	}
	return d.agents[trajectory]
}
