package prefix

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/units"
)

// The worked examples of engine-caches.md 10, by number. Not here: 17's count
// of matched tokens beside those computed again, 18's reuse of part of a page,
// which this cache has not, and 21 with drafts, whose last step is an
// inference.

const giga = 1e9

// Pages of a model, as an engine lays them out.
func llama(page int) []Component {
	return []Component{{Name: "kv", Kind: Grows, Page: page, Bytes: units.Bytes(327_680 * page)}}
}

func gptOSS(page, tail int) []Component {
	bytes := units.Bytes(18 * 2048 * page)
	return []Component{
		{Name: "kv", Kind: Grows, Page: page, Bytes: bytes},
		{Name: "window", Kind: Window, Window: 128, Page: page, Bytes: bytes, Pool: tail},
	}
}

// v4VLLM are the groups of DeepSeek V4 in vLLM.
func v4VLLM() []Component {
	return []Component{
		{Name: "full", Kind: Grows, Page: 256, Bytes: 1_410_928},
		{Name: "window", Kind: Window, Window: 128, Page: 64, Groups: 2, Bytes: 1},
		{Name: "csa_state", Kind: Window, Window: 8, Page: 4, Bytes: 1},
		{Name: "hca_state", Kind: Window, Window: 128, Page: 8, Bytes: 1},
	}
}

const (
	v4Slot    = 1_482_048 // bytes of a block of V4 Pro in vLLM 0.22
	flashSlot = 1_051_776 // of V4 Flash
)

// v4SGLang has windows and CSA states in pool 1. States are stored by a ring of
// 8 tokens for each 128 of the window.
func v4SGLang() []Component {
	return []Component{
		{Name: "full", Kind: Grows, Page: 256, Bytes: 256 * (146*30 + 4.5625*31 + 33*30)},
		{Name: "window", Kind: Window, Window: 128, Page: 256, Bytes: 256 * 584 * 61, Pool: 1},
		{Name: "csa_state", Kind: Window, Window: 8, Page: 256, Bytes: 256 * 8 / 128 * 10_240 * 30, Pool: 1},
	}
}

// v4TensorRT are the layer groups of DeepSeek V4 Pro in TensorRT-LLM.
func v4TensorRT() []Component {
	return []Component{
		{Name: "persistent", Kind: Grows, Page: 128, Bytes: 572_672},
		{Name: "w128", Kind: Window, Window: 128, Page: 128, Bytes: (512*61 + 4096*31) * 128, Pool: 1},
		{Name: "w8", Kind: Window, Window: 8, Page: 128, Bytes: 10_240 * 30 * 128, Pool: 2},
	}
}

func qwen35(page int) []Component {
	return []Component{
		{Name: "kv", Kind: Grows, Page: page, Bytes: units.Bytes(1024 * 15 * page)},
		{Name: "gdn_state", Kind: State, Page: page, Bytes: 533_504 * 45, Pool: 1},
	}
}

// roomy is a cache that never evicts.
func roomy(components []Component, p Policy) Spec {
	s := Spec{Components: components, Policy: p}
	for i := range components {
		for components[i].Pool >= len(s.Pools) {
			s.Pools = append(s.Pools, Pool{Name: components[i].Name, Capacity: 1e15})
		}
	}
	return s
}

func preset(t testing.TB, name string) Preset {
	p, err := PresetOf(name)
	require.NoError(t, err)
	return p
}

// scene is one rank and the sessions that come to it.
type scene struct {
	t        testing.TB
	contents *Contents
	*Cache
	now float64
}

func newScene(t testing.TB, spec Spec) *scene {
	contents := NewContents()
	c, err := New(spec, contents)
	require.NoError(t, err)
	return &scene{t: t, contents: contents, Cache: c}
}

// call runs one request to its end. Its hit and what was lost add up.
func (s *scene) call(id SessionID, turn Turn, output int) Hit {
	s.t.Helper()
	s.now++
	s.contents.Begin(id, turn)
	hit, ok := s.Admit(s.now, Request{Session: id, Prompt: turn.Prompt, Reserve: output})
	require.True(s.t, ok)
	require.Equal(s.t, turn.Prompt, hit.Tokens+hit.Lost.Sum(), "%+v", hit)
	s.Filled(s.now, id)
	s.Release(s.now, id, turn.Prompt+max(output-1, 0))
	requireLaws(s.t, s.Cache)
	return hit
}

// next is the hit of the turn after a prompt and an output, which repeats both
// and adds 500 tokens.
func (s *scene) next(prompt, output int) Hit {
	s.t.Helper()
	s.call(0, Turn{Prompt: prompt}, output)
	return s.again(prompt, output)
}

func (s *scene) again(prompt, output int) Hit {
	s.t.Helper()
	return s.call(0, Turn{Prompt: prompt + output + 500, Common: prompt + output, Echo: output}, 1)
}

func TestHitsOfTheWorkedExamples(t *testing.T) {
	long := []int{30_000, 400}
	short := []int{8_000, 2_000}
	ahead := func(name string, tokens int) Preset {
		p := preset(t, name)
		p.Policy.Ahead = tokens
		return p
	}
	for _, c := range []struct {
		number     string
		components []Component
		preset     Preset
		lengths    []int
		want       int
	}{
		{"1", llama(16), preset(t, "vllm-0.20"), short, 9_984},
		{"1", llama(16), preset(t, "vllm-0.29"), short, 9_984},
		{"2", llama(16), ahead("vllm-0.23", 16), short, 9_968},
		{"3", gptOSS(16, 0), preset(t, "vllm-0.21"), short, 9_984},
		{"4", gptOSS(16, 0), preset(t, "vllm-0.29"), short, 7_984},
		{"6", gptOSS(1, 1), preset(t, "sglang-window"), short, 9_999},
		{"6", gptOSS(64, 1), preset(t, "sglang-window"), short, 9_984},
		{"8", v4VLLM(), preset(t, "vllm-0.23"), long, 30_208},
		{"9", v4VLLM(), preset(t, "vllm-0.29"), long, 29_952},
		{"10", v4VLLM(), preset(t, "vllm-0.23"), []int{30_000, 210}, 30_208},
		{"10", v4VLLM(), ahead("vllm-0.23", 64), []int{30_000, 210}, 29_952},
		{"15", v4SGLang(), preset(t, "sglang-window"), long, 30_208},
		{"18", v4TensorRT(), preset(t, "tensorrt-llm-per-request"), long, 29_952},
		{"18", v4TensorRT(), preset(t, "tensorrt-llm-all-reusable"), long, 29_952},
		{"21", qwen35(528), preset(t, "vllm-0.26"), long, 30_096},
		{"21", qwen35(528), preset(t, "vllm-0.29"), long, 29_568},
		{"22", qwen35(2_096), preset(t, "vllm-0.26"), long, 29_344},
		{"23", qwen35(1), preset(t, "sglang-state"), long, 30_399},
		{"23", qwen35(1), preset(t, "sglang-state-buffer"), long, 30_208},
	} {
		if c.number == "23" && c.preset.Name == "sglang-state-buffer" {
			c.preset.Policy.Checkpoints.RequestEnd = false // states of decode are tracked every 256 tokens only
		}
		spec := roomy(c.components, c.preset.For(c.components, 1<<20, 1))
		hit := newScene(t, spec).next(c.lengths[0], c.lengths[1])
		require.Equal(t, c.want, hit.Tokens, "example %s: %s", c.number, c.preset.Name)
		require.Equal(t, 500, hit.Lost.NeverSeen, "example %s: %s: %+v", c.number, c.preset.Name, hit)
	}
	// In 4 entries of the generated part are here, without a checkpoint; in 18
	// they are not kept.
	spec := roomy(gptOSS(16, 0), preset(t, "vllm-0.29").For(gptOSS(16, 0), 1<<20, 1))
	require.Equal(t, Lost{NeverSeen: 500, NoCheckpoint: 2_016}, newScene(t, spec).next(8_000, 2_000).Lost)
	spec = roomy(v4TensorRT(), preset(t, "tensorrt-llm-per-request").For(v4TensorRT(), 1<<20, 1))
	require.Equal(t, Lost{NeverSeen: 500, NoCheckpoint: 48, NotKept: 400}, newScene(t, spec).next(30_000, 400).Lost)
}

// dropLast evicts the last checkpoint of session 0, in all pools.
func (s *scene) dropLast() {
	for _, pool := range s.tails {
		m, _ := s.markAt(s.contents.line(0), pool, 1<<20, 0)
		x := s.tree.marks[m]
		if x.count == 1 {
			s.cutMark(s.now, m, x.bytes)
			continue
		}
		rest := s.single(m, x.last(), pool)
		s.cutMark(s.now, rest, x.bytes)
	}
}

func TestALostCheckpointLeavesTheOneBefore(t *testing.T) { // 11 and 15
	for name, want := range map[string]int{"vllm-0.23": 29_952, "vllm-0.29": 0} {
		s := newScene(t, roomy(v4VLLM(), preset(t, name).For(v4VLLM(), 1<<20, 1)))
		s.call(0, Turn{Prompt: 30_000}, 400)
		s.dropLast()
		hit := s.again(30_000, 400)
		require.Equal(t, want, hit.Tokens, name)
		require.Positive(t, hit.Lost.Evicted[0], name)
	}
	// The second turn finds entries up to 10,240, so that a junction is there.
	for junction, want := range map[bool]int{false: 9_984, true: 10_240} {
		policy := preset(t, "vllm-0.29").For(v4VLLM(), 1<<20, 1)
		policy.Checkpoints.Junction = junction
		s := newScene(t, roomy(v4VLLM(), policy))
		s.call(0, Turn{Prompt: 10_000}, 400)
		s.call(0, Turn{Prompt: 30_000, Common: 10_400, Echo: 400}, 400)
		s.dropLast()
		require.Equal(t, want, s.again(30_000, 400).Tokens, "the boundary of the turn before")
	}
	policy := preset(t, "sglang-window").For(v4SGLang(), 1<<20, 1)
	policy.Checkpoints.Chunk = 0 // the whole prompt is one leaf
	s := newScene(t, roomy(v4SGLang(), policy))
	s.call(0, Turn{Prompt: 30_000}, 400)
	s.dropLast()
	require.Zero(t, s.again(30_000, 400).Tokens)
}

func TestAWindowIsComputedAgainWhereThatIsShort(t *testing.T) { // 17
	for prompt, want := range map[int]int{30_000: 30_208 - 7_936, 12_000: 0} {
		policy := preset(t, "sglang-window-recompute").For(v4SGLang(), 1<<20, 1)
		policy.LeafFalls = false // the entries that grow are still there
		policy.Checkpoints.Chunk = 0
		s := newScene(t, roomy(v4SGLang(), policy))
		s.call(0, Turn{Prompt: prompt}, 400)
		s.dropLast()
		require.Equal(t, want, s.again(prompt, 400).Tokens)
	}
}

func TestSharedPrefixesOfTheWorkedExample(t *testing.T) { // 25
	for name, want := range map[string][]int{
		"vllm-0.26":                    {19_968, 19_968},
		"vllm-0.29":                    {0, 19_968},
		"tensorrt-llm-per-request":     {0, 0},
		"tensorrt-llm-branch-snapshot": {0, 19_968},
	} {
		components := v4VLLM()
		if name[0] == 't' {
			components = v4TensorRT()
		}
		s := newScene(t, roomy(components, preset(t, name).For(components, 1<<20, 1)))
		turn := Turn{Prompt: 25_000, Shared: 20_000}
		first := s.call(0, turn, 1)
		require.Equal(t, Lost{NeverSeen: 25_000}, first.Lost, name)
		b, c := s.call(1, turn, 1), s.call(2, turn, 1)
		require.Equal(t, want, []int{b.Tokens, c.Tokens}, name)
		require.Equal(t, Lost{NeverSeen: 5_000, NoCheckpoint: 20_000 - b.Tokens}, b.Lost, name)
	}
}

// slots is a pool of so many blocks of V4 Pro in vLLM.
func slots(blocks int, p Policy) Spec {
	return Spec{Components: v4VLLM(), Pools: Slots(units.Bytes(blocks*v4Slot), v4Slot), Policy: p}
}

func TestBlocksThatAPromptKeeps(t *testing.T) { // 5 and 12
	interval, err := preset(t, "vllm-0.29").Retain(4096)
	require.NoError(t, err)
	for _, c := range []struct {
		preset Preset
		want   int
	}{{preset(t, "vllm-0.20"), 40_950}, {preset(t, "vllm-0.23"), 8_970}, {interval, 940}, {preset(t, "vllm-0.29"), 412}} {
		spec := slots(1e6, c.preset.For(v4VLLM(), 1<<20, 1))
		s := newScene(t, spec)
		s.call(0, Turn{Prompt: 100_000}, 1)
		require.EqualValues(t, c.want, s.Used(0)/v4Slot, c.preset.Name)
		pages := 0
		for i := range spec.Components {
			pages += spec.KeptPages(&spec.Components[i], 100_000)
		}
		require.Equal(t, c.want, pages, c.preset.Name)
	}
	// Positions 16 times as far apart are those of an interval of 4,096, where the
	// policy keeps any; the end of a prompt stays.
	for name, times := range map[string]float64{"vllm-0.23": 16, "vllm-0.29": 16} {
		spec := slots(1e6, preset(t, name).For(v4VLLM(), 1<<20, 1).Spaced(v4VLLM(), times))
		require.NoError(t, spec.Validate())
		s := newScene(t, spec)
		s.call(0, Turn{Prompt: 100_000}, 1)
		require.EqualValues(t, map[string]int{"vllm-0.23": 940, "vllm-0.29": 412}[name], s.Used(0)/v4Slot, name)
	}
	for name, want := range map[string]int64{"vllm-0.23": 1_248, "vllm-0.29": 632} {
		s := newScene(t, roomy(gptOSS(16, 0), preset(t, name).For(gptOSS(16, 0), 1<<20, 1)))
		s.call(0, Turn{Prompt: 9_984}, 1)
		require.Equal(t, want, s.Used(0)/589_824, name)
	}
}

func TestWhatARunningRequestNeeds(t *testing.T) { // 13 and 27
	blocks := func(tokens, inFlight int) (sum int) {
		for _, c := range v4VLLM() {
			sum += c.RunningPages(tokens, inFlight)
		}
		return sum
	}
	for inFlight, want := range map[int]int{32_768: 13_674, 16_384: 7_018, 8_192: 3_690, 4_096: 2_026} {
		require.Equal(t, want, blocks(86_016, inFlight))
	}
	require.Equal(t, 6_800, blocks(30_000, 16_384))
	for gib, want := range map[float64]int{5.435: 13_512, 5.445: 13_536} {
		free := int(gib*(1<<30)) / flashSlot
		longest := 0
		for blocks(longest+1, 16_384) <= free {
			longest++
		}
		require.Equal(t, want, longest)
	}
}

func TestPoolsOfTheWorkedExamples(t *testing.T) { // 7, 14, 16 and 24
	_, full, window, err := Ratio(40*giga, gptOSS(1, 1), 0.8)
	require.NoError(t, err)
	require.Equal(t, []int{602_816, 482_252}, []int{full, window})

	const fixed = 8_576 * 4_096 * 31 // HCA states of 64 running requests
	_, full, window, err = Ratio(8*giga-fixed, v4SGLang(), 0.1)
	require.NoError(t, err)
	require.Equal(t, []int{628_480, 62_720}, []int{full, window})

	pools, _, _, err := Ratio(138_240*10_993.85, v4SGLang(), 0.1)
	require.NoError(t, err)
	spec := Spec{Components: v4SGLang(), Pools: pools, Policy: preset(t, "sglang-window").For(v4SGLang(), 8_192, 1)}
	spec.Policy.Checkpoints.Chunk = 0 // sessions of one chunk
	require.NoError(t, spec.Validate())
	require.Equal(t, 138_240, spec.Budget(6_000).Pools[0].Tokens)
	require.Equal(t, 22, spec.Budget(6_000).Pools[1].Sessions)
	requireSessionsBeside(t, spec, 8_192, 22)

	pools, err = Shares(40*giga, []string{"kv", "states"}, []float64{1 / 1.9, 0.9 / 1.9})
	require.NoError(t, err)
	states := int(pools[1].Capacity / (533_504 * 45))
	require.Equal(t, []int{789, 263, 157}, []int{states, states / 3, states / 5})
	spec = Spec{Components: qwen35(1), Pools: pools}
	require.Equal(t, 1_370_614, spec.Budget(1_000).Pools[0].Tokens)
}

// requireSessionsBeside: while a prompt of so many tokens is computed, at most so
// many short sessions can hit, and only the pages at the ends of its window fewer.
func requireSessionsBeside(t *testing.T, spec Spec, prompt, most int) {
	s := newScene(t, spec)
	for id := range SessionID(60) {
		s.call(id, Turn{Prompt: 2_000}, 1)
	}
	s.contents.Begin(100, Turn{Prompt: prompt})
	_, ok := s.Admit(1e6, Request{Session: 100, Prompt: prompt})
	require.True(t, ok)
	hits := 0
	for id := range SessionID(60) {
		s.contents.Begin(id, Turn{Prompt: 2_500, Common: 2_000})
		if s.Lookup(Request{Session: id, Prompt: 2_500}).Tokens > 0 {
			hits++
		}
	}
	require.LessOrEqual(t, hits, most)
	require.GreaterOrEqual(t, hits, most-2)
}

// TestInFlightIsWhatIsLeftToCompute: of a prompt that is found but for its last
// thousand tokens no more than those have windows and states of their own.
func TestInFlightIsWhatIsLeftToCompute(t *testing.T) { // 13
	s := newScene(t, slots(13_674, preset(t, "vllm-0.21").For(v4VLLM(), 16_384, 1)))
	s.contents.Begin(0, Turn{Prompt: 60_000})
	_, ok := s.Admit(0, Request{Session: 0, Prompt: 60_000})
	require.True(t, ok)
	slot := int64(s.spec.Pools[0].Slot)
	require.Equal(t, (6_682+235)*slot, s.Pinned(0), "a whole budget, and the history of all tokens")
	s.Release(1, 0, 60_000)
	s.contents.Begin(0, Turn{Prompt: 61_000, Common: 60_000})
	hit, ok := s.Admit(2, Request{Session: 0, Prompt: 61_000})
	require.True(t, ok)
	require.Equal(t, 59_904, hit.Tokens)
	flight := 0
	for _, c := range v4VLLM()[1:] {
		flight += c.RunningPages(61_000, 61_000-59_904)
	}
	require.Equal(t, (int64(flight)+239)*slot, s.Pinned(0), "1,096 tokens in flight")
	require.Less(t, flight, 500)
}

func TestIdleSessionsOfAPoolOfSlots(t *testing.T) { // 26
	for name, want := range map[string]int{"vllm-0.26": 1, "vllm-0.29": 25} {
		policy := preset(t, name).For(v4VLLM(), 0, 1)
		spec := slots(7_018, policy)
		require.Equal(t, want, spec.Budget(64_000).Sessions, name)
		s := newScene(t, spec)
		for id := range SessionID(40) {
			s.call(id, Turn{Prompt: 64_000}, 1)
		}
		complete := 0
		for id := range SessionID(40) {
			s.contents.Begin(id, Turn{Prompt: 64_500, Common: 64_000})
			if s.Lookup(Request{Session: id, Prompt: 64_500}).Tokens >= 63_744 {
				complete++
			}
		}
		if name == "vllm-0.29" {
			require.Equal(t, want, complete)
		} else {
			require.Greater(t, complete, want, "positions in the middle of a prompt give way before any session's last")
		}
	}
}

func TestBytesOfDeepSeekV4InTensorRT(t *testing.T) { // 19 and 20, and the first table
	spec := roomy(v4TensorRT(), preset(t, "tensorrt-llm-per-request").For(v4TensorRT(), 16_384, 1))
	b := spec.Budget(27_000)
	persistent, w128, w8 := b.Pools[0].Components[0], b.Pools[1].Components[0], b.Pools[2].Components[0]
	require.EqualValues(t, 4_474, persistent.PerToken)
	require.InDelta(t, 121e6, float64(persistent.PerToken)*27_000, 0.5e6)
	require.EqualValues(t, 465_408, w128.PerToken+w8.PerToken)
	require.InDelta(t, 7.1e9, 16_384*(4_096*31+float64(w8.PerToken)), 0.05e9)
	require.InDelta(t, 104, float64(w128.Checkpoint+w8.Checkpoint)/572_672, 0.05)
	// A prompt of 30,000 ends in the middle of a page: its window reaches over two.
	kept := 235*572_672 + 2*float64(w128.Checkpoint) + float64(w8.Checkpoint)
	require.InDelta(t, 214e6, kept, 0.5e6)
	all := 235 * (572_672 + float64(w128.Checkpoint+w8.Checkpoint))
	require.InDelta(t, 14.1e9, all, 0.1e9)
	require.InDelta(t, 66, all/kept, 0.5)

	// Where scratch is not reused a prompt has its own, and a page on either side.
	spec.Policy.InFlight.Prefill = 16_384
	need := spec.need(30_000, spec.Policy.InFlight.Prefill)
	require.EqualValues(t, 130*128*465_408, need[1]+need[2])
}

// TestIdleSessionsOfAPrefillRank: what a rank of 22.2 GB leaves room for,
// divided as a recipe for GB300 does.
func TestIdleSessionsOfAPrefillRank(t *testing.T) {
	pools, err := Shares(22.2*giga, []string{"history", "window 128", "window 8"}, []float64{0.55, 0.22, 0.23})
	require.NoError(t, err)
	for name, want := range map[string][]int{
		"tensorrt-llm-per-request": {101, 241, 129}, // 12.2 GB of 120 MB, 4.88 of 20.3 MB, 5.11 of 39.3 MB
		// With chunks of 8,192 tokens a prompt of 27,000 ends four.
		"tensorrt-llm-all-reusable": {101, 60, 32},
	} {
		spec := Spec{Components: v4TensorRT(), Pools: pools, Policy: preset(t, name).For(v4TensorRT(), 8_192, 4)}
		require.NoError(t, spec.Validate())
		b := spec.Budget(27_000)
		require.Equal(t, want, []int{b.Pools[0].Sessions, b.Pools[1].Sessions, b.Pools[2].Sessions}, name)
		require.Equal(t, min(want[0], want[1], want[2]), b.Sessions)
		require.InDelta(t, 12.21e9/4_474, b.Pools[0].Tokens, 300)
	}
}
