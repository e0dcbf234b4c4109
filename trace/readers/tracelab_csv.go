package readers

import (
	"fmt"

	"agentsim/trace"
)

// tracelabCSV reads TraceLab's multi-round CSV: rows in order within a session,
// input_len is new text behind prefix_len cached tokens, times are
// milliseconds, and a tool wait stands with the call before it. arrival_time
// is that of the session.
type tracelabCSV struct {
	file     int
	sessions map[string]*tracelabSession
}

type tracelabSession struct {
	progress
	wait float64 // seconds after the last call
}

func newTracelabCSV(*env) csvFormat { return &tracelabCSV{} }

func (t *tracelabCSV) columns() (required, optional []string) {
	return []string{"input_len", "output_len", "round_idx", "prefix_len"},
		[]string{"id", "session_id", "arrival_time", "tool_wait_after_ms"}
}

func (t *tracelabCSV) begin(string) {
	t.file++
	t.sessions = map[string]*tracelabSession{} // ids count from 0 in each file
}

func (t *tracelabCSV) finish(*queue) error { return nil }

func (t *tracelabCSV) row(r *csvRow, q *queue) {
	id := r.cell("session_id")
	if !r.has("session_id") {
		id = r.cell("id")
	}
	session := t.sessions[id]
	if session == nil {
		session = &tracelabSession{progress: progress{end: trace.Unknown}}
		t.sessions[id] = session
	}
	c := unknownTimes()
	c.Kind = trace.Tool
	c.Session = id
	if t.file > 1 {
		c.Session = fmt.Sprintf("%d-%s", t.file, id)
	}
	c.Prefix = r.count("prefix_len")
	c.Input, c.Output = c.Prefix+r.count("input_len"), r.count("output_len")
	if round := r.number("round_idx"); round != float64(session.turns) {
		r.fail("round_idx: %v; want %d, the next of session %s", round, session.turns, id)
	}
	if session.turns == 0 {
		c.Start = r.seconds("arrival_time", milli)
	} else {
		c.Gap = session.wait
	}
	session.wait = r.seconds("tool_wait_after_ms", milli)
	if r.err != nil {
		return
	}
	session.place(&c)
	q.push(c)
}
