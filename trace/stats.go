package trace

import (
	"errors"
	"io"
)

// Quantiles summarise one quantity of a trace.
type Quantiles struct {
	P10  float64 `json:"p10"`
	P25  float64 `json:"p25"`
	P50  float64 `json:"p50"`
	P75  float64 `json:"p75"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	Mean float64 `json:"mean"`
	Max  float64 `json:"max"`
	N    int64   `json:"n"`
}

// Summary is what `trace stats` prints. A session here is one agent's
// trajectory; sub-agents count as sessions of their own.
type Summary struct {
	Sessions  int64 `json:"sessions"`
	SubAgents int64 `json:"sub_agents"` // of the sessions
	Calls     int64 `json:"calls"`

	Turns       Quantiles `json:"turns"`              // calls per session
	FirstInput  Quantiles `json:"first_input_tokens"` // prompt of a session's first call
	LastInput   Quantiles `json:"last_input_tokens"`  // prompt of its last call
	Input       Quantiles `json:"input_tokens"`       // prompt per call
	New         Quantiles `json:"new_tokens"`         // prompt tokens beyond the prefix, of calls after the first
	Output      Quantiles `json:"output_tokens"`      // per call
	ToolGap     Quantiles `json:"tool_gap_s"`         // before calls that answer a tool, where known
	UserGap     Quantiles `json:"user_gap_s"`         // before calls that answer a person, where known
	Service     Quantiles `json:"service_s"`          // of the recorded provider, where known
	InputTotal  int64     `json:"input_tokens_total"`
	CachedTotal int64     `json:"cached_tokens_total"` // from the recorded provider's cache
	PrefixTotal int64     `json:"prefix_tokens_total"` // that an earlier prompt holds
	OutputTotal int64     `json:"output_tokens_total"`
	// PrefixReuse is PrefixTotal / InputTotal: the share of prompt tokens that
	// an infinite prefix cache returns, first calls included.
	PrefixReuse float64 `json:"prefix_reuse"`
	// Growth is the mean prompt along the session.
	Growth []Growth `json:"growth"`
}

// Growth is the mean prompt of the calls with a turn number from Turn up to
// the next entry's.
type Growth struct {
	Turn  int     `json:"turn"`
	Input float64 `json:"input_tokens"`
	Calls int64   `json:"calls"`
}

// Stats gathers a Summary call by call. Its memory grows with the number of
// sessions, not with that of calls. The zero value is ready.
type Stats struct {
	// MainOnly leaves out the calls of sub-agents.
	MainOnly bool

	first, input, fresh, output, toolGap, userGap, service histogram

	turns, last histogram // of the sessions that are known to be over
	growth      [growthBins]growthBin
	cached      int64
	prefix      int64
	subAgents   int64

	open    []tally // sessions that may go on
	index   map[agentKey]int
	lastKey agentKey
	lastOne int
}

// tally is what Stats remembers of a session.
type tally struct {
	turns, input int
	end          float64 // of the last call, seconds
}

type growthBin struct{ sum, prefix, n int64 }

const (
	// milli is the unit in which times are counted: the finest that matters.
	milli = 1e-3
	// growthBits makes a bin of each turn below 16, then 8 of each doubling.
	growthBits = 4
	growthBins = 256
)

// Add counts one call.
func (s *Stats) Add(c *Call) {
	if s.MainOnly && c.subAgent() {
		return
	}
	if c.Session == "" {
		alone := tally{end: Unknown}
		s.count(&alone, c)
		s.finish(&alone)
		return
	}
	s.count(s.tally(c), c)
}

// AddSession counts the turns of a whole session.
func (s *Stats) AddSession(session *Session) {
	t := tally{end: Unknown}
	for i := range session.Turns {
		call := session.Turns[i].call()
		s.count(&t, &call)
	}
	s.finish(&t)
	if session.Parent != "" {
		s.subAgents++
	}
}

// tally finds or begins that of a call's agent.
func (s *Stats) tally(c *Call) *tally {
	key := agentKey{c.Session, c.Agent}
	if len(s.open) > 0 && key == s.lastKey {
		return &s.open[s.lastOne]
	}
	i, ok := s.index[key]
	if !ok {
		if s.index == nil {
			s.index = map[agentKey]int{}
		}
		i = len(s.open)
		s.index[key] = i
		s.open = append(s.open, tally{end: Unknown})
		if c.subAgent() {
			s.subAgents++
		}
	}
	s.lastKey, s.lastOne = key, i
	return &s.open[i]
}

func (s *Stats) count(t *tally, c *Call) {
	if t.turns == 0 {
		s.first.add(int64(c.Input))
	} else {
		s.fresh.add(int64(c.Input - c.Prefix))
		s.countGap(t, c)
	}
	s.input.add(int64(c.Input))
	s.output.add(int64(c.Output))
	s.cached += int64(c.Cached)
	s.prefix += int64(c.Prefix)
	bin := &s.growth[min(bucketOf(int64(t.turns), growthBits), growthBins-1)]
	bin.sum += int64(c.Input)
	bin.prefix += int64(c.Prefix)
	bin.n++
	t.turns++
	t.input, t.end = c.Input, Unknown
	if c.Service >= 0 {
		s.service.add(int64(c.Service/milli + 0.5))
		if c.Start >= 0 {
			t.end = c.Start + c.Service
		}
	}
}

func (s *Stats) countGap(t *tally, c *Call) {
	gap := c.Gap
	if gap < 0 {
		if c.Start < 0 || t.end < 0 {
			return
		}
		gap = max(c.Start-t.end, 0)
	}
	if c.Kind == User {
		s.userGap.add(int64(gap/milli + 0.5))
		return
	}
	s.toolGap.add(int64(gap/milli + 0.5))
}

func (s *Stats) finish(t *tally) {
	s.turns.add(int64(t.turns))
	s.last.add(int64(t.input))
}

// Summary returns the figures of all that was added so far.
func (s *Stats) Summary() *Summary {
	turns, last := s.turns.clone(), s.last.clone()
	for i := range s.open {
		turns.add(int64(s.open[i].turns))
		last.add(int64(s.open[i].input))
	}
	out := &Summary{
		Sessions:    turns.n,
		SubAgents:   s.subAgents,
		Calls:       s.input.n,
		Turns:       turns.quantiles(1),
		FirstInput:  s.first.quantiles(1),
		LastInput:   last.quantiles(1),
		Input:       s.input.quantiles(1),
		New:         s.fresh.quantiles(1),
		Output:      s.output.quantiles(1),
		ToolGap:     s.toolGap.quantiles(milli),
		UserGap:     s.userGap.quantiles(milli),
		Service:     s.service.quantiles(milli),
		InputTotal:  int64(s.input.sum),
		CachedTotal: s.cached,
		PrefixTotal: s.prefix,
		OutputTotal: int64(s.output.sum),
	}
	if out.InputTotal > 0 {
		out.PrefixReuse = float64(out.PrefixTotal) / float64(out.InputTotal)
	}
	for b, bin := range s.growth {
		if bin.n > 0 {
			low, _ := bounds(b, growthBits)
			out.Growth = append(out.Growth, Growth{Turn: int(low), Input: float64(bin.sum) / float64(bin.n), Calls: bin.n})
		}
	}
	return out
}

// ReadStats summarises a whole trace; mainOnly leaves out sub-agents.
func ReadStats(r Reader, mainOnly bool) (*Summary, error) {
	s := Stats{MainOnly: mainOnly}
	if err := s.AddAll(r); err != nil {
		return nil, err
	}
	return s.Summary(), nil
}

// AddAll counts all calls that are left in a trace.
func (s *Stats) AddAll(r Reader) error {
	var c Call
	for {
		err := r.Read(&c)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		s.Add(&c)
	}
}
