package readers

import (
	"cmp"
	"fmt"
	"slices"

	"agentsim/trace"
)

// span is a record of an observability export: a call of a model, the run of a
// tool, an agent, or something between them.
type span struct {
	id, parent string
	session    string // "" = that of the span around it
	trace      string // what it belongs to if no span around it has a session
	kind       spanKind
	name       string  // of a tool or agent
	start, end float64 // Unix seconds; Unknown if not told
	model      string
	tokens     usage
	failed     bool
	path       string
	line       int
	wraps      bool // a call inside it is the call
	sdk        bool // an agentSpan that an SDK puts around each of its calls
}

type spanKind uint8

const (
	otherSpan spanKind = iota
	callSpan
	toolSpan
	agentSpan
)

func newSpan() span { return span{start: trace.Unknown, end: trace.Unknown} }

// spans collects the records of an export, which come in any order and in any
// number of files, and turns them into calls when all are there.
type spans struct {
	env  *env
	path string
	all  []span
	byID map[string]int
}

func newSpans(e *env) spans { return spans{env: e, byID: map[string]int{}} }

func (p *spans) begin(path string)   { p.path = path }
func (p *spans) finish(*queue) error { return nil }

// key names a span among all: ids are unique within their trace.
func (s *span) key() string { return s.trace + "/" + s.id }

// add puts a span to the others. Of one that is told twice, as by an exporter
// that tries again, the fuller record counts.
func (p *spans) add(s span, line int) {
	s.path, s.line = p.path, line
	i, twice := p.byID[s.key()]
	if !twice {
		p.byID[s.key()] = len(p.all)
		p.all = append(p.all, s)
		return
	}
	if s.kind == callSpan {
		p.env.note(copies)
	}
	if old := &p.all[i]; cmp.Or(cmp.Compare(s.tokens.input+s.tokens.output, old.tokens.input+old.tokens.output),
		cmp.Compare(s.end, old.end)) > 0 {
		*old = s
	}
}

// drain puts all calls into the ledger.
func (p *spans) drain(*queue) (bool, error) {
	slices.SortStableFunc(p.all, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end), cmp.Compare(a.id, b.id))
	})
	clear(p.byID)
	at := spanWalk{spans: p, agents: map[string]*spanAgent{}, sessions: map[string]string{}}
	for i := range p.all {
		s := &p.all[i]
		p.byID[s.key()] = i
		if at.sessions[s.trace] == "" {
			at.sessions[s.trace] = s.session
		}
	}
	for i := range p.all {
		if err := p.markWrappers(&p.all[i]); err != nil {
			return false, err
		}
	}
	for i := range p.all {
		at.take(&p.all[i])
	}
	p.all = nil
	return true, nil
}

// around returns the spans around one, from the inside.
func (p *spans) around(s *span) ([]*span, error) {
	var out []*span
	for id := s.parent; id != ""; {
		if len(out) > len(p.all) {
			return nil, fmt.Errorf("%s:%d: span %s is its own ancestor; want parents without a circle", s.path, s.line, s.id)
		}
		i, ok := p.byID[s.trace+"/"+id]
		if !ok {
			break
		}
		out = append(out, &p.all[i])
		id = p.all[i].parent
	}
	return out, nil
}

// markWrappers marks the spans around a call that tell the same call again.
func (p *spans) markWrappers(s *span) error {
	if s.kind != callSpan && s.kind != toolSpan {
		return nil
	}
	around, err := p.around(s)
	if err != nil || s.kind == toolSpan || s.failed || s.tokens.input+s.tokens.output == 0 {
		return err
	}
	for _, up := range around {
		up.wraps = true
	}
	return nil
}

// spanWalk goes through the spans of an export in the order of time.
type spanWalk struct {
	spans    *spans
	agents   map[string]*spanAgent
	sessions map[string]string // that some span of a trace names first: others, as of tools, may name none
}

// spanAgent is what is known of an agent's tools since its last call.
type spanAgent struct {
	tool  string // that ended last
	ended bool   // there was one
}

func (w *spanWalk) take(s *span) {
	if s.kind != callSpan && s.kind != toolSpan {
		return
	}
	around, _ := w.spans.around(s) // circles were refused before
	e := newEntry()
	e.Session = s.session
	for _, up := range around {
		e.Session = cmp.Or(e.Session, up.session)
	}
	e.Session = cmp.Or(e.Session, w.sessions[s.trace], s.trace)
	e.Agent, e.Parent = agentAround(around)
	if e.Agent != "" {
		e.Parent = cmp.Or(e.Parent, e.Session)
	}
	key := e.Session + "\x00" + e.Agent
	a := w.agents[key]
	if a == nil {
		a = &spanAgent{}
		w.agents[key] = a
	}
	switch {
	case s.kind == toolSpan:
		a.tool, a.ended = s.name, true
	case s.failed:
		w.spans.env.note(failedCalls)
	case s.wraps:
		w.spans.env.note("spans around a call that tell it again left out")
	default:
		w.call(a, s, e)
	}
}

func (w *spanWalk) call(a *spanAgent, s *span, e entry) {
	e.id, e.Model, e.Kind = s.trace+"/"+s.id, s.model, trace.User
	if a.ended {
		e.Kind, e.Tool = trace.Tool, a.tool
	}
	*a = spanAgent{}
	e.Start, e.end = s.start, s.end
	if s.start >= 0 && s.end >= s.start {
		e.Service = s.end - s.start
	}
	e.Input, e.Cached, e.Output = s.tokens.tokens()
	w.spans.env.record(e)
}

// agentAround returns the sub-agent in which a span ran and that one's parent.
// The outermost agent is the session's main one and has no name.
func agentAround(around []*span) (agent, parent string) {
	var chain []string // of agents, from the inside
	for i, up := range around {
		if up.kind == agentSpan && !(up.sdk && withinAgent(around[i+1:])) {
			chain = append(chain, cmp.Or(up.name, "agent")+":"+up.id)
		}
	}
	if len(chain) < 2 {
		return "", ""
	}
	if len(chain) > 2 {
		parent = chain[1]
	}
	return chain[0], parent
}

// withinAgent reports whether a span runs in an agent that did not start it by
// a tool, of those around it from the inside.
func withinAgent(around []*span) bool {
	for _, up := range around {
		if up.kind == agentSpan || up.kind == toolSpan {
			return up.kind == agentSpan
		}
	}
	return false
}
