package kvcache

import (
	"math"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"agentsim/units"
)

func TestSpecReadsAsPeopleWriteIt(t *testing.T) {
	var spec Spec
	require.NoError(t, yaml.UnmarshalWithOptions([]byte(`
capacity: 120GB
block_tokens: 256
bytes_per_token: 5031
fixed_bytes: 4.56MB
running_bytes: 17.5MB
fragmentation: 1.1
write: write-through
tiers:
  - {name: host, capacity: 193GB, rate: 200GB/s, latency: 20us}
  - {name: nvme, capacity: 3TB, rate: 10GB/s, latency: 100us, link: drives}
eviction: {policy: ttl, ttl: {tool: 5s, user: 1min}}
`), &spec, yaml.Strict()))
	require.NoError(t, spec.Validate())
	require.Equal(t, TierSpec{Name: NVMe, Capacity: 3e12, Rate: 10e9, Latency: 100e-6, Link: "drives"}, spec.Tiers[1])
	require.Equal(t, EvictionSpec{Policy: TTL, TTL: map[string]units.Seconds{"tool": 5, "user": 60}}, spec.Eviction)
}

func TestSpecErrorsNameTheField(t *testing.T) {
	eviction := func(e EvictionSpec) func(*Spec) { return func(s *Spec) { s.Eviction = e } }
	for want, change := range map[string]func(*Spec){
		"capacity: is 0B, must be from 1B to 1EB":          func(s *Spec) { s.Capacity = 0 },
		"block_tokens: is -1, must be from 1":              func(s *Spec) { s.BlockTokens = -1 },
		"bytes_per_token: is NaN":                          func(s *Spec) { s.BytesPerToken = math.NaN() },
		"fixed_bytes: is -1B, must be":                     func(s *Spec) { s.FixedBytes = -1 },
		"running_bytes: is +Inf":                           func(s *Spec) { s.RunningBytes = units.Bytes(math.Inf(1)) },
		"fragmentation: is 0.9, must be from 1 to 10":      func(s *Spec) { s.Fragmentation = 0.9 },
		`write: is "later", must be "write-back" or`:       func(s *Spec) { s.Write = "later" },
		`tiers[0].name: is "tape", must be "host", "nvme"`: func(s *Spec) { s.Tiers[0].Name = "tape" },
		"tiers[0].rate: is 0B/s, must be above 0":          func(s *Spec) { s.Tiers[0].Rate = 0 },
		"tiers[0].latency: is -1s, must not be below 0":    func(s *Spec) { s.Tiers[0].Latency = -1 },
		"tiers: are 4, at most 3":                          func(s *Spec) { s.Tiers = make([]TierSpec, 4) },
		`eviction.policy: is "fifo", must be "lru", "ttl"`: eviction(EvictionSpec{Policy: "fifo"}),
		"eviction.ttl.tool: is missing, policy \"ttl\"":    eviction(EvictionSpec{Policy: TTL}),
		"eviction.ttl.user: is -2s, must not be below 0": eviction(EvictionSpec{Policy: TTL,
			TTL: map[string]units.Seconds{"tool": 1, "user": -2}}),
		"eviction.cost_context: is 0, must be above 0": eviction(EvictionSpec{Policy: Cost}),
		"eviction.turns: is 9, must be from 1 to 8":    eviction(EvictionSpec{Policy: KeepTurns, Turns: 9}),
	} {
		spec := tiered(WriteBack)
		change(&spec)
		_, err := New(spec)
		require.ErrorContains(t, err, want)
	}
}

func TestOneSessionRunsOnce(t *testing.T) {
	c := mustNew(t, small())
	require.Panics(t, func() { c.Release(0, 0, 1) }, "released before it ran")
	_, ok := c.Admit(0, Request{Session: 0, Prompt: 10})
	require.True(t, ok)
	require.Panics(t, func() { c.Admit(0, Request{Session: 0, Prompt: 10}) })
}

func TestWarmStartCountsNothing(t *testing.T) {
	c := mustNew(t, small())
	for s := range SessionID(4) {
		require.True(t, c.Install(float64(s), Request{Session: s, Prompt: 400, Shared: 50}))
	}
	require.Equal(t, Stats{}, c.Stats())
	require.Zero(t, c.Stats().HitRate())
	require.Equal(t, 400, c.Lookup(Request{Session: 3, Prompt: 500, Common: 400}).Tokens)
	require.Equal(t, 50, c.Lookup(Request{Session: 0, Prompt: 500, Common: 400, Shared: 50}).Tokens,
		"the oldest gave way")
	require.False(t, c.Install(9, Request{Session: 9, Prompt: 2000}))

	turn(t, c, 10, Request{Session: 3, Prompt: 800, Common: 400})
	require.Equal(t, 0.5, c.Stats().HitRate())
	require.Equal(t, 1000, c.CapacityTokens())
	require.Equal(t, 10, c.BlockTokens())
}

// FuzzSpec: what Validate lets pass must work, however odd.
func FuzzSpec(f *testing.F) {
	f.Add(2000.0, 10, 2.0, 0.0, 0.0, 1.0, 500.0)
	f.Add(1e18, 1<<16, 1e8, 1e15, 1e15, 10.0, 1e18)
	f.Add(1.0, 1, 1e-3, 0.5, 0.0, 0.0, 1.0)
	f.Fuzz(func(t *testing.T, capacity float64, block int, bytes, fixed, running, padding, host float64) {
		spec := Spec{Capacity: units.Bytes(capacity), BlockTokens: block, BytesPerToken: bytes,
			FixedBytes: units.Bytes(fixed), RunningBytes: units.Bytes(running), Fragmentation: padding,
			Tiers: []TierSpec{{Name: Host, Capacity: units.Bytes(host), Rate: 1}}}
		c, err := New(spec)
		if err != nil {
			return
		}
		for i := range 40 {
			r := Request{Session: SessionID(i % 3), Prompt: 1 << (i % 31), Common: 1 << (i % 13), Reserve: i, Shared: 5}
			_, ok := c.Admit(float64(i), r)
			require.Equal(t, c.Fits(r.Prompt+r.Reserve), ok, "alone in the pool")
			if ok {
				c.Release(float64(i), r.Session, r.Prompt+i)
			}
			requireLaws(t, c)
		}
	})
}
