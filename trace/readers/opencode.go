package readers

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
	"agentsim/trace/sqlite"
)

// openCode reads what OpenCode keeps of its sessions: an export ({info,
// messages: [{info, parts}]}), the messages of a server ([{info, parts}]), the
// events of opencode run --format json, the files of its storage folder (one a
// session, a message or a part, in any order) and its database, whose rows are
// read as records.
//
// A step of an assistant's message is a call; its tokens count cache reads,
// cache writes and reasoning beside input and output. Newer versions make one
// message a step, older ones several steps a message, of which the message
// itself shows only the last. Times are milliseconds since 1970. A message is
// complete when its tools are: the call ends when the last of them begins. A
// session with a parent is a sub-agent; a fork repeats the messages of another
// session with their times.
type openCode struct {
	env      *env
	keys     plainKeys
	parents  map[string]string // by session
	messages map[string]*openNode
	parts    map[string]map[string]openNode // by message, then by part
	seen     int                            // nodes so far
}

// openNode is an object of OpenCode's: a session, a message, a part of one, or
// something around them.
type openNode struct {
	id, session, message, parent   string
	role, kind, model, agent, tool string
	created, completed             float64 // Unix seconds
	start, end                     float64 // of a part, or of its tool
	at                             float64 // of an event
	usage                          usage
	counted                        bool // tokens are told
	failed, compaction             bool
	order                          int

	info, part      *openNode
	messages, parts []openNode
}

func newOpenCode(e *env) opener {
	o := &openCode{
		env:      e,
		keys:     plainKeys{},
		parents:  map[string]string{},
		messages: map[string]*openNode{},
		parts:    map[string]map[string]openNode{},
	}
	return openCodeOpener{jsonOpener{o}}
}

// openCodeOpener also opens databases.
type openCodeOpener struct{ jsonOpener }

func isSQLite(p *sample) bool { return strings.HasPrefix(p.text, sqlite.Magic) }

func (o openCodeOpener) open(f *file, head []byte, p *sample) (decoder, error) {
	if !isSQLite(p) {
		return o.jsonOpener.open(f, head, p)
	}
	rows, err := openSQLite(f.path, "session", "message", "part")
	if err != nil {
		return nil, err
	}
	f.c = append(f.c, rows)
	return o.jsonOpener.open(&file{input: input{path: f.path}, r: newHead(rows)}, nil, &sample{})
}

// errNotOpenCode is of a database without OpenCode's tables.
var errNotOpenCode = errors.New("the database has no table message; want that of OpenCode, opencode.db")

func (o *openCode) begin(string)        {}
func (o *openCode) finish(*queue) error { return nil }

// drain puts all calls into the ledger when all files are read.
func (o *openCode) drain(*queue) (bool, error) {
	o.settle()
	return true, nil
}

func (o *openCode) record(s *jsonscan.Scanner, _ *queue) {
	n := o.node(s)
	if s.Err() == nil {
		o.take(&n, "")
	}
}

// node reads an object with all that it holds.
func (o *openCode) node(s *jsonscan.Scanner) openNode {
	n := openNode{
		created:   trace.Unknown,
		completed: trace.Unknown,
		start:     trace.Unknown,
		end:       trace.Unknown,
		at:        trace.Unknown,
	}
	n.usage.usual = buckets{read: true, created: true, reasoning: true}
	if !s.Is('{') {
		s.Skip()
		return n
	}
	s.Object(func(key []byte) { o.field(s, o.keys.of(key), &n) })
	o.seen++
	n.order = o.seen
	return n
}

func (o *openCode) field(s *jsonscan.Scanner, key string, n *openNode) {
	switch key {
	case "id":
		n.id = looseText(s)
	case "sessionid":
		n.session = looseText(s)
	case "messageid":
		n.message = looseText(s)
	case "parentid":
		n.parent = looseText(s)
	case "role":
		n.role = looseText(s)
	case "type":
		n.kind = looseText(s)
	case "modelid":
		n.model = o.env.names.of([]byte(looseText(s)))
	case "agent", "mode":
		n.agent = looseText(s)
		n.compaction = n.compaction || n.agent == "compaction"
	case "tool":
		n.tool = o.env.names.of([]byte(looseText(s)))
	case "summary":
		n.compaction = s.Is('t') || n.compaction
		s.Skip()
	case "error":
		n.failed = !s.Is('n')
		s.Skip()
	case "timecreated":
		n.created = looseTime(s, "time_created")
	case "timestamp":
		n.at = looseTime(s, "timestamp")
	case "time":
		o.times(s, n)
	case "tokens":
		o.tokens(s, n)
	case "state": // of a tool
		nested(s, func() { o.times(s, n) }, "time")
	case "data": // of a row of the database
		looseObject(s, func(s *jsonscan.Scanner, key []byte) { o.field(s, o.keys.of(key), n) })
	case "info":
		n.info = new(o.node(s))
	case "part":
		n.part = new(o.node(s))
	case "messages":
		n.messages = o.nodes(s)
	case "parts":
		n.parts = o.nodes(s)
	default:
		s.Skip() // parts hold text under many keys
	}
}

func (o *openCode) nodes(s *jsonscan.Scanner) []openNode {
	if !s.Is('[') {
		s.Skip()
		return nil
	}
	all := []openNode{}
	s.Array(func() { all = append(all, o.node(s)) })
	return all
}

func (o *openCode) times(s *jsonscan.Scanner, n *openNode) {
	if !s.Is('{') {
		s.Skip()
		return
	}
	s.Object(func(key []byte) {
		switch string(key) {
		case "created":
			n.created = looseTime(s, "time.created")
		case "completed":
			n.completed = looseTime(s, "time.completed")
		case "start":
			n.start = looseTime(s, "time.start")
		case "end":
			n.end = looseTime(s, "time.end")
		default:
			s.Skip()
		}
	})
}

func (o *openCode) tokens(s *jsonscan.Scanner, n *openNode) {
	if !s.Is('{') {
		s.Skip()
		return
	}
	count := func(name string, to *int) {
		if v, told := looseCount(s, name); told {
			*to, n.counted = v, true
		}
	}
	s.Object(func(key []byte) {
		switch o.keys.of(key) {
		case "input":
			count("tokens.input", &n.usage.input)
		case "output":
			count("tokens.output", &n.usage.output)
		case "reasoning":
			count("tokens.reasoning", &n.usage.reasoning)
		case "total":
			count("tokens.total", &n.usage.total)
		case "cache":
			if !s.Is('{') {
				s.Skip()
				return
			}
			s.Object(func(key []byte) {
				switch string(key) {
				case "read":
					count("tokens.cache.read", &n.usage.read)
				case "write":
					count("tokens.cache.write", &n.usage.created)
				default:
					s.Skip()
				}
			})
		default:
			s.Skip()
		}
	})
}

// take puts a node to where it belongs. session is that of what it lies in.
func (o *openCode) take(n *openNode, session string) {
	n.session = cmp.Or(n.session, session)
	switch {
	case n.info != nil && n.messages != nil: // an export
		o.take(n.info, "")
		for i := range n.messages {
			o.take(&n.messages[i], n.info.id)
		}
	case n.info != nil: // a message with its parts
		o.take(n.info, n.session)
		for i := range n.parts {
			p := &n.parts[i]
			p.message = cmp.Or(p.message, n.info.id)
			o.take(p, n.info.session)
		}
	case n.part != nil: // an event
		o.event(n)
	case n.role != "":
		o.message(n)
	case n.message != "":
		o.part(n)
	case n.id != "" && n.kind == "":
		o.parents[n.id] = cmp.Or(n.parent, o.parents[n.id])
	}
}

// event is one of opencode run --format json: it tells when a part was done.
func (o *openCode) event(n *openNode) {
	p := n.part
	p.session = cmp.Or(p.session, n.session)
	if p.message == "" {
		return
	}
	switch p.kind {
	case "step-start":
		p.start = n.at
	case "step-finish":
		p.end = n.at
	}
	o.part(p)
}

func (o *openCode) message(n *openNode) {
	if n.id == "" {
		n.id = fmt.Sprintf("#%d", n.order)
	}
	if before := o.messages[n.id]; before != nil && before.counted && !n.counted {
		return
	}
	keep := *n
	keep.info, keep.part, keep.messages, keep.parts = nil, nil, nil, nil
	o.messages[n.id] = &keep
}

func (o *openCode) part(n *openNode) {
	switch n.kind {
	case "step-start", "step-finish", "tool", "text", "reasoning":
	default:
		return
	}
	if o.parts[n.message] == nil {
		o.parts[n.message] = map[string]openNode{}
	}
	o.parts[n.message][cmp.Or(n.id, fmt.Sprintf("#%d", n.order))] = *n
}

// settle turns messages into calls when all are there.
func (o *openCode) settle() {
	for _, id := range slices.Sorted(maps.Keys(o.parts)) {
		if o.messages[id] == nil {
			o.messages[id] = messageOf(id, o.parts[id])
		}
	}
	var all []*openNode
	for _, id := range slices.Sorted(maps.Keys(o.messages)) {
		all = append(all, o.messages[id])
	}
	slices.SortFunc(all, func(a, b *openNode) int {
		return cmp.Or(cmp.Compare(a.session, b.session), cmp.Compare(a.created, b.created), cmp.Compare(a.id, b.id))
	})
	var walk openWalk
	for _, m := range all {
		if m.session != walk.session {
			walk = openWalk{session: m.session}
		}
		o.calls(m, &walk)
	}
	clear(o.messages)
	clear(o.parts)
}

// messageOf makes up the message of which only parts are there, as in the
// events of a run.
func messageOf(id string, parts map[string]openNode) *openNode {
	m := &openNode{id: id, role: "assistant", created: trace.Unknown, completed: trace.Unknown}
	for _, part := range sortedParts(parts) {
		m.session = cmp.Or(m.session, part.session)
	}
	return m
}

// sortedParts returns parts in the order in which they were begun: their names
// count up, or they come as in the file.
func sortedParts(parts map[string]openNode) []openNode {
	var all []openNode
	for _, id := range slices.Sorted(maps.Keys(parts)) {
		all = append(all, parts[id])
	}
	slices.SortFunc(all, func(a, b openNode) int {
		if len(a.id) == len(b.id) && strings.HasPrefix(a.id, "prt_") && strings.HasPrefix(b.id, "prt_") {
			return cmp.Compare(a.id, b.id)
		}
		return cmp.Compare(a.order, b.order)
	})
	return all
}

// openWalk is how far a session has come.
type openWalk struct {
	session, prompt string // of a person: the message that is being answered
	begun           bool   // it has had its first call
	tool            string // that ended last
	compacted       bool   // the history was replaced by a summary
}

// calls records the steps of a message.
func (o *openCode) calls(m *openNode, walk *openWalk) {
	if m.role != "assistant" {
		return
	}
	if m.parent != walk.prompt || m.parent == "" && walk.tool == "" {
		walk.prompt, walk.begun = m.parent, false
	}
	steps := o.steps(m)
	if m.failed && m.usage.output == 0 && len(steps) < 2 {
		o.env.note(failedCalls)
		return
	}
	for i, step := range steps {
		e := newEntry()
		e.Session, e.Model, e.Parent = m.session, m.model, o.parents[m.session]
		e.Input, e.Cached, e.Output = step.usage.tokens()
		e.took(step.start, step.end)
		e.Kind, e.Tool = trace.User, ""
		if walk.begun {
			e.Kind, e.Tool = trace.Tool, walk.tool
		}
		e.edited = m.compaction || walk.compacted
		e.id = fmt.Sprintf("%s/%d", m.id, i)
		if e.Parent == "" && m.created >= 0 && m.completed >= 0 { // a fork gives its copies new names
			e.id = fmt.Sprintf("%v/%v/%d/%v/%s", m.created, m.completed, i, step.usage, m.model)
		}
		o.env.record(e)
		walk.begun, walk.compacted = true, m.compaction
		walk.tool = step.tool
	}
}

// openStep is one call of the model within a message.
type openStep struct {
	usage      usage
	start, end float64
	tool       string // that ran after it
}

// steps divides a message into calls.
func (o *openCode) steps(m *openNode) []openStep {
	parts := sortedParts(o.parts[m.id])
	finished := 0
	for i := range parts {
		if parts[i].kind == "step-finish" && parts[i].counted {
			finished++
		}
	}
	var steps []openStep
	at := openStep{start: m.created, end: trace.Unknown}
	toolEnd := trace.Unknown
	for i := range parts {
		switch p := &parts[i]; p.kind {
		case "step-start":
			at.start = max(at.start, p.start)
		case "tool":
			at.end, at.tool = max(at.end, p.start), p.tool
			toolEnd = max(toolEnd, p.end)
		case "text", "reasoning":
			at.end = max(at.end, p.end)
			if at.start < 0 {
				at.start = p.start
			}
		case "step-finish":
			if !p.counted {
				continue
			}
			if at.end < 0 {
				at.end = p.end
			}
			at.usage = p.usage
			steps = append(steps, at)
			at = openStep{start: toolEnd, end: trace.Unknown}
		}
	}
	if finished < 2 { // the message says it all
		whole := openStep{usage: m.usage, start: m.created, end: trace.Unknown}
		if len(steps) > 0 {
			whole.end, whole.tool = steps[0].end, steps[0].tool
			if whole.start < 0 {
				whole.start = steps[0].start
			}
			if !m.counted {
				whole.usage = steps[0].usage
			}
		} else {
			whole.end, whole.tool = at.end, at.tool
		}
		steps = []openStep{whole}
	}
	for i := range steps {
		step := &steps[i]
		switch {
		case step.tool == "" && i == len(steps)-1 && m.completed >= 0,
			step.end < step.start, m.completed >= 0 && step.end > m.completed:
			step.end = m.completed
		}
		if step.end < step.start {
			step.end = trace.Unknown
		}
	}
	return steps
}

// jsonStream is a source of records as JSON Lines.
type jsonStream interface {
	io.Reader
	io.Closer
}
