package sim

// phaseShift leaves 56 bits of an entry's key for the sequence number, enough
// for two thousand years of scheduling a million events a second.
const phaseShift = 56

// entry is a scheduled event: when, in which order among equals, and where its
// payload lies. It holds no pointers, so the collector never scans the queue.
type entry struct {
	at   Time
	key  uint64 // phase in the top byte, sequence number below; unique
	kind uint32 // index into Simulation.kinds
	slot uint32 // index into the kind's slots
}

func (e entry) phase() Phase { return Phase(e.key >> phaseShift) }

func (e entry) before(o entry) bool {
	return e.at < o.at || e.at == o.at && e.key < o.key
}

// arity is the number of children of a heap node. Four makes the tree half as
// deep as two, and siblings share cache lines.
const arity = 4

// queue is a heap of entries, the earliest at index 0. It is concrete because
// both container/heap and a comparison function make every push allocate.
type queue []entry

func (q *queue) push(e entry) {
	*q = append(*q, e)
	h := *q
	i := len(h) - 1
	for i > 0 {
		parent := (i - 1) / arity
		if !e.before(h[parent]) {
			break
		}
		h[i] = h[parent]
		i = parent
	}
	h[i] = e
}

// pop removes the earliest entry.
func (q *queue) pop() {
	h := *q
	last := len(h) - 1
	h[0] = h[last]
	h = h[:last]
	*q = h
	if last > 1 {
		h.down(0)
	}
}

// down moves the entry at i to its place among its descendants.
func (q queue) down(i int) {
	e := q[i]
	for {
		first := i*arity + 1
		if first >= len(q) {
			break
		}
		child := q.earliest(first, min(first+arity, len(q)))
		if !q[child].before(e) {
			break
		}
		q[i] = q[child]
		i = child
	}
	q[i] = e
}

// earliest is the index of the earliest entry in [from, to).
func (q queue) earliest(from, to int) int {
	best := from
	for i := from + 1; i < to; i++ {
		if q[i].before(q[best]) {
			best = i
		}
	}
	return best
}

// heapify restores the heap order of arbitrary content.
func (q queue) heapify() {
	parents := (len(q) + arity - 2) / arity
	for i := parents - 1; i >= 0; i-- {
		q.down(i)
	}
}
