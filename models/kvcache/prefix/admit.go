package prefix

import (
	"fmt"

	"agentsim/models/kvcache"
)

// Admit pins the prefix that a request builds on and takes memory for its
// prompt, its reservation, and what it holds of windows and states, evicting
// what no request runs on. False means that it does not fit beside those that
// run; then nothing has changed. The session must not have a request running.
func (k *Cache) Admit(now float64, q Request) (Hit, bool) {
	r := k.run(q.Session)
	if r.active {
		panic(fmt.Sprintf("prefix: session %d admitted while it runs", q.Session))
	}
	line := k.contents.line(q.Session)
	if line == noLine {
		panic(fmt.Sprintf("prefix: session %d admitted before Contents.Begin", q.Session))
	}
	hit, f := k.find(q)
	room := k.pagesFor(int32(q.Prompt + q.Reserve))
	need := k.take(q, room, f.hit)
	if !k.allows(need, f) {
		k.stats.Refusals++
		return Hit{}, false
	}
	hit.Lost = k.lose(q, hit.Tokens, f)
	k.book(q, &hit)

	junction := int32(0)
	if grown := min(f.end, k.pagesIn(int32(q.Prompt-1))) / k.align * k.align; grown > f.hit {
		junction = grown
	}
	*r = run{
		active:   true,
		class:    q.Class,
		line:     r.line,
		node:     none,
		base:     f.hit,
		room:     room,
		prompt:   int32(q.Prompt),
		junction: junction,
	}
	k.running++
	k.build(r, line, f)
	if f.hit > 0 {
		k.use(now, line, f.hit, q.Class)
	}
	k.reserve(now, r, need)
	return hit, true
}

// take is what a request takes of each pool beside the prefix that it builds
// on: pages of what grows, and the windows and states of a running request. In
// flight is no more than is left to compute: tokens that were found bring no
// windows and states of their own.
func (k *Cache) take(q Request, room, hit int32) [MaxPools]int64 {
	flight := &k.spec.Policy.InFlight
	compute := max(q.Prompt-int(hit*k.page), flight.Decode)
	need := k.hold(q.Prompt+q.Reserve, min(flight.Prefill, compute))
	need[k.home] += int64(room-hit) * k.block[0]
	return need
}

// hold is what a running request has of windows and states in each pool, and
// what comes beside.
func (k *Cache) hold(tokens, inFlight int) (need [MaxPools]int64) {
	need[k.home] = k.beside
	for i := range k.parts {
		p := &k.parts[i]
		need[p.Pool] += int64(p.RunningPages(tokens, inFlight)) * p.bytes
	}
	return need
}

// allows reports whether a request fits beside those that run.
func (k *Cache) allows(need [MaxPools]int64, f found) bool {
	for n, end := f.node, f.hit; n != none; n = k.tree.nodes[n].parent {
		x := &k.tree.nodes[n]
		if x.locks == 0 && end > x.start {
			need[k.home] += int64(min(end, k.end(n))-x.start) * k.block[0]
		}
		end = min(end, x.start)
	}
	for i := range k.pools {
		if s := &k.stores[i]; s.pinned+need[i] > s.capacity {
			return false
		}
	}
	return true
}

func (k *Cache) book(q Request, h *Hit) {
	st := &k.stats
	st.Admissions++
	st.LookupTokens += int64(q.Prompt)
	st.HitTokens += int64(h.Tokens)
	st.Lost.add(&h.Lost)
	for level := range kvcache.Levels {
		st.LevelHits[level] += int64(h.Levels[level])
		st.ReloadBytes[level] += h.ReloadBytes[level]
	}
}

// build makes a request hold on to the prefix that was found: it comes up to
// HBM and cannot give way.
func (k *Cache) build(r *run, line int32, f found) {
	n := f.node
	for n != none && k.tree.nodes[n].start >= f.hit {
		n = k.tree.nodes[n].parent
	}
	if n != none && f.hit < k.end(n) {
		k.stale(n, f.hit, line)
		if f.hit < k.end(n) {
			n = k.split(n, f.hit)
		}
	}
	r.node = n
	for ; n != none; n = k.tree.nodes[n].parent {
		k.lock(n)
		if k.tree.nodes[n].locks == 1 {
			k.raise(n)
		}
	}
	if k.spec.Policy.DropsStale {
		k.sweep(r, line)
	}
}

// stale drops what a node holds behind a page if nobody can match it, and the
// policy knows.
func (k *Cache) stale(n, page, line int32) {
	x := &k.tree.nodes[n]
	if k.spec.Policy.DropsStale && x.locks == 0 && k.contents.alone(x.line, line) {
		k.dropLine(x.line, page)
	}
}

// sweep drops what the session left here that its prompt does not go on from.
func (k *Cache) sweep(r *run, line int32) {
	if k.contents.alone(line, line) {
		k.dropLine(line, max(r.base, k.fork(line)))
	}
	if r.line > 0 && k.tree.known(k.contents, r.line-1) != nil {
		k.sweepLeft(r.line-1, line, r.base)
	}
}

// sweepLeft drops what lies behind a page on a line that was left for another,
// and on its parents, as far as no other session has them.
func (k *Cache) sweepLeft(left, line, page int32) {
	for left != noLine && left != line {
		l := &k.contents.lines[left]
		if l.writers > 0 || l.children > 1 {
			return
		}
		parent, fork := l.parent, k.fork(left)
		k.dropLine(left, max(page, fork))
		if page > fork {
			return
		}
		left = parent
	}
}

// reserve takes memory for a request that holds on to its prefix.
func (k *Cache) reserve(now float64, r *run, need [MaxPools]int64) {
	for i := range k.pools {
		s := &k.stores[i]
		s.pinned += need[i]
		k.makeRoom(now, s, need[i])
		s.used += need[i]
		r.tail[i] = need[i]
	}
	r.tail[k.home] -= int64(r.room-r.base) * k.block[0]
}

// loosen lets go of the windows and states that a request does not hold any
// more once its prompt is computed.
func (k *Cache) loosen(r *run) {
	need := k.hold(int(r.room*k.page), k.spec.Policy.InFlight.Decode)
	for i := range k.pools {
		if less := r.tail[i] - need[i]; less > 0 {
			k.stores[i].used -= less
			k.stores[i].pinned -= less
			r.tail[i] = need[i]
		}
	}
}

// Grow raises what a running request may fill to so many tokens in all,
// evicting what no request runs on. False means that it does not fit now; then
// nothing has changed and some running request must be retracted.
func (k *Cache) Grow(now float64, id SessionID, tokens int) bool {
	r := k.active(id)
	room := k.pagesFor(int32(tokens))
	if room <= r.room {
		return true
	}
	need := int64(room-r.room) * k.block[0]
	home := &k.stores[k.home]
	if home.pinned+need > home.capacity {
		k.stats.Refusals++
		return false
	}
	k.makeRoom(now, home, need)
	home.pinned += need
	home.used += need
	r.room = room
	return true
}

// active returns the record of a running request.
func (k *Cache) active(id SessionID) *run {
	r := k.run(id)
	if !r.active {
		panic(fmt.Sprintf("prefix: session %d is not running", id))
	}
	return r
}
