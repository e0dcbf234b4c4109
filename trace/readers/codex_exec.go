package readers

import (
	"cmp"
	"strings"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// codexExec reads what codex exec --json prints: events of a thread, its turns
// and their items. Only a turn's usage is told, the sum over its calls, and
// newer turns of a thread may hold the older ones: they do where the rest is
// enough for calls with no smaller prompts. There is one call more than rounds
// of tools; tools that overlap are of one round. The sums are kept and shared
// out: outputs evenly, prompts growing by what was not cached. There are no
// times.
type codexExec struct {
	env     *env
	session string
	threads map[string]*codexThread
	thread  *codexThread // the one under way; nil = not looked up yet
	tool    string       // that ran last, in older events
}

// codexThread is how far a thread has come.
type codexThread struct {
	last  usage // of the last turn, as told
	mean  int   // prompt of its calls, tokens
	tools []string
	open  map[string]bool // tools that run
	seen  map[usage]bool  // what turns told
}

func newCodexExec(e *env) jsonFormat { return &codexExec{env: e, threads: map[string]*codexThread{}} }

func (c *codexExec) begin(path string) {
	c.thread = nil
	c.session = c.env.sessionOfFile(path)
}

func (c *codexExec) finish(*queue) error { return nil }

// event reads an event of older versions, {id, msg: {type, …}}, which tell the
// usage of each call.
func (c *codexExec) event(s *jsonscan.Scanner) {
	kind, session := "", ""
	var last, whole, flat usage
	hasLast, hasWhole := false, false
	object(s, func(key []byte) {
		switch string(key) {
		case "type":
			kind = looseText(s)
		case "session_id":
			session = looseText(s)
		case "info":
			object(s, func(key []byte) {
				switch string(key) {
				case "last_token_usage":
					last, hasLast = openAIUsage(s)
				case "total_token_usage":
					whole, hasWhole = openAIUsage(s)
				default:
					s.Skip()
				}
			})
		case "input_tokens":
			flat.input, hasLast = looseCount(s, "input_tokens")
		case "cached_input_tokens":
			flat.read, _ = looseCount(s, "cached_input_tokens")
		case "output_tokens":
			flat.output, _ = looseCount(s, "output_tokens")
		default:
			s.Skip()
		}
	})
	if last == (usage{}) {
		last = flat
	}
	switch {
	case s.Err() != nil:
	case kind == "session_configured" && session != "":
		c.session, c.thread = session, nil
	case strings.HasSuffix(kind, "_begin"):
		c.tool = strings.TrimSuffix(kind, "_begin")
	case kind == "token_count" && hasLast:
		if t := c.current(); hasWhole && t.seen[whole] {
			return // told again
		} else if hasWhole {
			t.seen[whole] = true
		}
		e := newEntry()
		e.Session, e.Kind = c.session, trace.User
		if c.tool != "" {
			e.Kind, e.Tool = trace.Tool, c.tool
		}
		e.Input, e.Cached, e.Output = last.tokens()
		c.tool = ""
		c.env.record(e)
	}
}

// current returns the thread of which events come.
func (c *codexExec) current() *codexThread {
	if c.thread == nil {
		c.thread = c.threads[c.session]
	}
	if c.thread == nil {
		c.thread = &codexThread{open: map[string]bool{}, seen: map[usage]bool{}}
		c.threads[c.session] = c.thread
	}
	return c.thread
}

// codexItem is what is said or done in a turn.
type codexItem struct{ id, kind, tool string }

func (c *codexExec) record(s *jsonscan.Scanner, _ *queue) {
	kind := ""
	u, counted := usage{}, false
	var item codexItem
	s.Object(func(key []byte) {
		switch string(key) {
		case "type":
			kind = looseText(s)
		case "thread_id", "session_id":
			c.session = cmp.Or(looseText(s), c.session)
			c.thread = nil
		case "usage":
			u, counted = openAIUsage(s)
		case "item":
			item = c.item(s)
		case "msg":
			c.event(s)
		default:
			s.Skip()
		}
	})
	if s.Err() != nil {
		return
	}
	t := c.current()
	switch kind {
	case "turn.started":
		t.begin()
	case "item.started", "item.updated", "item.completed":
		t.item(kind, item)
	case "turn.failed":
		c.env.note(failedCalls)
		t.begin()
	case "turn.completed":
		if counted {
			c.turn(t, u)
		} else {
			c.env.note(noTokens)
		}
		t.begin()
	}
}

func (c *codexExec) item(s *jsonscan.Scanner) (item codexItem) {
	if !s.Is('{') {
		s.Skip()
		return item
	}
	s.Object(func(key []byte) {
		switch string(key) {
		case "id":
			item.id = looseText(s)
		case "type", "item_type":
			item.kind = c.env.names.of([]byte(looseText(s)))
		case "tool":
			item.tool = c.env.names.of([]byte(looseText(s)))
		default:
			s.Skip()
		}
	})
	return item
}

// begin begins a turn.
func (t *codexThread) begin() {
	t.tools = nil
	clear(t.open)
}

// item counts rounds of tools.
func (t *codexThread) item(event string, item codexItem) {
	switch item.kind {
	case "command_execution", "mcp_tool_call", "file_change", "web_search", "collab_tool_call":
	default:
		return
	}
	if event == "item.updated" {
		return
	}
	if !t.open[item.id] {
		if len(t.open) == 0 {
			t.tools = append(t.tools, cmp.Or(item.tool, item.kind))
		}
		t.open[item.id] = true
	}
	if event == "item.completed" {
		delete(t.open, item.id)
	}
}

// turn records the calls of a turn with a usage.
func (c *codexExec) turn(t *codexThread, told usage) {
	if t.seen[told] {
		c.env.note(copies)
		return
	}
	t.seen[told] = true
	n := len(t.tools) + 1
	sums := told
	if rest, ok := told.since(t.last); ok && float64(rest.input) >= sameSize*float64(n)*float64(t.mean) {
		sums = rest
	}
	t.last, t.mean = told, sums.input/n
	for i, e := range c.env.shareOut(sums, n) {
		e.Session, e.Kind = c.session, trace.User
		if i > 0 {
			e.Kind, e.Tool = trace.Tool, t.tools[i-1]
		}
		c.env.record(e)
	}
}

// shareOut makes n calls of what only their sum is told of: outputs are even,
// prompts grow by what was not cached, and all counts add up.
func (e *env) shareOut(sums usage, n int) []entry {
	if n > 1 {
		e.note("sums of several calls shared out to them")
	}
	input, cached, output := sums.tokens()
	grown := min(float64(input-cached)/float64(n), 2*float64(input)/float64(n*(n+1)))
	first := float64(input)/float64(n) - grown*float64(n-1)/2
	shared := sharer{}
	calls := make([]entry, n)
	for i := range calls {
		e := newEntry()
		prompt := first + grown*float64(i)
		e.Input = shared.take(0, prompt, input, i == n-1)
		e.Cached = min(shared.take(1, max(prompt-float64(input-cached)/float64(n), 0), cached, i == n-1), e.Input)
		e.Output = shared.take(2, float64(output)/float64(n), output, i == n-1)
		calls[i] = e
	}
	return calls
}

// sameSize is how much smaller the prompts of a later turn may be, on the mean,
// and still be those of a history that grew.
const sameSize = 0.9

// since returns what a usage counts beyond an earlier one, if it may hold that.
func (u usage) since(last usage) (rest usage, ok bool) {
	rest = u
	rest.input -= last.input
	rest.read -= last.read
	rest.output -= last.output
	rest.reasoning -= last.reasoning
	rest.total = 0
	return rest, last.input > 0 && min(rest.input, rest.read, rest.output, rest.reasoning) >= 0
}

// sharer shares whole numbers out so that they add up.
type sharer struct{ given [3]int }

func (s *sharer) take(which int, share float64, sum int, last bool) int {
	v := min(max(int(share), 0), sum-s.given[which])
	if last {
		v = sum - s.given[which]
	}
	s.given[which] += v
	return v
}
