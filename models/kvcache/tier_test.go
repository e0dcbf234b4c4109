package kvcache

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/units"
)

// tiered is 50 blocks of HBM over 100 of host and 200 of NVMe, 20 bytes each.
func tiered(write WritePolicy) Spec {
	spec := small()
	spec.Capacity = 1000
	spec.Write = write
	spec.Tiers = []TierSpec{{Name: Host, Capacity: 2000, Rate: 1}, {Name: NVMe, Capacity: 4000, Rate: 1}}
	return spec
}

// turn admits and at once releases a prompt.
func turn(t testing.TB, c *Cache, now float64, r Request) Hit {
	t.Helper()
	hit, ok := c.Admit(now, r)
	require.True(t, ok)
	c.Release(now, r.Session, r.Prompt)
	return hit
}

func TestWriteBackMovesTheEndOfASessionDown(t *testing.T) {
	c := mustNew(t, tiered(WriteBack))
	turn(t, c, 0, Request{Session: 0, Prompt: 400})
	turn(t, c, 1, Request{Session: 1, Prompt: 300})
	// 70 blocks in 50: the last 20 of session 0 went to the host.
	hit := c.Lookup(Request{Session: 0, Prompt: 500, Common: 400})
	require.Equal(t, Hit{Tokens: 400, Levels: [Levels]int{200, 200}, ReloadBytes: [Levels]int64{0, 400}}, hit)
	require.EqualValues(t, 400, c.LevelUsed(1))
	require.EqualValues(t, 400, c.Stats().DemotedBytes[1])

	// Its next turn takes all of it back to HBM and leaves no copy behind.
	require.Equal(t, hit, turn(t, c, 2, Request{Session: 0, Prompt: 410, Common: 400}))
	require.EqualValues(t, (41+30-50)*20, c.LevelUsed(1), "now session 1 has made room")
	require.EqualValues(t, 400, c.Stats().ReloadBytes[1])
	require.Zero(t, c.Stats().LostTokens)
}

func TestWriteThroughCopiesAtTheEndOfATurnAndEvictsForNothing(t *testing.T) {
	c := mustNew(t, tiered(WriteThrough))
	turn(t, c, 0, Request{Session: 0, Prompt: 400})
	require.EqualValues(t, 800, c.LevelUsed(1))
	turn(t, c, 1, Request{Session: 1, Prompt: 300})
	require.EqualValues(t, 1400, c.Stats().DemotedBytes[1], "both turns, and nothing by eviction")
	require.Equal(t, [Levels]int{200, 200}, c.Lookup(Request{Session: 0, Prompt: 500, Common: 400}).Levels)

	_, ok := c.Admit(2, Request{Session: 0, Prompt: 450, Common: 400})
	require.True(t, ok)
	c.Retract(3, 0)
	require.Equal(t, [Levels]int{0, 400}, c.Lookup(Request{Session: 0, Prompt: 500, Common: 400}).Levels,
		"the copy outlives the lost work")

	turn(t, c, 4, Request{Session: 0, Prompt: 450, Common: 120})
	require.EqualValues(t, (30+45)*20, c.LevelUsed(1), "a prefix break makes the copy garbage too")
	require.EqualValues(t, 280, c.Stats().GarbageTokens)
}

func TestAFullTierHandsOnToTheNextAndTheLastOneLoses(t *testing.T) {
	c := mustNew(t, tiered(WriteBack))
	for s := range SessionID(10) {
		turn(t, c, float64(s), Request{Session: s, Prompt: 400})
	}
	// 400 blocks asked, 350 there: HBM is full of the last, the tiers of the others.
	require.Equal(t, []int64{1000, 2000, 4000}, []int64{c.LevelUsed(0), c.LevelUsed(1), c.LevelUsed(2)})
	require.EqualValues(t, 500, c.Stats().LostTokens)
	tokens, hbm := c.Resident(0)
	require.Zero(t, tokens)
	require.Zero(t, hbm)
	require.Equal(t, [Levels]int{0, 0, 300}, c.Lookup(Request{Session: 1, Prompt: 500, Common: 400}).Levels)
	require.Equal(t, [Levels]int{100, 300}, c.Lookup(Request{Session: 8, Prompt: 500, Common: 400}).Levels)
}

func TestWindowEntriesTravelWithEveryRun(t *testing.T) {
	spec := tiered(WriteBack)
	spec.FixedBytes, spec.RunningBytes, spec.Fragmentation = 30, 50, 1.5
	c := mustNew(t, spec)
	_, ok := c.Admit(0, Request{Session: 0, Prompt: 200})
	require.True(t, ok)
	require.EqualValues(t, 20*30+45+50, c.Used(), "blocks and window padded, running state not")
	c.Release(0, 0, 200)
	require.EqualValues(t, 20*30+45, c.Used())
	turn(t, c, 1, Request{Session: 1, Prompt: 200})
	// 30 blocks and the window of session 0 would not do beside the running state.
	hit := c.Lookup(Request{Session: 0, Prompt: 300, Common: 200})
	moved := int64(hit.Levels[1] / 10)
	require.Positive(t, moved)
	require.Equal(t, moved*20+30, hit.ReloadBytes[1])
}

func TestAMillionTokensCostNoMoreThanAThousand(t *testing.T) {
	c := mustNew(t, Spec{Capacity: 20e9, BlockTokens: 256, BytesPerToken: 5031, FixedBytes: 4.56e6})
	context := 0
	for step := range 40 {
		prompt := context + 25_000
		hit := turn(t, c, float64(step), Request{Session: 0, Prompt: prompt, Common: context, Reserve: 1000})
		require.Equal(t, context/256*256, hit.Tokens)
		context = prompt
	}
	require.Equal(t, 1_000_000, context)
	require.EqualValues(t, 3906*256*5031+4.56e6, c.Used())
}

func TestALargerCacheOrOneMoreTierNeverLowersTheHits(t *testing.T) {
	hits := func(capacity units.Bytes, tiers ...TierSpec) int64 {
		spec := small()
		spec.Capacity, spec.Tiers = capacity, tiers
		c := mustNew(t, spec)
		context := [12]int{}
		for i := range 3000 {
			s := i * i * 31 % 12
			r := Request{Session: SessionID(s), Common: context[s], Shared: 50, Prompt: 200}
			turn(t, c, float64(i), r)
			context[s] = 200
		}
		return c.Stats().HitTokens
	}
	least, last := hits(500), int64(0)
	for capacity := units.Bytes(500); capacity < 6000; capacity += 130 {
		now := hits(capacity)
		require.GreaterOrEqual(t, now, last, "capacity %v", capacity)
		last = now
		require.GreaterOrEqual(t, hits(capacity, TierSpec{Name: Host, Capacity: 1500, Rate: 1}), now)
	}
	require.Greater(t, last, least)
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	for _, write := range []WritePolicy{WriteBack, WriteThrough} {
		spec := tiered(write)
		spec.Eviction = EvictionSpec{Policy: KeepTurns, Turns: 3}
		c := mustNew(t, spec)
		now, id := 0.0, SessionID(0)
		step := func() {
			now++
			id = (id*5 + 7) % 32
			if _, ok := c.Admit(now, Request{Session: id, Prompt: 300, Common: 280, Shared: 40, Reserve: 20}); ok {
				c.Grow(now, id, 350)
				c.Release(now, id, 310)
			}
			if id == 9 {
				c.Drop(id)
			}
		}
		for range 1000 {
			step()
		}
		require.Zero(t, testing.AllocsPerRun(1000, step), "%s", write)
		require.Positive(t, c.Stats().Evictions)
	}
}

// BenchmarkTurn is one turn of one of 4,000 sessions in a cache that holds a
// third of them.
func BenchmarkTurn(b *testing.B) {
	c := mustNew(b, Spec{Capacity: 180e9, BlockTokens: 256, BytesPerToken: 5031})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		turn(b, c, float64(i), Request{Session: SessionID(i * 7919 % 4000), Prompt: 27_000, Common: 25_000, Shared: 7000})
	}
}
