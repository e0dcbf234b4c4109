package prefix

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
func (k *keeper) promptMarks(now float64, line, hit int32, r *run) {
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
func (k *keeper) keepEvery(now float64, line, behind, end, stride int32) {
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

// extends reports whether a request may lengthen the node that it builds on.
func (k *Cache) extends(r *run, line int32) bool {
	x := &k.tree.nodes[r.node]
	return x.line == line && x.child == none && x.locks == 1
}
