package prefix

import (
	"fmt"
	"sort"

	"agentsim/fault"
	"agentsim/models/kvcache"
	"agentsim/units"
)

// Spec is the cache memory of one rank under data-parallel attention, or of a
// worker under tensor parallelism, whose ranks all hold the same entries.
type Spec struct {
	Components []Component
	Pools      []Pool
	Policy     Policy
	Longest    int         // tokens of the longest request that must fit; 0 = not checked
	Running    units.Bytes // per running request beside its components, in the pool of what grows
	Padding    float64     // HBM taken over HBM asked for, >= 1; 0 = 1

	Tiers    []kvcache.TierSpec
	Write    kvcache.WritePolicy
	Eviction kvcache.EvictionSpec // lru, ttl or cost
	Classes  []string             // names of Request.Class
	Realised float64              // share of every prompt that is found, where measured; 0 = what the cache finds
}

// Pool is a part of HBM that holds some of the components.
type Pool struct {
	Name     string
	Capacity units.Bytes
	Slot     units.Bytes // what any page takes here; 0 = its own bytes
	Reserve  units.Bytes // taken before what is kept: fixed buffers
}

// Policy is what an engine keeps and for how long, as its version does it.
type Policy struct {
	Checkpoints Checkpoints `yaml:"checkpoints,omitempty"`
	InFlight    InFlight    `yaml:"in_flight,omitempty"`
	// Nothing keeps nothing of any request: every prompt is computed whole.
	Nothing bool `yaml:"nothing,omitempty"`
	// NoGenerated keeps nothing of what is generated.
	NoGenerated bool `yaml:"no_generated,omitempty"`
	// Ahead is how many tokens must be kept beyond a position for the draft
	// layer to go on from there.
	Ahead int `yaml:"ahead,omitempty"`
	// Recompute is how many tokens are computed again to have the window of a
	// prefix at least twice as long whose checkpoint is gone; 0 = never.
	Recompute int `yaml:"recompute,omitempty"`
	// LeafFalls drops the entries of a branch's end with its last checkpoint.
	LeafFalls bool `yaml:"leaf_falls,omitempty"`
	// TierHistoryOnly keeps windows and states out of the tiers below HBM.
	TierHistoryOnly bool `yaml:"tier_history_only,omitempty"`
	// DropsStale frees at once what no session can match any more, as a cache
	// would that knew. Engines leave it to eviction.
	DropsStale bool `yaml:"drops_stale,omitempty"`
}

// Checkpoints says at which positions windows and states are kept. Positions
// are multiples of the pages of all components.
type Checkpoints struct {
	Every      int  `yaml:"every,omitempty"`       // tokens between positions of a prompt; 0 = none
	Generated  bool `yaml:"generated,omitempty"`   // and of what is generated
	WholePages bool `yaml:"whole_pages,omitempty"` // the pages between positions are kept too
	Chunk      int  `yaml:"chunk,omitempty"`       // at the end of each chunk of so many tokens; 0 = no
	PromptEnd  bool `yaml:"prompt_end,omitempty"`
	Rewind     int  `yaml:"rewind,omitempty"` // tokens before the prompt's end at which that is
	RequestEnd bool `yaml:"request_end,omitempty"`
	Junction   bool `yaml:"junction,omitempty"` // where a second request left a prefix that was kept
	Last       int  `yaml:"last,omitempty"`     // keep only so many positions of a session; 0 = all
}

// InFlight is what running requests hold of windows and states, in tokens.
type InFlight struct {
	// Prefill is the most that a request has in flight while its prompt is
	// computed; one with less to compute has less.
	Prefill int `yaml:"prefill,omitempty"`
	Decode  int `yaml:"decode,omitempty"` // of one whose prompt is computed
}

// MaxPools and MaxComponents bound what a Spec can have.
const (
	MaxPools      = 4
	MaxComponents = 12
)

// Bounds far beyond anything real: more is a slip, and could overflow.
const (
	maxPage   = 1 << 16
	maxTokens = 1 << 30
	maxBytes  = units.Bytes(1e15)
	maxPool   = units.Bytes(1e18)
	maxPad    = 10
)

// Validate reports every field that cannot be, by its path.
func (s *Spec) Validate() error {
	var l fault.List
	l.Check(len(s.Components) >= 1 && len(s.Components) <= MaxComponents, "components", len(s.Components),
		fmt.Sprintf("1 to %d", MaxComponents))
	l.Check(len(s.Pools) >= 1 && len(s.Pools) <= MaxPools, "pools", len(s.Pools), fmt.Sprintf("1 to %d", MaxPools))
	l.Check(s.Realised >= 0 && s.Realised <= 1, "realised_hit", s.Realised, "a share of the prompt from 0 to 1")
	l.Check(s.Padding == 0 || s.Padding >= 1 && s.Padding <= maxPad, "padding", s.Padding, "1 to 10")
	l.Check(s.Running >= 0 && s.Running <= maxBytes, "running", s.Running, "0 or more")
	l.Check(s.Longest >= 0 && s.Longest <= maxTokens, "longest", s.Longest, "0 (unchecked) or more tokens")
	for i := range s.Pools {
		p := &s.Pools[i]
		at := fault.Index("pools", i)
		l.Check(p.Capacity >= 1 && p.Capacity <= maxPool, at+".capacity", p.Capacity, "1B to 1EB")
		l.Check(p.Slot >= 0 && p.Slot <= maxBytes, at+".slot", p.Slot, "0 (pages take their own bytes) or more")
		l.Check(p.Reserve >= 0 && p.Reserve <= p.Capacity, at+".reserve", p.Reserve, "0 to the pool's "+p.Capacity.String())
	}
	s.validateComponents(&l)
	s.validateBelow(&l)
	if l.Err() != nil {
		return l.Err()
	}
	l.In("policy", s.Policy.validate(align(s.Components)))
	s.validateRoom(&l)
	return l.Err()
}

func (s *Spec) validateComponents(l *fault.List) {
	home := -1
	page := 0
	for i := range s.Components {
		c := &s.Components[i]
		at := fault.Index("components", i)
		l.Check(c.Kind == Grows || c.Kind == Window || c.Kind == State, at+".kind", c.Kind, "grows, window or state")
		l.Check(c.Page >= 1 && c.Page <= maxPage, at+".page", c.Page, fmt.Sprintf("1 to %d tokens", maxPage))
		l.Check(c.Bytes > 0 && c.Bytes <= maxBytes, at+".bytes", c.Bytes, "above 0B")
		l.Check(c.Pool >= 0 && c.Pool < len(s.Pools), at+".pool", c.Pool, "the number of a pool")
		l.Check(c.Groups >= 0 && c.Groups <= maxPage, at+".groups", c.Groups, "0 (= 1) or more")
		l.Check(c.States >= 0 && c.States <= maxPage, at+".states", c.States, "0 (= 1) or more")
		l.Check(c.Recent >= 0 && c.Recent <= maxPage, at+".recent", c.Recent, "0 or more tokens")
		if c.Kind == Window {
			l.Check(c.Window >= 1 && c.Window <= maxTokens, at+".window", c.Window, "1 or more tokens")
		}
		if c.Kind != Grows {
			continue
		}
		if home < 0 {
			home, page = c.Pool, c.Page
		}
		l.Check(c.Pool == home, at+".pool", c.Pool, "that of the other components that grow")
		l.Check(c.Page == page, at+".page", c.Page, "that of the other components that grow")
	}
	if len(s.Components) > 0 && home < 0 {
		l.Add("components", "none grows with the context: want one, as the tree of prefixes is its")
	}
}

// validateBelow checks tiers and eviction.
func (s *Spec) validateBelow(l *fault.List) {
	l.In("", kvcache.Spec{Tiers: s.Tiers, Write: s.Write, Eviction: s.Eviction}.Validate())
}

// validate checks the policy of a cache whose positions are so many tokens apart.
func (p *Policy) validate(positions int) error {
	var l fault.List
	c := &p.Checkpoints
	l.Check(c.Every >= 0 && c.Every%positions == 0, "checkpoints.every", c.Every,
		fmt.Sprintf("0 (none) or a multiple of %d tokens, in which all pages end", positions))
	l.Check(c.Every <= maxTokens, "checkpoints.every", c.Every, "fewer tokens")
	for _, f := range []struct {
		name   string
		tokens int
	}{
		{"checkpoints.chunk", c.Chunk},
		{"checkpoints.rewind", c.Rewind},
		{"checkpoints.last", c.Last},
		{"in_flight.prefill", p.InFlight.Prefill},
		{"in_flight.decode", p.InFlight.Decode},
		{"ahead", p.Ahead},
		{"recompute", p.Recompute},
	} {
		l.Check(f.tokens >= 0 && f.tokens <= maxTokens, f.name, f.tokens, "0 or more")
	}
	return l.Err()
}

// validateRoom checks that one request of the longest context fits.
func (s *Spec) validateRoom(l *fault.List) {
	free := s.free()
	for i, n := range s.need(s.Longest, s.Policy.InFlight.Prefill) {
		if i < len(s.Pools) && n > free[i] && (s.Longest > 0 || free[i] < 0) {
			l.Add(fault.Index("pools", i), "%s of %s: a request of %d tokens needs %s beside %s in reserve; want a larger pool",
				s.Pools[i].Name, s.Pools[i].Capacity, s.Longest, units.Bytes(n), units.Bytes(float64(s.reserved(i))))
		}
	}
}

// pageBytes is what a page of the component takes of HBM.
func (s *Spec) pageBytes(c *Component) int64 {
	bytes := s.Pools[c.Pool].Slot
	if bytes == 0 {
		bytes = c.Bytes
	}
	return wholeBytes(float64(bytes) * max(s.Padding, 1))
}

// reserved is what is taken of a pool before any request.
func (s *Spec) reserved(pool int) int64 { return wholeBytes(float64(s.Pools[pool].Reserve)) }

// free is what is left of each pool for requests and what is kept.
func (s *Spec) free() (bytes [MaxPools]int64) {
	for i := range s.Pools {
		bytes[i] = int64(s.Pools[i].Capacity) - s.reserved(i)
	}
	return bytes
}

// need is what a request with so many tokens takes of each pool.
func (s *Spec) need(tokens, inFlight int) (bytes [MaxPools]int64) {
	for i := range s.Components {
		c := &s.Components[i]
		bytes[c.Pool] += int64(c.RunningPages(tokens, inFlight)) * s.pageBytes(c)
	}
	bytes[s.home()] += wholeBytes(float64(s.Running))
	return bytes
}

// longest is how many tokens a request can have that runs alone; -1 = none can.
func (s *Spec) longest() int {
	free := s.free()
	tooLong := func(tokens int) bool {
		need := s.need(tokens, s.Policy.InFlight.Prefill)
		for i := range s.Pools {
			if need[i] > free[i] {
				return true
			}
		}
		return false
	}
	beyond := 1
	for beyond <= 2*maxTokens && !tooLong(beyond) {
		beyond *= 2
	}
	return sort.Search(beyond, tooLong) - 1 // more tokens never need less
}

// home is the pool of what grows with the context.
func (s *Spec) home() int {
	for i := range s.Components {
		if s.Components[i].Kind == Grows {
			return s.Components[i].Pool
		}
	}
	return 0
}
