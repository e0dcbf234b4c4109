package prefix

import "agentsim/models/kvcache"

const none = -1

// node is a run of pages of one line that all lie behind the same forks. Its
// children begin where it ends.
//
// Invariant: start <= hi[0]; hi[t] <= hi[t+1] but for a write-through copy,
// where hi[1] may be on either side of hi[0].
type node struct {
	line  int32
	start int32 // pages
	// hi[t] is where the run held at level t ends: HBM (0), then the tiers. The
	// run starts where that of the level above ends; HBM's and a write-through
	// copy start at start.
	hi                [kvcache.Levels]int32
	parent, child     int32
	sibling, sibling2 int32                  // the next child of its parent, and the one before
	next, prev        int32                  // on its line
	kids              [kvcache.Levels]int32  // children that hold pages, by level
	tickets           [kvcache.Levels]uint32 // in the queue of each level; 0 = not in it
	locks             int32                  // running requests that build on it
	age               age
}

// mark is a run of checkpoints of one line in one pool: positions at which the
// windows and states of that pool are kept.
type mark struct {
	line       int32
	first      int32 // page of the first position
	stride     int32 // pages between positions
	count      int32
	lead       int32  // of the first positions, those whose windows begin before the run and are gone
	next, prev int32  // of the line and pool, by falling positions
	ticket     uint32 // in its store's queue; 0 = not in it
	bytes      int64  // of one position
	age        age
	pool       int8
	level      int8
}

func (m *mark) last() int32 { return m.first + (m.count-1)*m.stride }

// branch is what is known here of a line.
type branch struct {
	generation  uint32          // of the line + 1; 0 = nothing is known
	first, last int32           // nodes
	marks       [MaxPools]int32 // the last one of each pool
	holds       int32           // nodes and marks
	had         int32           // pages that were ever kept here
	ghost       [MaxPools]int32 // the last position that was evicted from each pool
}

// tree is what a rank keeps of all lines.
type tree struct {
	nodes     []node
	marks     []mark
	freeNodes []int32
	freeMarks []int32
	branches  sheet[branch] // by line
	tickets   uint32        // drawn in all queues
}

// draw is a ticket that nobody has; 0 is none.
func (t *tree) draw() uint32 {
	if t.tickets++; t.tickets == 0 {
		t.tickets++
	}
	return t.tickets
}

// ticket is what an entry has drawn last in the queue of a level.
func (t *tree) ticket(e entry, level int) *uint32 {
	if e.isMark() {
		return &t.marks[e.index()].ticket
	}
	return &t.nodes[e.index()].tickets[level]
}

func (t *tree) age(e entry) *age {
	if e.isMark() {
		return &t.marks[e.index()].age
	}
	return &t.nodes[e.index()].age
}

// known returns what is known of a line; nil = nothing.
func (t *tree) known(c *Contents, at int32) *branch {
	b := t.branches.at(at)
	if b == nil || b.generation != c.lines[at].generation+1 {
		return nil
	}
	return b
}

// branch returns the record of a line, new if there is none.
func (t *tree) branch(c *Contents, at int32) *branch {
	if b := t.known(c, at); b != nil {
		return b
	}
	if t.branches.full() { // of lines that are gone nothing is asked any more
		t.branches.forget(func(i int32, b *branch) bool { return b.generation != c.lines[i].generation+1 })
	}
	b := t.branches.use(at, branch{})
	*b = branch{generation: c.lines[at].generation + 1, first: none, last: none}
	for i := range b.marks {
		b.marks[i] = none
	}
	return b
}

// hold and unhold count what a line has here; a line is not forgotten as long
// as it has anything.
func (t *tree) hold(c *Contents, at int32) {
	b := t.branch(c, at)
	if b.holds++; b.holds == 1 {
		c.lines[at].refs++
	}
}

func (t *tree) unhold(c *Contents, at int32) {
	b := t.branches.at(at)
	if b.holds--; b.holds == 0 {
		c.release(at)
	}
}

// grow returns a new node of a line behind its parent; it holds nothing yet.
func (t *tree) grow(c *Contents, at, start, parent int32) int32 {
	var n int32
	if k := len(t.freeNodes); k > 0 {
		n = t.freeNodes[k-1]
		t.freeNodes = t.freeNodes[:k-1]
	} else {
		t.nodes = append(t.nodes, node{})
		n = int32(len(t.nodes) - 1)
	}
	x := &t.nodes[n]
	*x = node{line: at, start: start, parent: none, child: none, sibling: none, sibling2: none, next: none, prev: none}
	for i := range x.hi {
		x.hi[i] = start
	}
	t.hold(c, at)
	t.adopt(parent, n)
	t.thread(n)
	return n
}

// thread puts a node in its place on its line.
func (t *tree) thread(n int32) {
	x := &t.nodes[n]
	b := t.branches.at(x.line)
	after := b.last
	for after != none && t.nodes[after].start >= x.start {
		after = t.nodes[after].prev
	}
	x.prev = after
	if after == none {
		x.next, b.first = b.first, n
	} else {
		x.next, t.nodes[after].next = t.nodes[after].next, n
	}
	if x.next == none {
		b.last = n
	} else {
		t.nodes[x.next].prev = n
	}
}

// adopt makes a node the child of another.
func (t *tree) adopt(parent, n int32) {
	x := &t.nodes[n]
	x.parent, x.sibling, x.sibling2 = parent, none, none
	if parent == none {
		return
	}
	x.sibling = t.nodes[parent].child
	if x.sibling != none {
		t.nodes[x.sibling].sibling2 = n
	}
	t.nodes[parent].child = n
}

// disown takes a node from its parent.
func (t *tree) disown(n int32) {
	x := &t.nodes[n]
	switch {
	case x.sibling2 != none:
		t.nodes[x.sibling2].sibling = x.sibling
	case x.parent != none:
		t.nodes[x.parent].child = x.sibling
	}
	if x.sibling != none {
		t.nodes[x.sibling].sibling2 = x.sibling2
	}
}

// fell takes a node out that holds nothing and has no children.
func (t *tree) fell(c *Contents, n int32) {
	t.disown(n)
	x := &t.nodes[n]
	b := t.branches.at(x.line)
	if x.prev == none {
		b.first = x.next
	} else {
		t.nodes[x.prev].next = x.next
	}
	if x.next == none {
		b.last = x.prev
	} else {
		t.nodes[x.next].prev = x.prev
	}
	x.parent = none
	t.freeNodes = append(t.freeNodes, n)
	t.unhold(c, x.line)
}

// only reports whether a node is the one child of its parent.
func (t *tree) only(n int32) bool {
	x := &t.nodes[n]
	return x.parent != none && x.sibling == none && x.sibling2 == none
}
