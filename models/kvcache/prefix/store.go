package prefix

// store is a pool of HBM or a tier below it, with what can give way there.
type store struct {
	level    int
	capacity int64 // of a pool, less what is reserved
	used     int64
	pinned   int64 // of the used, by running requests
	queue    queue
}

// entry is a node (even) or a mark (odd) of the tree.
type entry int32

func nodeEntry(n int32) entry { return entry(2 * n) }
func markEntry(m int32) entry { return entry(2*m + 1) }

func (e entry) isMark() bool { return e&1 != 0 }
func (e entry) index() int32 { return int32(e) / 2 }

// age is what the order of eviction goes by.
type age struct {
	last   float64 // use, seconds
	number uint64  // of that use, above its class in the lowest byte
}

// classBits is how many bits of a use's number are its class.
const classBits = 8

func (a *age) class() uint8 { return uint8(a.number) }

func (s *store) free() int64 { return s.capacity - s.used }

// push puts an entry in the queue, or gives it its new place there.
func (s *store) push(t *tree, e entry, key float64) {
	ticket := t.ticket(e, s.level)
	if *ticket == 0 {
		s.queue.live++
	}
	*ticket = t.draw()
	s.queue.push(t, s.level, queued{key: key, number: t.age(e).number, entry: e, ticket: *ticket})
}

// pull takes an entry out of the queue, if it is in it.
func (s *store) pull(t *tree, e entry) {
	if ticket := t.ticket(e, s.level); *ticket != 0 {
		*ticket = 0
		s.queue.live--
	}
}
