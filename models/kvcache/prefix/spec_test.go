package prefix

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/kvcache"
	"agentsim/units"
)

func TestFaultsNameTheFieldInOneLine(t *testing.T) {
	for want, change := range map[string]func(*Spec){
		"realised_hit: 1.2: want a share of the prompt from 0 to 1":                                         func(s *Spec) { s.Realised = 1.2 },
		"realised_hit: -0.1: want a share of the prompt from 0 to 1":                                        func(s *Spec) { s.Realised = -0.1 },
		"policy.checkpoints.every: 1000: want 0 (none) or a multiple of 128 tokens, in which all pages end": func(s *Spec) { s.Policy.Checkpoints.Every = 1000 },
		"policy.checkpoints.chunk: -1: want 0 or more":                                                      func(s *Spec) { s.Policy.Checkpoints.Chunk = -1 },
		"components[1].window: 0: want 1 or more tokens":                                                    func(s *Spec) { s.Components[1].Window = 0 },
		"components[1].kind: ring: want grows, window or state":                                             func(s *Spec) { s.Components[1].Kind = "ring" },
		"components[2].pool: 7: want the number of a pool":                                                  func(s *Spec) { s.Components[2].Pool = 7 },
		"components[0].page: 0: want 1 to 65536 tokens":                                                     func(s *Spec) { s.Components[0].Page = 0 },
		"pools[1].capacity: 0B: want 1B to 1EB":                                                             func(s *Spec) { s.Pools[1].Capacity = 0 },
		"pools[0].reserve: 2PB: want 0 to the pool's 1PB":                                                   func(s *Spec) { s.Pools[0].Reserve = 2e15 },
		"pools[2]: w8 of 40MB: a request of 100000 tokens needs 75MiB beside 0B in reserve; want a larger pool": func(s *Spec) {
			s.Pools[2].Capacity, s.Longest = 40e6, 100_000
		},
		"pools: 0: want 1 to 4":       func(s *Spec) { s.Pools = nil },
		"components: 0: want 1 to 12": func(s *Spec) { s.Components = nil },
		"components: none grows with the context: want one, as the tree of prefixes is its": func(s *Spec) {
			s.Components[0].Kind, s.Components[0].Window = Window, 1
		},
		`eviction.policy: is "keep-turns", must be "lru", "ttl" or "cost"`: func(s *Spec) { s.Eviction.Policy = "keep-turns" },
		"tiers[0].rate": func(s *Spec) { s.Tiers = []kvcache.TierSpec{{Name: kvcache.Host, Capacity: 1}} },
	} {
		spec := roomy(v4TensorRT(), Policy{})
		change(&spec)
		_, err := New(spec, NewContents())
		require.ErrorContains(t, err, want)
		if spec.Components != nil && spec.Pools != nil {
			require.NotContains(t, err.Error(), "\n", "one line")
		}
	}
	_, err := Shares(1e9, []string{"a", "b", "c"}, []float64{0.55, 0.22, 0.2})
	require.EqualError(t, err, "shares: add up to 0.97: want 1")
	_, err = Shares(1e9, nil, []float64{1.2, -0.2})
	require.EqualError(t, err, "shares[0]: 1.2: want above 0, at most 1")
	_, _, _, err = Ratio(1e9, gptOSS(1, 1), 0)
	require.EqualError(t, err, "ratio: 0: want above 0, at most 1")
	_, err = PresetOf("vllm-9")
	require.ErrorContains(t, err, `"vllm-9": want one of vllm-0.20, vllm-0.21`)
	_, err = preset(t, "sglang-window").Retain(256)
	require.ErrorContains(t, err, "want 1 or more, of vllm")
}

func TestEveryPresetFitsEveryModel(t *testing.T) {
	names := map[string]bool{}
	for _, p := range Presets() {
		require.False(t, names[p.Name])
		names[p.Name] = true
		require.NotEmpty(t, p.Source)
		require.Regexp(t, `^2026-\d\d$`, p.Date)
		for _, components := range [][]Component{llama(16), gptOSS(16, 1), v4VLLM(), v4SGLang(), v4TensorRT(), qwen35(528)} {
			spec := roomy(components, p.For(components, 8_192, 4))
			require.NoError(t, spec.Validate(), p.Name)
			s := newScene(t, spec)
			s.next(9_000, 300)
		}
	}
}

func TestAMeasuredHitIsUsedInstead(t *testing.T) {
	spec := roomy(llama(16), Policy{})
	spec.Realised = 0.93
	s := newScene(t, spec)
	require.Equal(t, 9_296, s.call(0, Turn{Prompt: 10_000}, 100).Tokens)
	hit := s.call(0, Turn{Prompt: 20_000, Common: 10_100, Echo: 100}, 100)
	require.Equal(t, 18_592, hit.Tokens)
	require.Zero(t, s.Used(0), "nothing need be kept for it")
}

func TestWhatIsKeptOfASessionCanBeSeen(t *testing.T) {
	s := newScene(t, roomy(v4VLLM(), preset(t, "vllm-0.29").For(v4VLLM(), 1_024, 1)))
	require.Zero(t, s.call(0, Turn{Prompt: 20_000, Shared: 3_000}, 1).Tokens)
	tokens, hbm := s.Resident(0)
	require.Equal(t, []int{19_968, 19_968}, []int{tokens, hbm})
	require.Equal(t, 19_968, s.call(0, Turn{Prompt: 21_000, Common: 20_000}, 1).Tokens)
	none, _ := s.Resident(7)
	require.Zero(t, none)

	st := s.Stats()
	require.InDelta(t, 19_968.0/41_000, st.HitRate(), 1e-9)
	require.Zero(t, (&Stats{}).HitRate())
	require.True(t, s.Fits(100_000))
	require.Equal(t, 256, s.PageTokens())
}

func TestCallsOutOfOrderPanic(t *testing.T) {
	s := newScene(t, roomy(llama(16), Policy{}))
	require.Panics(t, func() { s.Admit(0, Request{Session: 0, Prompt: 10}) }, "before Begin")
	require.Panics(t, func() { s.Release(0, 0, 1) }, "before Admit")
	s.contents.Begin(0, Turn{Prompt: 10})
	_, ok := s.Admit(0, Request{Session: 0, Prompt: 10})
	require.True(t, ok)
	require.Panics(t, func() { s.Admit(0, Request{Session: 0, Prompt: 10}) }, "twice")
}

// tiered is a rank of V4 in SGLang with room for two sessions of 20,000 tokens
// and as many in the host.
func tiered(historyOnly bool) Spec {
	components := v4SGLang()
	session := 79*components[0].Bytes + components[1].Bytes + components[2].Bytes
	policy := sglang()[0].For(components, 1_024, 1)
	policy.Checkpoints.Chunk, policy.InFlight = 0, InFlight{}
	policy.LeafFalls = false
	policy.TierHistoryOnly = historyOnly
	return Spec{
		Components: components,
		Pools: []Pool{
			{Name: "full", Capacity: 2 * 79 * components[0].Bytes},
			{Name: "window", Capacity: 3 * (components[1].Bytes + components[2].Bytes)},
		},
		Policy: policy,
		Tiers:  []kvcache.TierSpec{{Name: kvcache.Host, Capacity: 4 * session, Rate: 1}},
	}
}

func TestAWindowComesBackFromTheHostOrIsMissed(t *testing.T) {
	for historyOnly, want := range map[bool]int{false: 19_968, true: 0} {
		s := newScene(t, tiered(historyOnly))
		for id := range SessionID(4) {
			s.call(id, Turn{Prompt: 19_990}, 1)
		}
		s.contents.Begin(0, Turn{Prompt: 20_100, Common: 19_990})
		hit := s.Lookup(Request{Session: 0, Prompt: 20_100})
		require.Equal(t, want, hit.Tokens, "history only: %v", historyOnly)
		if !historyOnly {
			require.Equal(t, [kvcache.Levels]int{0, 19_968}, hit.Levels)
			pages := int64(78) * s.block[1]
			require.Greater(t, hit.ReloadBytes[1], pages, "the window too")
		}
		again := s.call(0, Turn{Prompt: 20_100, Common: 19_990}, 1)
		require.Equal(t, want, again.Tokens)
		if historyOnly {
			require.Equal(t, 19_968, again.Lost.Evicted[1], "%+v", again.Lost)
		}
	}
}

// FuzzSpec: what Validate lets pass must work, however odd.
func FuzzSpec(f *testing.F) {
	f.Add(2000.0, 10, 2.0, 7, 3.0, 4, 100.0, 1.0, 500.0)
	f.Add(1e18, 1<<16, 1e15, 1<<30, 1e15, 1<<16, 1e18, 10.0, 1e18)
	f.Add(1.0, 1, 1e-3, 1, 1e-3, 1, 1.0, 0.0, 1.0)
	f.Fuzz(func(t *testing.T, capacity float64, page int, bytes float64, window int, tail float64, tailPage int,
		second, padding, host float64) {
		spec := Spec{
			Components: []Component{
				{Name: "kv", Kind: Grows, Page: page, Bytes: units.Bytes(bytes)},
				{Name: "w", Kind: Window, Page: tailPage, Window: window, Bytes: units.Bytes(tail), Pool: 1},
			},
			Pools:   []Pool{{Name: "a", Capacity: units.Bytes(capacity)}, {Name: "b", Capacity: units.Bytes(second)}},
			Policy:  Policy{Checkpoints: Checkpoints{PromptEnd: true, RequestEnd: true, Junction: true}},
			Padding: padding,
			Tiers:   []kvcache.TierSpec{{Name: kvcache.Host, Capacity: units.Bytes(host), Rate: 1}},
		}
		contents := NewContents()
		c, err := New(spec, contents)
		if err != nil {
			return
		}
		spec.Budget(1 << 20)
		for i := range 40 {
			id := SessionID(i % 3)
			prompt := 1 << (i % 25)
			contents.Begin(id, Turn{Prompt: prompt, Common: 1 << (i % 13), Shared: 5})
			_, ok := c.Admit(float64(i), Request{Session: id, Prompt: prompt, Reserve: i})
			require.Equal(t, c.Fits(prompt+i), ok, "alone in the cache")
			if ok {
				c.Release(float64(i), id, prompt+i)
			}
			requireLaws(t, c)
		}
	})
}
