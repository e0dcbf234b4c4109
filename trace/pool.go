package trace

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// PoolOptions says how recorded calls become sessions. Zero values mean no limit.
type PoolOptions struct {
	ContextLimit  int     // tokens; a session ends before the first prompt that leaves no room to answer
	SessionsMax   int     // keep only the first sessions of the trace
	FirstInputMax int     // tokens; leave out sessions that start longer, as continuations do
	Unshared      bool    // sessions begin with a random prefix each and share nothing with others
	OutputMax     int     // tokens; longer answers are cut, as an engine with max_tokens does
	GapMax        float64 // seconds; longer gaps are shortened to this
	GapScale      float64 // factor on all gaps, before GapMax; 0 = 1
	Speedup       float64 // recorded instants are divided by this; 0 = 1
	Trees         bool    // keep the instants of calls, and who started whom
}

// Pool holds the sessions of a trace in 24 bytes a turn, or 32 with trees.
type Pool struct {
	turns    []Turn
	sessions []pooled
	dropped  int
	tools    []string

	// With PoolOptions.Trees:
	at     []float64 // by turn
	spawns []Spawn   // by parent
	roots  []int32   // sessions that no other one starts

	inherits bool // some begin with what others than their parents hold
}

// pooled is a session whose turns lie at turns[first:first+count].
type pooled struct {
	id, parent        string
	start             float64
	shared, inherited int32
	from              int32
	first, count      int
	spawn, spawned    int // its spawns lie at spawns[spawn:spawn+spawned]
}

// NewPool reads all calls of r and groups them into sessions: one per agent,
// sub-agents included, in the order in which they first appear. A trace from
// which no session survives the options is an error.
func NewPool(r Reader, opts PoolOptions) (*Pool, error) {
	b := poolBuilder{opts: opts, index: map[agentKey]int32{}}
	var call Call
	for {
		err := r.Read(&call)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		b.add(&call)
	}
	pool, err := b.finish()
	if err != nil {
		return nil, err
	}
	if pool.Len() > 0 {
		return pool, nil
	}
	if b.calls == 0 {
		return nil, errors.New("the trace holds no calls; want at least one")
	}
	return nil, fmt.Errorf("none of the trace's %d sessions starts within the context limit of %d tokens"+
		" and the longest first prompt of %d (0 = any)", len(b.agents), opts.ContextLimit, opts.FirstInputMax)
}

// Len returns the number of sessions.
func (p *Pool) Len() int { return len(p.sessions) }

// Dropped returns how many sessions of the trace the options left out whole.
func (p *Pool) Dropped() int { return p.dropped }

// Tools returns the names of the tools whose results calls answer, in the order
// in which they first appear; those beyond the first 255 have no name.
func (p *Pool) Tools() []string { return p.tools }

// Turns returns the number of turns of all sessions together.
func (p *Pool) Turns() int { return len(p.turns) }

// Session copies session i (0-based) into out. It allocates only where
// out.Turns is too short.
func (p *Pool) Session(i int, out *Session) {
	s := &p.sessions[i]
	out.ID, out.Parent, out.Start = s.id, s.parent, s.start
	out.Shared, out.Inherited, out.From = s.shared, s.inherited, s.from
	out.Turns = append(out.Turns[:0], p.turns[s.first:s.first+s.count]...)
	out.Spawns = p.spawns[s.spawn : s.spawn+s.spawned]
	if p.at != nil {
		out.At = p.at[s.first : s.first+s.count]
	}
}

type agentKey struct{ session, agent string }

// agentState is what the builder remembers of an agent while its calls come in.
type agentState struct {
	pooled
	input, output int
	end           float64 // of the last call, seconds; Unknown if not told
	closed        bool    // ran into the context limit: later calls are ignored
	session       string  // Call.Session
	after         int     // Call.After of its first call
	delay         float64 // Call.Gap of its first call
	holder        int     // Call.Holder of its first call
	number        int     // among the builder's agents
}

type poolBuilder struct {
	opts   PoolOptions
	index  map[agentKey]int32
	agents []agentState
	turns  []Turn
	owner  []int32 // agent of each turn
	when   []spell // of each turn, with PoolOptions.Trees
	caller []int32 // agent of each call, kept or not; -1 = none; with PoolOptions.Trees
	tools  []string
	calls  int
	kept   int // agents that will be sessions

	lastKey agentKey
	last    int32
}

func (b *poolBuilder) add(c *Call) {
	b.calls++
	i, ok := b.agent(c)
	if b.opts.Trees {
		b.caller = append(b.caller, i)
	}
	if !ok {
		return
	}
	a := &b.agents[i]
	if a.closed {
		return
	}
	if !b.fits(a, c) {
		a.closed = true
		if a.count == 0 {
			b.kept--
		}
		return
	}
	b.turns = append(b.turns, b.turn(a, c))
	b.owner = append(b.owner, i)
	if b.opts.Trees {
		b.when = append(b.when, spellOf(c))
	}
	a.count++
	a.input, a.output, a.end = c.Input, c.Output, Unknown
	if c.Start >= 0 && c.Service >= 0 {
		a.end = c.Start + c.Service
	}
}

// agent finds or begins the session of a call.
func (b *poolBuilder) agent(c *Call) (int32, bool) {
	key := agentKey{c.Session, c.Agent}
	if len(b.agents) > 0 && key == b.lastKey && c.Session != "" {
		return b.last, true
	}
	i, ok := b.index[key]
	if !ok || c.Session == "" {
		if b.opts.SessionsMax > 0 && b.kept >= b.opts.SessionsMax {
			return -1, false
		}
		i = int32(len(b.agents))
		b.agents = append(b.agents, b.begin(c))
		b.kept++
		if c.Session != "" {
			b.index[key] = i
		}
	}
	b.lastKey, b.last = key, i
	return i, true
}

func (b *poolBuilder) begin(c *Call) agentState {
	s := pooled{id: c.Session, parent: c.Parent, start: c.Start}
	if s.start > 0 {
		s.start /= b.speedup()
	}
	if !b.opts.Unshared {
		s.shared = int32(min(c.Shared, c.Input))
	}
	s.inherited = int32(min(c.Prefix, c.Input))
	if c.Agent != "" {
		s.id = c.Session + "/" + c.Agent
		s.parent = cmp.Or(c.Parent, c.Session)
	}
	return agentState{
		pooled:  s,
		end:     Unknown,
		session: c.Session,
		after:   c.After,
		delay:   c.Gap,
		holder:  c.Holder,
	}
}

// fits reports whether the prompt leaves room for at least one token of answer.
func (b *poolBuilder) fits(a *agentState, c *Call) bool {
	if b.opts.ContextLimit > 0 && c.Input >= b.opts.ContextLimit {
		return false
	}
	return b.opts.FirstInputMax == 0 || a.count > 0 || c.Input <= b.opts.FirstInputMax
}

func (b *poolBuilder) turn(a *agentState, c *Call) Turn {
	t := Turn{Input: int32(max(c.Input, 1)), Output: int32(max(c.Output, 1)), Kind: c.Kind,
		Tool: b.tool(c.Tool)}
	if b.opts.ContextLimit > 0 {
		t.Output = min(t.Output, int32(b.opts.ContextLimit)-t.Input)
	}
	if b.opts.OutputMax > 0 {
		t.Output = min(t.Output, int32(b.opts.OutputMax))
	}
	if a.count == 0 {
		return t
	}
	t.Prefix = int32(min(c.Prefix, c.Input))
	t.Echo = echo(a, c, t.Prefix)
	t.Gap = float32(b.gap(a, c))
	return t
}

// tool numbers a tool's name from 1 on; 0 = no name.
func (b *poolBuilder) tool(name string) uint8 {
	if name == "" {
		return 0
	}
	i := slices.Index(b.tools, name)
	if i < 0 {
		if len(b.tools) == math.MaxUint8 {
			return 0
		}
		i = len(b.tools)
		b.tools = append(b.tools, strings.Clone(name))
	}
	return uint8(i + 1)
}

// roundingSlackMax is the largest block size of the known formats, in tokens:
// a recorded prefix may fall short of the true one by a partial block.
const roundingSlackMax = 512

// echo returns how many tokens behind the recorded prefix the engine would
// hold too, had it generated what was recorded and kept it: what block
// rounding took off the previous prompt, and the previous answer. It is zero
// where the prompt does not extend the previous one.
func echo(a *agentState, c *Call, prefix int32) int32 {
	if int(prefix)+roundingSlackMax <= a.input || c.Input < a.input {
		return 0
	}
	held := a.input + a.output - int(prefix)
	return int32(max(0, min(held, c.Input-int(prefix))))
}

func (b *poolBuilder) gap(a *agentState, c *Call) float64 {
	gap := c.Gap
	if gap < 0 && c.Start >= 0 && a.end >= 0 {
		gap = c.Start - a.end
	}
	return b.replayed(gap)
}

// replayed is the gap that a replay makes of a recorded one.
func (b *poolBuilder) replayed(gap float64) float64 {
	gap = max(gap, 0)
	if b.opts.GapScale > 0 {
		gap *= b.opts.GapScale
	}
	if b.opts.GapMax > 0 {
		gap = min(gap, b.opts.GapMax)
	}
	return gap
}

// speedup is how many times as fast recorded time passes.
func (b *poolBuilder) speedup() float64 { return cmp.Or(b.opts.Speedup, 1) }

// finish lays the turns out session by session.
func (b *poolBuilder) finish() (*Pool, error) {
	p := &Pool{turns: make([]Turn, len(b.turns)), tools: b.tools}
	next := make([]int, len(b.agents))
	first := 0
	for i := range b.agents {
		s := b.agents[i].pooled
		s.first, next[i] = first, first
		first += s.count
		if s.count == 0 {
			p.dropped++
			continue
		}
		p.sessions = append(p.sessions, s)
	}
	when := make([]spell, len(b.when))
	for i, t := range b.turns {
		owner := b.owner[i]
		p.turns[next[owner]] = t
		if b.opts.Trees {
			when[next[owner]] = b.when[i]
		}
		next[owner]++
	}
	if !b.opts.Trees {
		return p, nil
	}
	return p, b.plant(p, when)
}
