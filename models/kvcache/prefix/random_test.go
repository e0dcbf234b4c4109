package prefix

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"agentsim/models/kvcache"
	"agentsim/units"
)

// drawSpec is a small rank with up to four components, so that everything runs
// out often.
func drawSpec(t *rapid.T) Spec {
	page := rapid.IntRange(1, 4).Draw(t, "page")
	s := Spec{
		Components: []Component{{Name: "kv", Kind: Grows, Page: page, Bytes: units.Bytes(rapid.IntRange(1, 9).Draw(t, "bytes"))}},
		Running:    units.Bytes(rapid.IntRange(0, 5).Draw(t, "running")),
		Eviction: rapid.SampledFrom([]kvcache.EvictionSpec{
			{},
			{Policy: kvcache.TTL, TTL: map[string]units.Seconds{"tool": 5, "user": 1}},
			{Policy: kvcache.Cost, CostContext: 30},
		}).Draw(t, "eviction"),
		Classes: []string{"user", "tool"},
	}
	pools := 1
	for range rapid.IntRange(0, 3).Draw(t, "tails") {
		pool := rapid.IntRange(0, min(pools, MaxPools-1)).Draw(t, "pool")
		pools = max(pools, pool+1)
		s.Components = append(s.Components, Component{
			Name:   "tail",
			Kind:   rapid.SampledFrom([]Kind{Window, State}).Draw(t, "kind"),
			Page:   rapid.SampledFrom([]int{page, 2 * page, 1}).Draw(t, "tail page"),
			Window: rapid.IntRange(1, 12).Draw(t, "window"),
			Bytes:  units.Bytes(rapid.IntRange(1, 9).Draw(t, "tail bytes")),
			Pool:   pool,
			Groups: rapid.IntRange(0, 2).Draw(t, "groups"),
		})
	}
	slot := units.Bytes(rapid.SampledFrom([]int{0, 9}).Draw(t, "slot"))
	for range pools {
		s.Pools = append(s.Pools, Pool{Name: "pool", Capacity: units.Bytes(rapid.IntRange(40, 400).Draw(t, "capacity")), Slot: slot})
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "tiers") {
		s.Tiers = append(s.Tiers, kvcache.TierSpec{
			Name:     []kvcache.TierName{kvcache.Host, kvcache.NVMe}[i],
			Rate:     1,
			Capacity: units.Bytes(rapid.IntRange(1, 400).Draw(t, "tier")),
		})
	}
	s.Write = rapid.SampledFrom([]kvcache.WritePolicy{"", kvcache.WriteThrough}).Draw(t, "write")
	s.Policy = drawPolicy(t, align(s.Components))
	return s
}

func drawPolicy(t *rapid.T, positions int) Policy {
	return Policy{
		Checkpoints: Checkpoints{
			Every:      positions * rapid.IntRange(0, 3).Draw(t, "every"),
			Generated:  rapid.Bool().Draw(t, "generated"),
			WholePages: rapid.Bool().Draw(t, "whole"),
			Chunk:      rapid.SampledFrom([]int{0, 10}).Draw(t, "chunk"),
			PromptEnd:  rapid.Bool().Draw(t, "prompt end"),
			Rewind:     rapid.IntRange(0, 1).Draw(t, "rewind"),
			RequestEnd: rapid.Bool().Draw(t, "request end"),
			Junction:   rapid.Bool().Draw(t, "junction"),
			Last:       rapid.IntRange(0, 2).Draw(t, "last"),
		},
		InFlight: InFlight{
			Prefill: rapid.IntRange(0, 4).Draw(t, "prefill"),
		},
		NoGenerated:     rapid.Bool().Draw(t, "no generated"),
		Ahead:           rapid.SampledFrom([]int{0, 2}).Draw(t, "ahead"),
		LeafFalls:       rapid.Bool().Draw(t, "leaf falls"),
		TierHistoryOnly: rapid.Bool().Draw(t, "history only"),
		DropsStale:      rapid.Bool().Draw(t, "drops stale"),
	}
}

// story is a random life of a few sessions on two ranks.
type story struct {
	contents *Contents
	ranks    [2]*Cache
	at       map[SessionID]int // rank of its request under way + 1
	context  map[SessionID]int
	prompt   map[SessionID]int
	begun    map[SessionID]bool
}

func newStory(t *rapid.T, spec Spec) *story {
	s := &story{contents: NewContents(), at: map[SessionID]int{}, context: map[SessionID]int{},
		prompt: map[SessionID]int{}, begun: map[SessionID]bool{}}
	for i := range s.ranks {
		c, err := New(spec, s.contents)
		if err != nil {
			t.Skip("too small a pool")
		}
		s.ranks[i] = c
	}
	return s
}

func (s *story) begin(t *rapid.T, id SessionID) {
	turn := Turn{Prompt: rapid.IntRange(1, 60).Draw(t, "prompt")}
	if s.begun[id] {
		turn.Common = min(s.context[id], turn.Prompt)
		if rapid.IntRange(0, 3).Draw(t, "break") == 0 {
			turn.Common = rapid.IntRange(0, turn.Common).Draw(t, "common")
		}
		turn.Echo = min(max(turn.Common-s.prompt[id], 0), turn.Common)
	} else {
		turn.Group = rapid.IntRange(0, 1).Draw(t, "group")
		turn.Shared = rapid.SampledFrom([]int{0, 13, 21}).Draw(t, "shared")
		turn.From = SessionID(rapid.IntRange(0, 6).Draw(t, "from"))
		if turn.From != id && s.begun[turn.From] {
			turn.Inherited = rapid.IntRange(0, s.prompt[turn.From]).Draw(t, "inherited")
		}
	}
	s.contents.Begin(id, turn)
	s.begun[id] = true
	s.prompt[id], s.context[id] = turn.Prompt, turn.Prompt
}

func (s *story) step(t *rapid.T, now float64) {
	id := SessionID(rapid.IntRange(0, 6).Draw(t, "session"))
	do := rapid.SampledFrom([]string{"fill", "release", "release", "grow", "retract", "drop", "end"}).Draw(t, "op")
	if s.at[id] == 0 {
		if do == "drop" || do == "end" {
			for _, c := range s.ranks {
				if do == "drop" {
					c.Drop(id)
				}
			}
			s.contents.End(id)
			s.begun[id], s.context[id] = false, 0
			return
		}
		s.begin(t, id)
		rank := rapid.IntRange(0, 1).Draw(t, "at")
		if s.admit(t, now, rank, id) {
			s.at[id] = rank + 1
		}
		return
	}
	c := s.ranks[s.at[id]-1]
	switch do {
	case "fill":
		c.Filled(now, id)
	case "release":
		room := int(c.runs.at(int32(id)).room * c.page)
		context := min(s.prompt[id]+rapid.IntRange(0, 20).Draw(t, "output"), max(room, s.prompt[id]))
		c.Release(now, id, context)
		s.context[id] = context
		s.at[id] = 0
	case "grow":
		c.Grow(now, id, rapid.IntRange(1, 90).Draw(t, "grow"))
	case "retract":
		c.Retract(now, id)
		s.at[id] = 0
	}
}

func (s *story) admit(t *rapid.T, now float64, rank int, id SessionID) bool {
	r := Request{Session: id, Prompt: s.prompt[id], Reserve: rapid.IntRange(0, 20).Draw(t, "reserve"),
		Class: uint8(rapid.IntRange(0, 3).Draw(t, "class"))}
	c := s.ranks[rank]
	foretold := c.Lookup(r)
	before := c.Stats()
	hit, ok := c.Admit(now, r)
	if !ok {
		before.Refusals++
		require.Equal(t, before, c.Stats(), "a refusal changes nothing")
		return false
	}
	require.Equal(t, r.Prompt, hit.Tokens+hit.Lost.Sum(), "%+v", hit)
	for _, n := range []int{hit.Lost.NeverSeen, hit.Lost.PromptChanged, hit.Lost.NoCheckpoint, hit.Lost.OtherWorker, hit.Lost.NotKept} {
		require.GreaterOrEqual(t, n, 0, "%+v", hit)
	}
	for _, n := range hit.Lost.Evicted {
		require.GreaterOrEqual(t, n, 0, "%+v", hit)
	}
	sum := 0
	for _, n := range hit.Levels {
		require.GreaterOrEqual(t, n, 0)
		sum += n
	}
	require.Equal(t, hit.Tokens, sum)
	hit.Lost = Lost{}
	require.Equal(t, foretold, hit, "Lookup foretells Admit")
	require.Less(t, hit.Tokens, r.Prompt)
	return true
}

// naive is the hit by the formula of engine-caches.md 1, page by page: the last
// position at which every component is kept.
func naive(k *Cache, line, prompt int32) int32 {
	kept := func(page int32) bool { // of what grows
		at := line
		for at != noLine && k.contents.lines[at].fork/k.page > page {
			at = k.contents.lines[at].parent
		}
		for n := range k.tree.nodes {
			x := &k.tree.nodes[n]
			if x.line != at || isFree(k.tree.freeNodes, int32(n)) {
				continue
			}
			for level := range k.levels() {
				if page >= x.hi[level]-k.held(x, level) && page < x.hi[level] {
					return true
				}
			}
		}
		return false
	}
	marked := func(pool int, position int32) bool {
		at := line
		for at != noLine && k.contents.lines[at].fork/k.page >= position {
			at = k.contents.lines[at].parent
		}
		for m := range k.tree.marks {
			x := &k.tree.marks[m]
			if x.line != at || int(x.pool) != pool || isFree(k.tree.freeMarks, int32(m)) {
				continue
			}
			for i := x.lead; i < x.count; i++ {
				if x.first+i*x.stride == position {
					return true
				}
			}
		}
		return false
	}
	best := int32(0)
	end := int32(0)
	for end < prompt/k.page && kept(end) {
		end++
	}
	limit := min(end, (prompt-1)/k.page)
	if ahead := int32(k.spec.Policy.Ahead); len(k.tails) == 0 && ahead > 0 {
		limit = min(limit, max(end*k.page-ahead, 0)/k.page)
	}
	for x := k.align; x <= limit; x += k.align {
		all := true
		for _, pool := range k.tails {
			all = all && marked(pool, x)
		}
		if all {
			best = x
		}
	}
	return best
}

func isFree(free []int32, i int32) bool {
	for _, f := range free {
		if f == i {
			return true
		}
	}
	return false
}

func TestTheHitIsTheLastPositionWithEveryComponent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newStory(t, drawSpec(t))
		now := 0.0
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now += rapid.SampledFrom([]float64{0, 0, 1, 7}).Draw(t, "pause")
			s.step(t, now)
			for _, c := range s.ranks {
				requireLaws(t, c)
				for id, begun := range s.begun {
					if begun {
						prompt := s.prompt[id]
						want := naive(c, s.contents.line(id), int32(prompt))
						require.EqualValues(t, want, c.Lookup(Request{Session: id, Prompt: prompt}).Tokens/int(c.page))
					}
				}
			}
		}
		for id := range s.begun {
			if s.at[id] > 0 {
				s.ranks[s.at[id]-1].Retract(now, id)
			}
			for _, c := range s.ranks {
				c.Drop(id)
			}
			s.contents.End(id)
		}
		requireNoLeak(t, s)
	})
}

// requireNoLeak checks that every line is accounted for.
func requireNoLeak(t *rapid.T, s *story) {
	refs := make([]int32, len(s.contents.lines))
	for at := range s.contents.lines {
		if parent := s.contents.lines[at].parent; parent != noLine && !isFree(s.contents.free, int32(at)) {
			refs[parent]++
		}
	}
	for _, group := range s.contents.groups {
		if group != noLine {
			refs[group]++
		}
	}
	for _, c := range s.ranks {
		for at := range len(s.contents.lines) {
			if b := c.tree.known(s.contents, int32(at)); b != nil && b.holds > 0 {
				refs[at]++
			}
		}
	}
	for at := range s.contents.lines {
		if !isFree(s.contents.free, int32(at)) {
			require.Equal(t, refs[at], s.contents.lines[at].refs, "line %d", at)
		}
	}
}
