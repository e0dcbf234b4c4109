package serve

import "slices"

// fifo is a queue of calls in a ring that grows and never shrinks.
type fifo struct {
	ring []int32
	head int
	n    int
}

func (q *fifo) push(id int32) {
	if q.n == len(q.ring) {
		q.enlarge()
	}
	q.ring[(q.head+q.n)%len(q.ring)] = id
	q.n++
}

// pushFront puts a call before all others.
func (q *fifo) pushFront(id int32) {
	if q.n == len(q.ring) {
		q.enlarge()
	}
	q.head = (q.head + len(q.ring) - 1) % len(q.ring)
	q.ring[q.head] = id
	q.n++
}

func (q *fifo) enlarge() {
	const initial = 16
	bigger := make([]int32, max(initial, 2*len(q.ring)))
	for i := range q.n {
		bigger[i] = q.at(i)
	}
	q.ring, q.head = bigger, 0
}

func (q *fifo) at(i int) int32 { return q.ring[(q.head+i)%len(q.ring)] }

func (q *fifo) pop() int32 {
	id := q.ring[q.head]
	q.head = (q.head + 1) % len(q.ring)
	q.n--
	return id
}

// remove takes out the i-th call; those behind it move up.
func (q *fifo) remove(i int) {
	if i == 0 {
		q.pop()
		return
	}
	for ; i < q.n-1; i++ {
		q.ring[(q.head+i)%len(q.ring)] = q.at(i + 1)
	}
	q.n--
}

// due is a call in the decode batch and a virtual step at which something is
// due: it is complete, or its cache is full.
type due struct {
	step int64
	call int32
}

// dueHeap is a binary min-heap by step, then by call so that equal steps have
// one order.
type dueHeap []due

func (h dueHeap) less(i, j int) bool {
	if h[i].step != h[j].step {
		return h[i].step < h[j].step
	}
	return h[i].call < h[j].call
}

func (h *dueHeap) push(f due) {
	*h = append(*h, f)
	s := *h
	for i := len(s) - 1; i > 0; {
		parent := (i - 1) / 2
		if !s.less(i, parent) {
			break
		}
		s[i], s[parent] = s[parent], s[i]
		i = parent
	}
}

func (h *dueHeap) pop() due {
	s := *h
	top := s[0]
	last := len(s) - 1
	s[0] = s[last]
	s = s[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			break
		}
		if child+1 < last && s.less(child+1, child) {
			child++
		}
		if !s.less(child, i) {
			break
		}
		s[i], s[child] = s[child], s[i]
		i = child
	}
	*h = s
	return top
}

// remove takes a call out of the heap, wherever it is.
func (h *dueHeap) remove(call int32) {
	rest := slices.DeleteFunc(*h, func(f due) bool { return f.call == call })
	*h = rest[:0]
	for _, f := range rest {
		h.push(f)
	}
}
