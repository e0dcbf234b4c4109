package kvcache

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/units"
)

// survivors runs the turns in order, makes room for a last prompt that takes
// what they left free and 50 tokens more, and lists the sessions left whole.
func survivors(t *testing.T, eviction EvictionSpec, now float64, turns ...Request) (whole []SessionID) {
	spec := small()
	spec.Eviction, spec.Classes = eviction, []string{"user", "tool", "slow"}
	c := mustNew(t, spec)
	for i, r := range turns {
		turn(t, c, float64(i), r)
	}
	_, ok := c.Admit(now, Request{Session: 99, Prompt: int(c.Free()/2) + 50})
	require.True(t, ok)
	for _, r := range turns {
		if tokens, _ := c.Resident(r.Session); tokens == r.Prompt {
			whole = append(whole, r.Session)
		}
	}
	return whole
}

func TestLeastRecentlyUsedGoesFirst(t *testing.T) {
	require.Equal(t, []SessionID{1, 2}, survivors(t, EvictionSpec{}, 9,
		Request{Session: 0, Prompt: 300}, Request{Session: 1, Prompt: 300}, Request{Session: 2, Prompt: 300}))
}

func TestEarliestEndOfTimeToLiveGoesFirst(t *testing.T) {
	ttl := EvictionSpec{Policy: TTL, TTL: map[string]units.Seconds{"user": 60, "tool": 2}}
	require.Equal(t, []SessionID{0, 2}, survivors(t, ttl, 9,
		Request{Session: 0, Prompt: 300}, Request{Session: 1, Prompt: 300, Class: 1}, Request{Session: 2, Prompt: 300}))
	require.Equal(t, []SessionID{0, 1}, survivors(t, ttl, 9,
		Request{Session: 0, Prompt: 300}, Request{Session: 1, Prompt: 300}, Request{Session: 2, Prompt: 300, Class: 7}),
		"a class beyond the list has the time of tools")
	ttl.TTL["slow"] = 90
	require.Equal(t, []SessionID{1, 2}, survivors(t, ttl, 9,
		Request{Session: 0, Prompt: 300}, Request{Session: 1, Prompt: 300, Class: 2}, Request{Session: 2, Prompt: 300}))
	require.NoError(t, ttl.CheckClasses([]string{"user", "tool", "slow"}))
	require.EqualError(t, ttl.CheckClasses([]string{"user", "tool", "bash"}),
		"eviction.ttl.slow: the workload has no tool of this name; it has user, tool, bash")
}

func TestCheapestToRecomputePerIdleByteGoesFirst(t *testing.T) {
	cost := EvictionSpec{Policy: Cost, CostContext: 100}
	turns := []Request{{Session: 0, Prompt: 600}, {Session: 1, Prompt: 200}}
	// 600 tokens cost 1+600/200 = 4 a token, 200 cost 2. At 9 s the idle times
	// are 9 and 8 s, so 9/4 < 8/2; at 1.5 s they are 1.5 and 0.5: 0.375 > 0.25.
	require.Equal(t, []SessionID{0}, survivors(t, cost, 9, turns...))
	require.Equal(t, []SessionID{1}, survivors(t, cost, 1.5, turns...))
	cost.CostContext = 1e9
	require.Equal(t, []SessionID{1}, survivors(t, cost, 9, turns...), "without attention the idle time decides")
}

func TestOnlyTheEndsOfTheLastTurnsMatch(t *testing.T) {
	spec := small()
	spec.FixedBytes = 10
	spec.Eviction = EvictionSpec{Policy: KeepTurns, Turns: 2}
	c := mustNew(t, spec)
	context := 0
	for i, prompt := range []int{150, 250, 350} {
		turn(t, c, float64(i), Request{Session: 0, Prompt: prompt, Common: context})
		context = prompt
	}
	require.EqualValues(t, 35*20+2*10, c.Used(), "two windows are kept")
	match := func(common int) int {
		return c.Lookup(Request{Session: 0, Prompt: 900, Common: common}).Tokens
	}
	require.Equal(t, []int{350, 250, 0}, []int{match(350), match(349), match(249)})

	_, ok := c.Admit(4, Request{Session: 1, Prompt: 650})
	require.True(t, ok)
	require.Equal(t, 250, match(350), "eviction cuts at the end of a turn")
	c.Drop(1)

	turn(t, c, 5, Request{Session: 0, Prompt: 300, Common: 260})
	require.Equal(t, []int{300, 250, 0}, []int{match(300), match(299), match(249)})
	turn(t, c, 6, Request{Session: 0, Prompt: 280, Common: 100})
	require.Equal(t, []int{280, 0}, []int{match(900), match(279)}, "older ends lie behind the break")
}

func TestATurnThatAddsNothingTakesNoWindow(t *testing.T) {
	spec := small()
	spec.Eviction = EvictionSpec{Policy: KeepTurns, Turns: 2}
	c := mustNew(t, spec)
	for i, context := range []int{150, 250, 250, 250} {
		_, ok := c.Admit(float64(i), Request{Session: 0, Prompt: 255, Common: 250})
		require.True(t, ok)
		c.Release(float64(i), 0, context)
	}
	require.Equal(t, 150, c.Lookup(Request{Session: 0, Prompt: 900, Common: 249}).Tokens)
}

func TestEqualRanksGoByTheOrderOfRelease(t *testing.T) {
	for _, eviction := range []EvictionSpec{{}, {Policy: Cost, CostContext: 100}} {
		spec := small()
		spec.Eviction = eviction
		c := mustNew(t, spec)
		turn(t, c, 4, Request{Session: 0, Prompt: 500})
		for _, id := range []SessionID{3, 2, 1} {
			turn(t, c, 5, Request{Session: id, Prompt: 150})
		}
		c.Drop(3) // leaves 1 before 2 in the heap
		if eviction.Policy == "" {
			c.Drop(0)
		}
		_, ok := c.Admit(9, Request{Session: 9, Prompt: int(c.Free()/2) + 150})
		require.True(t, ok)
		tokens, _ := c.Resident(2)
		require.Zero(t, tokens, "%+v", eviction)
	}
}

func TestSharedPrefixIsTheLastToGo(t *testing.T) {
	c := mustNew(t, small())
	turn(t, c, 0, Request{Session: 0, Prompt: 300, Shared: 100})
	_, ok := c.Admit(1, Request{Session: 1, Prompt: 900})
	require.True(t, ok)
	require.Equal(t, 100, c.Lookup(Request{Session: 0, Prompt: 400, Common: 300, Shared: 100}).Tokens,
		"the session is gone, what it shared is not")
	require.True(t, c.Grow(2, 1, 1000), "but nothing else is left")
	require.Zero(t, c.Lookup(Request{Session: 2, Prompt: 400, Shared: 100}).Tokens)
	require.EqualValues(t, 100, c.Stats().SharedEvicted)
}

func TestWhatASharedPrefixCarriesNeedsIt(t *testing.T) {
	spec := small()
	spec.Tiers = []TierSpec{{Name: Host, Capacity: 4000, Rate: 1}}
	c := mustNew(t, spec)
	next := Request{Session: 0, Prompt: 400, Common: 300, Shared: 100}
	turn(t, c, 0, Request{Session: 0, Prompt: 300, Shared: 100})
	_, ok := c.Admit(1, Request{Session: 1, Prompt: 1000})
	require.True(t, ok, "all of HBM, the shared prefix too")
	require.Zero(t, c.Lookup(next).Tokens, "200 tokens in the host are of no use alone")
	c.Drop(1)
	turn(t, c, 2, Request{Session: 2, Prompt: 100, Shared: 100})
	require.Equal(t, [Levels]int{100, 200}, c.Lookup(next).Levels, "until another session has computed it")
}
