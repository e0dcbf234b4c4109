package prefix

import "agentsim/ahead"

// Expected are the steps of Expect.
const Expected = 3

// Expect says that a request of a session is soon admitted or ends: the processor
// fetches what is kept of it. Each step tells where that of the next one lies, so
// take the first one for a number of sessions, then the second, and so on. What a
// look-up finds does not change.
func (k *Cache) Expect(id SessionID, step int) {
	if step == 0 {
		if int(id) < len(k.contents.sessions) {
			ahead.Fetch(&k.contents.sessions[id].line)
		}
		if r := k.runs.at(int32(id)); r != nil {
			ahead.Fetch(&r.line)
		}
		return
	}
	line := k.contents.line(id)
	if line == noLine {
		return
	}
	b := k.tree.branches.at(line)
	if step == 1 {
		ahead.Fetch(&k.contents.lines[line].parent)
		if b != nil {
			ahead.Fetch(&b.first)
		}
		return
	}
	if b != nil {
		k.tree.expect(b, k.tails)
	}
}

// expect fetches what lies at the end of a line. The line may be another one by now.
func (t *tree) expect(b *branch, pools []int) {
	if n := b.last; n >= 0 && int(n) < len(t.nodes) {
		ahead.Fetch(&t.nodes[n].line)
		ahead.Fetch(&t.nodes[n].locks)
	}
	for _, pool := range pools {
		if m := b.marks[pool]; m >= 0 && int(m) < len(t.marks) {
			ahead.Fetch(&t.marks[m].line)
		}
	}
}

// expectNext fetches the entry that stands a few places further back in the line,
// which will come to its front.
func (q *queue) expectNext(t *tree, level int) {
	const places = 4
	if at := q.first + places; at < len(q.line) {
		e := q.line[at].entry
		if e.isMark() {
			ahead.Fetch(&t.marks[e.index()].line)
		} else {
			ahead.Fetch(&t.nodes[e.index()].locks)
		}
	}
}
