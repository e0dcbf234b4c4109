package readers

import (
	"slices"
	"strings"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// lmcache reads LMCache's agent traces: JSON Lines with text and microseconds,
// in no order. input holds the system prompt, the task and all observations so
// far; the answers between them are missing and are put back here. A file is
// held in memory to sort it.
type lmcache struct {
	env  *env
	rows []lmcacheRow
}

type lmcacheRow struct {
	session string
	at      int64 // microseconds
	input   string
	output  int // tokens
}

func newLMCache(e *env) jsonFormat { return &lmcache{env: e} }

func (l *lmcache) begin(string) {}

func (l *lmcache) record(s *jsonscan.Scanner, _ *queue) {
	var r lmcacheRow
	s.Object(func(key []byte) {
		switch string(key) {
		case "session_id":
			r.session = s.String()
		case "timestamp":
			r.at = s.Int()
		case "input":
			r.input = s.String()
		case "output":
			r.output = l.env.count(s.Bytes())
		default:
			l.env.unknown(s, key, "model")
		}
	})
	if s.Err() == nil && (r.session == "" || r.input == "" || r.at <= 0) {
		s.Fail("session_id, timestamp or input: missing; want all three")
	}
	if s.Err() == nil {
		l.rows = append(l.rows, r)
	}
}

func (l *lmcache) finish(q *queue) error {
	slices.SortStableFunc(l.rows, func(a, b lmcacheRow) int {
		if order := strings.Compare(a.session, b.session); order != 0 {
			return order
		}
		return int(min(max(a.at-b.at, -1), 1))
	})
	var at progress
	answers, said, session, zero := 0, "", "", int64(0)
	for _, r := range l.rows {
		if r.session != session {
			at, answers, said, session, zero = progress{end: trace.Unknown}, 0, "", r.session, r.at
		}
		c := unknownTimes()
		c.Session, c.Kind, c.Start = session, trace.Tool, float64(r.at-zero)*micro
		c.Input, c.Output = l.env.count([]byte(r.input))+answers, r.output
		if said != "" && strings.HasPrefix(r.input, said) {
			c.Cached = min(at.input, c.Input)
		}
		at.place(&c)
		q.push(c)
		answers, said = answers+r.output, r.input
	}
	l.rows = nil
	return nil
}
