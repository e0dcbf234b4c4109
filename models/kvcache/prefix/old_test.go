package prefix

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"agentsim/models/kvcache"
	"agentsim/units"
)

// pair runs the same story on the cache of one pool of blocks and on this one
// with a single component that grows, told to drop what is stale as the former
// does.
type pair struct {
	old      *kvcache.Cache
	new      *Cache
	contents *Contents
	context  map[SessionID]int // tokens that the session last left
	byCost   bool
}

func drawOld(t *rapid.T) kvcache.Spec {
	spec := kvcache.Spec{
		Capacity:      units.Bytes(rapid.IntRange(30, 400).Draw(t, "capacity")),
		BlockTokens:   rapid.IntRange(1, 8).Draw(t, "block"),
		BytesPerToken: rapid.Float64Range(0.2, 2).Draw(t, "bytes"),
		RunningBytes:  units.Bytes(rapid.IntRange(0, 10).Draw(t, "running")),
		Fragmentation: rapid.SampledFrom([]float64{0, 1, 1.25}).Draw(t, "fragmentation"),
		Classes:       []string{"user", "bash", "tool"},
		Write:         rapid.SampledFrom([]kvcache.WritePolicy{"", kvcache.WriteBack, kvcache.WriteThrough}).Draw(t, "write"),
		Eviction: rapid.SampledFrom([]kvcache.EvictionSpec{
			{},
			{Policy: kvcache.TTL, TTL: map[string]units.Seconds{"tool": 5, "user": 1, "bash": 20}},
			{Policy: kvcache.Cost, CostContext: 30},
		}).Draw(t, "eviction"),
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "tiers") {
		spec.Tiers = append(spec.Tiers, kvcache.TierSpec{
			Name:     []kvcache.TierName{kvcache.Host, kvcache.NVMe, kvcache.Remote}[i],
			Rate:     1,
			Capacity: units.Bytes(rapid.IntRange(1, 400).Draw(t, "tier")),
		})
	}
	return spec
}

// like is the same memory for one component that grows.
func like(s kvcache.Spec) Spec {
	return Spec{
		Components: []Component{{
			Name:  "kv",
			Kind:  Grows,
			Page:  s.BlockTokens,
			Bytes: units.Bytes(float64(s.BlockTokens) * s.BytesPerToken),
		}},
		Pools:    []Pool{{Name: "kv", Capacity: s.Capacity}},
		Policy:   Policy{DropsStale: true},
		Running:  s.RunningBytes,
		Padding:  s.Fragmentation,
		Tiers:    s.Tiers,
		Write:    s.Write,
		Eviction: s.Eviction,
		Classes:  s.Classes,
	}
}

func newPair(t require.TestingT, spec kvcache.Spec) *pair {
	old, err := kvcache.New(spec)
	require.NoError(t, err)
	contents := NewContents()
	c, err := New(like(spec), contents)
	require.NoError(t, err)
	return &pair{old: old, new: c, contents: contents, context: map[SessionID]int{},
		byCost: spec.Eviction.Policy == kvcache.Cost}
}

// same compares all that can be seen of the two.
func (p *pair) same(t require.TestingT, levels int) {
	require.Equal(t, p.old.Capacity(), p.new.Capacity(0))
	require.Equal(t, p.old.Used(), p.new.Used(0), "HBM")
	require.Equal(t, p.old.Pinned(), p.new.Pinned(0), "pinned")
	for level := 1; level <= levels; level++ {
		require.Equal(t, p.old.LevelUsed(level), p.new.TierUsed(level), "level %d", level)
	}
	require.Equal(t, p.old.Running(), p.new.Running())
	a, b := p.old.Stats(), p.new.Stats()
	require.Equal(t, []any{a.Admissions, a.LookupTokens, a.HitTokens, a.LevelHits, a.Refusals, a.Retractions, a.DemotedBytes, a.ReloadBytes},
		[]any{b.Admissions, b.LookupTokens, b.HitTokens, b.LevelHits, b.Refusals, b.Retractions, b.DemotedBytes, b.ReloadBytes})
}

// step does one thing that is possible with a session.
func (p *pair) step(t *rapid.T, now float64) {
	id := SessionID(rapid.IntRange(0, 6).Draw(t, "session"))
	old := kvcache.SessionID(id)
	do := rapid.SampledFrom([]string{"release", "release", "grow", "retract", "drop"}).Draw(t, "op")
	tokens := rapid.IntRange(1, 160).Draw(t, "tokens")
	running := int(id) < len(p.new.runs) && p.new.runs[id].active
	switch {
	case !running && do != "drop":
		common := rapid.IntRange(0, tokens).Draw(t, "common")
		if rapid.Bool().Draw(t, "append") {
			common = tokens
		}
		common = min(common, p.context[id])
		if p.byCost && common < p.context[id] {
			common = 0 // a branch costs by where it begins, which the other cache does not know
		}
		class := uint8(rapid.IntRange(0, 4).Draw(t, "class"))
		reserve := rapid.IntRange(0, 40).Draw(t, "reserve")
		q := kvcache.Request{Session: old, Prompt: tokens, Common: common, Reserve: reserve, Class: class}
		p.contents.Begin(id, Turn{Prompt: tokens, Common: common})
		r := Request{Session: id, Prompt: tokens, Reserve: reserve, Class: class}
		require.Equal(t, p.old.Fits(tokens+reserve), p.new.Fits(tokens+reserve))
		foretold := p.new.Lookup(r)
		a, ok := p.old.Admit(now, q)
		b, fits := p.new.Admit(now, r)
		require.Equal(t, ok, fits)
		if ok {
			require.Equal(t, []any{a.Tokens, a.Levels, a.ReloadBytes}, []any{b.Tokens, b.Levels, b.ReloadBytes})
			require.Equal(t, tokens, b.Tokens+b.Lost.Sum(), "%+v", b)
			b.Lost = Lost{}
			require.Equal(t, foretold, b)
			p.context[id] = tokens
		} else {
			p.old.Drop(old)
			p.new.Drop(id)
			p.contents.End(id)
			p.context[id] = 0
		}
	case do == "release" && running:
		room := max(int(p.new.runs[id].room*p.new.page), p.context[id])
		p.context[id] = max(p.context[id]-rapid.IntRange(0, 9).Draw(t, "less"), 0) + rapid.IntRange(0, 50).Draw(t, "more")
		p.context[id] = min(p.context[id], room)
		p.old.Release(now, old, p.context[id])
		p.new.Release(now, id, p.context[id])
	case do == "grow":
		require.Equal(t, p.old.Grow(now, old, tokens), p.new.Grow(now, id, tokens))
	case do == "retract":
		p.old.Retract(now, old)
		p.new.Retract(now, id)
	default:
		p.old.Drop(old)
		p.new.Drop(id)
		p.contents.End(id)
		p.context[id] = 0
	}
}

func TestWithOneComponentItIsTheCacheOfBlocks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := drawOld(t)
		p := newPair(t, spec)
		now := 0.0
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now += rapid.SampledFrom([]float64{0, 0, 1, 7}).Draw(t, "pause")
			p.step(t, now)
			p.same(t, len(spec.Tiers))
			requireLaws(t, p.new)
		}
	})
}

func TestASharedPrefixIsThatOfTheCacheOfBlocks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := kvcache.Spec{
			Capacity:      units.Bytes(rapid.IntRange(60, 300).Draw(t, "capacity")),
			BlockTokens:   rapid.IntRange(1, 8).Draw(t, "block"),
			BytesPerToken: 1,
		}
		p := newPair(t, spec)
		shared := rapid.IntRange(0, 40).Draw(t, "shared")
		for step := range rapid.IntRange(1, 60).Draw(t, "steps") {
			id := SessionID(rapid.IntRange(0, 6).Draw(t, "session"))
			now := float64(step)
			prompt := shared + 1 + rapid.IntRange(0, 60).Draw(t, "tokens")
			common := 0
			if rapid.Bool().Draw(t, "append") {
				common = min(p.context[id], prompt)
			} else {
				p.old.Drop(kvcache.SessionID(id))
				p.new.Drop(id)
				p.contents.End(id)
			}
			p.contents.Begin(id, Turn{Prompt: prompt, Common: common, Shared: shared})
			a, ok := p.old.Admit(now, kvcache.Request{Session: kvcache.SessionID(id), Prompt: prompt, Common: common, Shared: shared})
			b, fits := p.new.Admit(now, Request{Session: id, Prompt: prompt})
			require.Equal(t, ok, fits)
			require.Equal(t, a.Tokens, b.Tokens)
			if ok {
				p.old.Release(now, kvcache.SessionID(id), prompt)
				p.new.Release(now, id, prompt)
				p.context[id] = prompt
			} else {
				p.old.Drop(kvcache.SessionID(id))
				p.new.Drop(id)
				p.contents.End(id)
				p.context[id] = 0
			}
			p.same(t, 0)
			requireLaws(t, p.new)
		}
	})
}
