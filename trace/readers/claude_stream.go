package readers

import (
	"cmp"
	"fmt"
	"slices"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// claudeStream reads what claude -p --output-format stream-json prints (or json
// with --verbose, a list): records of the kinds system, user and assistant,
// with --include-partial-messages the events of the API, and a result with the
// sums of the run. An assistant's message is a call. It comes once for each of
// its parts, with the counts that were known when it began: the prompt is
// right, the output is not yet. An event tells the whole output; without one
// the outputs are raised, by the length of what was said, to the result's sum.
//
// Newer versions write the time of each record. Where there is none, the run's
// time, and what of it the API took, are spread evenly over its calls. What a
// tool's call started (parent_tool_use_id) is a sub-agent.
type claudeStream struct {
	env     *env
	session string
	last    string // session of the record before
	records []claudeStreamRecord
	calls   []*claudeStreamCall
	byID    map[string]*claudeStreamCall
	agents  map[string]*claudeStreamAgent
	tools   map[string]string // names by the id of a tool's call
	settled int               // calls before the last result
	told    usage             // sums of the last result, where results add up
}

type claudeStreamCall struct {
	entry
	usage usage
	said  int  // bytes
	whole bool // the output is all of it

	shared bool // a sum was shared out
}

// claudeStreamAgent is what was sent to an agent last.
type claudeStreamAgent struct {
	sent   float64
	kind   trace.Kind
	tool   string
	edited bool
	at     *claudeStreamCall // whose events come
}

// claudeStreamRecord is what matters of a record.
type claudeStreamRecord struct {
	kind, subtype   string
	session, parent string
	time            float64
	message         claudeStreamMessage
	event           string
	usage           usage
	counted, failed bool
	turns           int
	duration, api   float64 // seconds
}

type claudeStreamMessage struct {
	id, model string
	usage     usage
	counted   bool
	said      int
	result    string // id of the tool's call of which it holds the result
	results   bool
}

func newClaudeStream(e *env) jsonFormat { return &claudeStream{env: e} }

func (c *claudeStream) begin(path string) {
	*c = claudeStream{
		env:     c.env,
		session: c.env.sessionOfFile(path),
		byID:    map[string]*claudeStreamCall{},
		agents:  map[string]*claudeStreamAgent{},
		tools:   map[string]string{},
	}
}

func (c *claudeStream) record(s *jsonscan.Scanner, _ *queue) {
	r := claudeStreamRecord{time: trace.Unknown, duration: trace.Unknown, api: trace.Unknown}
	s.Object(func(key []byte) { c.field(s, key, &r) })
	if s.Err() != nil {
		return
	}
	r.session = c.session
	c.records = append(c.records, r)
}

// finish goes through the records of a file: in the order of time, where they
// tell it.
func (c *claudeStream) finish(*queue) error {
	slices.SortStableFunc(c.records, func(a, b claudeStreamRecord) int {
		if a.time < 0 || b.time < 0 {
			return 0
		}
		return cmp.Compare(a.time, b.time)
	})
	for i := range c.records {
		c.take(&c.records[i])
	}
	for _, at := range c.calls {
		if !at.shared {
			at.Input, at.Cached, at.Output = at.usage.tokens()
		}
		if at.Start >= 0 {
			at.took(at.Start, at.end)
		}
		c.env.record(at.entry)
	}
	c.records, c.calls = nil, nil
	return nil
}

func (c *claudeStream) take(r *claudeStreamRecord) {
	if r.session != c.last { // files of several runs may be joined
		c.last, c.agents = r.session, map[string]*claudeStreamAgent{}
	}
	a := c.agents[r.parent]
	if a == nil {
		a = &claudeStreamAgent{sent: trace.Unknown, kind: trace.User}
		c.agents[r.parent] = a
	}
	switch r.kind {
	case "system":
		a.edited = a.edited || r.subtype == "compact_boundary"
	case "user":
		a.sent, a.kind, a.tool = r.time, trace.User, ""
		if r.message.results {
			a.kind, a.tool = trace.Tool, c.tools[r.message.result]
		}
	case "assistant":
		c.answer(a, r)
	case "stream_event":
		c.event(a, r)
	case "result":
		c.result(r)
	}
}

func (c *claudeStream) field(s *jsonscan.Scanner, key []byte, r *claudeStreamRecord) {
	switch string(key) {
	case "type":
		r.kind = looseText(s)
	case "subtype":
		r.subtype = looseText(s)
	case "session_id":
		c.session = cmp.Or(looseText(s), c.session)
	case "parent_tool_use_id":
		r.parent = looseText(s)
	case "timestamp":
		r.time = looseTime(s, "timestamp")
	case "error":
		r.failed = !s.Is('n')
		s.Skip()
	case "message":
		r.message = c.message(s)
	case "event":
		c.eventFields(s, r)
	case "usage":
		r.usage, r.counted = anthropicUsage(s)
	case "num_turns":
		r.turns, _ = looseCount(s, "num_turns")
		r.turns = min(r.turns, turnsMax)
	case "duration_ms":
		r.duration = looseMillis(s)
	case "duration_api_ms":
		r.api = looseMillis(s)
	default:
		s.Skip() // records hold settings and sums under many keys
	}
}

// turnsMax bounds what a result may say of the calls that it does not list.
const turnsMax = 10_000

// looseMillis reads a duration in milliseconds; what is none is unknown.
func looseMillis(s *jsonscan.Scanner) float64 {
	switch {
	case s.Null():
		return trace.Unknown
	case s.Is('{'), s.Is('['), s.Is('t'), s.Is('f'):
		s.Skip()
		return trace.Unknown
	}
	return max(s.Float()*milli, trace.Unknown)
}

func (c *claudeStream) message(s *jsonscan.Scanner) (m claudeStreamMessage) {
	if !s.Is('{') {
		s.Skip()
		return m
	}
	s.Object(func(key []byte) {
		switch string(key) {
		case "id":
			m.id = looseText(s)
		case "model":
			m.model = c.env.names.of([]byte(looseText(s)))
		case "usage":
			m.usage, m.counted = anthropicUsage(s)
		case "content":
			if !s.Is('[') {
				m.said += textBytes(s)
				return
			}
			s.Array(func() { c.part(s, &m) })
		default:
			s.Skip()
		}
	})
	return m
}

// part reads a part of a message's content.
func (c *claudeStream) part(s *jsonscan.Scanner, m *claudeStreamMessage) {
	if !s.Is('{') {
		m.said += textBytes(s)
		return
	}
	kind, id, name := "", "", ""
	s.Object(func(key []byte) {
		switch string(key) {
		case "type":
			kind = looseText(s)
		case "id", "tool_use_id":
			id = looseText(s)
		case "name":
			name = c.env.names.of([]byte(looseText(s)))
		case "signature":
			s.Skip()
		default:
			m.said += textBytes(s)
		}
	})
	switch kind {
	case "tool_result":
		m.results, m.result = true, id
	case "tool_use":
		c.tools[id] = name
	}
}

// textBytes consumes a value and returns how long the texts in it are.
func textBytes(s *jsonscan.Scanner) (n int) {
	switch {
	case s.Is('"'):
		n = len(s.Bytes())
	case s.Is('['):
		s.Array(func() { n += textBytes(s) })
	case s.Is('{'):
		s.Object(func(key []byte) {
			n += len(key)
			n += textBytes(s)
		})
	default:
		s.Skip()
	}
	return n
}

func (c *claudeStream) eventFields(s *jsonscan.Scanner, r *claudeStreamRecord) {
	if !s.Is('{') {
		s.Skip()
		return
	}
	s.Object(func(key []byte) {
		switch string(key) {
		case "type":
			r.event = looseText(s)
		case "message":
			r.message = c.message(s)
		case "usage":
			r.usage, r.counted = anthropicUsage(s)
		default:
			s.Skip()
		}
	})
}

// call finds or begins the call that a message belongs to.
func (c *claudeStream) call(a *claudeStreamAgent, r *claudeStreamRecord) *claudeStreamCall {
	m := &r.message
	key := r.session + "\x00" + r.parent + "\x00" + m.id
	at := c.byID[key]
	if at == nil || m.id == "" {
		at = &claudeStreamCall{entry: newEntry()}
		at.Session, at.Agent, at.Model, at.id = r.session, r.parent, m.model, m.id
		at.Kind, at.Tool, at.edited = a.kind, a.tool, a.edited
		if r.parent != "" {
			at.Parent = r.session
		}
		at.Start = a.sent
		a.edited, a.kind, a.tool, a.sent = false, trace.User, "", trace.Unknown
		c.byID[key] = at
		c.calls = append(c.calls, at)
	}
	if m.counted {
		output := max(at.usage.output, m.usage.output)
		if at.whole {
			output = at.usage.output
		}
		at.usage = m.usage
		at.usage.output = output
	}
	if r.time >= 0 {
		at.end = max(at.end, r.time)
		if at.Start < 0 || at.Start > r.time {
			at.Start = r.time
		}
	}
	return at
}

func (c *claudeStream) answer(a *claudeStreamAgent, r *claudeStreamRecord) {
	if r.message.model == "<synthetic>" || r.failed {
		c.env.note(failedCalls) // the client says what went wrong
		return
	}
	at := c.call(a, r)
	at.said += r.message.said
}

func (c *claudeStream) event(a *claudeStreamAgent, r *claudeStreamRecord) {
	switch r.event {
	case "message_start":
		a.at = c.call(a, r)
	case "message_delta":
		if a.at != nil && r.counted && r.usage.output > 0 {
			a.at.usage.output, a.at.whole = r.usage.output, true
		}
	case "message_stop":
		a.at = nil
	}
}

// result takes the sums of the calls since the last result. Some versions add
// up all results of a session: their prompts tell.
func (c *claudeStream) result(r *claudeStreamRecord) {
	if len(c.calls) == c.settled && r.counted { // the result is all that was printed
		for i, e := range c.env.shareOut(r.usage, max(r.turns, 1)) {
			e.Session, e.Kind, e.id = r.session, trace.Tool, fmt.Sprintf("%s/%d/%d", r.session, c.settled, i)
			c.calls = append(c.calls, &claudeStreamCall{entry: e, shared: true})
		}
	}
	run := c.calls[c.settled:]
	c.settled = len(c.calls)
	c.spread(run, r.duration, r.api)
	if !r.counted || len(run) > 0 && run[0].shared {
		return
	}
	var main []*claudeStreamCall
	prompts, all := 0, 0
	for _, at := range run {
		input, _, _ := at.usage.tokens()
		all += input
		if at.Agent == "" {
			main = append(main, at)
			prompts += input
		}
	}
	input, _, output := r.usage.tokens()
	before, _, said := c.told.tokens()
	c.told = r.usage
	switch {
	case input == prompts:
	case input == all:
		main = run
	case input-before == prompts:
		output -= said
	case input-before == all:
		main, output = run, output-said
	}
	c.raise(main, output)
}

// raise adds what the outputs of calls lack to give a sum, by the length of
// what was said.
func (c *claudeStream) raise(calls []*claudeStreamCall, sum int) {
	missing, said := sum, 0
	for _, at := range calls {
		missing -= at.usage.output
		if !at.whole {
			said += max(at.said, 1)
		}
	}
	for _, at := range calls {
		if at.whole || missing <= 0 {
			continue
		}
		weight := max(at.said, 1)
		more := int(float64(missing) * float64(weight) / float64(said))
		at.usage.output += more
		missing -= more
		said -= weight
		c.env.note("outputs raised to the sum of the run, by the length of what was said")
	}
}

// spread gives the calls of a run times where they have none.
func (c *claudeStream) spread(run []*claudeStreamCall, duration, api float64) {
	n := 0
	for _, at := range run {
		if at.Start >= 0 || at.Agent != "" {
			return // times are told, or calls ran side by side
		}
		n++
	}
	if n == 0 || !(api > 0) || duration < api {
		return
	}
	for i, at := range run {
		at.Service = api / float64(n)
		if i > 0 {
			at.Gap = (duration - api) / float64(n-1)
		}
		c.env.note("times spread evenly over the run, which tells only its own")
	}
}
