package prefix

// keep puts checkpoints of a line into all pools that hold windows and states:
// count positions from first on, stride apart, as far as there is room. What is
// there already is kept.
func (k *keeper) keep(now float64, line, first, stride, count int32) {
	for count > 0 && k.fork(line) > 0 && first <= k.fork(line) && k.contents.lines[line].parent != noLine {
		// Positions up to the fork are the parent's.
		n := min(count, (k.fork(line)-first)/stride+1)
		k.keep(now, k.contents.lines[line].parent, first, stride, n)
		first += n * stride
		count -= n
	}
	if count <= 0 {
		return
	}
	for _, pool := range k.tails {
		k.keepIn(now, line, pool, mark{first: first, stride: stride, count: count})
	}
}

// keepIn puts a run of checkpoints into one pool, in front of or behind the
// positions that are there.
func (k *keeper) keepIn(now float64, line int32, pool int, want mark) {
	if m, x := k.markAt(line, pool, want.last(), 0); m != none && x >= want.first {
		there := k.tree.marks[m].first + k.tree.marks[m].lead*k.tree.marks[m].stride
		if before := (there - want.first + want.stride - 1) / want.stride; there > want.first {
			k.keepIn(now, line, pool, mark{first: want.first, stride: want.stride, count: before})
		}
		behind := (want.last() - x + want.stride - 1) / want.stride
		want.first = want.last() - (behind-1)*want.stride
		want.count = behind
		if behind <= 0 {
			return
		}
	}
	distance := want.stride
	if want.count == 1 {
		_, before := k.markAt(line, pool, want.first-1, 0)
		distance = want.first - before
	}
	want.bytes = k.element(pool, int(distance*k.page))
	room := &k.stores[pool]
	if want.bytes > 0 {
		// What can be had: all positions, or the last ones.
		most := int32(min(int64(want.count), (room.capacity-room.pinned)/want.bytes))
		want.first += (want.count - most) * want.stride
		want.count = most
	}
	if want.count <= 0 || !k.makeRoom(now, room, int64(want.count)*want.bytes) {
		return
	}
	k.clear(line, pool, want.first, want.last())
	want.line, want.pool = line, int8(pool)
	m := k.addMark(want)
	k.touchMark(now, m, 0)
}

// cleave parts a run of checkpoints that reaches over a position, so that runs
// never interleave.
func (k *memory) cleave(line int32, pool int, position int32) {
	b := k.tree.known(k.contents, line)
	if b == nil {
		return
	}
	for m := b.marks[pool]; m != none; m = k.tree.marks[m].next {
		x := &k.tree.marks[m]
		if x.first < position {
			if position <= x.last() {
				k.part(m, (position-x.first+x.stride-1)/x.stride)
			}
			return // those before end before it
		}
	}
}

// clear drops what a line has in a pool between two positions: copies below
// HBM, and pages of windows that are not whole.
func (k *memory) clear(line int32, pool int, first, last int32) {
	k.cleave(line, pool, first)
	k.cleave(line, pool, last+1)
	b := k.tree.known(k.contents, line)
	if b == nil {
		return
	}
	for m := b.marks[pool]; m != none && k.tree.marks[m].first >= first; {
		next := k.tree.marks[m].next
		if k.tree.marks[m].first <= last {
			k.dropMark(m)
		}
		m = next
	}
}

// part leaves a run its first positions and makes a run of the rest, of the
// same age.
func (k *memory) part(m, count int32) int32 {
	run := k.tree.marks[m]
	rest := run
	rest.first, rest.count, rest.lead = run.first+count*run.stride, run.count-count, max(run.lead-count, 0)
	k.resizeMark(m, run.first, count)
	r := k.addMark(rest)
	k.line(k.below(int(rest.level), int(rest.pool)), markEntry(r))
	return r
}

// addMark puts a run of checkpoints in its place on its line, in no queue yet.
func (k *memory) addMark(x mark) int32 {
	t := &k.tree
	var m int32
	if n := len(t.freeMarks); n > 0 {
		m = t.freeMarks[n-1]
		t.freeMarks = t.freeMarks[:n-1]
	} else {
		t.marks = append(t.marks, mark{})
		m = int32(len(t.marks) - 1)
	}
	t.hold(k.contents, x.line)
	b := t.branches.at(x.line)
	before, next := int32(none), b.marks[x.pool]
	for next != none && t.marks[next].first > x.first {
		before, next = next, t.marks[next].next
	}
	x.ticket, x.prev, x.next = 0, before, next
	t.marks[m] = x
	if before == none {
		b.marks[x.pool] = m
	} else {
		t.marks[before].next = m
	}
	if next != none {
		t.marks[next].prev = m
	}
	k.below(int(x.level), int(x.pool)).used += int64(x.count) * x.bytes
	return m
}

// dropMark forgets a run of checkpoints.
func (k *memory) dropMark(m int32) {
	t := &k.tree
	x := &t.marks[m]
	s := k.below(int(x.level), int(x.pool))
	s.pull(t, markEntry(m))
	s.used -= int64(x.count) * x.bytes
	b := t.branches.at(x.line)
	if x.prev == none {
		b.marks[x.pool] = x.next
	} else {
		t.marks[x.prev].next = x.next
	}
	if x.next != none {
		t.marks[x.next].prev = x.prev
	}
	t.freeMarks = append(t.freeMarks, m)
	t.unhold(k.contents, x.line)
}

// touchMark notes the use of a run of checkpoints.
func (k *evictor) touchMark(now float64, m int32, class uint8) {
	x := &k.tree.marks[m]
	k.stamp(now, &x.age, class)
	k.line(k.below(int(x.level), int(x.pool)), markEntry(m))
}

// resizeMark sets how many positions a run has.
func (k *memory) resizeMark(m, first, count int32) {
	x := &k.tree.marks[m]
	k.below(int(x.level), int(x.pool)).used += int64(count-x.count) * x.bytes
	x.first, x.count = first, count
}

// use takes what a hit needs of the checkpoints up to HBM and notes their use.
func (k *keeper) use(now float64, line, position int32, class uint8) {
	for _, pool := range k.tails {
		m, x := k.markAt(line, pool, position, k.levels()-1)
		if m == none || x != position {
			continue // its window is computed again
		}
		m = k.single(m, x, pool)
		if level := k.tree.marks[m].level; level > 0 {
			up := k.tree.marks[m]
			k.dropMark(m) // first, as making room may push it out of its tier
			if !k.makeRoom(now, &k.stores[pool], int64(up.count)*up.bytes) {
				continue
			}
			up.level = 0
			m = k.addMark(up)
		}
		k.touchMark(now, m, class)
	}
}

// single cuts the positions that a hit at x needs out of their run: the rest
// keeps its age.
func (k *memory) single(m, x int32, pool int) int32 {
	run := k.tree.marks[m]
	if run.count == 1 {
		return m
	}
	needs := int32(k.span(pool, int(run.stride*k.page)))
	at := (x - run.first) / run.stride // its number in the run
	from := max(at-needs+1, 0)
	if at+1 < run.count {
		k.part(m, at+1)
	}
	if from == 0 {
		return m
	}
	mine := k.part(m, from)
	k.tree.marks[mine].lead = needs - 1
	return mine
}

// trimMarks drops the checkpoints of a line behind so many pages, which are of
// no use without the entries that grow.
func (k *evictor) trimMarks(line, pages int32) {
	b := k.tree.known(k.contents, line)
	if b == nil {
		return
	}
	k.contents.lines[line].refs++ // b stays while marks go
	for _, pool := range k.tails {
		for m := b.marks[pool]; m != none; {
			x := &k.tree.marks[m]
			next := x.next
			if x.first > pages {
				k.dropMark(m)
			} else if x.last() > pages {
				k.resizeMark(m, x.first, (pages-x.first)/x.stride+1)
			}
			m = next
		}
	}
	k.contents.release(line)
}

// limitMarks keeps no more positions of a line than the policy says.
func (k *evictor) limitMarks(line int32) {
	last := int32(k.spec.Policy.Checkpoints.Last)
	b := k.tree.known(k.contents, line)
	if last == 0 || b == nil {
		return
	}
	for _, pool := range k.tails {
		left := last
		for m := b.marks[pool]; m != none; {
			x := &k.tree.marks[m]
			next := x.next
			switch {
			case left == 0:
				k.dropMark(m)
			case x.count > left:
				k.resizeMark(m, x.first+(x.count-left)*x.stride, left)
				x.lead = 0
				left = 0
			default:
				left -= x.count
			}
			m = next
		}
	}
}

// element is what one checkpoint takes of a pool that lies so many tokens
// behind the one before.
func (k *memory) element(pool, distance int) (bytes int64) {
	for i := range k.parts {
		if p := &k.parts[i]; p.Pool == pool {
			bytes += int64(p.checkpointPages(distance, k.spec.Policy.Checkpoints.WholePages)) * p.bytes
		}
	}
	return bytes
}

// span is how many positions so many tokens apart the windows of a pool need.
func (k *memory) span(pool, distance int) int {
	most := 1
	for i := range k.parts {
		if p := &k.parts[i]; p.Pool == pool && p.Kind == Window {
			most = max(most, pagesOver(pagesOver(p.span(), p.Page)*p.Page, distance))
		}
	}
	return most
}
