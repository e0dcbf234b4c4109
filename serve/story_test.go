package serve

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/sim"
	"agentsim/trace"
)

// story tells what happens in a cluster, a line an event.
type story struct {
	c    *Cluster
	text strings.Builder
}

// Record tells of an event that is about to be handled.
func (s *story) Record(e sim.Event) {
	fmt.Fprintf(&s.text, "%9.3f ms  %-9s", 1e3*e.At.Seconds(), e.Kind)
	switch c := s.c; e.Kind {
	case "tool":
		id, _ := c.agents.toolEnds.Payload(e)
		a := &c.agents.list[id]
		s.tell("agent %d makes call %d: prompt of %d, answer of %d", id, a.turn+1, a.current().Input, a.current().Output)
	case "session":
		i, _ := c.agents.arrivals.(*open).arrives.Payload(e)
		_, name := c.agents.cfg.Pool.Start(i)
		s.tell("%s arrives", name)
	case "spawn":
		b, _ := c.trees().starts.Payload(e)
		_, name := c.agents.cfg.Pool.Start(b.session)
		s.tell("agent %d starts %s", b.parent, name)
	case "arrive":
		id, _ := c.fleet.arrives.Payload(e)
		s.tell("agent %d", id)
	case "depart":
		p, _ := c.fleet.network.departs.Payload(e)
		s.tell("agent %d, %d tokens", p.call, c.fleet.calls[p.call].turn.Input)
	case "deliver":
		wire, _ := c.fleet.network.delivers.Payload(e)
		s.tell("wire %d", wire)
	case "step":
		id, _ := c.boundary().Payload(e)
		s.step(c.fleet.workers[id], e.At)
	}
	s.text.WriteByte('\n')
}

func (s *story) tell(format string, args ...any) { fmt.Fprintf(&s.text, " "+format, args...) }

// step tells of the steps that end now, and of the calls that end with them.
func (s *story) step(w *worker, at sim.Time) {
	s.tell("%s worker %d,", w.pool, w.id)
	if n := w.leg.decode; n > 0 {
		s.tell("%d × %d decoding,", n, w.batch.size)
	}
	for _, b := range w.chunks {
		a := &w.calls[b.call]
		s.tell("agent %d's prompt +%d = %d of %d,", b.call, b.tokens, a.done+b.tokens, a.turn.Input)
	}
	s.tell("%.3f ms", 1e3*(at-w.leg.begun).Seconds())
	for id := range w.calls {
		if a := &w.calls[id]; s.ends(w, int32(id)) {
			rate := float64(a.turn.Output-1) / (at - a.firstToken).Seconds()
			fmt.Fprintf(&s.text, "\n%25sagent %d has its answer: %d of its prompt in the cache, ttft %.3f ms, %.1f tok/s",
				"", id, a.hit, 1e3*(a.firstToken-a.issued).Seconds(), rate)
		}
	}
}

func (s *story) ends(w *worker, id int32) bool {
	for _, f := range w.batch.ends {
		if f.call == id {
			return f.step <= w.batch.steps+int64(w.leg.decode)
		}
	}
	return false
}

// tell plays a cluster for so many calls and returns its story.
func tell(t *testing.T, cfg Config, calls int64) string {
	t.Helper()
	s := &story{}
	cfg.Cold, cfg.Ramp, cfg.CallsMax, cfg.Recorder = true, 0, calls, s
	// 1 ms a step, 0.1 ms a sequence, 10 µs a prompt token.
	cfg.pricer = fixed{step: 1e-3, sequence: 1e-4, token: 1e-5}
	w := watch(t, cfg)
	s.c = w.Cluster
	require.NoError(t, w.RunOut())
	w.checkBooks()
	return s.text.String()
}

// golden compares with a file of testdata, or rewrites it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "make golden writes it")
	require.Equal(t, string(want), got)
}

func TestStories(t *testing.T) {
	twoTurns := turns(trace.Turn{Input: 1500, Output: 40}, trace.Turn{Input: 3600, Prefix: 1500, Output: 25, Gap: 0.2})
	for name, s := range map[string]struct {
		cfg   Config
		calls int64
	}{
		"one-agent.txt":     {toy(twoTurns, withAgents(1)), 2},
		"disaggregated.txt": {toy(twoTurns, withAgents(1), disaggregated(1, 1)), 2},
		"decode-slot.txt": {toy(turns(trace.Turn{Input: 1000, Output: 30}), withAgents(3), disaggregated(1, 1), maxBatch(1),
			func(c *Config) { c.Deployment.Decode.Accelerators = 1 }), 4},
		"joins-and-leaves.txt": {toy(twoTurns, withAgents(2), withDrafts), 4},
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, tell(t, s.cfg, s.calls)) })
	}
}
