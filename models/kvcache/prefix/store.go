package prefix

// store is a pool of HBM or a tier below it. Its queue is a binary heap in the
// order of eviction; entries know their place, so that one can leave from the
// middle. Places hold what orders them: to look it up in the tree would cost a miss
// of the processor's caches for every comparison.
type store struct {
	level    int
	capacity int64 // of a pool, less what is reserved
	used     int64
	pinned   int64 // of the used, by running requests
	queue    []queued
}

// queued is an entry with its order in the queue: that of its age when it was
// pushed last.
type queued struct {
	key    float64
	number uint64
	entry  entry
}

func (a *queued) before(b *queued) bool {
	if a.key != b.key {
		return a.key < b.key
	}
	return a.number < b.number
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

func (s *store) free() int64 { return s.capacity - s.used }

// push puts an entry in the queue, or gives it its new place there.
func (s *store) push(t *tree, e entry) {
	age := t.age(e)
	one := queued{age.key, age.number, e}
	at := int(*t.place(e, s.level)) - 1
	if at < 0 {
		s.queue = append(s.queue, one)
		s.up(t, len(s.queue)-1)
		return
	}
	s.queue[at] = one
	s.down(t, s.up(t, at))
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
	s.queue[at] = moved
	s.down(t, s.up(t, at))
}

func (s *store) put(t *tree, at int, e queued) {
	s.queue[at] = e
	*t.place(e.entry, s.level) = int32(at) + 1
}

// up moves what stands at a place towards the front, and returns where to.
func (s *store) up(t *tree, at int) int {
	e := s.queue[at]
	for at > 0 {
		parent := (at - 1) / 2
		if !e.before(&s.queue[parent]) {
			break
		}
		s.put(t, at, s.queue[parent])
		at = parent
	}
	s.put(t, at, e)
	return at
}

func (s *store) down(t *tree, at int) {
	e, from := s.queue[at], at
	for {
		child := 2*at + 1
		if child >= len(s.queue) {
			break
		}
		if child+1 < len(s.queue) && s.queue[child+1].before(&s.queue[child]) {
			child++
		}
		if !s.queue[child].before(&e) {
			break
		}
		s.put(t, at, s.queue[child])
		at = child
	}
	if at != from {
		s.put(t, at, e)
	}
}
