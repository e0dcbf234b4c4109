package readers

import (
	"path/filepath"
	"strings"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// openHands reads the events of an OpenHands v1 conversation, a directory of
// event-NNNNN-ID.json files. Calls are the token_usages of the state updates,
// which repeat all earlier ones; a call ends with the action that its response
// led to, and its latency tells when it began. Times are local ISO 8601.
// Another usage than "agent" (a condenser, say) is an agent of its own.
type openHands struct {
	env     *env
	session string
	ends    map[string]float64 // Unix seconds of the first action, by response
	tools   map[string]string  // tool of that action
	users   map[string]bool    // responses to a person
	calls   []openHandsCall
	known   map[string]int // response id -> place in calls
	asked   bool           // a person wrote since the last action
}

type openHandsCall struct {
	entry
	response string
}

func newOpenHands(e *env) jsonFormat { return &openHands{env: e} }

func (o *openHands) begin(path string) {
	dir := filepath.Base(path)
	if dir == "events" {
		dir = filepath.Base(filepath.Dir(path))
	}
	o.session = strings.TrimSuffix(dir, ".json")
	o.calls = nil
	o.ends, o.tools = map[string]float64{}, map[string]string{}
	o.users, o.known = map[string]bool{}, map[string]int{}
}

const openHandsKnown = "id source system_prompt tools thought reasoning_content action tool_call tool_call_id" +
	" action_id observation llm_message activated_skills summary security_risk thinking_blocks"

// openHandsEvent is what matters of an event.
type openHandsEvent struct {
	kind, key, source, response, tool string
	time                              float64
}

func (o *openHands) record(s *jsonscan.Scanner, _ *queue) {
	e := openHandsEvent{time: trace.Unknown}
	s.Object(func(key []byte) {
		switch string(key) {
		case "kind":
			e.kind = s.String()
		case "key":
			e.key = s.String()
		case "source":
			e.source = s.String()
		case "timestamp":
			e.time = wallSeconds(s, "timestamp")
		case "llm_response_id":
			e.response = s.String()
		case "tool_name":
			e.tool = s.String()
		case "value":
			if s.Is('{') {
				o.stats(s)
			} else {
				s.Skip()
			}
		default:
			o.env.unknown(s, key, openHandsKnown)
		}
	})
	if s.Err() != nil {
		return
	}
	switch {
	case e.response != "" && o.ends[e.response] == 0:
		o.ends[e.response], o.tools[e.response] = e.time, e.tool
		o.users[e.response], o.asked = o.asked, false
	case e.kind == "MessageEvent" && e.source == "user":
		o.asked = true
	}
}

func (o *openHands) stats(s *jsonscan.Scanner) {
	s.Object(func(key []byte) {
		if string(key) != "usage_to_metrics" || !s.Is('{') {
			s.Skip()
			return
		}
		object(s, func(key []byte) {
			agent := string(key)
			if agent == "agent" {
				agent = ""
			}
			object(s, func(key []byte) {
				switch string(key) {
				case "token_usages":
					array(s, func() { o.usage(s, agent) })
				case "response_latencies":
					array(s, func() { o.latency(s) })
				default:
					s.Skip()
				}
			})
		})
	})
}

func (o *openHands) usage(s *jsonscan.Scanner, agent string) {
	c := openHandsCall{entry: newEntry()}
	var tokens usage
	c.Agent, c.Session = agent, o.session
	if agent != "" {
		c.Parent = o.session
	}
	s.Object(func(key []byte) {
		switch string(key) {
		case "response_id":
			c.response = s.String()
		case "model":
			c.Model = o.env.names.of(s.Bytes())
		case "prompt_tokens":
			tokens.input = s.Count("prompt_tokens")
		case "completion_tokens":
			tokens.output = s.Count("completion_tokens")
		case "cache_read_tokens":
			tokens.read = s.Count("cache_read_tokens")
		case "cache_write_tokens":
			tokens.created = s.Count("cache_write_tokens")
		case "reasoning_tokens":
			tokens.reasoning = s.Count("reasoning_tokens")
		default:
			s.Skip()
		}
	})
	c.Input, c.Cached, c.Output = tokens.tokens()
	if i, seen := o.known[c.response]; seen {
		c.Service = o.calls[i].Service
		o.calls[i] = c
		return
	}
	o.known[c.response] = len(o.calls)
	o.calls = append(o.calls, c)
}

func (o *openHands) latency(s *jsonscan.Scanner) {
	response, latency := "", trace.Unknown
	s.Object(func(key []byte) {
		switch string(key) {
		case "response_id":
			response = s.String()
		case "latency":
			latency = seconds(s, "latency", 1)
		default:
			s.Skip()
		}
	})
	if i, ok := o.known[response]; ok {
		o.calls[i].Service = latency
	}
}

func (o *openHands) finish(*queue) error {
	tool := ""
	for i, c := range o.calls {
		c.Kind, c.Tool, c.rank = trace.Tool, tool, i
		if o.users[c.response] {
			c.Kind, c.Tool = trace.User, ""
		}
		tool = o.tools[c.response]
		if end := o.ends[c.response]; end > 0 {
			c.end = end
			if c.Service >= 0 {
				c.Start = max(end-c.Service, 0)
			}
		}
		if c.response != "" {
			c.id = c.response
		}
		o.env.record(c.entry)
	}
	o.calls = nil
	return nil
}
