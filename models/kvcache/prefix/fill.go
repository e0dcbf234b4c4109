package prefix

import "agentsim/models/kvcache"

// Filled notes that the prompt of a running request is computed. From now on
// any other request finds it, and the windows and states at the positions that
// the policy keeps.
func (k *Cache) Filled(now float64, id SessionID) {
	r := k.active(id)
	if r.filled || k.spec.Realised > 0 {
		return
	}
	r.filled = true
	hit := r.base
	line := k.contents.line(id)
	k.contents.computed(line, r.prompt)
	k.extend(r, line, min(k.pagesIn(r.prompt), r.room))
	k.loosen(r)
	k.promptMarks(now, line, hit, r)
}

// promptMarks keeps the positions of a prompt that the policy names.
func (k *Cache) promptMarks(now float64, line, hit int32, r *run) {
	if len(k.tails) == 0 {
		return
	}
	c := &k.spec.Policy.Checkpoints
	end := r.base
	if ahead := int32(k.spec.Policy.Ahead); ahead > 0 {
		end = min(end, k.pagesIn(r.prompt-ahead))
	}
	if c.Junction && r.junction > hit && r.junction <= end {
		k.keep(now, line, r.junction, k.align, 1)
	}
	if c.Every > 0 {
		k.keepEvery(now, line, hit, end, int32(c.Every)/k.page)
	}
	if c.Chunk > 0 {
		stride := max(k.pagesIn(int32(c.Chunk))/k.align*k.align, k.align)
		first := (hit + stride) / k.align * k.align
		if first <= end {
			k.keep(now, line, first, stride, (end-first)/stride+1)
		}
	}
	if c.PromptEnd || c.Chunk > 0 {
		at := min(k.pagesIn(r.prompt-int32(c.Rewind)), end) / k.align * k.align
		if at > hit {
			k.keep(now, line, at, k.align, 1)
		}
	}
	k.limitMarks(line)
}

// keepEvery keeps the multiples of stride behind a position up to an end.
func (k *Cache) keepEvery(now float64, line, behind, end, stride int32) {
	first := (behind/stride + 1) * stride
	if first <= end {
		k.keep(now, line, first, stride, (end-first)/stride+1)
	}
}

// extend puts pages of a request up to a page into the tree, under what it
// builds on. Pages that another request has put there meanwhile are taken
// instead of its own.
func (k *Cache) extend(r *run, line, to int32) {
	if fork := k.fork(line); r.base < fork && r.base < to {
		if parent := k.contents.lines[line].parent; parent != noLine {
			k.extend(r, parent, min(to, fork))
		}
	}
	for r.base < to {
		n := k.begins(line, r.base, r.node)
		if n != none {
			if to < k.end(n) {
				n = k.split(n, to)
			}
			k.lock(n)
			k.raise(n)
		} else if n = r.node; n == none || !k.extends(r, line) {
			n = k.tree.grow(k.contents, line, r.base, r.node)
			k.lock(n)
			k.reach(n, to)
		} else {
			k.reach(n, to)
		}
		home := &k.stores[k.home]
		moved := int64(k.end(n)-r.base) * k.block[0]
		home.used -= moved
		home.pinned -= moved
		r.node, r.base = n, k.end(n)
	}
	if b := k.tree.known(k.contents, line); b != nil {
		b.had = max(b.had, to)
	}
}

// begins finds the node of a line that begins with a page, behind a parent.
func (k *Cache) begins(line, page, parent int32) int32 {
	b := k.tree.known(k.contents, line)
	if b == nil {
		return none
	}
	n := b.last
	for n != none && k.tree.nodes[n].start > page {
		n = k.tree.nodes[n].prev
	}
	if n == none || k.tree.nodes[n].start != page || k.tree.nodes[n].parent != parent {
		return none
	}
	return n
}

// extends reports whether a request may lengthen the node that it builds on.
func (k *Cache) extends(r *run, line int32) bool {
	x := &k.tree.nodes[r.node]
	return x.line == line && x.child == none && x.locks == 1
}

// reach sets the end of a node in HBM.
func (k *Cache) reach(n, to int32) {
	hi := k.tree.nodes[n].hi
	hi[0] = to
	for level := 1; level < k.levels() && !k.through; level++ {
		hi[level] = to
	}
	k.set(n, hi)
}

// raise takes a node up to HBM; only a write-through copy stays.
func (k *Cache) raise(n int32) {
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

// held is how many pages a node has at a level.
func (k *Cache) held(x *node, level int) int32 {
	if level == 0 || level == 1 && k.through {
		return x.hi[level] - x.start
	}
	return x.hi[level] - x.hi[level-1]
}

// set gives a node its ends and accounts for them.
func (k *Cache) set(n int32, hi [kvcache.Levels]int32) {
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

// requeue puts a node in the queue of every level at which it can give way,
// and takes it out of the others.
func (k *Cache) requeue(n int32) {
	x := &k.tree.nodes[n]
	for level := range k.levels() {
		gives := x.locks == 0 && x.kids[level] == 0 && k.held(x, level) > 0
		switch in := x.pos[level] != 0; {
		case gives && !in:
			k.at(level).push(&k.tree, nodeEntry(n))
		case !gives && in:
			k.at(level).pull(&k.tree, nodeEntry(n))
		}
	}
}

// lock keeps a node from giving way, for one more request.
func (k *Cache) lock(n int32) {
	x := &k.tree.nodes[n]
	if x.locks++; x.locks == 1 {
		k.stores[k.home].pinned += int64(k.held(x, 0)) * k.block[0]
		k.requeue(n)
	}
}

// split makes a node begin at a page; a new one before it has the rest, and is
// returned.
func (k *Cache) split(n, at int32) int32 {
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

// count corrects how many children of a node hold pages at a level.
func (k *Cache) count(parent int32, level int, now, before bool) {
	kids := &k.tree.nodes[parent].kids[level]
	if now && !before {
		*kids++
	}
	if !now && before {
		*kids--
	}
}
