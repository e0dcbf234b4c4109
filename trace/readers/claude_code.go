package readers

import (
	"cmp"
	"slices"
	"strings"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// claudeCode reads the session files that Claude Code keeps: JSON Lines of
// records, in the order of time. One API call is spread over several assistant
// records with the same message.id and usage and is counted once; its prompt is
// input + cache creation + cache read tokens. A call runs from the last record
// sent to the model, be it by a person, a tool or a hook, until its own last
// record. Side chains in the file of their session are agents named after the
// record that begins them. A file is held in memory, without its text.
type claudeCode struct {
	env     *env
	records []claudeRecord
	tools   map[string]string // names of tools by the id of their call
}

// claudeAgent is the state of a session's agent.
type claudeAgent struct {
	sent   float64 // of the last record to the model since the last answer, Unix seconds
	tool   string  // whose result that was
	kind   trace.Kind
	edited bool // the history was compacted since the last answer
	calls  map[string]*claudeCall
	order  []*claudeCall
}

// claudeCall is an API call under way.
type claudeCall struct {
	entry
	began, ended float64
}

// claudeRecord is what matters of a record.
type claudeRecord struct {
	kind, subtype, uuid, parent            string
	session, agent, message, model, result string
	time                                   float64
	depth                                  int // below the record that begins its chain
	sidechain, usage, toolResult, failed   bool
	compacted                              bool
	tokens                                 usage
}

func newClaudeCode(e *env) jsonFormat { return &claudeCode{env: e} }

func (c *claudeCode) begin(string) { c.records, c.tools = nil, map[string]string{} }

const claudeKnown = "userType cwd version gitBranch toolUseResult slug entrypoint promptId" +
	" permissionMode sourceToolAssistantUUID attachment mode messageId snapshot isSnapshotUpdate leafUuid lastPrompt" +
	" aiTitle summary content level hookCount hookInfos isVisibleInTranscriptOnly origin isMeta" +
	" durationMs messageCount logicalParentUuid compactMetadata error thinkingMetadata todos operation" +
	" hasOutput hookErrors preventedContinuation stopReason toolUseID parentToolUseID data"

func (c *claudeCode) record(s *jsonscan.Scanner, _ *queue) {
	r := claudeRecord{time: trace.Unknown, tokens: usage{usual: anthropic()}}
	s.Object(func(key []byte) { c.field(s, key, &r) })
	boundary := r.kind == "system" && r.subtype == "compact_boundary"
	if s.Err() != nil || r.kind != "user" && r.kind != "assistant" && !boundary {
		return
	}
	if r.session == "" {
		s.Fail("sessionId: missing; want the session's name")
		return
	}
	r.compacted = r.compacted || boundary
	c.records = append(c.records, r)
}

func (c *claudeCode) field(s *jsonscan.Scanner, key []byte, r *claudeRecord) {
	switch string(key) {
	case "type":
		r.kind = c.env.names.of(s.Bytes())
	case "subtype":
		r.subtype = c.env.names.of(s.Bytes())
	case "uuid":
		r.uuid = s.String()
	case "parentUuid":
		r.parent = s.String()
	case "sessionId":
		r.session = c.env.names.of(s.Bytes())
	case "agentId":
		r.agent = c.env.names.of(s.Bytes())
	case "requestId":
		if request := s.String(); r.message == "" {
			r.message = request
		}
	case "timestamp":
		r.time = wallSeconds(s, "timestamp")
	case "isSidechain":
		r.sidechain = s.Bool()
	case "isCompactSummary":
		r.compacted = s.Bool()
	case "isApiErrorMessage":
		r.failed = s.Bool()
	case "message":
		if s.Is('{') {
			s.Object(func(key []byte) { c.messageField(s, key, r) })
		} else {
			s.Skip()
		}
	default:
		c.env.unknown(s, key, claudeKnown)
	}
}

func (c *claudeCode) messageField(s *jsonscan.Scanner, key []byte, r *claudeRecord) {
	switch string(key) {
	case "id":
		if id := s.String(); id != "" {
			r.message = id
		}
	case "model":
		r.model = c.env.names.of(s.Bytes())
	case "content":
		if s.Is('[') {
			s.Array(func() { c.part(s, r) })
		} else {
			s.Skip()
		}
	case "usage":
		r.usage = s.Is('{')
		object(s, func(key []byte) {
			switch string(key) {
			case "input_tokens":
				r.tokens.input = s.Count("input_tokens")
			case "cache_creation_input_tokens":
				r.tokens.created = s.Count("cache_creation_input_tokens")
			case "cache_read_input_tokens":
				r.tokens.read = s.Count("cache_read_input_tokens")
			case "output_tokens":
				r.tokens.output = s.Count("output_tokens")
			default:
				s.Skip()
			}
		})
	default:
		s.Skip()
	}
}

// part reads an entry of a message's content.
func (c *claudeCode) part(s *jsonscan.Scanner, r *claudeRecord) {
	kind, id, name := "", "", ""
	object(s, func(key []byte) {
		switch string(key) {
		case "type":
			kind = c.env.names.of(s.Bytes())
		case "id", "tool_use_id":
			id = s.String()
		case "name":
			name = c.env.names.of(s.Bytes())
		default:
			s.Skip()
		}
	})
	switch kind {
	case "tool_result":
		r.toolResult, r.result = true, id
	case "tool_use":
		c.tools[id] = name
	}
}

// finish goes through the records of a file in the order of time.
func (c *claudeCode) finish(*queue) error {
	c.sort()
	agents := map[string]*claudeAgent{}
	var order []*claudeAgent
	for i := range c.records {
		r := &c.records[i]
		key := r.session + "\x00" + r.agent
		a := agents[key]
		if a == nil {
			a = &claudeAgent{sent: trace.Unknown, calls: map[string]*claudeCall{}}
			agents[key] = a
			order = append(order, a)
		}
		c.take(a, r)
	}
	for _, a := range order {
		for _, call := range a.order {
			c.complete(call)
		}
	}
	c.records = nil
	return nil
}

// sort names the agents of side chains, and brings the records into the order
// of time, or of the chain where that is equal. A record without a time stays
// behind the one before it.
func (c *claudeCode) sort() {
	at := make(map[string]int, len(c.records))
	for i := range c.records {
		if uuid := c.records[i].uuid; uuid != "" {
			at[uuid] = i
		}
	}
	inOrder, last := true, trace.Unknown
	for i := range c.records {
		r := &c.records[i]
		c.nameAgent(r, at)
		if r.time < 0 {
			r.time = last
		}
		inOrder = inOrder && r.time >= last
		last = r.time
	}
	if inOrder {
		return
	}
	slices.SortStableFunc(c.records, func(a, b claudeRecord) int {
		return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.depth, b.depth))
	})
}

func (c *claudeCode) nameAgent(r *claudeRecord, at map[string]int) {
	root := r
	for r.depth < len(c.records) {
		i, ok := at[root.parent]
		if !ok || c.records[i].sidechain != r.sidechain {
			break
		}
		root = &c.records[i]
		r.depth++
	}
	switch {
	case !r.sidechain:
		r.agent = ""
	case r.agent == "":
		r.agent = strings.TrimSuffix("sidechain-"+root.uuid, "-")
	}
}

func (c *claudeCode) take(a *claudeAgent, r *claudeRecord) {
	a.edited = a.edited || r.compacted
	if r.kind == "user" {
		a.sent, a.kind, a.tool = r.time, trace.User, ""
		if r.toolResult {
			a.kind, a.tool = trace.Tool, c.tools[r.result]
		}
		return
	}
	switch {
	case r.kind != "assistant":
	case r.failed:
		c.env.note(failedCalls)
	case r.model == "<synthetic>": // written by the client
	case !r.usage:
		c.env.note(noTokens)
	default:
		c.answer(a, r)
	}
}

// answer takes an assistant record: the first of a call begins it, later ones
// move its end.
func (c *claudeCode) answer(a *claudeAgent, r *claudeRecord) {
	id := cmp.Or(r.message, r.uuid)
	call := a.calls[id]
	if call == nil || id == "" {
		call = &claudeCall{entry: newEntry(), began: a.sent}
		call.Session, call.Agent, call.id = r.session, r.agent, id
		if r.agent != "" {
			call.Parent = r.session
		}
		call.Kind, call.Tool, call.Model, call.edited = a.kind, a.tool, r.model, a.edited
		if n := len(a.order); n > 0 && call.began >= 0 {
			call.began = max(call.began, a.order[n-1].ended) // results that came while it still wrote
		}
		if call.began < 0 || call.began > r.time {
			call.began, call.Kind, call.Tool = r.time, trace.User, "" // nobody knows what for
		}
		a.calls[id] = call
		a.order = append(a.order, call)
		a.sent, a.edited = trace.Unknown, false
	}
	if a.order[len(a.order)-1] != call {
		return // a copy of an earlier call
	}
	input, cached, output := r.tokens.tokens()
	call.Input, call.Cached, call.Output = max(call.Input, input), max(call.Cached, cached), max(call.Output, output)
	call.ended = max(call.ended, r.time)
}

func (c *claudeCode) complete(call *claudeCall) {
	if call.began >= 0 {
		call.Start, call.Service = call.began, max(call.ended-call.began, 0)
	}
	c.env.record(call.entry)
}
