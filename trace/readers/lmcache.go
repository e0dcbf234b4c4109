package readers

import (
	"cmp"
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

func (l *lmcache) finish(*queue) error { return nil }

// drain puts all rows into the ledger, with the answers before them.
func (l *lmcache) drain(*queue) (bool, error) {
	slices.SortStableFunc(l.rows, func(a, b lmcacheRow) int {
		return cmp.Or(cmp.Compare(a.session, b.session), cmp.Compare(a.at, b.at), cmp.Compare(len(a.input), len(b.input)))
	})
	answers, input, said, session, last := 0, 0, "", "", int64(0)
	for _, r := range l.rows {
		switch {
		case r.session != session:
			answers, input, said, session = 0, 0, "", r.session
		case r.at == last && r.input == said:
			l.env.note(copies)
			continue
		}
		e := newEntry()
		e.Session, e.Kind, e.Start, e.told = session, trace.Tool, float64(r.at)*micro, true
		e.Input, e.Output = l.env.count([]byte(r.input))+answers, r.output
		if said != "" && strings.HasPrefix(r.input, said) {
			e.Prefix = min(input, e.Input)
		}
		l.env.record(e)
		answers, said, input, last = answers+r.output, r.input, e.Input, r.at
	}
	l.rows = nil
	return true, nil
}
