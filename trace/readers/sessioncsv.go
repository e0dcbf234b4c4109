package readers

import (
	"fmt"

	"agentsim/trace"
)

// sessionCSV reads a plain table of turns with the cached part of each prompt
// and the tool's time before it in seconds: session_id, turn, input_tokens,
// cached_prefix_tokens, output_tokens, tool_delay_before_s.
type sessionCSV struct {
	env      *env
	path     string
	sessions map[string]*tableSession
	order    []string
}

// tableSession is a session of a table with numbered rows.
type tableSession struct {
	progress
	rows sequence[tableRow]
	wait float64 // seconds after the last call, where a row tells it
}

// tableRow is a call of a table and where it stands.
type tableRow struct {
	trace.Call
	wait float64 // seconds after the call
	path string
	line int
}

func newTableSession() *tableSession {
	return &tableSession{progress: progress{end: trace.Unknown}, wait: trace.Unknown}
}

func newSessionCSV(e *env) csvFormat {
	return &sessionCSV{env: e, sessions: map[string]*tableSession{}}
}

func (s *sessionCSV) columns() (required, optional []string) {
	return []string{"session_id", "turn", "input_tokens", "cached_prefix_tokens", "output_tokens", "tool_delay_before_s"},
		[]string{"new_input_tokens"}
}
func (s *sessionCSV) begin(path string)   { s.path = path }
func (s *sessionCSV) finish(*queue) error { return nil }

func (s *sessionCSV) row(r *csvRow, q *queue) {
	c := unknownTimes()
	c.Kind = trace.Tool
	c.Session = r.cell("session_id")
	c.Input, c.Output, c.Prefix = r.count("input_tokens"), r.count("output_tokens"), r.count("cached_prefix_tokens")
	turn := r.count("turn")
	if c.Prefix > c.Input {
		r.fail("cached_prefix_tokens: %d; want at most input_tokens, %d", c.Prefix, c.Input)
	}
	c.Gap = r.seconds("tool_delay_before_s", 1)
	if r.err != nil || !s.env.usable(&c) {
		return
	}
	if turn == 0 {
		c.Gap = trace.Unknown
	}
	session := s.sessions[c.Session]
	if session == nil {
		session = newTableSession()
		s.sessions[c.Session] = session
		s.order = append(s.order, c.Session)
	}
	if !session.rows.add(turn, tableRow{c, 0, s.path, r.line}, session.take(q)) {
		s.env.note(copies)
	}
}

// take returns what pushes a row.
func (t *tableSession) take(q *queue) func(tableRow) {
	return func(row tableRow) {
		t.place(&row.Call)
		q.push(row.Call)
	}
}

// drain hands out rows whose turns before are missing, if bad rows may be
// passed over; otherwise they are an error.
func (s *sessionCSV) drain(q *queue) (bool, error) {
	for _, name := range s.order {
		session := s.sessions[name]
		if err := s.env.close("turn", name, &session.rows, session.take(q)); err != nil {
			return false, err
		}
	}
	return true, nil
}

// close hands on the rows of a session that are held for want of those before
// them, if bad rows may be passed over.
func (e *env) close(what, session string, rows *sequence[tableRow], take func(tableRow)) error {
	i, row, missing := rows.missing()
	if missing && e.skipBad == 0 {
		return fmt.Errorf("%s:%d: %s: %d; want %d, the next of session %s", row.path, row.line, what, i, rows.next, session)
	}
	if missing {
		e.note("sessions with turns that are missing")
		rows.close(take)
	}
	return nil
}
