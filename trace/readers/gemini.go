package readers

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// gemini reads the sessions that Gemini CLI keeps: one JSON document
// ({sessionId, messages}), or in newer versions JSON Lines of which the first
// is the session, $set lines change it and messages are written again when they
// grow. A message of the model with tokens is a call. Its prompt counts the
// cached part and not the tool prompt; thoughts stand beside the output. A
// message is written when it is over; the call began when the person's message
// or the last result of a tool was. A session in a folder of the name of
// another one, or of the kind subagent, was started by that one.
type gemini struct {
	env      *env
	keys     plainKeys
	session  string // of the file
	parent   string
	messages map[string]*geminiMessage // by id
	order    []*geminiMessage
	cut      bool // the history was rewound since the last message
}

type geminiMessage struct {
	id, kind, model string
	time            float64
	usage           usage
	counted         bool
	results         bool // holds the results of tools
	tool            string
	toolEnd         float64
	cut             bool // the history was rewound before it
}

func newGemini(e *env) jsonFormat { return &gemini{env: e, keys: plainKeys{}} }

func (g *gemini) begin(path string) {
	g.session, g.parent = g.env.sessionOfFile(path), ""
	if dir := filepath.Base(filepath.Dir(path)); filepath.Base(filepath.Dir(filepath.Dir(path))) == "chats" {
		g.parent = dir
	}
	g.messages, g.order, g.cut = map[string]*geminiMessage{}, nil, false
}

const geminiKnown = "projectHash startTime lastUpdated summary directories displayContent thoughts" +
	" memoryScratchpad"

func (g *gemini) record(s *jsonscan.Scanner, _ *queue) {
	m := g.object(s)
	if s.Err() == nil && (m.kind != "" || m.counted) {
		g.add(&m)
	}
}

// object reads a session with messages, a change of one, or a message.
func (g *gemini) object(s *jsonscan.Scanner) geminiMessage {
	m := geminiMessage{time: trace.Unknown, toolEnd: trace.Unknown}
	m.usage.usual = google()
	if !s.Is('{') {
		s.Skip()
		return m
	}
	s.Object(func(key []byte) {
		switch string(key) {
		case "sessionId":
			g.session = cmp.Or(looseText(s), g.session)
		case "kind":
			if kind := looseText(s); kind == "main" {
				g.parent = ""
			}
		case "messages":
			g.list(s)
		case "$set":
			g.object(s)
		case "$rewindTo":
			g.cut = true
			s.Skip()
		case "id":
			m.id = looseText(s)
		case "type", "role":
			m.kind = looseText(s)
		case "timestamp":
			m.time = looseTime(s, "timestamp")
		case "model":
			m.model = g.env.names.of([]byte(looseText(s)))
		case "content":
			m.results = g.content(s)
		case "tokens":
			g.tokens(s, &m)
		case "toolCalls":
			g.tools(s, &m)
		default:
			g.env.unknown(s, key, geminiKnown)
		}
	})
	return m
}

func (g *gemini) list(s *jsonscan.Scanner) {
	if !s.Is('[') {
		s.Skip()
		return
	}
	s.Array(func() {
		if m := g.object(s); s.Err() == nil && (m.kind != "" || m.counted) {
			g.add(&m)
		}
	})
}

// content reports whether a message holds results of tools.
func (g *gemini) content(s *jsonscan.Scanner) (results bool) {
	if !s.Is('[') {
		s.Skip()
		return false
	}
	s.Array(func() {
		if !s.Is('{') {
			s.Skip()
			return
		}
		s.Object(func(key []byte) {
			results = results || string(key) == "functionResponse"
			s.Skip()
		})
	})
	return results
}

func (g *gemini) tokens(s *jsonscan.Scanner, m *geminiMessage) {
	if !s.Is('{') {
		s.Skip()
		return
	}
	tool := 0
	s.Object(func(key []byte) {
		v, told := 0, false
		switch string(key) {
		case "input", "output", "cached", "thoughts", "tool", "total":
			v, told = looseCount(s, "tokens."+string(key))
		default:
			s.Skip()
			return
		}
		m.counted = m.counted || told
		switch string(key) {
		case "input":
			m.usage.input = v
		case "output":
			m.usage.output = v
		case "cached":
			m.usage.read = v
		case "thoughts":
			m.usage.reasoning = v
		case "tool":
			tool = v
		case "total":
			m.usage.total = v
		}
	})
	m.usage.input += tool // a prompt of its own that stands beside the rest
}

func (g *gemini) tools(s *jsonscan.Scanner, m *geminiMessage) {
	if !s.Is('[') {
		s.Skip()
		return
	}
	s.Array(func() {
		name, at := "", trace.Unknown
		looseObject(s, func(s *jsonscan.Scanner, key []byte) {
			switch string(key) {
			case "name":
				name = g.env.names.of([]byte(looseText(s)))
			case "timestamp":
				at = looseTime(s, "toolCalls.timestamp")
			default:
				s.Skip()
			}
		})
		if at >= m.toolEnd {
			m.tool, m.toolEnd = name, at
		}
	})
}

// add keeps a message, or what it has become.
func (g *gemini) add(m *geminiMessage) {
	before := g.messages[m.id]
	if m.id == "" || before == nil {
		m.cut, g.cut = g.cut, false
		g.messages[m.id] = m
		g.order = append(g.order, m)
		return
	}
	if !m.counted && before.counted {
		m.usage, m.counted = before.usage, true
	}
	if m.toolEnd < before.toolEnd {
		m.tool, m.toolEnd = before.tool, before.toolEnd
	}
	m.time, m.model, m.cut = cmp.Or(before.time, m.time), cmp.Or(m.model, before.model), before.cut
	*before = *m
}

func (g *gemini) finish(*queue) error {
	g.sort()
	sent, kind, tool, cut := trace.Unknown, trace.User, "", false
	for i, m := range g.order {
		cut = cut || m.cut
		switch m.kind {
		case "user":
			sent, kind, tool = m.time, trace.User, ""
			if m.results && i > 0 {
				kind, tool = trace.Tool, g.order[i-1].tool
			}
			continue
		case "gemini", "model", "assistant":
		default: // said by the program
			continue
		}
		if m.counted {
			e := newEntry()
			e.Session, e.Parent, e.Model, e.Kind, e.Tool = g.session, g.parent, m.model, kind, tool
			e.Input, e.Cached, e.Output = m.usage.tokens()
			e.edited = cut
			e.took(m.time, m.time)
			if sent >= 0 && sent <= m.time {
				e.took(sent, m.time)
			}
			e.id = g.name(m)
			g.env.record(e)
			cut = false
		} else {
			g.env.note(noTokens)
		}
		if m.tool != "" || m.toolEnd >= 0 {
			kind, tool, sent = trace.Tool, m.tool, max(m.toolEnd, m.time)
		} else {
			kind, tool, sent = trace.User, "", trace.Unknown
		}
	}
	g.order, g.messages = nil, nil
	return nil
}

// sort brings messages into the order of time where the file is not; what a
// person says comes before what is answered at the same instant.
func (g *gemini) sort() {
	slices.SortStableFunc(g.order, func(a, b *geminiMessage) int {
		if a.time < 0 || b.time < 0 {
			return 0
		}
		person := func(m *geminiMessage) int {
			if m.kind == "user" {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(person(a), person(b)))
	})
}

// name makes one name of the copies of a call: the ids of messages are unique
// by themselves where they are UUIDs.
func (g *gemini) name(m *geminiMessage) string {
	switch {
	case m.id == "":
		return ""
	case strings.Count(m.id, "-") == 4 && len(m.id) == 36:
		return m.id
	}
	return g.session + "/" + m.id
}
