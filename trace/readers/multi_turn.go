package readers

import (
	"fmt"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// multiTurn reads AIPerf's multi_turn files: JSON Lines of sessions whose turns
// hold new text each; history accumulates. timestamp and delay are
// milliseconds, the latter from the end of the answer before. A single_turn
// row is a session of one. Without output_length the answer's length is
// unknown and given as 0.
type multiTurn struct {
	oneByOne
	env     *env
	prompts prompts
	count   int // sessions so far
}

func newMultiTurn(e *env) jsonFormat { return &multiTurn{env: e} }

const multiTurnKnown = "type model images image audios audio videos extra max_tokens"

func (m *multiTurn) record(s *jsonscan.Scanner, q *queue) {
	m.count++
	session := fmt.Sprintf("#%d", m.count)
	var turns []turnRow
	single := newTurnRow()
	listed := false
	s.Object(func(key []byte) {
		switch string(key) {
		case "session_id":
			session = s.String()
		case "turns":
			listed = true
			s.Array(func() {
				turn := newTurnRow()
				s.Object(func(key []byte) { m.field(s, key, &turn) })
				turns = append(turns, turn)
			})
		default:
			m.field(s, key, &single)
		}
	})
	if !listed {
		turns = append(turns, single)
	}
	if s.Err() == nil && len(turns) == 0 {
		s.Fail("turns: empty; want at least one turn in a session")
	}
	if s.Err() == nil {
		m.emit(session, turns, q)
	}
}

// turnRow is a turn as such files write it: new text and its times.
type turnRow struct {
	trace.Call
	message
}

func newTurnRow() turnRow {
	return turnRow{unknownTimes(), message{tokens: messageTokens, hash: hashStart}}
}

func (m *multiTurn) field(s *jsonscan.Scanner, key []byte, t *turnRow) {
	switch string(key) {
	case "text", "texts":
		m.env.feed(s, &t.message)
	case "role":
		t.role = roleOf(s.Bytes())
	case "timestamp":
		t.Start = seconds(s, "timestamp", milli)
	case "delay":
		t.Gap = seconds(s, "delay", milli)
	case "output_length":
		t.Output = s.Count("output_length")
	default:
		m.env.unknown(s, key, multiTurnKnown)
	}
}

func (m *multiTurn) emit(session string, turns []turnRow, q *queue) {
	at := progress{end: trace.Unknown}
	p := newPrompt()
	for _, t := range turns {
		m.prompts.add(&p, t.message)
		c := t.Call
		c.Session, c.Kind = session, trace.User
		if t.role == roleTool {
			c.Kind = trace.Tool
		}
		c.Input, c.Prefix = p.tokens, p.cached
		at.place(&c)
		q.push(c)
		p.cached, p.missed = p.tokens, true
		p.tokens += c.Output
	}
}
