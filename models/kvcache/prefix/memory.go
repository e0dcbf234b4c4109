package prefix

import "agentsim/models/kvcache"

// Levels is how many stores a prefix can lie in, one below the other.
func (k *memory) levels() int { return len(k.stores) - k.pools + 1 }

// at returns the store of what grows at a level.
func (k *memory) at(level int) *store { return k.below(level, k.home) }

// below returns the store of a pool's contents at a level.
func (k *memory) below(level, pool int) *store {
	if level == 0 {
		return &k.stores[pool]
	}
	return &k.stores[k.pools+level-1]
}

// pagesIn rounds tokens down to whole pages, pagesFor up.
func (k *memory) pagesIn(tokens int32) int32 { return max(tokens, 0) / k.page }

func (k *memory) pagesFor(tokens int32) int32 { return (tokens + k.page - 1) / k.page }

// fork is the page with which a line's own pages begin.
func (k *memory) fork(line int32) int32 { return k.contents.lines[line].fork / k.page }

// held is how many pages a node has at a level.
func (k *memory) held(x *node, level int) int32 {
	if level == 0 || level == 1 && k.through {
		return x.hi[level] - x.start
	}
	return x.hi[level] - x.hi[level-1]
}

// end is where a node ends, over all levels.
func (k *memory) end(n int32) int32 {
	x := &k.tree.nodes[n]
	return max(x.hi[0], x.hi[k.levels()-1])
}

// empty are the ends of a node that holds nothing.
func (k *memory) empty(n int32) (hi [kvcache.Levels]int32) {
	for level := range hi {
		hi[level] = k.tree.nodes[n].start
	}
	return hi
}

// set gives a node its ends and accounts for them.
func (k *memory) set(n int32, hi [kvcache.Levels]int32) {
	x := &k.tree.nodes[n]
	var before [kvcache.Levels]int32
	levels := k.levels()
	for level := range levels {
		before[level] = k.held(x, level)
	}
	x.hi = hi
	told := false
	for level := range levels {
		before, after := before[level], k.held(x, level)
		if before == after {
			continue
		}
		s := k.at(level)
		bytes := int64(after-before) * k.block[level]
		s.used += bytes
		if level == 0 && x.locks > 0 {
			s.pinned += bytes
		}
		if x.parent != none && (before > 0) != (after > 0) {
			told = true
			k.count(x.parent, level, after > 0, before > 0)
		}
	}
	k.requeue(n)
	if told {
		k.requeue(x.parent)
	}
}

// count corrects how many children of a node hold pages at a level.
func (k *memory) count(parent int32, level int, now, before bool) {
	kids := &k.tree.nodes[parent].kids[level]
	if now && !before {
		*kids++
	}
	if !now && before {
		*kids--
	}
}

// line puts an entry in the queue of a store by its age, or gives it its new place
// there.
func (k *memory) line(s *store, e entry) { s.push(&k.tree, e, k.order.key(k.tree.age(e))) }

// requeue puts a node in the queue of every level at which it can give way,
// and takes it out of the others.
func (k *memory) requeue(n int32) {
	x := &k.tree.nodes[n]
	for level := range k.levels() {
		gives := x.locks == 0 && x.kids[level] == 0 && k.held(x, level) > 0
		switch in := x.tickets[level] != 0; {
		case gives && !in:
			k.line(k.at(level), nodeEntry(n))
		case !gives && in:
			k.at(level).pull(&k.tree, nodeEntry(n))
		}
	}
}

// lock keeps a node from giving way, for one more request.
func (k *memory) lock(n int32) {
	x := &k.tree.nodes[n]
	if x.locks++; x.locks == 1 {
		k.stores[k.home].pinned += int64(k.held(x, 0)) * k.block[0]
		k.requeue(n)
	}
}

// reach sets the end of a node in HBM.
func (k *memory) reach(n, to int32) {
	hi := k.tree.nodes[n].hi
	hi[0] = to
	for level := 1; level < k.levels() && !k.through; level++ {
		hi[level] = to
	}
	k.set(n, hi)
}

// raise takes a node up to HBM; only a write-through copy stays.
func (k *memory) raise(n int32) {
	hi := k.tree.nodes[n].hi
	end := k.end(n)
	for level := range k.levels() {
		switch {
		case level == 0 || !k.through:
			hi[level] = end
		case level > 1:
			hi[level] = hi[1]
		}
	}
	k.set(n, hi)
}

// split makes a node begin at a page; a new one before it has the rest, and is
// returned.
func (k *memory) split(n, at int32) int32 {
	x := k.tree.nodes[n]
	for level := range k.levels() {
		k.at(level).pull(&k.tree, nodeEntry(n))
	}
	u := k.tree.grow(k.contents, x.line, x.start, none)
	t := &k.tree
	upper, lower := &t.nodes[u], &t.nodes[n]
	t.disown(n)
	t.adopt(x.parent, u)
	t.adopt(u, n)
	lower.start = at
	upper.locks, upper.age = x.locks, x.age
	for level := range k.levels() {
		upper.hi[level] = min(x.hi[level], at)
		lower.hi[level] = max(x.hi[level], at)
	}
	for level := range k.levels() {
		if k.held(lower, level) > 0 {
			upper.kids[level]++
		}
		if x.parent != none {
			k.count(x.parent, level, k.held(upper, level) > 0, k.held(&x, level) > 0)
		}
	}
	k.requeue(n)
	k.requeue(u)
	if x.parent != none {
		k.requeue(x.parent)
	}
	return u
}

// merge makes a node and its only child of the same line one again, where
// nothing tells them apart.
func (k *memory) merge(n int32) {
	child := k.tree.nodes[n].child
	if child == none || !k.tree.only(child) {
		return
	}
	x, y := &k.tree.nodes[n], &k.tree.nodes[child]
	if x.line != y.line || x.locks > 0 || y.locks > 0 || x.hi[0] != y.start || y.hi[0] != k.end(child) ||
		k.through && k.held(y, 1) > 0 && x.hi[1] != y.start {
		return
	}
	if y.age.last != x.age.last {
		return // the rest was not used this time
	}
	for level := range k.levels() {
		k.at(level).pull(&k.tree, nodeEntry(n))
		k.at(level).pull(&k.tree, nodeEntry(child))
	}
	hi := y.hi
	if k.through && k.held(y, 1) == 0 {
		for level := 1; level < k.levels(); level++ {
			hi[level] = x.hi[level]
		}
	}
	x.child, x.kids = y.child, y.kids
	for c := x.child; c != none; c = k.tree.nodes[c].sibling {
		k.tree.nodes[c].parent = n
	}
	x.hi = hi
	y.child = none
	y.parent, y.sibling, y.sibling2 = none, none, none
	k.tree.fell(k.contents, child)
	k.requeue(n)
}
