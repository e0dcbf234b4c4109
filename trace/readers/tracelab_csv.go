package readers

import "agentsim/trace"

// tracelabCSV reads TraceLab's multi-round CSV: rows are numbered within a
// session, input_len is new text behind prefix_len cached tokens, times are
// milliseconds, and a tool wait stands with the call before it. arrival_time
// is that of the session. Ids count from 0 in each file.
type tracelabCSV struct {
	env      *env
	path     string
	sessions map[string]*tableSession
	order    []string
}

func newTracelabCSV(e *env) csvFormat { return &tracelabCSV{env: e} }

func (t *tracelabCSV) columns() (required, optional []string) {
	return []string{"input_len", "output_len", "round_idx", "prefix_len"},
		[]string{"id", "session_id", "arrival_time", "tool_wait_after_ms"}
}

func (t *tracelabCSV) begin(path string) {
	t.path, t.order, t.sessions = path, nil, map[string]*tableSession{}
}

func (t *tracelabCSV) row(r *csvRow, q *queue) {
	id := r.cell("session_id")
	if !r.has("session_id") {
		id = r.cell("id")
	}
	c := unknownTimes()
	c.Kind = trace.Tool
	c.Session = id
	if t.env.many {
		c.Session = t.env.sessionOfFile(t.path) + "-" + id
	}
	c.Prefix = r.count("prefix_len")
	c.Input, c.Output = c.Prefix+r.count("input_len"), r.count("output_len")
	round := r.count("round_idx")
	if round == 0 {
		c.Start = r.seconds("arrival_time", milli)
	}
	wait := r.seconds("tool_wait_after_ms", milli)
	if r.err != nil || !t.env.usable(&c) {
		return
	}
	session := t.sessions[id]
	if session == nil {
		session = newTableSession()
		t.sessions[id] = session
		t.order = append(t.order, id)
	}
	if !session.rows.add(round, tableRow{c, wait, t.path, r.line}, session.takeAfterWait(q)) {
		t.env.note(copies)
	}
}

// takeAfterWait returns what pushes a row, behind the wait of the one before.
func (t *tableSession) takeAfterWait(q *queue) func(tableRow) {
	return func(row tableRow) {
		if t.turns > 0 {
			row.Gap = t.wait
		}
		t.wait = row.wait
		t.place(&row.Call)
		q.push(row.Call)
	}
}

func (t *tracelabCSV) finish(q *queue) error {
	for _, id := range t.order {
		session := t.sessions[id]
		if err := t.env.close("round_idx", id, &session.rows, session.takeAfterWait(q)); err != nil {
			return err
		}
	}
	return nil
}
