package readers

import (
	"cmp"
	"slices"

	"agentsim/trace"
)

// span is a record of an observability export: a call of a model, the run of a
// tool, an agent, or something between them.
type span struct {
	id, parent string
	kind       spanKind
	name       string  // of a tool or agent
	start, end float64 // Unix seconds; Unknown if not told
	call       trace.Call
	line       int
}

type spanKind uint8

const (
	otherSpan spanKind = iota
	callSpan
	toolSpan
	agentSpan
)

// spans collects the records of an export, which come in any order, and turns
// them into calls when all are there.
type spans struct {
	env  *env
	all  []span
	byID map[string]int
}

func (p *spans) begin(string) { p.byID = map[string]int{} }

func (p *spans) add(s span, line int) {
	s.line = line
	p.byID[s.id] = len(p.all)
	p.all = append(p.all, s)
}

// finish sorts all spans by time and pushes the calls.
func (p *spans) finish(q *queue) error {
	order := make([]int, len(p.all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p.all[a].start, p.all[b].start) })
	at := spanWalk{spans: p, agents: map[string]*spanAgent{}}
	for _, i := range order {
		if err := at.take(&p.all[i], q); err != nil {
			return err
		}
	}
	p.all = nil
	return nil
}

// spanWalk goes through the spans of an export in the order of time.
type spanWalk struct {
	spans  *spans
	agents map[string]*spanAgent
	clock  clock
}

type spanAgent struct {
	progress
	tool    string  // that ended last since the last call
	toolEnd float64 // Unix seconds
}

func (w *spanWalk) take(s *span, q *queue) error {
	if s.kind != callSpan && s.kind != toolSpan {
		return nil
	}
	agent, parent, err := w.spans.agentOf(s)
	if err != nil {
		return err
	}
	session := s.call.Session
	a := w.agents[session+"\x00"+agent]
	if a == nil {
		a = &spanAgent{progress: progress{end: trace.Unknown}, toolEnd: trace.Unknown}
		w.agents[session+"\x00"+agent] = a
	}
	if s.kind == toolSpan {
		a.tool, a.toolEnd = s.name, s.end
		return nil
	}
	c := s.call
	c.Agent, c.Kind = agent, trace.User
	if agent != "" {
		c.Parent = cmp.Or(parent, session)
	}
	if a.toolEnd >= 0 {
		c.Kind, c.Tool = trace.Tool, a.tool
	}
	a.tool, a.toolEnd = "", trace.Unknown
	c.Start = w.clock.sinceUnix(s.start)
	if s.start >= 0 && s.end >= s.start {
		c.Service = s.end - s.start
	}
	a.place(&c)
	q.push(c)
	return nil
}

// agentOf returns the sub-agent in which a span ran and that one's parent. The
// outermost agent is the session's main one and has no name.
func (p *spans) agentOf(s *span) (agent, parent string, err error) {
	var chain []string // of agents, from the inside
	steps := 0
	for id := s.parent; id != ""; steps++ {
		if steps > len(p.all) {
			return "", "", atLine(s.line, "span %s is its own ancestor; want parents without a circle", s.id)
		}
		i, ok := p.byID[id]
		if !ok {
			break
		}
		if up := &p.all[i]; up.kind == agentSpan {
			chain = append(chain, cmp.Or(up.name, "agent")+":"+up.id)
		}
		id = p.all[i].parent
	}
	if len(chain) < 2 {
		return "", "", nil
	}
	if len(chain) > 2 {
		parent = chain[1]
	}
	return chain[0], parent, nil
}

// countCached puts the cached tokens into a call. Some exporters count them in
// the input and some beside it: more cached than input can only be beside.
func countCached(c *trace.Call, cached int) {
	if cached > c.Input {
		c.Input += cached
	}
	c.Cached = cached
}
