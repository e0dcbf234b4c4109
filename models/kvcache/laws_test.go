package kvcache

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"agentsim/units"
)

// requireLaws counts everything in the cache afresh and compares.
func requireLaws(t require.TestingT, c *Cache) {
	require.Equal(t, c.Capacity(), c.Used()+c.Free())
	used := make([]int64, len(c.levels))
	var pinned int64
	users, busy, running := 0, 0, 0
	for id := range c.sessions {
		s := &c.sessions[id]
		requireOrdered(t, c, s)
		if s.shared > 0 {
			users++
		}
		if s.running {
			running++
			pinned += c.need(plan{shared: s.shared, total: s.reserved})
			if s.shared > 0 {
				busy++
			}
		}
		for level := range c.levels {
			held := c.blocks(s, level)
			queued := s.pos[level] != 0
			if queued {
				require.EqualValues(t, id, c.levels[level].queue[s.pos[level]-1])
			}
			require.Equal(t, held > 0 && !s.running, queued, "session %d level %d", id, level)
			if level > 0 || !s.running {
				used[level] += c.levels[level].size(held)
			}
		}
	}
	used[0] += pinned + int64(c.shared.held)*c.levels[0].block
	for level := range c.levels {
		l := &c.levels[level]
		require.Equal(t, used[level], l.used, "level %d", level)
		require.GreaterOrEqual(t, l.free(), int64(0), "level %d", level)
		for at := range l.queue {
			require.False(t, c.before(l.queue[at], l.queue[max(at-1, 0)/2]), "heap")
		}
	}
	require.Equal(t, []any{pinned, users, busy, running},
		[]any{c.pinned, c.shared.users, c.shared.busy, c.running})
	require.LessOrEqual(t, c.shared.ready, c.shared.held)
}

// requireOrdered checks that the runs of a session join up.
func requireOrdered(t require.TestingT, c *Cache, s *session) {
	require.GreaterOrEqual(t, s.hi[0], s.shared)
	for level := 1; level < len(c.levels); level++ {
		require.GreaterOrEqual(t, s.hi[level], c.start(s, level))
	}
	if !s.running && c.end(s) == s.shared {
		require.Zero(t, s.shared, "a session without blocks holds on to nothing")
	}
}

// drawSpec is a small pool, so that everything runs out often.
func drawSpec(t *rapid.T) Spec {
	spec := Spec{
		Capacity:      units.Bytes(rapid.IntRange(30, 400).Draw(t, "capacity")),
		BlockTokens:   rapid.IntRange(1, 8).Draw(t, "block"),
		BytesPerToken: rapid.Float64Range(0.2, 2).Draw(t, "bytes"),
		RunningBytes:  units.Bytes(rapid.IntRange(0, 10).Draw(t, "running")),
		Fragmentation: rapid.SampledFrom([]float64{0, 1, 1.25}).Draw(t, "fragmentation"),
		Classes:       []string{"user", "bash", "tool"},
		Write:         rapid.SampledFrom([]WritePolicy{"", WriteBack, WriteThrough}).Draw(t, "write"),
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "tiers") {
		spec.Tiers = append(spec.Tiers, TierSpec{Name: []TierName{Host, NVMe, Remote}[i], Rate: 1,
			Capacity: units.Bytes(rapid.IntRange(1, 400).Draw(t, "tier"))})
	}
	return spec
}

// drawEviction is any policy with what it needs beside its name, or none.
func drawEviction(t *rapid.T) EvictionSpec {
	all := []EvictionSpec{{}}
	for _, p := range policies() {
		all = append(all, EvictionSpec{Policy: p})
	}
	e := rapid.SampledFrom(all).Draw(t, "eviction")
	switch e.Policy {
	case TTL:
		e.TTL = map[string]units.Seconds{"tool": 5, "user": 1, "bash": 20}
	case Cost:
		e.CostContext = 30
	case KeepTurns:
		e.Turns = rapid.SampledFrom([]int{1, 3}).Draw(t, "turns")
	}
	require.NoError(t, e.validate("eviction"), "a new policy needs its parameters here")
	return e
}

// operation is one step of a random story about a few sessions.
type operation struct {
	kind    string
	request Request
	context int
}

func drawOperation(t *rapid.T) operation {
	prompt := rapid.IntRange(1, 160).Draw(t, "prompt")
	return operation{
		kind: rapid.SampledFrom([]string{"admit", "release", "release", "grow", "retract", "drop"}).Draw(t, "op"),
		request: Request{
			Session: SessionID(rapid.IntRange(0, 6).Draw(t, "session")),
			Prompt:  prompt,
			Common:  rapid.IntRange(0, prompt).Draw(t, "common"),
			Shared:  rapid.SampledFrom([]int{0, 13, 13, 40}).Draw(t, "shared"),
			Reserve: rapid.IntRange(0, 40).Draw(t, "reserve"),
			Class:   uint8(rapid.IntRange(0, 4).Draw(t, "class")),
		},
		context: rapid.IntRange(0, 200).Draw(t, "context"),
	}
}

// possible turns operations on a session in the wrong state into the right one.
func (o operation) possible(running bool) operation {
	if running && o.kind == "admit" {
		o.kind = "release"
	}
	if !running && o.kind != "drop" {
		o.kind = "admit"
	}
	return o
}

// apply runs the operation on the cache and says what it answered.
func (o operation) apply(t require.TestingT, c *Cache, now float64) string {
	id := o.request.Session
	switch o.kind {
	case "admit":
		expected := c.Lookup(o.request)
		hit, ok := c.Admit(now, o.request)
		if ok {
			requireHit(t, expected, hit, o.request)
		}
		return fmt.Sprint(hit.Tokens, ok)
	case "release":
		c.Release(now, id, o.context)
		tokens, _ := c.Resident(id)
		require.LessOrEqual(t, tokens, o.context, "residency exceeds context")
	case "retract":
		c.Retract(now, id)
	case "drop":
		c.Drop(id)
	case "grow":
		return fmt.Sprint(c.Grow(now, id, o.context))
	}
	return ""
}

func requireHit(t require.TestingT, expected, hit Hit, r Request) {
	require.Equal(t, expected, hit, "Lookup foretells Admit")
	require.LessOrEqual(t, hit.Tokens, max(r.Common, r.Shared), "hit beyond the common prefix")
	require.Less(t, hit.Tokens, r.Prompt, "nothing left to compute")
	sum := 0
	for level, tokens := range hit.Levels {
		sum += tokens
		require.Equal(t, tokens > 0 && level > 0, hit.ReloadBytes[level] > 0)
	}
	require.Equal(t, hit.Tokens, sum)
}

func (o operation) applyNaively(n *oracle) string {
	id := o.request.Session
	switch o.kind {
	case "admit":
		return fmt.Sprint(n.admit(o.request))
	case "release":
		n.release(id, o.context)
	case "retract":
		n.retract(id)
	case "drop":
		n.drop(id)
	case "grow":
		return fmt.Sprint(n.grow(id, o.context))
	}
	return ""
}

func TestLawsHoldUnderEveryPolicy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := drawSpec(t)
		spec.FixedBytes = units.Bytes(rapid.IntRange(0, 10).Draw(t, "fixed"))
		spec.Eviction = drawEviction(t)
		c, err := New(spec)
		require.NoError(t, err)
		now := 0.0
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now += rapid.SampledFrom([]float64{0, 0, 1, 7}).Draw(t, "pause")
			o := drawOperation(t)
			o = o.possible(c.peek(o.request.Session).running)
			reserved := reservations(c)
			o.apply(t, c, now)
			requireLaws(t, c)
			for id, blocks := range reserved {
				if blocks > 0 && SessionID(id) != o.request.Session {
					require.Equal(t, blocks, c.sessions[id].reserved, "a running session was evicted")
				}
			}
		}
	})
}

// reservations lists what running sessions may fill, by id.
func reservations(c *Cache) []int32 {
	blocks := make([]int32, len(c.sessions))
	for id := range c.sessions {
		if c.sessions[id].running {
			blocks[id] = c.sessions[id].reserved
		}
	}
	return blocks
}

func TestCacheDoesAsTheNaiveOneDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := drawSpec(t)
		if spec.Write == WriteThrough && len(spec.Tiers) > 1 {
			spec.Tiers = spec.Tiers[:1] // the oracle copies to one tier only
		}
		if len(spec.Tiers) == 0 {
			spec.FixedBytes = units.Bytes(rapid.IntRange(0, 10).Draw(t, "fixed"))
		}
		c, err := New(spec)
		require.NoError(t, err)
		naive := newOracle(spec)
		for step := range rapid.IntRange(1, 60).Draw(t, "steps") {
			o := drawOperation(t)
			o = o.possible(c.peek(o.request.Session).running)
			require.Equal(t, o.applyNaively(naive), o.apply(t, c, float64(step)), "%+v", o)
			for level := range c.levels {
				require.Equal(t, naive.used(level), c.LevelUsed(level), "level %d after %+v", level, o)
			}
		}
	})
}
