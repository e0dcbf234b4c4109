package prefix

// queue is what can give way in a store, in the order of eviction. Nobody is looked
// for in it: an entry knows the ticket that it drew last, and whoever comes to the
// front with another one has left meanwhile, or stands further behind. So to move an
// entry touches the entry and the end of the queue, not the places of others, for
// each of which the processor would wait.
//
// What was used last goes to the end of a line. What comes back with an older age,
// and all that the policy orders by more than its last use, goes into a heap beside it.
type queue struct {
	line  []queued
	first int // of the line; before it are those that were taken
	heap  []queued
	live  int // entries whose ticket is good
}

// queued is an entry with its order in the queue: that of its age when it drew its
// ticket.
type queued struct {
	key    float64 // of the policy, lowest first
	number uint64  // of the use
	entry  entry
	ticket uint32
}

func (a *queued) before(b *queued) bool {
	if a.key != b.key {
		return a.key < b.key
	}
	return a.number < b.number
}

// good reports whether an entry still stands where it has drawn this ticket.
func (x *queued) good(t *tree, level int) bool { return *t.ticket(x.entry, level) == x.ticket }

// push lines an entry up.
func (q *queue) push(t *tree, level int, x queued) {
	const few = 64 // that are gone, and let be
	if len(q.line)+len(q.heap) > 2*q.live+few {
		q.tidy(t, level)
	}
	if n := len(q.line); n == q.first || !x.before(&q.line[n-1]) {
		q.line = append(q.line, x)
		return
	}
	q.heap = append(q.heap, x)
	q.up(len(q.heap) - 1)
}

// front is the first entry whose ticket is good; nil = none.
func (q *queue) front(t *tree, level int) *queued {
	for q.first < len(q.line) && !q.line[q.first].good(t, level) {
		q.first++
		q.expectNext(t, level)
	}
	for len(q.heap) > 0 && !q.heap[0].good(t, level) {
		q.pop()
	}
	switch {
	case q.first == len(q.line) && len(q.heap) == 0:
		return nil
	case q.first == len(q.line) || len(q.heap) > 0 && q.heap[0].before(&q.line[q.first]):
		return &q.heap[0]
	}
	return &q.line[q.first]
}

// each goes over all entries whose tickets are good, in no order.
func (q *queue) each(t *tree, level int, visit func(*queued)) {
	for _, list := range [][]queued{q.line[q.first:], q.heap} {
		for i := range list {
			if list[i].good(t, level) {
				visit(&list[i])
			}
		}
	}
}

// tidy forgets who has gone.
func (q *queue) tidy(t *tree, level int) {
	kept := q.line[:0]
	for i := q.first; i < len(q.line); i++ {
		if q.line[i].good(t, level) {
			kept = append(kept, q.line[i])
		}
	}
	q.line, q.first = kept, 0
	heap := q.heap
	q.heap = heap[:0]
	for i := range heap {
		if heap[i].good(t, level) {
			q.heap = append(q.heap, heap[i])
			q.up(len(q.heap) - 1)
		}
	}
}

// up moves what stands at a place of the heap towards its front.
func (q *queue) up(at int) {
	x := q.heap[at]
	for at > 0 {
		parent := (at - 1) / 2
		if !x.before(&q.heap[parent]) {
			break
		}
		q.heap[at] = q.heap[parent]
		at = parent
	}
	q.heap[at] = x
}

// pop takes the front of the heap out.
func (q *queue) pop() {
	last := len(q.heap) - 1
	x := q.heap[last]
	q.heap = q.heap[:last]
	if last == 0 {
		return
	}
	at := 0
	for {
		child := 2*at + 1
		if child >= last {
			break
		}
		if child+1 < last && q.heap[child+1].before(&q.heap[child]) {
			child++
		}
		if !q.heap[child].before(&x) {
			break
		}
		q.heap[at] = q.heap[child]
		at = child
	}
	q.heap[at] = x
}
