package prefix

import (
	"math"
	"slices"

	"agentsim/models/kvcache"
)

// order is what gives way first. Seconds of a time to live are by class; the
// last one is that of all classes beyond.
type order struct {
	ttl  []float64
	cost float64 // pages of context at which attention costs as much as the rest of prefill; 0 = not by cost
}

// otherClass stands for all classes that have no time of their own.
const otherClass = "tool"

func newOrder(s *Spec) order {
	switch s.Eviction.Policy {
	case kvcache.TTL:
		var o order
		for _, name := range append(append([]string{}, s.Classes...), otherClass) {
			ttl, ok := s.Eviction.TTL[name]
			if !ok {
				ttl = s.Eviction.TTL[otherClass]
			}
			o.ttl = append(o.ttl, float64(ttl))
		}
		return o
	case kvcache.Cost:
		grows := slices.IndexFunc(s.Components, func(c Component) bool { return c.Kind == Grows })
		return order{cost: s.Eviction.CostContext / float64(s.Components[grows].Page)}
	}
	return order{}
}

// key is the place in the order of what was last used as its age says, lowest
// first, as far as it does not change as time passes.
func (o *order) key(a *age) float64 { return o.rank(a.last, a, 0) }

// rank is the place in the order, lowest first, of what was last used as its
// age says and reaches over pages whose ends add up to ends. Recomputing pages
// a to b costs (b-a)(1 + (a+b)/2C), so by cost per byte bytes cancel but for
// the attention term: of two equally idle the shorter goes first.
func (o *order) rank(now float64, a *age, ends float64) float64 {
	switch {
	case len(o.ttl) > 0:
		return a.last + o.ttl[min(int(a.class()), len(o.ttl)-1)]
	case o.cost > 0:
		return -(now - a.last) / (1 + ends/(2*o.cost))
	}
	return a.last
}

// stamp notes a use.
func (k *evictor) stamp(now float64, a *age, class uint8) {
	k.uses++
	*a = age{last: now, number: k.uses<<classBits | uint64(class)}
}

// ends is what the policy by cost wants to know of an entry.
func (k *evictor) ends(e entry) float64 {
	if e.isMark() {
		return float64(2 * k.tree.marks[e.index()].last())
	}
	x := &k.tree.nodes[e.index()]
	return float64(x.start) + float64(x.hi[0])
}

// victim is what gives way next in a store.
func (k *evictor) victim(now float64, s *store) (entry, bool) {
	first := s.queue.front(&k.tree, s.level)
	if first == nil {
		return 0, false
	}
	best := *first
	if k.order.cost == 0 {
		return best.entry, true
	}
	// Ranks change relative to each other as time passes.
	best.key = math.Inf(1)
	s.queue.each(&k.tree, s.level, func(x *queued) {
		one := *x
		one.key = k.order.rank(now, k.tree.age(x.entry), k.ends(x.entry))
		if one.before(&best) {
			best = one
		}
	})
	return best.entry, true
}

// makeRoom evicts from a store until so many bytes are free. False means that
// they cannot be had.
func (k *evictor) makeRoom(now float64, s *store, bytes int64) bool {
	if bytes > s.capacity {
		return false
	}
	for s.free() < bytes {
		e, ok := k.victim(now, s)
		if !ok {
			return false
		}
		if e.isMark() {
			k.cutMark(now, e.index(), bytes-s.free())
		} else {
			k.cut(now, e.index(), s.level, bytes-s.free())
		}
	}
	return true
}

// cut takes pages from the end of a node's run at a level, enough to free so
// many bytes or all it has, and hands them to the level below.
func (k *evictor) cut(now float64, n int32, level int, bytes int64) {
	x := &k.tree.nodes[n]
	block := k.block[level]
	have := k.held(x, level)
	drop := int32(min(int64(have), (bytes+block-1)/block, k.portion(level)))
	to := x.hi[level] - drop
	if level == 0 {
		k.stats.Evictions[k.home]++
		k.stats.EvictedTokens += int64(drop) * int64(k.page)
	}
	if !k.demote(now, n, level, to) {
		k.truncate(n, level, to)
	}
}

// portion is how many pages leave a level at a time: what the level below can
// hold, so that a long run passes through a small tier piece by piece.
func (k *evictor) portion(level int) int64 {
	if !k.lowers(level) {
		return math.MaxInt32
	}
	return max(k.at(level+1).capacity/k.block[level+1], 1)
}

// lowers reports whether what leaves a level goes to the one below.
func (k *evictor) lowers(level int) bool {
	return level+1 < k.levels() && !(level == 0 && k.through)
}

// demote hands the pages behind to from a level to the one below. False, with
// nothing changed at that level, when it cannot take them, there is none, or
// it has its copy already.
func (k *evictor) demote(now float64, n int32, level int, to int32) bool {
	if !k.lowers(level) {
		return false
	}
	moved := k.tree.nodes[n].hi[level] - to
	bytes := int64(moved) * k.block[level+1]
	if !k.makeRoom(now, k.at(level+1), bytes) {
		return false
	}
	hi := k.tree.nodes[n].hi
	hi[level] = to
	k.set(n, hi)
	k.stats.DemotedBytes[level+1] += bytes
	return true
}

// truncate drops all that lies behind to at a level and below: a prefix with a
// gap in it is of no use, but a write-through copy has none.
func (k *evictor) truncate(n int32, level int, to int32) {
	hi := k.tree.nodes[n].hi
	if level > 0 || !k.through {
		for below := level + 1; below < k.levels(); below++ {
			hi[below] = to
		}
	}
	hi[level] = to
	k.shorten(n, hi)
}

// shorten gives a node ends that may leave it shorter: what builds on it and
// the checkpoints behind its end go then.
func (k *evictor) shorten(n int32, hi [kvcache.Levels]int32) {
	before := k.end(n)
	k.set(n, hi)
	end := k.end(n)
	if end == before {
		return
	}
	k.stats.LostTokens += int64(before-end) * int64(k.page)
	line := k.tree.nodes[n].line
	for k.tree.nodes[n].child != none {
		k.shorten(k.tree.nodes[n].child, k.empty(k.tree.nodes[n].child))
	}
	if len(k.tails) > 0 {
		k.trimMarks(line, max(end, k.fork(line)))
	}
	if end == k.tree.nodes[n].start {
		k.fell(n)
	}
}

// fell takes out a node that holds nothing.
func (k *evictor) fell(n int32) {
	parent := k.tree.nodes[n].parent
	k.tree.fell(k.contents, n)
	if parent != none {
		k.requeue(parent)
	}
}

// cutMark takes the first positions of a run of checkpoints, enough to free so
// many bytes or all it has, and hands them to the tier below.
func (k *evictor) cutMark(now float64, m int32, bytes int64) {
	x := k.tree.marks[m]
	drop := int32(min(int64(x.count), (bytes+x.bytes-1)/x.bytes))
	if drop < x.count && x.count-drop < int32(k.span(int(x.pool), int(x.stride*k.page))) {
		drop = x.count // what is left reaches over no window
	}
	if x.level == 0 {
		k.stats.EvictedMarks[x.pool] += int64(drop)
		k.stats.Evictions[x.pool]++
	}
	below := int(x.level) + 1
	down := below < k.levels() && !k.spec.Policy.TierHistoryOnly
	k.contents.lines[x.line].refs++ // the line stays while its checkpoints go
	defer k.contents.release(x.line)
	k.forsake(m, drop)
	if down && k.makeRoom(now, k.below(below, int(x.pool)), int64(drop)*x.bytes) && k.useful(&x, drop) {
		lower := x
		lower.count, lower.level = drop, int8(below)
		k.line(k.below(below, int(x.pool)), markEntry(k.addMark(lower)))
		k.stats.DemotedBytes[below] += int64(drop) * x.bytes
		return
	}
	if b := k.tree.known(k.contents, x.line); b != nil {
		b.ghost[x.pool] = max(b.ghost[x.pool], x.first+(drop-1)*x.stride)
	}
	if k.spec.Policy.LeafFalls && x.level == 0 {
		k.fallLeaf(x.line, int(x.pool))
	}
}

// forsake takes the first positions off a run of checkpoints.
func (k *evictor) forsake(m, drop int32) {
	x := &k.tree.marks[m]
	if drop == x.count {
		k.dropMark(m)
		return
	}
	lead := int32(k.span(int(x.pool), int(x.stride*k.page))) - 1
	k.resizeMark(m, x.first+drop*x.stride, x.count-drop)
	x.lead = lead
}

// useful reports whether the entries that grow are still there for the first
// positions of a run of checkpoints.
func (k *index) useful(x *mark, count int32) bool {
	last := x.first + (count-1)*x.stride
	return k.locate(x.line, last).end >= last
}

// fallLeaf drops the entries at the end of a line that no checkpoint of a pool
// is left for, as far as nothing builds on them.
func (k *evictor) fallLeaf(line int32, pool int) {
	b := k.tree.known(k.contents, line)
	if b == nil {
		return
	}
	to := k.fork(line)
	if m := b.marks[pool]; m != none {
		to = k.tree.marks[m].last()
	}
	k.dropLine(line, to)
}

// dropLine drops what is kept of a line behind a page, as far as nothing
// builds on it.
func (k *evictor) dropLine(line, page int32) {
	b := k.tree.known(k.contents, line)
	if b == nil || b.holds == 0 {
		return
	}
	k.contents.lines[line].refs++ // the line stays while its nodes go
	for n := b.last; n != none; {
		x := &k.tree.nodes[n]
		prev := x.prev
		if k.end(n) <= page || x.locks > 0 || x.child != none {
			break
		}
		hi := x.hi
		for level := range hi {
			hi[level] = max(min(hi[level], page), x.start)
		}
		k.shorten(n, hi)
		n = prev
	}
	k.trimMarks(line, page)
	k.contents.release(line)
}

// copyDown writes a path through to the first tier: all of it, or nothing where
// there is no room.
func (k *evictor) copyDown(now float64, end int32) {
	bytes := int64(0)
	for n := end; n != none; n = k.tree.nodes[n].parent {
		x := &k.tree.nodes[n]
		bytes += int64(x.hi[0]-min(x.hi[1], x.hi[0])) * k.block[1]
	}
	if bytes == 0 || !k.makeRoom(now, k.at(1), bytes) {
		return
	}
	k.stats.DemotedBytes[1] += bytes
	for n := end; n != none; n = k.tree.nodes[n].parent {
		hi := k.tree.nodes[n].hi
		for level := 1; level < k.levels(); level++ {
			hi[level] = max(hi[0], hi[1])
		}
		k.set(n, hi)
	}
}
