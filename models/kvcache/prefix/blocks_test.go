package prefix

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"agentsim/models/kvcache"
	"agentsim/units"
)

// blocks is the cache of one component done naively: a session is one prefix,
// every block of it is written down with the level it lies at, everything is
// counted afresh, and what gives way does so block by block. It drops what is
// stale, and begins sessions with tokens that all share.
type blocks struct {
	capacity []int64
	block    []int64
	running  int64
	tokens   int
	through  bool // write-through
	order    order

	sessions map[SessionID]*blockSession
	uses     int
	held     int // shared prefix, in blocks
	ready    int
}

// blockSession is one session; blocks behind the shared ones are listed by index.
type blockSession struct {
	shared  int
	at      []int // level of each private block; none lost
	copied  int   // write-through: private blocks copied to level 1
	pinned  bool
	reserve int
	age     age
	queued  bool
}

// call is a request as this cache wants it.
type call struct {
	Request
	Common, Shared int
	now            float64
}

func newBlocks(spec Spec) *blocks {
	c := &spec.Components[0]
	o := &blocks{
		capacity: []int64{int64(spec.Pools[0].Capacity)},
		block:    []int64{spec.pageBytes(c)},
		running:  wholeBytes(float64(spec.Running)),
		tokens:   c.Page,
		through:  spec.Write == kvcache.WriteThrough && len(spec.Tiers) > 0,
		order:    newOrder(&spec),
		sessions: map[SessionID]*blockSession{},
	}
	for _, tier := range spec.Tiers {
		o.capacity = append(o.capacity, int64(tier.Capacity))
		o.block = append(o.block, wholeBytes(float64(c.Bytes)))
	}
	return o
}

func (o *blocks) session(id SessionID) *blockSession {
	if o.sessions[id] == nil {
		o.sessions[id] = &blockSession{}
	}
	return o.sessions[id]
}

func (n *blockSession) count(level int) (sum int) {
	for _, at := range n.at {
		if at == level {
			sum++
		}
	}
	return sum
}

func (o *blocks) sessionBytes(n *blockSession) int64 {
	if n.pinned {
		return int64(n.reserve-n.shared)*o.block[0] + o.running
	}
	return int64(n.count(0)) * o.block[0]
}

func (o *blocks) used(level int) (bytes int64) {
	if level == 0 {
		bytes = int64(o.held) * o.block[0]
	}
	for _, n := range o.sessions {
		if level == 0 {
			bytes += o.sessionBytes(n)
			continue
		}
		bytes += int64(n.count(level)) * o.block[level]
		if level == 1 {
			bytes += int64(n.copied) * o.block[1] // a block copied and gone from HBM is listed as a copy only
		}
	}
	return bytes
}

// resident is the whole prefix in blocks. Under write-through at[] lists what
// is in HBM or below the host; copies reach from the shared prefix to copied.
func (n *blockSession) resident() int {
	return n.shared + max(len(n.at), n.copied)
}

// plan is what a call would find, and the blocks that it shares and takes.
func (o *blocks) plan(r call) (shared, hit, total int) {
	n := *o.session(r.Session)
	common := min(r.Common, r.Prompt) / o.tokens
	shared = max(min(r.Shared, r.Prompt)/o.tokens, min(n.shared, common))
	hit = min(shared, o.ready)
	if n.shared <= o.ready {
		hit = max(hit, min(n.resident(), common))
	}
	hit = max(min(hit, (r.Prompt-1)/o.tokens), 0)
	return shared, hit, (r.Prompt + r.Reserve + o.tokens - 1) / o.tokens
}

// levels says where the first blocks of a session lie, in tokens.
func (o *blocks) levels(id SessionID, hit int) (tokens [kvcache.Levels]int) {
	n := o.session(id)
	for i := range hit {
		level := 0
		switch private := i - n.shared; {
		case private >= len(n.at):
			level = 1
		case private >= 0:
			level = n.at[private]
		}
		if i < o.ready && i < o.held {
			level = 0
		}
		tokens[level] += o.tokens
	}
	return tokens
}

func (o *blocks) admit(r call) (int, bool) {
	shared, hit, total := o.plan(r)
	need := int64(total-shared)*o.block[0] + o.running
	locked := shared
	if o.busy(nil) > 0 {
		locked = max(locked, o.held)
	}
	pinned := int64(0)
	for _, n := range o.sessions {
		if n.pinned {
			pinned += o.sessionBytes(n)
		}
	}
	if int64(locked)*o.block[0]+pinned+need > o.capacity[0] {
		return 0, false
	}
	n := o.session(r.Session)
	copied := max(min(n.shared+n.copied, hit)-shared, 0)
	if !o.through {
		copied = 0
	}
	*n = blockSession{}
	o.settleShared()
	*n = blockSession{shared: shared, copied: copied, pinned: true, reserve: total, age: age{number: uint64(r.Class)}}
	o.held = max(o.held, n.shared)
	o.shrink(n, r.now)
	return hit * o.tokens, true
}

// busy counts running sessions on the shared prefix, but for one.
func (o *blocks) busy(but *blockSession) (count int) {
	for _, n := range o.sessions {
		if n != but && n.pinned && n.shared > 0 {
			count++
		}
	}
	return count
}

// settleShared gives up what nobody is left to compute.
func (o *blocks) settleShared() {
	for _, n := range o.sessions {
		if n.shared > 0 {
			return
		}
	}
	o.held = min(o.held, o.ready)
}

// shrink evicts from HBM until it is no more than full.
func (o *blocks) shrink(user *blockSession, now float64) {
	for o.used(0) > o.capacity[0] {
		if !o.evict(0, now) {
			keep := 0
			if user.shared > 0 {
				keep = user.shared
			}
			if o.busy(user) > 0 || o.held <= keep {
				panic("oracle: admitted what does not fit")
			}
			o.held = keep
			o.ready = min(o.ready, keep)
		}
	}
}

// queue lists sessions that wait, what gives way first in front.
func (o *blocks) queue(now float64) (ids []SessionID) {
	rank := func(n *blockSession) queued {
		key := o.order.rank(now, &n.age, float64(n.shared+n.count(0)))
		return queued{key: key, number: n.age.number}
	}
	for id, n := range o.sessions {
		if n.queued {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b SessionID) int {
		x, y := rank(o.sessions[a]), rank(o.sessions[b])
		if x.before(&y) {
			return -1
		}
		return 1
	})
	return ids
}

// enqueue lets a session give way from now on.
func (o *blocks) enqueue(n *blockSession, now float64) {
	o.uses++
	class := uint64(n.age.class())
	n.age.number, n.age.last, n.queued = uint64(o.uses)<<classBits|class, now, true
}

// evict takes the last block at a level from the session that gives way first.
func (o *blocks) evict(level int, now float64) bool {
	for _, id := range o.queue(now) {
		n := o.sessions[id]
		if level == 1 && o.through {
			if n.copied > 0 {
				o.evictCopy(n)
				o.forgetEmpty(id)
				return true
			}
			continue
		}
		for i := len(n.at) - 1; i >= 0; i-- {
			if n.at[i] == level {
				o.moveDown(n, i, now)
				o.forgetEmpty(id)
				return true
			}
		}
	}
	return false
}

// moveDown hands block i, the last at its level, to the next one, or loses it
// and all behind it.
func (o *blocks) moveDown(n *blockSession, i int, now float64) {
	next := n.at[i] + 1
	if next < len(o.capacity) && !o.through {
		for o.used(next)+o.block[next] > o.capacity[next] {
			if !o.evict(next, now) {
				n.at = n.at[:i]
				return
			}
		}
		n.at[i] = next
		return
	}
	n.at = n.at[:i]
}

// evictCopy loses the last copied block.
func (o *blocks) evictCopy(n *blockSession) { n.copied-- }

func (o *blocks) forgetEmpty(id SessionID) {
	n := o.sessions[id]
	if !n.pinned && len(n.at) == 0 && n.copied == 0 {
		*n = blockSession{}
		o.settleShared()
	}
}

func (o *blocks) release(id SessionID, context int, now float64) {
	n := o.sessions[id]
	keep := min(context/o.tokens, n.reserve)
	n.pinned = false
	end := n.shared + n.copied
	n.shared = min(n.shared, keep)
	o.settleShared()
	o.ready = max(o.ready, n.shared)
	n.at = make([]int, keep-n.shared)
	n.copied = max(min(end, keep)-n.shared, 0)
	if o.through {
		o.copy(n, now)
	}
	o.enqueue(n, now)
	o.forgetEmpty(id)
}

// copy writes a session that is in no queue through to the host, whole or not
// at all; what cannot be had is not undone for it.
func (o *blocks) copy(n *blockSession, now float64) {
	more := int64(len(n.at)-n.copied) * o.block[1]
	if more > o.capacity[1] {
		return
	}
	for o.used(1)+more > o.capacity[1] {
		if !o.evict(1, now) {
			return
		}
	}
	n.copied = len(n.at)
}

func (o *blocks) retract(id SessionID, now float64) {
	n := o.sessions[id]
	n.pinned, n.at = false, nil
	o.enqueue(n, now)
	o.forgetEmpty(id)
}

func (o *blocks) drop(id SessionID) {
	*o.session(id) = blockSession{}
	o.settleShared()
}

func (o *blocks) grow(id SessionID, tokens int, now float64) bool {
	n := o.sessions[id]
	total := (tokens + o.tokens - 1) / o.tokens
	if total <= n.reserve {
		return true
	}
	locked := n.shared
	if o.busy(n) > 0 {
		locked = max(locked, o.held)
	}
	bytes := int64(locked)*o.block[0] + int64(total-n.reserve)*o.block[0]
	for _, m := range o.sessions {
		if m.pinned {
			bytes += o.sessionBytes(m)
		}
	}
	if bytes > o.capacity[0] {
		return false
	}
	n.reserve = total
	o.shrink(n, now)
	return true
}

// pair runs the same story on the naive cache and on the real one with a single
// component, told to drop what is stale as the former does.
type pair struct {
	old      *blocks
	new      *Cache
	contents *Contents
	context  map[SessionID]int // tokens that the session last left
	byCost   bool
}

// oneComponent is a rank's memory for one component that grows.
func oneComponent(capacity units.Bytes, page int, bytesPerToken float64) Spec {
	return Spec{
		Components: []Component{{Name: "kv", Kind: Grows, Page: page, Bytes: units.Bytes(float64(page) * bytesPerToken)}},
		Pools:      []Pool{{Name: "kv", Capacity: capacity}},
		Policy:     Policy{DropsStale: true},
	}
}

// drawBlocks is a small pool, so that everything runs out often.
func drawBlocks(t *rapid.T) Spec {
	spec := oneComponent(units.Bytes(rapid.IntRange(30, 400).Draw(t, "capacity")), rapid.IntRange(1, 8).Draw(t, "block"),
		rapid.Float64Range(0.2, 2).Draw(t, "bytes"))
	spec.Running = units.Bytes(rapid.IntRange(0, 10).Draw(t, "running"))
	spec.Padding = rapid.SampledFrom([]float64{0, 1, 1.25}).Draw(t, "padding")
	spec.Classes = []string{"user", "bash", "tool"}
	spec.Write = rapid.SampledFrom([]kvcache.WritePolicy{"", kvcache.WriteBack, kvcache.WriteThrough}).Draw(t, "write")
	spec.Eviction = drawEviction(t)
	tiers := rapid.IntRange(0, 3).Draw(t, "tiers")
	if spec.Write == kvcache.WriteThrough {
		tiers = min(tiers, 1) // the naive one copies to one tier only
	}
	if spec.Eviction.Policy == kvcache.Cost {
		tiers = 0 // the naive one moves block by block and ranks anew in between
	}
	for i := range tiers {
		spec.Tiers = append(spec.Tiers, kvcache.TierSpec{
			Name:     []kvcache.TierName{kvcache.Host, kvcache.NVMe, kvcache.Remote}[i],
			Rate:     1,
			Capacity: units.Bytes(rapid.IntRange(1, 400).Draw(t, "tier")),
		})
	}
	return spec
}

// drawEviction is any policy with what it needs beside its name.
func drawEviction(t *rapid.T) kvcache.EvictionSpec {
	e := kvcache.EvictionSpec{Policy: rapid.SampledFrom(kvcache.Policies()).Draw(t, "eviction")}
	switch e.Policy {
	case kvcache.TTL:
		e.TTL = map[string]units.Seconds{"tool": 5, "user": 1, "bash": 20}
	case kvcache.Cost:
		e.CostContext = 30
	}
	return e
}

func newPair(t require.TestingT, spec Spec) *pair {
	contents := NewContents()
	c, err := New(spec, contents)
	require.NoError(t, err)
	return &pair{old: newBlocks(spec), new: c, contents: contents, context: map[SessionID]int{},
		byCost: spec.Eviction.Policy == kvcache.Cost}
}

// same compares all that can be seen of the two.
func (p *pair) same(t require.TestingT) {
	running, pinned := 0, int64(p.old.held)*p.old.block[0]
	if p.old.busy(nil) == 0 {
		pinned = 0
	}
	for _, n := range p.old.sessions {
		if n.pinned {
			running++
			pinned += p.old.sessionBytes(n)
		}
	}
	require.Equal(t, p.old.used(0), p.new.Used(0), "HBM")
	require.Equal(t, pinned, p.new.Pinned(0), "pinned")
	require.Equal(t, running, p.new.Running())
	for level := 1; level < len(p.old.capacity); level++ {
		require.Equal(t, p.old.used(level), p.new.TierUsed(level), "level %d", level)
	}
}

// drop lets both forget a session.
func (p *pair) drop(id SessionID) {
	p.old.drop(id)
	p.new.Drop(id)
	p.contents.End(id)
	p.context[id] = 0
}

// step does one thing that is possible with a session.
func (p *pair) step(t *rapid.T, now float64) {
	id := SessionID(rapid.IntRange(0, 6).Draw(t, "session"))
	do := rapid.SampledFrom([]string{"release", "release", "grow", "retract", "drop"}).Draw(t, "op")
	tokens := rapid.IntRange(1, 160).Draw(t, "tokens")
	running := p.new.runs.at(int32(id)) != nil && p.new.runs.at(int32(id)).active
	switch {
	case !running && do != "drop":
		common := rapid.IntRange(0, tokens).Draw(t, "common")
		if rapid.Bool().Draw(t, "append") {
			common = tokens
		}
		common = min(common, p.context[id])
		if p.byCost && common < p.context[id] {
			common = 0 // a branch costs by where it begins, which the naive one does not know
		}
		r := Request{Session: id, Prompt: tokens, Reserve: rapid.IntRange(0, 40).Draw(t, "reserve"),
			Class: uint8(rapid.IntRange(0, 4).Draw(t, "class"))}
		p.contents.Begin(id, Turn{Prompt: tokens, Common: common})
		p.admit(t, call{Request: r, Common: common, now: now})
	case do == "release" && running:
		room := max(int(p.new.runs.at(int32(id)).room*p.new.page), p.context[id])
		p.context[id] = max(p.context[id]-rapid.IntRange(0, 9).Draw(t, "less"), 0) + rapid.IntRange(0, 50).Draw(t, "more")
		p.context[id] = min(p.context[id], room)
		p.old.release(id, p.context[id], now)
		p.new.Release(now, id, p.context[id])
	case do == "grow":
		require.Equal(t, p.old.grow(id, tokens, now), p.new.Grow(now, id, tokens))
	case do == "retract":
		p.old.retract(id, now)
		p.new.Retract(now, id)
	default:
		p.drop(id)
	}
}

// admit begins a call in both.
func (p *pair) admit(t require.TestingT, r call) bool {
	foretold := p.new.Lookup(r.Request)
	_, found, _ := p.old.plan(r)
	levels := p.old.levels(r.Session, found)
	hit, ok := p.old.admit(r)
	got, fits := p.new.Admit(r.now, r.Request)
	require.Equal(t, ok, fits)
	if !ok {
		p.drop(r.Session)
		return false
	}
	require.Equal(t, hit, got.Tokens)
	require.Equal(t, levels, got.Levels)
	require.Equal(t, r.Prompt, got.Tokens+got.Lost.Sum(), "%+v", got)
	got.Lost = Lost{}
	require.Equal(t, foretold, got)
	p.context[r.Session] = r.Prompt
	return true
}

func TestWithOneComponentItIsTheCacheOfBlocks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newPair(t, drawBlocks(t))
		now := 0.0
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now += rapid.SampledFrom([]float64{0, 0, 1, 7}).Draw(t, "pause")
			p.step(t, now)
			p.same(t)
			requireLaws(t, p.new)
		}
	})
}

func TestASharedPrefixIsThatOfTheCacheOfBlocks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newPair(t, oneComponent(units.Bytes(rapid.IntRange(60, 300).Draw(t, "capacity")),
			rapid.IntRange(1, 8).Draw(t, "block"), 1))
		shared := rapid.IntRange(0, 40).Draw(t, "shared")
		for step := range rapid.IntRange(1, 60).Draw(t, "steps") {
			id := SessionID(rapid.IntRange(0, 6).Draw(t, "session"))
			now := float64(step)
			prompt := shared + 1 + rapid.IntRange(0, 60).Draw(t, "tokens")
			common := 0
			if rapid.Bool().Draw(t, "append") {
				common = min(p.context[id], prompt)
			} else {
				p.drop(id)
			}
			p.contents.Begin(id, Turn{Prompt: prompt, Common: common, Shared: shared})
			if p.admit(t, call{Request: Request{Session: id, Prompt: prompt}, Common: common, Shared: shared, now: now}) {
				p.old.release(id, prompt, now)
				p.new.Release(now, id, prompt)
			}
			p.same(t)
			requireLaws(t, p.new)
		}
	})
}

// survivors runs calls in order, one a second, makes room for a last prompt that
// takes what they left free and 50 tokens more, and lists those left whole.
func survivors(t *testing.T, eviction kvcache.EvictionSpec, now float64, calls ...Request) string {
	spec := oneComponent(1_000, 10, 1)
	spec.Eviction, spec.Classes = eviction, []string{"user", "tool", "slow"}
	s := newScene(t, spec)
	for i, r := range calls {
		s.contents.Begin(r.Session, Turn{Prompt: r.Prompt})
		_, ok := s.Admit(float64(i), r)
		require.True(t, ok)
		s.Release(float64(i), r.Session, r.Prompt)
	}
	last := Request{Session: 99, Prompt: int(s.Free(0)) + 50}
	s.contents.Begin(99, Turn{Prompt: last.Prompt})
	_, ok := s.Admit(now, last)
	require.True(t, ok)
	var whole []SessionID
	for _, r := range calls {
		if tokens, _ := s.Resident(r.Session); tokens == r.Prompt {
			whole = append(whole, r.Session)
		}
	}
	return fmt.Sprint(whole)
}

func TestWhatGivesWayFirst(t *testing.T) {
	three := func(second, third uint8) []Request {
		return []Request{{Session: 0, Prompt: 300}, {Session: 1, Prompt: 300, Class: second}, {Session: 2, Prompt: 300, Class: third}}
	}
	require.Equal(t, "[1 2]", survivors(t, kvcache.EvictionSpec{}, 9, three(0, 0)...), "the longest unused")

	ttl := kvcache.EvictionSpec{Policy: kvcache.TTL, TTL: map[string]units.Seconds{"user": 60, "tool": 2}}
	require.Equal(t, "[0 2]", survivors(t, ttl, 9, three(1, 0)...), "the earliest end of its time to live")
	require.Equal(t, "[0 1]", survivors(t, ttl, 9, three(0, 7)...), "a class beyond the list has the time of tools")
	ttl.TTL["slow"] = 90
	require.Equal(t, "[1 2]", survivors(t, ttl, 9, three(2, 0)...))

	cost := kvcache.EvictionSpec{Policy: kvcache.Cost, CostContext: 100}
	two := []Request{{Session: 0, Prompt: 600}, {Session: 1, Prompt: 200}}
	// 600 tokens cost 1+600/200 = 4 a token, 200 cost 2. At 9 s the idle times
	// are 9 and 8 s, so 9/4 < 8/2; at 1.5 s they are 1.5 and 0.5: 0.375 > 0.25.
	require.Equal(t, "[0]", survivors(t, cost, 9, two...))
	require.Equal(t, "[1]", survivors(t, cost, 1.5, two...))
	cost.CostContext = 1e9
	require.Equal(t, "[1]", survivors(t, cost, 9, two...), "without attention the idle time decides")
}
