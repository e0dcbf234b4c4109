package prefix

// Release ends a request: its first context tokens stay, in whole pages, until
// something evicts them, with the windows and states at the positions that the
// policy keeps. The rest of its reservation is free. Count the generated tokens
// in if the engine keeps them.
func (k *Cache) Release(now float64, id SessionID, context int) {
	k.Filled(now, id)
	r := k.active(id)
	line := k.contents.line(id)
	if k.spec.Realised > 0 {
		k.finish(now, id, r)
		return
	}
	prompt := min(r.base, k.pagesIn(r.prompt-int32(k.spec.Policy.Ahead)))
	if k.spec.Policy.NoGenerated {
		context = min(context, int(r.prompt))
	}
	if int32(context) > r.prompt {
		k.contents.computed(line, int32(context))
	}
	k.extend(r, line, min(k.pagesIn(int32(context)), r.room))
	if k.spec.Policy.DropsStale && k.pagesIn(int32(context)) < r.base {
		k.shed(r, k.pagesIn(int32(context)))
	}
	k.free(r)
	k.settle(r)
	k.endMarks(now, line, prompt, context, r)
	if k.through {
		k.copyDown(now, r.node)
	}
	k.finish(now, id, r)
}

// settle notes the line of the last node that a session leaves here, where it is
// dropped once it is stale. Else nothing is left to say of the session, and its record
// makes room for another's.
func (k *Cache) settle(r *run) {
	r.line = 0
	if r.node != none && k.spec.Policy.DropsStale {
		r.line = k.tree.nodes[r.node].line + 1
	}
}

// shed gives up what a request holds behind a page, if nobody else builds on it.
func (k *Cache) shed(r *run, page int32) {
	for r.node != none {
		x := &k.tree.nodes[r.node]
		if k.end(r.node) <= page || x.locks > 1 || x.child != none {
			return
		}
		n := r.node
		if x.start >= page {
			r.node = x.parent
		}
		hi := x.hi
		for level := range hi {
			hi[level] = max(min(hi[level], page), x.start)
		}
		moved := int64(k.end(n)-max(page, x.start)) * k.block[0]
		k.shorten(n, hi)
		home := &k.stores[k.home]
		home.used += moved // it is room again
		home.pinned += moved
		r.base -= int32(moved / k.block[0])
	}
}

// endMarks keeps the positions of an ended request that the policy names.
func (k *keeper) endMarks(now float64, line, prompt int32, context int, r *run) {
	if len(k.tails) == 0 {
		return
	}
	c := &k.spec.Policy.Checkpoints
	end := r.base
	if ahead := int32(k.spec.Policy.Ahead); ahead > 0 {
		end = min(end, k.pagesIn(int32(context)-ahead))
	}
	if c.Generated && c.Every > 0 {
		k.keepEvery(now, line, prompt, end, int32(c.Every)/k.page)
	}
	if at := end / k.align * k.align; c.RequestEnd && at > 0 {
		k.keep(now, line, at, k.align, 1)
	}
	k.limitMarks(line)
}

// free gives back the memory that a request has not filled.
func (k *Cache) free(r *run) {
	for i := range k.pools {
		bytes := r.tail[i]
		if i == k.home {
			bytes += int64(r.room-r.base) * k.block[0]
		}
		k.stores[i].used -= bytes
		k.stores[i].pinned -= bytes
		r.tail[i] = 0
	}
	r.room = r.base
}

// finish lets go of the path of a request that has ended.
func (k *Cache) finish(now float64, id SessionID, r *run) {
	k.free(r)
	k.running--
	for n := r.node; n != none; {
		x := &k.tree.nodes[n]
		parent := x.parent
		if x.locks--; x.locks == 0 {
			k.stores[k.home].pinned -= int64(k.held(x, 0)) * k.block[0]
		}
		k.stamp(now, &x.age, r.class) // it was locked, so in no queue
		k.requeue(n)
		k.merge(n)
		n = parent
	}
	if line := r.line; line > 0 {
		*r = run{node: none, line: line}
		return
	}
	k.runs.remove(int32(id)) // nothing is known that a new record would not say
}

// Retract takes a running request out; what it had generated is not kept. Where
// the policy drops what is stale, nothing of the session stays in HBM; else
// what was found and what it has put there stay until they are evicted.
func (k *Cache) Retract(now float64, id SessionID) {
	r := k.active(id)
	k.stats.Retractions++
	k.settle(r)
	if k.spec.Policy.DropsStale && k.spec.Realised == 0 {
		k.strip(now, r, k.contents.line(id))
	}
	k.finish(now, id, r)
}

// strip takes what a session alone has out of HBM. A write-through copy stays.
func (k *Cache) strip(now float64, r *run, line int32) {
	for n := r.node; n != none; n = r.node {
		x := &k.tree.nodes[n]
		if x.locks > 1 || x.kids[0] > 0 || !k.through && x.child != none || !k.contents.alone(x.line, line) {
			return
		}
		moved := int64(k.held(x, 0)) * k.block[0]
		r.node = x.parent
		r.base = x.start
		x.locks = 0
		home := &k.stores[k.home]
		home.used += moved
		hi := k.empty(n)
		if k.through {
			copy(hi[1:], x.hi[1:])
		}
		k.stamp(now, &x.age, r.class)
		k.shorten(n, hi)
	}
}

// Drop forgets what a session alone has here, as if the engine were told that
// it is over. Call it before Contents.End.
func (k *Cache) Drop(id SessionID) {
	if r := k.runs.at(int32(id)); r != nil && r.active {
		k.finish(0, id, r)
	}
	left := int32(0)
	if r := k.runs.at(int32(id)); r != nil {
		left = r.line
	}
	if line := k.contents.line(id); line != noLine {
		if k.contents.alone(line, line) {
			parent := k.contents.lines[line].parent
			k.dropLine(line, k.fork(line))
			k.sweepLeft(parent, noLine, 0)
		}
		if left > 0 && k.tree.known(k.contents, left-1) != nil {
			k.sweepLeft(left-1, line, 0)
		}
	}
	k.runs.remove(int32(id))
}

// Resident is how many leading tokens of a session's context are kept over all
// levels, and how many of these in HBM.
func (k *Cache) Resident(id SessionID) (tokens, hbm int) {
	line := k.contents.line(id)
	if line == noLine {
		return 0, 0
	}
	f := k.locate(line, k.pagesIn(k.contents.lines[line].length))
	return int(f.end * k.page), int(k.within(f.node, f.end, 0) * k.page)
}
