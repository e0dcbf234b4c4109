package readers

import "agentsim/trace"

// burstGPT reads BurstGPT 1 to 3: CSV with seconds and whole prompts; the third
// adds sessions and the time that the answer took. A call without an answer has
// failed and is left out.
type burstGPT struct {
	env      *env
	sessions progresses
}

func newBurstGPT(e *env) csvFormat { return &burstGPT{env: e, sessions: progresses{}} }

func (b *burstGPT) columns() (required, optional []string) {
	return []string{"Timestamp", "Model", "Request tokens", "Response tokens"},
		[]string{"Session ID", "Elapsed time", "Total tokens", "Log Type"}
}
func (b *burstGPT) begin(string)        {}
func (b *burstGPT) finish(*queue) error { return nil }

func (b *burstGPT) row(r *csvRow, q *queue) {
	c := unknownTimes()
	c.Kind = trace.User
	c.Start, c.Service = r.seconds("Timestamp", 1), r.seconds("Elapsed time", 1)
	c.Session, c.Model = r.cell("Session ID"), b.env.names.of([]byte(r.cell("Model")))
	c.Input, c.Output = r.count("Request tokens"), r.count("Response tokens")
	if r.err != nil {
		return
	}
	if c.Output == 0 {
		b.env.note("failed calls left out")
		return
	}
	if c.Session == "" {
		c.Kind = trace.First
	} else {
		session := b.sessions.of(c.Session)
		session.assumePrefix(&c)
		session.place(&c)
	}
	q.push(c)
}
