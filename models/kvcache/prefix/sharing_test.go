package prefix

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"agentsim/units"
)

// TestAnyHolderOfAPrefixServesIt is 200 requests of 12,288 tokens with 10,240
// in common: all but those that come before the first prompt is computed find
// them, on a model with one component.
func TestAnyHolderOfAPrefixServesIt(t *testing.T) {
	dense := roomy(llama(16), preset(t, "vllm-0.29").For(llama(16), 16_384, 1))
	for early, want := range map[int]float64{0: 0.829, 4: 0.812} {
		s := newScene(t, dense)
		turn := func(id SessionID) Turn {
			if id == 0 {
				return Turn{Prompt: 12_288}
			}
			return Turn{Prompt: 12_288, From: id - 1, Inherited: 10_240} // the latest holder, as traces name it
		}
		for id := range SessionID(early + 1) {
			s.contents.Begin(id, turn(id))
			hit, ok := s.Admit(0, Request{Session: id, Prompt: 12_288, Reserve: 200})
			require.True(t, ok)
			require.Zero(t, hit.Tokens)
		}
		for id := range SessionID(early + 1) {
			s.Filled(1, id) // its decode goes on meanwhile
		}
		for id := SessionID(early + 1); id < 200; id++ {
			require.Equal(t, 10_240, s.call(id, turn(id), 200).Tokens)
		}
		st := s.Stats()
		require.InDelta(t, want, st.HitRate(), 0.001)
		require.EqualValues(t, st.LookupTokens, st.HitTokens+int64(st.Lost.Sum()))
	}

	// What keeps the end of a prompt only finds none of it, and says why.
	s := newScene(t, roomy(v4TensorRT(), preset(t, "tensorrt-llm-per-request").For(v4TensorRT(), 16_384, 1)))
	s.call(0, Turn{Prompt: 12_288}, 200)
	hit := s.call(1, Turn{Prompt: 12_288, Inherited: 10_240}, 200)
	require.Equal(t, Lost{NeverSeen: 2_048, NoCheckpoint: 10_240}, hit.Lost)
}

// TestARecordingPlayedAgainFindsWhatItSentBefore: every prompt of a second pass
// was sent before, whoever plays it, until the cache has lost it; sessions of
// other words find nothing.
func TestARecordingPlayedAgainFindsWhatItSentBefore(t *testing.T) {
	play := func(s *scene, id SessionID, recording uint64) (hits []int) {
		for turn, x := range []Turn{
			{Prompt: 5_000},
			{Prompt: 6_000, Common: 5_000},            // the answer of 200 tokens is not repeated
			{Prompt: 7_500, Common: 6_200, Echo: 200}, // and here it is
			{Prompt: 7_400, Common: 6_000},            // the last prompt is partly dropped
		} {
			if recording > 0 {
				x.Text = recording<<8 | uint64(turn)
			}
			hits = append(hits, s.call(id, x, 200).Tokens)
		}
		s.contents.End(id)
		return hits
	}
	s := newScene(t, roomy(llama(16), preset(t, "vllm-0.23").For(llama(16), 8_192, 1)))
	first := []int{0, 4_992, 6_192, 6_000}
	require.Equal(t, first, play(s, 0, 1))
	again := []int{4_992, 5_984, 7_488, 7_392} // all but the last page's rest
	require.Equal(t, again, play(s, 5, 1), "another session plays it")
	require.Equal(t, again, play(s, 0, 1))
	require.Equal(t, first, play(s, 0, 2), "another recording")
	require.Equal(t, first, play(s, 0, 0), "words of its own")

	small := s.spec
	small.Pools = []Pool{{Name: "kv", Capacity: 10_000 * 327_680}} // room for one recording
	s = newScene(t, small)
	play(s, 0, 1)
	play(s, 0, 2)
	require.Less(t, play(s, 0, 1)[0], 1_000, "evicted in between")
	require.NotEmpty(t, s.contents.texts)
}

// prompt is a request as a trace with block ids tells it.
type prompt struct {
	blocks []int // ids; equal ones stand for equal prefixes
	tokens int
}

// drawTrace draws prompts that leave each other at random blocks.
func drawTrace(t *rapid.T, block int) []prompt {
	trace := []prompt{}
	id := 0
	for range rapid.IntRange(1, 30).Draw(t, "requests") {
		var p prompt
		if len(trace) > 0 && rapid.IntRange(0, 4).Draw(t, "fresh") > 0 {
			from := trace[rapid.IntRange(0, len(trace)-1).Draw(t, "from")]
			p.blocks = slices.Clone(from.blocks[:rapid.IntRange(0, len(from.blocks)).Draw(t, "common")])
		}
		for range rapid.IntRange(0, 5).Draw(t, "more") {
			id++
			p.blocks = append(p.blocks, id)
		}
		if len(p.blocks) == 0 {
			id++
			p.blocks = append(p.blocks, id)
		}
		p.tokens = len(p.blocks) * block
		trace = append(trace, p)
	}
	return trace
}

// turnOf says what a reader makes of request i: how much any earlier prompt
// holds of it, and who was the latest to hold the last of that.
func turnOf(trace []prompt, i, block int) Turn {
	turn := Turn{Prompt: trace[i].tokens}
	common := 0
	for _, other := range trace[:i] {
		common = max(common, shared(trace[i].blocks, other.blocks))
	}
	for j, other := range trace[:i] {
		if shared(trace[i].blocks, other.blocks) == common && common > 0 {
			turn.From, turn.Inherited = SessionID(j), common*block
		}
	}
	return turn
}

func shared(a, b []int) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

func TestWithoutALimitItIsAnInfiniteRadixCache(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const block = 12
		page := rapid.SampledFrom([]int{1, 4, 12, 5, 16}).Draw(t, "page")
		trace := drawTrace(t, block)
		contents := NewContents()
		c, err := New(roomy(llama(page), Policy{}), contents)
		require.NoError(t, err)
		for i, p := range trace {
			turn := turnOf(trace, i, block)
			contents.Begin(SessionID(i), turn)
			hit, ok := c.Admit(float64(i), Request{Session: SessionID(i), Prompt: p.tokens})
			require.True(t, ok)
			require.Equal(t, min(turn.Inherited, p.tokens-1)/page*page, hit.Tokens)
			require.Equal(t, p.tokens-turn.Inherited, hit.Lost.NeverSeen)
			c.Release(float64(i), SessionID(i), p.tokens)
			requireLaws(t, c)
		}
	})
}

// pageCache touches every page: a tree of pages, each with the number of its
// last use, of which the least recently used one without a page behind it goes
// first.
type pageCache struct {
	room  int
	pages map[string]int
	uses  int
}

func (p *pageCache) key(blocks []int, n int) string {
	key := make([]byte, 0, 2*n)
	for _, b := range blocks[:n] {
		key = append(key, byte(b), byte(b>>8))
	}
	return string(key)
}

// call is one request from beginning to end; it returns its hit in pages.
func (p *pageCache) call(blocks []int) int {
	hit := 0
	for hit < len(blocks)-1 && p.pages[p.key(blocks, hit+1)] > 0 {
		hit++
	}
	p.uses++
	mine := map[string]bool{}
	for n := 1; n <= len(blocks); n++ {
		mine[p.key(blocks, n)] = n <= hit
	}
	held := len(blocks) - hit // taken beside what was found
	for len(p.pages)+held > p.room {
		p.evict(mine)
	}
	for key := range mine {
		p.pages[key] = p.uses
	}
	return hit
}

func (p *pageCache) evict(mine map[string]bool) {
	worst, least := "", 1<<30
	for key, used := range p.pages {
		leaf := true
		for other := range p.pages {
			leaf = leaf && (len(other) <= len(key) || other[:len(key)] != key)
		}
		if leaf && !mine[key] && used < least {
			worst, least = key, used
		}
	}
	delete(p.pages, worst)
}

func TestSharedPrefixesGiveWayAsInACacheThatTouchesEveryPage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		trace := drawTrace(t, 1)
		room := rapid.IntRange(30, 80).Draw(t, "pages")
		contents := NewContents()
		c, err := New(Spec{
			Components: []Component{{Name: "kv", Kind: Grows, Page: 1, Bytes: 1}},
			Pools:      []Pool{{Name: "kv", Capacity: units.Bytes(room)}},
		}, contents)
		require.NoError(t, err)
		naive := pageCache{room: room, pages: map[string]int{}}
		for i, p := range trace {
			if p.tokens > room {
				t.Skip("longer than the cache")
			}
			contents.Begin(SessionID(i), turnOf(trace, i, 1))
			hit, ok := c.Admit(float64(i), Request{Session: SessionID(i), Prompt: p.tokens})
			require.True(t, ok)
			require.Equal(t, naive.call(p.blocks), hit.Tokens, "request %d", i)
			c.Release(float64(i), SessionID(i), p.tokens)
			require.EqualValues(t, len(naive.pages), c.Used(0))
			requireLaws(t, c)
		}
	})
}

func TestALargerPoolFindsNoLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		trace := drawTrace(t, 3)
		small := rapid.IntRange(60, 200).Draw(t, "small")
		sizes := []int{small, small + rapid.IntRange(0, 100).Draw(t, "more")}
		var hits [2][]int
		for i, size := range sizes {
			contents := NewContents()
			c, err := New(Spec{
				Components: []Component{{Name: "kv", Kind: Grows, Page: 2, Bytes: 2}},
				Pools:      []Pool{{Name: "kv", Capacity: units.Bytes(size)}},
			}, contents)
			require.NoError(t, err)
			for j, p := range trace {
				if p.tokens+1 > small {
					t.Skip("longer than the cache")
				}
				contents.Begin(SessionID(j), turnOf(trace, j, 3))
				hit, ok := c.Admit(float64(j), Request{Session: SessionID(j), Prompt: p.tokens})
				require.True(t, ok)
				c.Release(float64(j), SessionID(j), p.tokens)
				hits[i] = append(hits[i], hit.Tokens)
			}
		}
		for j := range hits[0] {
			require.LessOrEqual(t, hits[0][j], hits[1][j], "request %d", j)
		}
	})
}

func TestEveryLostTokenHasItsCause(t *testing.T) {
	contents := NewContents()
	spec := Spec{
		Components: llama(16),
		Pools:      []Pool{{Name: "kv", Capacity: 1_000 * 16 * 327_680}},
	}
	rank := func() *scene {
		c, err := New(spec, contents)
		require.NoError(t, err)
		return &scene{t: t, contents: contents, Cache: c}
	}
	a, b := rank(), rank()
	require.Equal(t, Lost{NeverSeen: 8_000}, a.call(0, Turn{Prompt: 8_000}, 320).Lost)

	// The next turn comes to another worker.
	hit := b.call(0, Turn{Prompt: 9_000, Common: 8_320, Echo: 320}, 1)
	require.Equal(t, Lost{NeverSeen: 680, OtherWorker: 8_000, NotKept: 320}, hit.Lost)

	// A compaction: the first 4,000 tokens stay.
	hit = b.call(0, Turn{Prompt: 6_000, Common: 4_000}, 1)
	require.Equal(t, Lost{PromptChanged: 2_000}, hit.Lost)

	// Another session takes 14,000 of 16,000 tokens: what is left of the first
	// are the pages that lie in front.
	b.call(1, Turn{Prompt: 14_000}, 1)
	hit = b.call(0, Turn{Prompt: 6_500, Common: 6_000}, 1)
	require.Equal(t, Lost{NeverSeen: 500, Evicted: [MaxPools]int{6_000 - hit.Tokens}}, hit.Lost)
	require.Equal(t, 16_000-14_016, hit.Tokens)
}

func TestContentsKeepNoLineThatNobodyHas(t *testing.T) {
	s := newScene(t, slots(2_000, preset(t, "vllm-0.29").For(v4VLLM(), 1_024, 1)))
	lines := 0
	for round := range 20 {
		for id := range SessionID(8) {
			s.call(id, Turn{Prompt: 9_000, Shared: 3_000}, 100)
			for turn := range 5 {
				s.call(id, Turn{Prompt: 10_000 + turn, Common: 9_000 + turn}, 100)
			}
			s.contents.End(id)
		}
		if round == 10 {
			lines = len(s.contents.lines)
		}
	}
	require.Equal(t, lines, len(s.contents.lines))
	require.Less(t, lines, 500)
}
