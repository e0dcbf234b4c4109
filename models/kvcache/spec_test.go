package kvcache

import (
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"agentsim/units"
)

func TestSpecReadsAsPeopleWriteIt(t *testing.T) {
	var spec Spec
	require.NoError(t, yaml.UnmarshalWithOptions([]byte(`
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
		`write: is "later", must be "write-back" or`:       func(s *Spec) { s.Write = "later" },
		`tiers[0].name: is "tape", must be "host", "nvme"`: func(s *Spec) { s.Tiers[0].Name = "tape" },
		"tiers[0].capacity: is 0B, must be from 1B to 1EB": func(s *Spec) { s.Tiers[0].Capacity = 0 },
		"tiers[0].rate: is 0B/s, must be above 0":          func(s *Spec) { s.Tiers[0].Rate = 0 },
		"tiers[0].latency: is -1s, must not be below 0":    func(s *Spec) { s.Tiers[0].Latency = -1 },
		"tiers: are 4, at most 3":                          func(s *Spec) { s.Tiers = make([]TierSpec, 4) },
		`eviction.policy: is "fifo", must be "lru", "ttl"`: eviction(EvictionSpec{Policy: "fifo"}),
		"eviction.ttl.tool: is missing, policy \"ttl\"":    eviction(EvictionSpec{Policy: TTL}),
		"eviction.ttl.user: is -2s, must not be below 0": eviction(EvictionSpec{Policy: TTL,
			TTL: map[string]units.Seconds{"tool": 1, "user": -2}}),
		"eviction.cost_context: is 0, must be above 0": eviction(EvictionSpec{Policy: Cost}),
	} {
		spec := Spec{Tiers: []TierSpec{{Name: Host, Capacity: 400, Rate: 1}}, Write: WriteBack}
		require.NoError(t, spec.Validate())
		change(&spec)
		require.ErrorContains(t, spec.Validate(), want)
	}
}

func TestATimeToLiveNamesAToolOfTheWorkload(t *testing.T) {
	ttl := EvictionSpec{Policy: TTL, TTL: map[string]units.Seconds{"user": 60, "tool": 2, "slow": 90}}
	require.NoError(t, ttl.CheckClasses([]string{"user", "tool", "slow"}))
	require.EqualError(t, ttl.CheckClasses([]string{"user", "tool", "bash"}),
		"eviction.ttl.slow: the workload has no tool of this name; it has user, tool, bash")
}

func TestEveryPolicySaysWhatItNeeds(t *testing.T) {
	needs := map[EvictionPolicy]EvictionSpec{LRU: {}, TTL: {TTL: map[string]units.Seconds{"tool": 5}}, Cost: {CostContext: 30}}
	for _, p := range Policies() {
		with, known := needs[p]
		require.True(t, known, "a new policy needs its parameters here and in the laws of prefix: %s", p)
		with.Policy = p
		require.NoError(t, Spec{Eviction: with}.Validate())
		if p != LRU {
			require.Error(t, Spec{Eviction: EvictionSpec{Policy: p}}.Validate())
		}
	}
}
