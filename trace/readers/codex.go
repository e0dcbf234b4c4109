package readers

import (
	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// codex reads Codex rollouts: JSON Lines of {timestamp, type, payload}. A
// token_count event ends a call; last_token_usage is the call's, and
// input_tokens includes the cached part. The event may come twice with the
// same totals, or without figures. A call begins with the last thing sent to
// the model before its first answer.
type codex struct {
	env   *env
	clock clock
	progress

	session, model string
	total          int     // total_token_usage of the last call
	sent           float64 // of the last item to the model, Unix seconds
	began          float64 // sent, when the first answer came; Unknown before
	kind, begunAs  trace.Kind
	tool, result   string
	tools          map[string]string
}

// codexRecord is what matters of a record.
type codexRecord struct {
	time                                       float64
	kind, payload, role, id, call, name, model string
	last, whole                                codexUsage
	info                                       bool
}

type codexUsage struct{ input, cached, output, total int }

func newCodex(e *env) jsonFormat { return &codex{env: e} }

func (c *codex) begin(path string) {
	*c = codex{env: c.env, session: sessionOfFile(path), progress: progress{end: trace.Unknown},
		sent: trace.Unknown, began: trace.Unknown, total: -1, tools: map[string]string{}}
}

func (c *codex) finish(*queue) error { return nil }

func (c *codex) record(s *jsonscan.Scanner, q *queue) {
	r := codexRecord{time: trace.Unknown}
	s.Object(func(key []byte) {
		switch string(key) {
		case "timestamp":
			r.time = wallSeconds(s, "timestamp")
		case "type":
			r.kind = c.env.names.of(s.Bytes())
		case "payload":
			s.Object(func(key []byte) { c.payload(s, key, &r) })
		default:
			c.env.unknown(s, key, "ordinal")
		}
	})
	if s.Err() != nil {
		return
	}
	switch {
	case r.kind == "session_meta" && r.id != "":
		c.session = r.id
	case r.kind == "turn_context":
		c.model = r.model
	case r.kind == "response_item":
		c.item(&r)
	case r.payload == "token_count" && r.info && r.whole.total != c.total:
		c.call(&r, q)
	}
}

func (c *codex) payload(s *jsonscan.Scanner, key []byte, r *codexRecord) {
	switch string(key) {
	case "type":
		r.payload = c.env.names.of(s.Bytes())
	case "role":
		r.role = c.env.names.of(s.Bytes())
	case "id":
		if s.Is('"') {
			r.id = s.String()
		} else {
			s.Skip()
		}
	case "model":
		r.model = c.env.names.of(s.Bytes())
	case "name":
		r.name = c.env.names.of(s.Bytes())
	case "call_id":
		r.call = s.String()
	case "info":
		c.usage(s, r)
	default:
		s.Skip() // items hold text under many keys
	}
}

func (c *codex) usage(s *jsonscan.Scanner, r *codexRecord) {
	if s.Null() {
		return
	}
	s.Object(func(key []byte) {
		switch string(key) {
		case "last_token_usage":
			r.info = !s.Is('n')
			r.last = codexTokens(s)
		case "total_token_usage":
			r.whole = codexTokens(s)
		default:
			s.Skip()
		}
	})
}

func codexTokens(s *jsonscan.Scanner) codexUsage {
	var u codexUsage
	if s.Null() {
		return u
	}
	s.Object(func(key []byte) {
		switch string(key) {
		case "input_tokens":
			u.input = s.Count("input_tokens")
		case "cached_input_tokens":
			u.cached = s.Count("cached_input_tokens")
		case "output_tokens":
			u.output = s.Count("output_tokens")
		case "total_tokens":
			u.total = int(s.Int())
		default:
			s.Skip()
		}
	})
	return u
}

// item takes something said by either side.
func (c *codex) item(r *codexRecord) {
	switch {
	case r.payload == "function_call_output" || r.payload == "custom_tool_call_output":
		c.sent, c.kind, c.result = r.time, trace.Tool, c.tools[r.call]
	case r.payload == "message" && r.role != "assistant":
		c.sent, c.kind, c.result = r.time, trace.User, ""
	default: // reasoning, a message, or the call of a tool
		if c.began < 0 {
			c.began, c.tool, c.begunAs = c.sent, c.result, c.kind
		}
		if r.call != "" {
			c.tools[r.call] = r.name
		}
	}
}

func (c *codex) call(r *codexRecord, q *queue) {
	c.total = r.whole.total
	call := unknownTimes()
	call.Session, call.Model, call.Kind, call.Tool = c.session, c.model, c.begunAs, c.tool
	call.Input, call.Cached, call.Output = r.last.input, min(r.last.cached, r.last.input), r.last.output
	if c.began >= 0 {
		call.Start = c.clock.sinceUnix(c.began)
		call.Service = max(r.time-c.began, 0)
	}
	c.began = trace.Unknown
	c.place(&call)
	q.push(call)
}
