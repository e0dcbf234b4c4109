package readers

import (
	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// claudeCode reads the session files that Claude Code keeps: JSON Lines of
// records in the order in which they happened. One API call is spread over
// several assistant records with the same message.id and usage and is counted
// once; its prompt is input + cache creation + cache read tokens. A call runs
// from the last record sent to the model until its own last record.
type claudeCode struct {
	env    *env
	clock  clock
	seen   map[string]bool // message ids whose call is complete
	agents map[string]*claudeAgent
	order  []*claudeAgent
	tools  map[string]string // names of tools by the id of their call
}

// claudeAgent is the state of a session's agent.
type claudeAgent struct {
	progress
	sent    float64 // of the last record to the model, Unix seconds
	tool    string  // whose result that was
	kind    trace.Kind
	pending trace.Call
	message string // id of the pending call; empty = none
	began   float64
	ended   float64
}

// claudeRecord is what matters of a record.
type claudeRecord struct {
	kind, session, agent, message, model string
	time                                 float64
	sidechain, meta, usage, toolResult   bool
	tool                                 string
	input, created, read, output         int
}

func newClaudeCode(e *env) jsonFormat {
	return &claudeCode{env: e, seen: map[string]bool{}, agents: map[string]*claudeAgent{}, tools: map[string]string{}}
}

func (c *claudeCode) begin(string) {}

const claudeKnown = "parentUuid uuid userType cwd version gitBranch requestId toolUseResult slug entrypoint promptId" +
	" permissionMode sourceToolAssistantUUID attachment mode messageId snapshot isSnapshotUpdate leafUuid lastPrompt" +
	" aiTitle summary content level subtype hookCount hookInfos isCompactSummary isVisibleInTranscriptOnly origin" +
	" durationMs messageCount logicalParentUuid compactMetadata isApiErrorMessage error thinkingMetadata todos operation" +
	" hasOutput hookErrors preventedContinuation stopReason toolUseID parentToolUseID data"

func (c *claudeCode) record(s *jsonscan.Scanner, q *queue) {
	r := claudeRecord{time: trace.Unknown}
	s.Object(func(key []byte) { c.field(s, key, &r) })
	if s.Err() != nil || r.kind != "user" && r.kind != "assistant" || r.meta {
		return
	}
	if r.session == "" {
		s.Fail("sessionId: missing; want the session's name")
		return
	}
	agent := c.agent(&r)
	if r.kind == "user" {
		agent.sent, agent.kind, agent.tool = r.time, trace.User, ""
		if r.toolResult {
			agent.kind, agent.tool = trace.Tool, c.tools[r.tool]
		}
		return
	}
	if r.model == "<synthetic>" || !r.usage || c.seen[r.message] && agent.message != r.message {
		return // written by the client, or a copy of an earlier call
	}
	c.answer(agent, &r, q)
}

func (c *claudeCode) field(s *jsonscan.Scanner, key []byte, r *claudeRecord) {
	switch string(key) {
	case "type":
		r.kind = c.env.names.of(s.Bytes())
	case "sessionId":
		r.session = c.env.names.of(s.Bytes())
	case "agentId":
		r.agent = c.env.names.of(s.Bytes())
	case "timestamp":
		r.time = wallSeconds(s, "timestamp")
	case "isSidechain":
		r.sidechain = s.Bool()
	case "isMeta":
		r.meta = s.Bool()
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
		r.message = s.String()
	case "model":
		r.model = c.env.names.of(s.Bytes())
	case "content":
		if s.Is('[') {
			s.Array(func() { c.part(s, r) })
		} else {
			s.Skip()
		}
	case "usage":
		r.usage = true
		s.Object(func(key []byte) {
			switch string(key) {
			case "input_tokens":
				r.input = s.Count("input_tokens")
			case "cache_creation_input_tokens":
				r.created = s.Count("cache_creation_input_tokens")
			case "cache_read_input_tokens":
				r.read = s.Count("cache_read_input_tokens")
			case "output_tokens":
				r.output = s.Count("output_tokens")
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
	if !s.Is('{') {
		s.Skip()
		return
	}
	kind, id, name := "", "", ""
	s.Object(func(key []byte) {
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
		r.toolResult, r.tool = true, id
	case "tool_use":
		c.tools[id] = name
	}
}

func (c *claudeCode) agent(r *claudeRecord) *claudeAgent {
	name := r.agent
	if r.sidechain && name == "" {
		name = "sidechain"
	}
	if !r.sidechain {
		name = ""
	}
	key := r.session + "\x00" + name
	a := c.agents[key]
	if a == nil {
		a = &claudeAgent{progress: progress{end: trace.Unknown}, sent: trace.Unknown}
		a.pending.Session, a.pending.Agent = r.session, name
		if name != "" {
			a.pending.Parent = r.session
		}
		c.agents[key] = a
		c.order = append(c.order, a)
	}
	return a
}

// answer takes an assistant record: the first of a call begins it, later ones
// move its end.
func (c *claudeCode) answer(a *claudeAgent, r *claudeRecord, q *queue) {
	if a.message != r.message {
		c.complete(a, q)
		a.message, a.began = r.message, a.sent
		a.pending.Kind, a.pending.Tool, a.pending.Model = a.kind, a.tool, r.model
		a.pending.Output = 0
		c.seen[r.message] = true
	}
	a.pending.Input = r.input + r.created + r.read
	a.pending.Cached = r.read
	a.pending.Output = max(a.pending.Output, r.output)
	a.ended = r.time
}

func (c *claudeCode) complete(a *claudeAgent, q *queue) {
	if a.message == "" {
		return
	}
	call := a.pending
	call.Start, call.Gap, call.Service = trace.Unknown, trace.Unknown, trace.Unknown
	if a.began >= 0 {
		call.Start = c.clock.sinceUnix(a.began)
		if a.ended >= a.began {
			call.Service = a.ended - a.began
		}
	}
	a.place(&call)
	a.message = ""
	q.push(call)
}

func (c *claudeCode) finish(q *queue) error {
	for _, a := range c.order {
		c.complete(a, q)
	}
	return nil
}
