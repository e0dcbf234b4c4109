package prefix

import "agentsim/models/kvcache"

// Request is one call as the cache sees it. Contents.Begin has said what its
// tokens are.
type Request struct {
	Session SessionID
	Prompt  int   // tokens of the whole prompt
	Reserve int   // room for tokens to generate
	Class   uint8 // tool class of the gap after this call; used after its end only
}

// Hit is the part of a prompt that need not be computed.
type Hit struct {
	Tokens int                 // leading tokens found, at most Prompt-1
	Levels [kvcache.Levels]int // the same by where they and what they need lie; [0] is HBM, ready at once
	// ReloadBytes is what has to move to HBM first, from each level below it.
	ReloadBytes [kvcache.Levels]int64
	Lost        Lost // of Admit only
}

// found is a hit in pages.
type found struct {
	node int32 // the last one on the path of which anything is kept; none = none
	end  int32 // up to which the path is kept, at any level
	hit  int32
}

// Lookup returns the hit that Admit would return now, but for what was lost. It
// changes nothing.
func (k *Cache) Lookup(r Request) Hit {
	hit, _ := k.find(r)
	return hit
}

func (k *index) find(r Request) (Hit, found) {
	if k.spec.Realised > 0 {
		tokens := min(int(k.spec.Realised*float64(r.Prompt)), r.Prompt-1)
		h := Hit{Tokens: tokens / int(k.page) * int(k.page)}
		h.Levels[0] = h.Tokens
		return h, found{node: none}
	}
	if k.spec.Policy.Nothing {
		return Hit{}, found{node: none}
	}
	line := k.contents.line(r.Session)
	f := k.match(line, int32(r.Prompt))
	h := Hit{Tokens: int(f.hit * k.page)}
	h.Levels[0] = h.Tokens
	if k.levels() > 1 && f.hit > 0 {
		k.spread(line, f, &h)
	}
	return h, f
}

// match walks the lines of a prompt down to the longest prefix that is kept
// with all that it needs, at any level.
func (k *index) match(line, prompt int32) found {
	f := k.locate(line, k.pagesIn(prompt))
	limit := min(f.end, k.pagesIn(prompt-1)) // the last token must be computed to get the next one
	f.hit = k.joint(line, f.end, limit, k.levels()-1)
	return f
}

// locate finds the last node on the path of a line that begins before so many
// pages, and up to where the path is kept.
func (k *index) locate(line, pages int32) found {
	for line != noLine {
		if b := k.tree.known(k.contents, line); b != nil {
			n := b.last
			for n != none && k.tree.nodes[n].start >= pages {
				n = k.tree.nodes[n].prev
			}
			if n != none {
				return found{node: n, end: min(pages, k.end(n))}
			}
		}
		pages = min(pages, k.fork(line))
		line = k.contents.lines[line].parent
	}
	return found{node: none}
}

// within is up to where the path to a node is kept at a level or above it.
func (k *index) within(n, end int32, level int) int32 {
	for n != none {
		x := &k.tree.nodes[n]
		if reach := max(x.hi[0], x.hi[level]); reach > x.start {
			return min(end, reach)
		}
		end, n = min(end, x.start), x.parent
	}
	return 0
}

// joint is the last position up to limit at which every component is kept at a
// level or above it; the entries that grow are kept up to end.
func (k *index) joint(line, end, limit int32, level int) int32 {
	if ahead := int32(k.spec.Policy.Ahead); ahead > 0 && len(k.tails) == 0 {
		limit = min(limit, k.pagesIn(end*k.page-ahead))
	}
	x := limit / k.align * k.align
	for again := true; again && x > 0; {
		again = false
		for _, pool := range k.tails {
			if y := k.marked(line, pool, x, level); y < x {
				x, again = y, true
			}
		}
	}
	return max(x, k.recomputed(limit, level))
}

// recomputed is the hit where the window of a long prefix is computed again.
func (k *index) recomputed(limit int32, level int) int32 {
	tokens := int32(k.spec.Policy.Recompute)
	x := limit / k.align * k.align
	if tokens == 0 || x*k.page < 2*tokens || level < k.levels()-1 {
		return 0
	}
	return x - k.pagesFor(tokens)
}

// marked is the last position up to a limit that a pool keeps, at a level or
// above it.
func (k *index) marked(line int32, pool int, limit int32, level int) int32 {
	if m, x := k.markAt(line, pool, limit, level); m != none {
		return x
	}
	return 0
}

// markAt finds the mark of the last position up to a limit.
func (k *index) markAt(line int32, pool int, limit int32, level int) (m, position int32) {
	for line != noLine {
		if b := k.tree.known(k.contents, line); b != nil {
			for m := b.marks[pool]; m != none; m = k.tree.marks[m].next {
				x := &k.tree.marks[m]
				if int(x.level) > level || x.first+x.lead*x.stride > limit {
					continue
				}
				return m, min(x.last(), limit-(limit-x.first)%x.stride)
			}
		}
		limit = min(limit, k.fork(line))
		line = k.contents.lines[line].parent
	}
	return none, 0
}

// spread says at which levels a hit lies: tokens count where the deepest part
// of what they need does.
func (k *index) spread(line int32, f found, h *Hit) {
	from := int32(0)
	for level := range k.levels() {
		to := f.hit
		if level < k.levels()-1 {
			end := k.within(f.node, f.end, level)
			to = max(from, min(k.joint(line, end, min(end, f.hit), level), f.hit))
		}
		h.Levels[level] = int((to - from) * k.page)
		from = to
	}
	for n, end := f.node, f.hit; n != none; n = k.tree.nodes[n].parent {
		x := &k.tree.nodes[n]
		from := max(x.start, min(x.hi[0], end))
		for level := 1; level < k.levels(); level++ {
			if to := min(x.hi[level], end); to > from {
				h.ReloadBytes[level] += int64(to-from) * k.block[level]
				from = to
			}
		}
		end = min(end, x.start)
	}
	for _, pool := range k.tails {
		if m, x := k.markAt(line, pool, f.hit, k.levels()-1); m != none && x == f.hit {
			if level := k.tree.marks[m].level; level > 0 {
				h.ReloadBytes[level] += k.tree.marks[m].bytes
			}
		}
	}
}

// lose says why the tokens of a prompt behind its hit were not found.
func (k *index) lose(r Request, hit int, f found) (lost Lost) {
	prompt := int32(r.Prompt)
	line := k.contents.line(r.Session)
	w := k.contents.writer(r.Session)
	at := int32(hit)
	known := max(k.contents.seenOf(line, prompt), at)
	if behind := prompt - known; behind > 0 {
		lost.PromptChanged = int(min(max(w.changed-known, 0), behind))
		lost.NeverSeen = int(behind) - lost.PromptChanged
	}
	if k.spec.Realised > 0 || k.spec.Policy.Nothing {
		lost.NotKept = int(known - at) // of what was measured, why is not known
		return lost
	}
	had := min(k.had(line, k.pagesIn(prompt))*k.page, known)
	end := min(f.end*k.page, known)
	if from := max(at, had); from < known {
		k.loseElsewhere(&lost, w, from, known)
	}
	if from := max(at, end); from < had {
		lost.Evicted[k.home] += int(had - from)
	}
	if at < end {
		pool, ghost := k.ghost(line, f.end)
		evicted := max(min(ghost*k.page, end)-at, 0)
		lost.Evicted[pool] += int(evicted)
		lost.NoCheckpoint += int(end - at - evicted)
	}
	return lost
}

// loseElsewhere says why the tokens between two positions were never kept here
// although they were computed: the rest of a page is kept nowhere, what was
// generated may not be, and all else was computed on another worker.
func (k *index) loseElsewhere(lost *Lost, w *writer, from, to int32) {
	if to-from <= k.page { // a page at most: the last token generated is written nowhere
		lost.NoCheckpoint += int(to - from)
		return
	}
	if first := max(w.common-w.generated, from); first < w.common && w.common <= to {
		lost.NotKept += int(w.common - first)
		lost.OtherWorker += int(to - w.common)
		to = first
	}
	if to-from < k.page {
		lost.NoCheckpoint += int(to - from)
	} else {
		lost.OtherWorker += int(to - from)
	}
}

// had is how many pages of a line, of so many, were ever kept here.
func (k *index) had(line, pages int32) int32 {
	for line != noLine {
		if b := k.tree.known(k.contents, line); b != nil && b.had > k.fork(line) {
			return min(pages, b.had)
		}
		pages = min(pages, k.fork(line))
		line = k.contents.lines[line].parent
	}
	return 0
}

// ghost is the last position of a line up to a limit of which a pool has lost
// the checkpoint.
func (k *index) ghost(line, limit int32) (pool int, position int32) {
	for line != noLine {
		if b := k.tree.known(k.contents, line); b != nil {
			for _, p := range k.tails {
				if g := b.ghost[p]; g <= limit && g > position {
					pool, position = p, g
				}
			}
			if position > 0 {
				return pool, position
			}
		}
		limit = min(limit, k.fork(line))
		line = k.contents.lines[line].parent
	}
	return 0, 0
}

// begins finds the node of a line that begins with a page, behind a parent.
func (k *index) begins(line, page, parent int32) int32 {
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
