package serve

// seats are the ranks that take calls, in the order in which they are looked at. Pairs
// of them play for the least load, winners go on, and the first is known at any time:
// among thousands of ranks a call does not look at each. A load that changes is
// compared upwards as far as it decides anything, which is seldom far.
type seats struct {
	order order
	loads []load
	first []int32 // of the ranks below: the root at 1, the two below i at 2i and 2i+1; noSeat = no rank
	ranks []*rank
	at    []place
}

// order is what ranks are ordered by.
type order uint8

const (
	byHomes order = iota // sessions that live there, then tokens that wait
	byQueue              // tokens that wait, then calls
	orders
)

// load orders ranks, the least first; of equal ones the first seat.
type load struct{ first, then int }

func (a load) less(b load) bool { return a.first < b.first || a.first == b.first && a.then < b.then }

// load is that of the rank in an order.
func (r *rank) load(o order) load {
	if o == byHomes {
		return load{r.homes, r.queued}
	}
	return load{r.queued, r.running + r.queue.n}
}

// chair is where a rank sits.
type chair struct {
	among *seats // nil = nowhere
	seat  int32
}

// moved tells an order of ranks that the load of this one has changed.
func (r *rank) moved(o order) {
	if c := &r.chairs[o]; c.among != nil {
		c.among.changed(c.seat, r.load(o))
	}
}

const noSeat = -1

// seat gives all ranks of the workers their seats, and takes them from the others.
func (s *seats) seat(workers []*worker, by order) {
	for _, r := range s.ranks {
		r.chairs[by] = chair{}
	}
	s.order, s.loads, s.ranks, s.at = by, s.loads[:0], s.ranks[:0], s.at[:0]
	for _, w := range workers {
		for i := range w.ranks {
			r := &w.ranks[i]
			r.chairs[by] = chair{s, int32(len(s.ranks))}
			s.loads = append(s.loads, r.load(by))
			s.ranks, s.at = append(s.ranks, r), append(s.at, place{int32(w.id), int32(i)})
		}
	}
	size := s.size()
	s.first = make([]int32, 2*size)
	for i := range s.first {
		s.first[i] = noSeat
	}
	for i := range s.loads {
		s.first[size+i] = int32(i)
	}
	for i := size - 1; i > 0; i-- {
		s.first[i] = s.less(s.first[2*i], s.first[2*i+1])
	}
}

// size is the number of ranks, filled up to a power of two.
func (s *seats) size() int {
	size := 1
	for size < len(s.loads) {
		size *= 2
	}
	return size
}

// less is which of two seats has the lesser load, the left one where both are equal.
func (s *seats) less(left, right int32) int32 {
	if right != noSeat && s.loads[right].less(s.loads[left]) {
		return right
	}
	return left
}

// changed notes the load of a seat.
func (s *seats) changed(seat int32, now load) {
	s.loads[seat] = now
	for i := (len(s.first)/2 + int(seat)) / 2; i > 0; i /= 2 {
		first := s.less(s.first[2*i], s.first[2*i+1])
		if first == s.first[i] && first != seat {
			return // what is above does not change
		}
		s.first[i] = first
	}
}

// least is the rank with the least load, the first of equal ones.
func (s *seats) least() place { return s.at[s.first[1]] }

// visit calls look with seats from the one with the least load on, branch by branch,
// but for those below a seat that good says is of no use: then none with as much
// load or more is.
func (s *seats) visit(good func(seat int32) bool, look func(seat int32)) { s.below(1, good, look) }

func (s *seats) below(i int, good func(int32) bool, look func(int32)) {
	seat := s.first[i]
	if seat == noSeat || !good(seat) {
		return
	}
	if i >= len(s.first)/2 {
		look(seat)
		return
	}
	near := 2 * i
	if s.first[near] != seat {
		near++
	}
	s.below(near, good, look)
	s.below(near^1, good, look)
}
