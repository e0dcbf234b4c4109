package readers

import (
	"cmp"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// openHandsV0 reads what OpenHands wrote before version 1: a folder of events
// (sessions/ID/events/0.json and so on), a trajectory (a list of events), and
// rows of an evaluation ({instance_id, history, metrics}). An action names the
// response that led to it (tool_call_metadata.model_response) with its usage,
// once for each of its tools; metrics list the usage and the latency of all
// responses, or in events only their sums so far. A call ends with its action
// and began, by the latency or else by the event before it, when that came.
type openHandsV0 struct {
	env      *env
	session  string
	sessions map[string]*openHandsRun
}

// openHandsRun is a session while its events come in.
type openHandsRun struct {
	events    map[int]openHandsV0Event // by id
	next      int                      // id of an event that has none
	usages    []openHandsUsage
	latencies map[string]float64 // by response
}

type openHandsUsage struct {
	response, model string
	usage           usage
}

// openHandsV0Event is what matters of an event.
type openHandsV0Event struct {
	id                   int
	time                 float64
	source, action, tool string
	observed             string // what kind of observation
	response             openHandsUsage
	counted, condensed   bool
	sums                 usage // so far
	summed               bool
}

func newOpenHandsV0(e *env) jsonFormat {
	return &openHandsV0{env: e, sessions: map[string]*openHandsRun{}}
}

func (o *openHandsV0) begin(path string) {
	dir := filepath.Dir(path)
	switch filepath.Base(dir) {
	case "events", "event_cache":
		o.session = filepath.Base(filepath.Dir(dir))
	default:
		o.session = o.env.sessionOfFile(path)
	}
}

func (o *openHandsV0) finish(*queue) error { return nil }

func (o *openHandsV0) run(session string) *openHandsRun {
	r := o.sessions[session]
	if r == nil {
		r = &openHandsRun{events: map[int]openHandsV0Event{}, latencies: map[string]float64{}}
		o.sessions[session] = r
	}
	return r
}

func (o *openHandsV0) record(s *jsonscan.Scanner, _ *queue) {
	if s.Is('[') { // pairs of action and observation
		s.Array(func() { o.record(s, nil) })
		return
	}
	e := openHandsV0Event{id: -1, time: trace.Unknown}
	row, session := openHandsRun{events: map[int]openHandsV0Event{}, latencies: map[string]float64{}}, o.session
	isRow := false
	object(s, func(key []byte) {
		switch string(key) {
		case "instance_id":
			session = cmp.Or(looseText(s), session)
			isRow = true
		case "history", "trajectory":
			isRow = true
			o.history(s, &row)
		case "metrics":
			o.metrics(s, &row, nil)
		default:
			o.field(s, string(key), &row, &e)
		}
	})
	if s.Err() != nil {
		return
	}
	r := o.run(session)
	r.usages = append(r.usages, row.usages...)
	maps.Copy(r.latencies, row.latencies)
	if isRow {
		maps.Copy(r.events, row.events)
		r.next = max(r.next, row.next)
		return
	}
	r.add(e)
}

// history reads events, or pairs of them.
func (o *openHandsV0) history(s *jsonscan.Scanner, r *openHandsRun) {
	array(s, func() {
		if s.Is('[') {
			o.history(s, r)
			return
		}
		e := openHandsV0Event{id: -1, time: trace.Unknown}
		object(s, func(key []byte) { o.field(s, string(key), r, &e) })
		r.add(e)
	})
}

func (r *openHandsRun) add(e openHandsV0Event) {
	if e.id < 0 {
		e.id = r.next
	}
	r.next = max(r.next, e.id+1)
	r.events[e.id] = e
}

func (o *openHandsV0) field(s *jsonscan.Scanner, key string, r *openHandsRun, e *openHandsV0Event) {
	switch key {
	case "id":
		if v, told := looseCount(s, key); told {
			e.id = v
		}
	case "timestamp":
		e.time = looseTime(s, key)
	case "source":
		e.source = looseText(s)
	case "action":
		e.action = looseText(s)
		e.condensed = strings.HasPrefix(e.action, "condensation")
	case "observation":
		e.observed = looseText(s)
	case "tool_call_metadata":
		object(s, func(key []byte) {
			switch string(key) {
			case "function_name":
				e.tool = o.env.names.of([]byte(looseText(s)))
			case "model_response":
				o.response(s, e)
			default:
				s.Skip()
			}
		})
	case "llm_metrics":
		o.metrics(s, r, e)
	default:
		s.Skip() // what was said
	}
}

func (o *openHandsV0) response(s *jsonscan.Scanner, e *openHandsV0Event) {
	object(s, func(key []byte) {
		switch string(key) {
		case "id":
			e.response.response = looseText(s)
		case "model":
			e.response.model = o.env.names.of([]byte(looseText(s)))
		case "usage":
			e.response.usage, e.counted = liteUsage(s)
		default:
			s.Skip()
		}
	})
}

// metrics reads lists over all responses so far, and their sums.
func (o *openHandsV0) metrics(s *jsonscan.Scanner, r *openHandsRun, e *openHandsV0Event) {
	object(s, func(key []byte) {
		switch string(key) {
		case "token_usages":
			array(s, func() {
				var u openHandsUsage
				u.usage.usual = openAI()
				object(s, func(key []byte) {
					var to *int
					switch string(key) {
					case "response_id":
						u.response = looseText(s)
						return
					case "model":
						u.model = o.env.names.of([]byte(looseText(s)))
						return
					case "prompt_tokens":
						to = &u.usage.input
					case "completion_tokens":
						to = &u.usage.output
					case "cache_read_tokens":
						to = &u.usage.read
					case "cache_write_tokens":
						to = &u.usage.created
					default:
						s.Skip()
						return
					}
					*to, _ = looseCount(s, string(key))
				})
				r.usages = append(r.usages, u)
			})
		case "response_latencies":
			array(s, func() { r.latency(s) })
		case "accumulated_token_usage":
			if e == nil {
				s.Skip()
				return
			}
			e.sums, e.summed = liteUsage(s)
		default:
			s.Skip()
		}
	})
}

func (r *openHandsRun) latency(s *jsonscan.Scanner) {
	response, latency := "", trace.Unknown
	object(s, func(key []byte) {
		switch string(key) {
		case "response_id":
			response = looseText(s)
		case "latency":
			latency = seconds(s, "latency", 1)
		default:
			s.Skip()
		}
	})
	if response != "" && latency >= 0 {
		r.latencies[response] = latency
	}
}

// drain turns the events of all sessions into calls.
func (o *openHandsV0) drain(*queue) (bool, error) {
	for _, session := range slices.Sorted(maps.Keys(o.sessions)) {
		o.calls(session, o.sessions[session])
	}
	clear(o.sessions)
	return true, nil
}

// openHandsWalk is how far a session's events have been followed.
type openHandsWalk struct {
	session string
	run     *openHandsRun
	kind    trace.Kind
	tool    string
	sent    float64 // when the model was sent the last thing
	edited  bool
	sums    usage
	usages  []openHandsUsage // of the metrics, in order
	place   map[string]int   // of a response in usages
	named   map[string]bool  // responses that events name
	done    map[string]bool  // responses recorded
}

func (o *openHandsV0) calls(session string, r *openHandsRun) {
	walk := openHandsWalk{
		session: session,
		run:     r,
		kind:    trace.User,
		sent:    trace.Unknown,
		place:   map[string]int{},
		named:   map[string]bool{},
		done:    map[string]bool{},
	}
	for _, u := range r.usages {
		if _, twice := walk.place[u.response]; !twice && u.response != "" {
			walk.place[u.response] = len(walk.usages)
			walk.usages = append(walk.usages, u)
		}
	}
	ids := slices.Sorted(maps.Keys(r.events))
	for _, id := range ids {
		walk.named[r.events[id].response.response] = true
	}
	for _, id := range ids {
		e := r.events[id]
		switch {
		case e.condensed:
			walk.edited = true
		case e.observed == "agent_state_changed" || e.observed == "recall" || e.observed == "null":
		case e.observed != "":
			walk.kind, walk.tool, walk.sent = trace.Tool, cmp.Or(e.tool, e.observed), max(walk.sent, e.time)
		case e.source == "user":
			walk.kind, walk.tool, walk.sent = trace.User, "", max(walk.sent, e.time)
		case e.source == "agent" && e.action != "":
			o.action(&walk, &e)
		}
	}
	o.unnamed(&walk, len(walk.usages))
}

// unnamed records the responses that no event names, such as a condenser's, up
// to a place in the metrics.
func (o *openHandsV0) unnamed(walk *openHandsWalk, upTo int) {
	for i := range upTo {
		if u := &walk.usages[i]; !walk.named[u.response] && !walk.done[u.response] {
			o.call(walk, *u, trace.Unknown)
		}
	}
}

// action records the call that led to an action.
func (o *openHandsV0) action(walk *openHandsWalk, e *openHandsV0Event) {
	u := e.response
	place, listed := walk.place[u.response]
	switch {
	case listed:
		u.usage, u.model = walk.usages[place].usage, cmp.Or(u.model, walk.usages[place].model)
		o.unnamed(walk, place)
	case e.counted:
	case e.action == "message" && walk.next(&u):
	case e.summed:
		rest, grew := e.sums.since(walk.sums)
		if walk.sums.input == 0 {
			rest, grew = e.sums, true
		}
		if !grew || rest.input == 0 {
			return
		}
		u.usage = rest
	default:
		return // the prompt of the system, or nothing that a model wrote
	}
	if e.summed {
		walk.sums = e.sums
	}
	if u.response != "" && walk.done[u.response] {
		return // another tool of the same response
	}
	o.call(walk, u, e.time)
	walk.kind, walk.tool, walk.edited, walk.sent = trace.User, "", false, trace.Unknown
}

// next takes the first response that no event names: messages without a tool's
// call do not name theirs.
func (walk *openHandsWalk) next(u *openHandsUsage) bool {
	for i := range walk.usages {
		if at := &walk.usages[i]; !walk.named[at.response] && !walk.done[at.response] {
			*u = *at
			return true
		}
	}
	return false
}

// call records a call that was over at an instant.
func (o *openHandsV0) call(walk *openHandsWalk, u openHandsUsage, end float64) {
	walk.done[u.response] = true
	c := newEntry()
	c.Session, c.Model, c.Kind, c.Tool, c.edited = walk.session, u.model, walk.kind, walk.tool, walk.edited
	c.id = u.response
	c.Input, c.Cached, c.Output = u.usage.tokens()
	latency, ok := walk.run.latencies[u.response]
	switch {
	case ok && end >= latency:
		c.took(end-latency, end)
	case ok:
		c.Service = latency
	case walk.sent >= 0 && walk.sent <= end:
		c.took(walk.sent, end)
	default:
		c.took(end, end)
	}
	o.env.record(c)
}
