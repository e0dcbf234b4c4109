package readers

import (
	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// mooncakeBlock is the block size of the published traces, in tokens
// (kvcache-ai/Mooncake, FAST25-release; AIPerf's --isl-block-size default).
const mooncakeBlock = 512

// mooncake reads Mooncake traces, JSON Lines with global block ids and times
// in milliseconds, and AIPerf's extension of them by sessions: there only the
// first row of a session gives the whole prompt. A later row gives new text
// that is added to all that was said before.
type mooncake struct {
	seen     idSet
	names    names
	sessions map[string]*mooncakeSession
}

type mooncakeSession struct{ turns, input, output int }

func newMooncake() *mooncake {
	return &mooncake{names: names{}, sessions: map[string]*mooncakeSession{}}
}

func (m *mooncake) finish(*queue) error { return nil }

func (m *mooncake) record(s *jsonscan.Scanner, q *queue) {
	c := trace.Call{Start: trace.Unknown, Gap: trace.Unknown, Service: trace.Unknown}
	hits, blocks, hasInput := 0, 0, false
	s.Object(func(key []byte) {
		switch string(key) {
		case "timestamp":
			c.Start = seconds(s, "timestamp", 1e-3)
		case "delay":
			c.Gap = seconds(s, "delay", 1e-3)
		case "input_length":
			c.Input, hasInput = s.Count("input_length"), true
		case "output_length":
			c.Output = s.Count("output_length")
		case "session_id":
			c.Session = s.String()
		case "hash_ids":
			hits, blocks = m.hashIDs(s)
		default:
			s.Skip()
		}
	})
	switch {
	case s.Err() != nil:
		return
	case !hasInput:
		s.Fail("input_length: missing; want the prompt's tokens")
		return
	case blocks > 0 && (blocks < c.Input/mooncakeBlock || blocks > (c.Input+mooncakeBlock-1)/mooncakeBlock):
		s.Fail("hash_ids: %d ids; want %d for %d tokens in blocks of %d",
			blocks, (c.Input+mooncakeBlock-1)/mooncakeBlock, c.Input, mooncakeBlock)
		return
	}
	c.Cached = min(hits*mooncakeBlock, c.Input)
	if c.Session != "" {
		m.continueSession(&c)
	}
	q.push(c)
}

// hashIDs counts the ids and how many leading ones were seen before.
func (m *mooncake) hashIDs(s *jsonscan.Scanner) (hits, blocks int) {
	s.Array(func() {
		if m.seen.add(s.Uint()) && hits == blocks {
			hits++
		}
		blocks++
	})
	return hits, blocks
}

// continueSession adds the history to a later row of a session.
func (m *mooncake) continueSession(c *trace.Call) {
	session := m.sessions[c.Session]
	if session == nil {
		session = &mooncakeSession{}
		m.sessions[c.Session] = session
	} else {
		c.Kind = trace.Tool
		c.Input += session.input + session.output
		c.Cached = session.input
	}
	c.Turn = session.turns
	session.turns++
	session.input, session.output = c.Input, c.Output
}
