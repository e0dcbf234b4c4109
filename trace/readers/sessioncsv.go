package readers

import "agentsim/trace"

// sessionCSV reads a plain table of turns with the cached part of each prompt
// and the tool's time before it in seconds: session_id, turn, input_tokens,
// cached_prefix_tokens, output_tokens, tool_delay_before_s.
type sessionCSV struct{ sessions progresses }

func newSessionCSV(*env) csvFormat { return &sessionCSV{sessions: progresses{}} }

func (s *sessionCSV) columns() (required, optional []string) {
	return []string{"session_id", "turn", "input_tokens", "cached_prefix_tokens", "output_tokens", "tool_delay_before_s"},
		[]string{"new_input_tokens"}
}
func (s *sessionCSV) begin(string)        {}
func (s *sessionCSV) finish(*queue) error { return nil }

func (s *sessionCSV) row(r *csvRow, q *queue) {
	c := unknownTimes()
	c.Kind = trace.Tool
	c.Session = r.cell("session_id")
	c.Input, c.Output, c.Prefix = r.count("input_tokens"), r.count("output_tokens"), r.count("cached_prefix_tokens")
	session := s.sessions.of(c.Session)
	if turn := r.number("turn"); turn != float64(session.turns) {
		r.fail("turn: %v; want %d, the next of session %s", turn, session.turns, c.Session)
	}
	if c.Prefix > c.Input {
		r.fail("cached_prefix_tokens: %d; want at most input_tokens, %d", c.Prefix, c.Input)
	}
	c.Gap = r.seconds("tool_delay_before_s", 1)
	if r.err != nil {
		return
	}
	if session.turns == 0 {
		c.Gap = trace.Unknown
	}
	session.place(&c)
	q.push(c)
}
