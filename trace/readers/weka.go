package readers

import (
	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// weka reads sessions as recorded by kv-cache-tester and replayed by
// SemiAnalysis AgentX: one object per session with requests that list the ids
// of their blocks. Ids are local to the session, which sub-agents share. Times
// are seconds; those of a sub-agent count from its own start.
//
// A session's calls come in file order, the main agent's and its sub-agents'.
type weka struct {
	oneByOne
	env       *env
	seen      idSet
	known     map[string]bool // sessions so far
	session   string
	blockSize int
	calls     []wekaCall
}

// wekaCall is a call whose cached tokens are still counted in blocks: the
// block size may stand behind the requests.
type wekaCall struct {
	trace.Call
	hits   int // leading blocks that the session has seen before
	blocks int
}

func newWeka(e *env) jsonFormat { return &weka{env: e, known: map[string]bool{}} }

func (w *weka) record(s *jsonscan.Scanner, q *queue) {
	w.seen.clear()
	w.session, w.blockSize, w.calls = "", 0, w.calls[:0]
	requests := w.entry(s, true)
	switch {
	case s.Err() != nil:
	case w.session == "":
		s.Fail("id: missing; want the session's name")
	case !requests || len(w.calls) == 0:
		s.Fail("session %s has no requests; want at least one", w.session)
	case w.known[w.session]:
		w.env.note("copies of sessions left out")
	default:
		w.flush(s, q)
		w.known[w.session] = s.Err() == nil
	}
}

// wekaEntry holds the fields of a request, or of a (sub-)agent that has requests.
type wekaEntry struct {
	wekaCall
	requests bool
	agent    string
	shared   int // tool and system tokens
}

// entry reads a session, which is outermost, a sub-agent or a request. It
// reports whether it was one of the first two, which have requests.
func (w *weka) entry(s *jsonscan.Scanner, outermost bool) bool {
	e := wekaEntry{wekaCall: wekaCall{Call: unknownTimes()}}
	e.Kind = trace.Tool
	first := len(w.calls)
	s.Object(func(key []byte) {
		switch string(key) {
		case "requests":
			e.requests = true
			s.Array(func() { w.entry(s, false) })
		case "id":
			w.session = s.String()
		case "block_size":
			w.blockSize = s.Count("block_size")
		case "agent_id":
			e.agent = s.String()
		case "tool_tokens", "system_tokens":
			e.shared += s.Count(string(key))
		default:
			w.requestField(s, key, &e.wekaCall)
		}
	})
	switch {
	case e.requests && e.agent == "" && !outermost:
		s.Fail("agent_id: missing; want the name of the sub-agent whose requests these are")
	case e.requests || e.agent != "":
		w.adopt(first, &e)
	default:
		w.calls = append(w.calls, e.wekaCall)
	}
	return e.requests
}

func (w *weka) requestField(s *jsonscan.Scanner, key []byte, c *wekaCall) {
	switch string(key) {
	case "t":
		c.Start = seconds(s, "t", 1)
	case "think_time":
		c.Gap = seconds(s, "think_time", 1)
	case "api_time":
		c.Service = seconds(s, "api_time", 1)
	case "in":
		c.Input = s.Count("in")
	case "out":
		c.Output = s.Count("out")
	case "model":
		c.Model = w.env.names.of(s.Bytes())
	case "input_types":
		c.Kind = trace.User
		array(s, func() {
			if text(s) == "tool_result" {
				c.Kind = trace.Tool
			}
		})
	case "hash_ids":
		if !s.Null() {
			c.hits, c.blocks = w.seen.leading(s)
		}
	default:
		w.env.unknown(s, key, wekaKnown)
	}
}

const wekaKnown = "type models hash_id_scope totals stop ttft output_types subagent_type duration_ms total_tokens" +
	" tool_use_count status"

// adopt names and numbers the calls of an agent that has just been read whole.
// Calls of its own sub-agents among them have a name already.
func (w *weka) adopt(first int, e *wekaEntry) {
	turn := 0
	for i := first; i < len(w.calls); i++ {
		c := &w.calls[i]
		if e.agent != "" {
			c.Start += max(e.Start, 0)
		}
		if c.Agent != "" {
			if c.Parent == "" {
				c.Parent = e.agent
			}
			continue
		}
		c.Agent, c.Turn = e.agent, turn
		if turn == 0 {
			c.Kind, c.Shared = trace.First, min(e.shared, c.Input)
		}
		turn++
	}
}

func (w *weka) flush(s *jsonscan.Scanner, q *queue) {
	for i := range w.calls {
		c := &w.calls[i]
		if c.Input == 0 {
			s.Fail("in: missing in request %d of session %s; want the prompt's tokens", i, w.session)
			return
		}
		if c.blocks > 0 && w.blockSize == 0 {
			s.Fail("block_size: missing; want the tokens per block")
			return
		}
		if !fits(c.Input, c.blocks, max(w.blockSize, 1)) {
			s.Fail("hash_ids: %d ids in request %d of session %s; want %d for %d tokens in blocks of %d",
				c.blocks, i, w.session, c.Input/w.blockSize, c.Input, w.blockSize)
			return
		}
		c.Session = w.session
		c.Prefix = min(c.hits*w.blockSize, c.Input)
		if c.Agent != "" && c.Parent == "" {
			c.Parent = w.session
		}
	}
	for i := range w.calls {
		q.push(w.calls[i].Call)
	}
}
