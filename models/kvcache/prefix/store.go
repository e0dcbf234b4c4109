package prefix

// store is a pool of HBM or a tier below it. Its queue is a binary heap in the
// order of eviction; entries know their place, so that one can leave from the
// middle.
type store struct {
	level    int
	capacity int64 // of a pool, less what is reserved
	used     int64
	pinned   int64 // of the used, by running requests
	queue    []entry
}

// entry is a node (even) or a mark (odd) of the tree.
type entry int32

func nodeEntry(n int32) entry { return entry(2 * n) }
func markEntry(m int32) entry { return entry(2*m + 1) }

func (e entry) isMark() bool { return e&1 != 0 }
func (e entry) index() int32 { return int32(e) / 2 }

// age is the place of an entry in the order of eviction, lowest first.
type age struct {
	key    float64 // of the policy
	number uint64  // of the use that set it
	last   float64 // when that was, seconds
	class  uint8
}

func (a *age) before(b *age) bool {
	if a.key != b.key {
		return a.key < b.key
	}
	return a.number < b.number
}

func (s *store) free() int64 { return s.capacity - s.used }

// push puts an entry in the queue, or gives it its new place there.
func (s *store) push(t *tree, e entry) {
	at := int(*t.place(e, s.level)) - 1
	if at < 0 {
		s.queue = append(s.queue, e)
		s.up(t, len(s.queue)-1)
		return
	}
	s.up(t, at)
	s.down(t, int(*t.place(e, s.level))-1)
}

// pull takes an entry out of the queue, if it is in it.
func (s *store) pull(t *tree, e entry) {
	at := int(*t.place(e, s.level)) - 1
	if at < 0 {
		return
	}
	last := len(s.queue) - 1
	moved := s.queue[last]
	s.queue = s.queue[:last]
	*t.place(e, s.level) = 0
	if at == last {
		return
	}
	s.put(t, at, moved)
	s.up(t, at)
	s.down(t, int(*t.place(moved, s.level))-1)
}

func (s *store) put(t *tree, at int, e entry) {
	s.queue[at] = e
	*t.place(e, s.level) = int32(at) + 1
}

func (s *store) up(t *tree, at int) {
	e := s.queue[at]
	mine := t.age(e)
	for at > 0 {
		parent := (at - 1) / 2
		if !mine.before(t.age(s.queue[parent])) {
			break
		}
		s.put(t, at, s.queue[parent])
		at = parent
	}
	s.put(t, at, e)
}

func (s *store) down(t *tree, at int) {
	e := s.queue[at]
	mine := t.age(e)
	for {
		child := 2*at + 1
		if child >= len(s.queue) {
			break
		}
		if child+1 < len(s.queue) && t.age(s.queue[child+1]).before(t.age(s.queue[child])) {
			child++
		}
		if !t.age(s.queue[child]).before(mine) {
			break
		}
		s.put(t, at, s.queue[child])
		at = child
	}
	s.put(t, at, e)
}
