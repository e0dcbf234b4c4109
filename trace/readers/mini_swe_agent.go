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
}

// miniAgent is the state of a session while its messages come in.
type miniAgent struct {
	calls    int
	answered float64 // when the last answer was complete, Unix seconds
	asked    float64 // when the last message to the model was, after that
}

// miniExtra is what version 2 adds to a message.
type miniExtra struct {
	time   float64
	tokens usage
	usage  bool
}

func newMiniSWEAgent(e *env) jsonFormat { return &miniSWEAgent{env: e} }

func (m *miniSWEAgent) begin(path string) {
	m.path = path
	m.reset()
}

func (m *miniSWEAgent) reset() {
	m.at = newConversation(&m.prompts)
	m.agent = miniAgent{answered: trace.Unknown, asked: trace.Unknown}
}

func (m *miniSWEAgent) finish(*queue) error { return nil }

// record reads version 2, or one message of a bare list.
func (m *miniSWEAgent) record(s *jsonscan.Scanner, _ *queue) {
	extra := miniExtra{time: trace.Unknown}
	session := false
	msg := m.env.message(s, func(key []byte) {
		switch string(key) {
		case "messages":
			session = true
			m.reset()
			array(s, func() { m.message(s) })
		default:
			m.extraOrUnknown(s, key, &extra)
		}
	})
	if !session {
		m.add(msg, extra)
	}
}

func (m *miniSWEAgent) message(s *jsonscan.Scanner) {
	extra := miniExtra{time: trace.Unknown}
	msg := m.env.message(s, func(key []byte) { m.extraOrUnknown(s, key, &extra) })
	m.add(msg, extra)
}

func (m *miniSWEAgent) extraOrUnknown(s *jsonscan.Scanner, key []byte, e *miniExtra) {
	if string(key) != "extra" {
		m.env.unknown(s, key, "info trajectory_format name object")
		return
	}
	object(s, func(key []byte) {
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
	e.usage = s.Is('{')
	object(s, func(key []byte) {
		switch string(key) {
		case "prompt_tokens":
			e.tokens.input = s.Count("prompt_tokens")
		case "completion_tokens":
			e.tokens.output = s.Count("completion_tokens")
		case "total_tokens":
			e.tokens.total = s.Count("total_tokens")
		case "cache_creation_input_tokens":
			e.tokens.created = s.Count("cache_creation_input_tokens")
		case "prompt_tokens_details":
			nested(s, func() { e.tokens.read = s.Count("cached_tokens") }, "cached_tokens")
		default:
			s.Skip()
		}
	})
}

// add puts a message at the end of the session.
func (m *miniSWEAgent) add(msg message, extra miniExtra) {
	c, answer := m.at.add(msg)
	if !answer {
		m.agent.asked = max(m.agent.asked, extra.time)
		return
	}
	e := newEntry()
	e.Call, e.told = c, true
	e.Session = m.env.sessionOfFile(m.path)
	if m.agent.calls > 0 {
		e.Kind = trace.Tool // output of commands comes as messages of the user
	}
	m.agent.calls++
	e.Cached = e.Prefix
	if extra.usage {
		e.told = false
		e.Input, e.Cached, e.Output = extra.tokens.tokens()
	}
	e.end = extra.time
	if m.agent.asked >= 0 && extra.time >= m.agent.asked {
		e.Start, e.Service = m.agent.asked, extra.time-m.agent.asked
	}
	if m.agent.answered >= 0 && m.agent.asked >= m.agent.answered {
		e.Gap = m.agent.asked - m.agent.answered
	}
	m.agent.answered, m.agent.asked = extra.time, trace.Unknown
	m.env.record(e)
}
