package readers

import (
	"cmp"
	"fmt"
	"slices"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// codex reads Codex rollouts: JSON Lines of {timestamp, type, payload}. A
// token_count event ends a call; last_token_usage is the call's, or else what
// the total has grown by, and input_tokens includes the cached part. The event
// may come twice with the same totals, or without figures. A call begins with
// the last thing sent to the model before its first answer. A thread that
// another one spawned or forked repeats that one's history at its beginning,
// within the instant in which it is written. A file is held in memory, without
// its text.
type codex struct {
	env     *env
	path    string
	records []codexRecord
}

// codexRecord is what matters of a record.
type codexRecord struct {
	time                                float64
	kind, payload, role, call           string
	id, forked, parent, name, model     string
	last, whole                         usage
	info, hasLast, hasWhole, isSubAgent bool
}

// codexRollout is the state of a rollout while its records pass by.
type codexRollout struct {
	id, family, parent string
	model              string
	replayed           float64 // calls until this instant are another thread's, Unix seconds
	whole              usage   // total of the last call
	counted            bool    // there was one
	sent               float64 // of the last item to the model since the last answer, Unix seconds
	began              float64 // when the call under way began; Unknown = none is
	kind, begunAs      trace.Kind
	tool, result       string
	edited             bool
	tools              map[string]string
}

func newCodex(e *env) jsonFormat { return &codex{env: e} }

func (c *codex) begin(path string) { c.path, c.records = path, nil }

func (c *codex) record(s *jsonscan.Scanner, _ *queue) {
	r := codexRecord{time: trace.Unknown}
	s.Object(func(key []byte) {
		switch string(key) {
		case "timestamp":
			r.time = wallSeconds(s, "timestamp")
		case "type":
			r.kind = c.env.names.of(s.Bytes())
		case "payload":
			object(s, func(key []byte) { c.payload(s, key, &r) })
		default:
			c.env.unknown(s, key, "ordinal")
		}
	})
	if s.Err() == nil {
		c.records = append(c.records, r)
	}
}

func (c *codex) payload(s *jsonscan.Scanner, key []byte, r *codexRecord) {
	switch string(key) {
	case "type":
		r.payload = c.env.names.of(s.Bytes())
	case "role":
		r.role = c.env.names.of(s.Bytes())
	case "id":
		r.id = text(s)
	case "model":
		r.model = c.env.names.of([]byte(text(s)))
	case "name":
		r.name = c.env.names.of([]byte(text(s)))
	case "call_id":
		r.call = text(s)
	case "forked_from_id":
		r.forked = text(s)
	case "parent_thread_id":
		r.parent = text(s)
	case "thread_source":
		r.isSubAgent = text(s) == "subagent" || r.isSubAgent
	case "source":
		nested(s, func() {
			r.isSubAgent = true
			nested(s, func() { r.parent = cmp.Or(r.parent, text(s)) }, "thread_spawn", "parent_thread_id")
		}, "subagent")
	case "info", "token_usage", "tokenUsage", "usage":
		c.usage(s, r)
	default:
		s.Skip() // items hold text under many keys
	}
}

func (c *codex) usage(s *jsonscan.Scanner, r *codexRecord) {
	object(s, func(key []byte) {
		switch string(key) {
		case "last_token_usage", "lastTokenUsage", "last":
			r.last, r.hasLast = codexTokens(s)
		case "total_token_usage", "totalTokenUsage", "total":
			r.whole, r.hasWhole = codexTokens(s)
		default:
			s.Skip()
		}
	})
	r.info = r.hasLast || r.hasWhole
}

func codexTokens(s *jsonscan.Scanner) (u usage, told bool) {
	object(s, func(key []byte) {
		told = true
		switch string(key) {
		case "input_tokens", "inputTokens":
			u.input = s.Count("input_tokens")
		case "cached_input_tokens", "cachedInputTokens":
			u.read = s.Count("cached_input_tokens")
		case "output_tokens", "outputTokens":
			u.output = s.Count("output_tokens")
		case "reasoning_output_tokens", "reasoningOutputTokens":
			u.reasoning = s.Count("reasoning_output_tokens")
		case "total_tokens", "totalTokens":
			u.total = s.Count("total_tokens")
		default:
			s.Skip()
		}
	})
	return u, told
}

// finish goes through the records of a file in the order of time.
func (c *codex) finish(*queue) error {
	c.sort()
	t := c.rollout()
	for i := range c.records {
		r := &c.records[i]
		switch {
		case r.kind == "turn_context":
			t.model = cmp.Or(r.model, t.model)
		case r.kind == "compacted" || r.payload == "context_compacted":
			t.edited = true
		case r.kind == "response_item":
			t.item(r)
		case r.info:
			c.call(t, r)
		}
	}
	c.records = nil
	return nil
}

// sort brings records into the order of time. Those of one instant keep their
// place where the file is in order; where it is not, what happened is told by
// their kind and the total, which only grows.
func (c *codex) sort() {
	inOrder, last := true, trace.Unknown
	for i := range c.records {
		r := &c.records[i]
		if r.time < 0 {
			r.time = last
		}
		inOrder = inOrder && r.time >= last
		last = r.time
	}
	if inOrder {
		return
	}
	place := func(r *codexRecord) int {
		switch {
		case r.kind == "session_meta":
			return 0
		case r.kind == "turn_context":
			return 1
		case r.info:
			return 3
		}
		return 2
	}
	slices.SortStableFunc(c.records, func(a, b codexRecord) int {
		return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(place(&a), place(&b)),
			cmp.Compare(a.whole.total, b.whole.total))
	})
}

// replayTime is how long after a thread's beginning what it says of calls is
// still the history that it took over, in seconds: no call is over so soon.
const replayTime = 1

// rollout finds out whose rollout it is: that of the first thread named, or of
// the one that says where it comes from.
func (c *codex) rollout() *codexRollout {
	t := &codexRollout{
		id:       c.env.sessionOfFile(c.path),
		replayed: trace.Unknown,
		sent:     trace.Unknown,
		began:    trace.Unknown,
		tools:    map[string]string{},
	}
	var own *codexRecord
	for i := range c.records {
		r := &c.records[i]
		if r.kind == "session_meta" && r.id != "" && (own == nil || own.parent == "" && own.forked == "" &&
			(r.parent != "" || r.forked != "")) {
			own = r
		}
	}
	t.family = t.id
	if own == nil {
		return t
	}
	t.id = own.id
	t.family = cmp.Or(own.forked, own.parent, own.id)
	if own.parent != "" || own.isSubAgent {
		t.parent = cmp.Or(own.parent, own.forked)
	}
	if own.parent != "" || own.forked != "" {
		t.replayed = own.time + replayTime
	}
	return t
}

// item takes something said by either side.
func (t *codexRollout) item(r *codexRecord) {
	switch {
	case r.payload == "function_call_output" || r.payload == "custom_tool_call_output":
		t.sent, t.kind, t.result = r.time, trace.Tool, t.tools[r.call]
	case r.payload == "message" && r.role != "assistant":
		t.sent, t.kind, t.result = r.time, trace.User, ""
	default: // reasoning, a message, or the call of a tool
		t.answered(r.time)
		if r.call != "" {
			t.tools[r.call] = r.name
		}
	}
}

// answered begins a call unless one is under way.
func (t *codexRollout) answered(at float64) {
	if t.began >= 0 {
		return
	}
	t.began, t.tool, t.begunAs = t.sent, t.result, t.kind
	if t.began < 0 {
		t.began, t.tool, t.begunAs = at, "", trace.User // nobody knows what for
	}
	t.sent = trace.Unknown
}

func (c *codex) call(t *codexRollout, r *codexRecord) {
	u := r.last
	if !r.hasLast {
		u = grown(&r.whole, &t.whole)
	}
	if r.hasWhole {
		if t.counted && r.whole == t.whole {
			return // told again
		}
		t.whole, t.counted = r.whole, true
	}
	if r.time <= t.replayed {
		c.env.note(copies)
		t.began = trace.Unknown
		return
	}
	t.answered(r.time)
	e := newEntry()
	e.Session, e.Parent, e.Model, e.Kind, e.Tool, e.edited = t.id, t.parent, t.model, t.begunAs, t.tool, t.edited
	e.Input, e.Cached, e.Output = u.tokens()
	e.Start, e.Service = t.began, max(r.time-t.began, 0)
	if r.hasWhole {
		e.id = fmt.Sprintf("%s %v %v", t.family, r.whole, u)
	}
	t.began, t.edited = trace.Unknown, false
	c.env.record(e)
}

// grown returns what a total has grown by. A total that has shrunk began anew.
func grown(u, before *usage) usage {
	if u.input < before.input || u.output < before.output || u.read < before.read {
		return *u
	}
	return usage{
		input:     u.input - before.input,
		read:      u.read - before.read,
		output:    u.output - before.output,
		reasoning: max(u.reasoning-before.reasoning, 0),
		total:     max(u.total-before.total, 0),
	}
}
