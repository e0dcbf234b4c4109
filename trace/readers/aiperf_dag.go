package readers

import (
	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// aiperfDAG reads AIPerf's dag_jsonl: JSON Lines of sessions whose turns hold
// new messages and may fork sessions, which inherit the history so far, or
// spawn ones that start empty. Delays are milliseconds after the end of the
// answer before. A file is held in memory, without its text, as a session may
// stand before the one that forks it.
type aiperfDAG struct {
	env      *env
	prompts  prompts
	sessions []*dagSession
	byID     map[string]*dagSession
}

type dagSession struct {
	id     string
	turns  []dagTurn
	parent *dagSession
	line   int
	after  int  // turn of the parent that starts it
	forked bool // it inherits the history behind that turn
	state  dagState
	ends   []prompt // history behind each turn, for forks
}

type dagState uint8

const (
	dagUnseen dagState = iota
	dagOpen
	dagDone
)

type dagTurn struct {
	messages []message
	output   int
	gap      float64
	model    string
	children []dagChild
	joins    bool // it waits for the sessions that were started before
}

type dagChild struct {
	id   string
	fork bool
	join int // turn that waits for it; 0 = none
}

func newAIPerfDAG(e *env) jsonFormat { return &aiperfDAG{env: e} }

func (d *aiperfDAG) begin(string) { d.sessions, d.byID = nil, map[string]*dagSession{} }

func (d *aiperfDAG) record(s *jsonscan.Scanner, _ *queue) {
	session := &dagSession{line: s.Line()}
	var before []dagChild
	s.Object(func(key []byte) {
		switch string(key) {
		case "session_id":
			session.id = s.String()
		case "turns":
			s.Array(func() { session.turns = append(session.turns, d.turn(s)) })
		case "pre_session_spawns":
			before = d.children(s, before, false)
		default:
			d.env.unknown(s, key, "")
		}
	})
	switch {
	case s.Err() != nil:
		return
	case session.id == "" || len(session.turns) == 0:
		s.Fail("session_id or turns: missing; want a name and at least one turn")
	case d.byID[session.id] != nil:
		s.Fail("session_id: %s stands twice in the file; want one line each", session.id)
	default:
		session.turns[0].children = append(session.turns[0].children, before...)
		d.sessions = append(d.sessions, session)
		d.byID[session.id] = session
	}
}

func (d *aiperfDAG) turn(s *jsonscan.Scanner) dagTurn {
	t := dagTurn{gap: trace.Unknown}
	tools := message{hash: hashStart}
	s.Object(func(key []byte) {
		switch string(key) {
		case "messages":
			s.Array(func() { t.messages = append(t.messages, d.env.message(s, nil)) })
		case "tools":
			d.env.feed(s, &tools)
		case "max_tokens":
			t.output = s.Count("max_tokens")
		case "delay":
			t.gap = seconds(s, "delay", milli)
		case "model":
			t.model = d.env.names.of(s.Bytes())
		case "forks":
			t.children = d.children(s, t.children, true)
		case "spawns":
			t.children = d.children(s, t.children, false)
		default:
			d.env.unknown(s, key, "extra")
		}
	})
	if tools.tokens > 0 {
		t.messages = append([]message{tools}, t.messages...)
	}
	return t
}

// children reads a list of session names, or of {children: names, join_at}.
func (d *aiperfDAG) children(s *jsonscan.Scanner, to []dagChild, fork bool) []dagChild {
	if s.Null() {
		return to
	}
	s.Array(func() {
		if s.Is('"') {
			to = append(to, dagChild{id: s.String(), fork: fork})
			return
		}
		first, join := len(to), 0
		s.Object(func(key []byte) {
			switch string(key) {
			case "children":
				s.Array(func() { to = append(to, dagChild{id: s.String(), fork: fork}) })
			case "join_at":
				if !s.Null() {
					join = s.Count("join_at")
				}
			default:
				d.env.unknown(s, key, "")
			}
		})
		for i := first; i < len(to); i++ {
			to[i].join = join
		}
	})
	return to
}

func (d *aiperfDAG) finish(q *queue) error {
	for _, session := range d.sessions {
		if err := d.adopt(session); err != nil {
			return err
		}
	}
	for _, session := range d.sessions {
		if err := d.emit(session, q); err != nil {
			return err
		}
	}
	d.sessions = nil
	return nil
}

// adopt tells the children of a session who their parent is.
func (d *aiperfDAG) adopt(session *dagSession) error {
	for i, turn := range session.turns {
		for _, child := range turn.children {
			c := d.byID[child.id]
			switch {
			case c == nil:
				return atLine(session.line, "session %s starts %q, which is not in the file", session.id, child.id)
			case c.parent != nil:
				return atLine(c.line, "session %s is started by both %s and %s; want one parent", c.id, c.parent.id, session.id)
			}
			c.parent, c.after, c.forked = session, i, child.fork
			if child.join > i && child.join < len(session.turns) {
				session.turns[child.join].joins = true
			}
		}
	}
	return nil
}

// emit pushes the calls of a session, those of its parent first.
func (d *aiperfDAG) emit(session *dagSession, q *queue) error {
	switch session.state {
	case dagDone:
		return nil
	case dagOpen:
		return atLine(session.line, "session %s is its own ancestor; want parents without a circle", session.id)
	}
	session.state = dagOpen
	p := newPrompt()
	if session.parent != nil {
		if err := d.emit(session.parent, q); err != nil {
			return err
		}
		if session.forked {
			p = session.parent.ends[session.after]
		}
	}
	d.calls(session, p, q)
	session.state = dagDone
	return nil
}

func (d *aiperfDAG) calls(session *dagSession, p prompt, q *queue) {
	at := progress{end: trace.Unknown}
	for i, turn := range session.turns {
		c := unknownTimes()
		c.Session, c.Model, c.Output, c.Gap, c.Kind = session.id, turn.model, turn.output, turn.gap, trace.User
		c.Joins = turn.joins
		if session.parent != nil {
			c.Parent = session.parent.id
			if i == 0 {
				c.After = session.after + 1
			}
		}
		for _, m := range turn.messages {
			d.prompts.add(&p, m)
			if m.tool {
				c.Kind = trace.Tool
			}
		}
		c.Input, c.Prefix = p.tokens, p.cached
		at.place(&c)
		q.push(c)
		p.cached, p.missed = p.tokens, true
		p.tokens += c.Output
		session.ends = append(session.ends, p)
	}
}
