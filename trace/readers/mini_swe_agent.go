package readers

import (
	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// miniSWEAgent reads mini-swe-agent's trajectories, one session a file. Version
// 2 gives each answer's usage, and Unix seconds of when an answer and when a
// command's output was complete: the time between them is the tool's, that
// from the output to the next answer the model's. Before version 2 a file is a
// bare list of messages, counted as text.
type miniSWEAgent struct {
	env     *env
	prompts prompts
	path    string

	at    conversation // of a bare list
	agent miniAgent
	clock clock
}

// miniAgent is the state of a session while its messages come in.
type miniAgent struct {
	progress
	answered float64 // when the last answer was complete, Unix seconds
	asked    float64 // when the last message to the model was, after that
}

// miniExtra is what version 2 adds to a message.
type miniExtra struct {
	time                  float64
	input, output, cached int
	usage                 bool
}

func newMiniSWEAgent(e *env) jsonFormat { return &miniSWEAgent{env: e} }

func (m *miniSWEAgent) begin(path string) {
	m.path = path
	m.reset()
}

func (m *miniSWEAgent) reset() {
	m.at = newConversation(&m.prompts)
	m.agent = miniAgent{progress{end: trace.Unknown}, trace.Unknown, trace.Unknown}
}

func (m *miniSWEAgent) finish(*queue) error { return nil }

// record reads version 2, or one message of a bare list.
func (m *miniSWEAgent) record(s *jsonscan.Scanner, q *queue) {
	extra := miniExtra{time: trace.Unknown}
	session := false
	msg := m.env.message(s, func(key []byte) {
		switch string(key) {
		case "messages":
			session = true
			m.reset()
			s.Array(func() { m.message(s, q) })
		default:
			m.extraOrUnknown(s, key, &extra)
		}
	})
	if !session {
		m.add(msg, extra, q)
	}
}

func (m *miniSWEAgent) message(s *jsonscan.Scanner, q *queue) {
	extra := miniExtra{time: trace.Unknown}
	msg := m.env.message(s, func(key []byte) { m.extraOrUnknown(s, key, &extra) })
	m.add(msg, extra, q)
}

func (m *miniSWEAgent) extraOrUnknown(s *jsonscan.Scanner, key []byte, e *miniExtra) {
	if string(key) != "extra" {
		m.env.unknown(s, key, "info trajectory_format name object")
		return
	}
	s.Object(func(key []byte) {
		switch string(key) {
		case "timestamp":
			e.time = seconds(s, "timestamp", 1)
		case "response":
			nested(s, func() { m.usage(s, e) }, "usage")
		default:
			m.env.unknown(s, key, "actions cost returncode model_stats raw_output")
		}
	})
}

func (m *miniSWEAgent) usage(s *jsonscan.Scanner, e *miniExtra) {
	e.usage = true
	s.Object(func(key []byte) {
		switch string(key) {
		case "prompt_tokens":
			e.input = s.Count("prompt_tokens")
		case "completion_tokens":
			e.output = s.Count("completion_tokens")
		case "prompt_tokens_details":
			nested(s, func() { e.cached = s.Count("cached_tokens") }, "cached_tokens")
		default:
			s.Skip()
		}
	})
}

// add puts a message at the end of the session.
func (m *miniSWEAgent) add(msg message, e miniExtra, q *queue) {
	c, answer := m.at.add(msg)
	if !answer {
		m.agent.asked = max(m.agent.asked, e.time)
		return
	}
	c.Session = sessionOfFile(m.path)
	if m.agent.turns > 0 {
		c.Kind = trace.Tool // output of commands comes as messages of the user
	}
	if e.usage {
		c.Input, c.Output = e.input, e.output
		c.Cached = max(e.cached, min(m.agent.input, c.Input)) // history is only ever appended to
	}
	if m.agent.asked >= 0 && e.time >= m.agent.asked {
		c.Start, c.Service = m.clock.sinceUnix(m.agent.asked), e.time-m.agent.asked
	}
	if m.agent.answered >= 0 && m.agent.asked >= m.agent.answered {
		c.Gap = m.agent.asked - m.agent.answered
	}
	m.agent.place(&c)
	m.agent.answered, m.agent.asked = e.time, trace.Unknown
	q.push(c)
}
