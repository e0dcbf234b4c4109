package readers

import (
	"cmp"

	"agentsim/trace"
)

// burstGPT reads BurstGPT 1 to 3: CSV with seconds and whole prompts; the third
// adds sessions and the time that the answer took. A call without an answer has
// failed and is left out.
type burstGPT struct {
	env      *env
	out      *queue
	sessions progresses
	window   window[trace.Call]
}

func newBurstGPT(e *env) csvFormat {
	b := &burstGPT{env: e, sessions: progresses{}}
	b.window = window[trace.Call]{env: e, take: b.place, order: callOrder}
	return b
}

// callOrder tells calls of one instant apart.
func callOrder(a, b *trace.Call) int {
	return cmp.Or(cmp.Compare(a.Session, b.Session), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Input, b.Input),
		cmp.Compare(a.Output, b.Output))
}

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
		b.env.note(failedCalls)
		return
	}
	if !b.env.usable(&c) {
		return
	}
	b.out = q
	b.window.add(c, c.Start, 1)
}

func (b *burstGPT) place(c *trace.Call) {
	if c.Session == "" {
		c.Kind = trace.First
	} else {
		session := b.sessions.of(c.Session)
		session.assumePrefix(c)
		session.place(c)
	}
	b.out.push(*c)
}

// drain hands out the rows that the window holds.
func (b *burstGPT) drain(q *queue) (bool, error) {
	b.out = q
	b.window.drain()
	return true, nil
}
