package serve

// seats are the ranks that take new sessions, in the order in which they are looked
// at. Pairs of them play for the least load, winners go on, and the first is known at
// any time: among thousands of ranks a new session does not look at each. A load that
// changes is compared upwards as far as it decides anything, which is seldom far.
type seats struct {
	loads []load
	first []int32 // of the ranks below: the root at 1, the two below i at 2i and 2i+1; none = no rank
	ranks []*rank
	at    []place
}

// load orders ranks, the least first.
type load struct{ homes, queued int }

const noSeat = -1

// seat gives all ranks of the workers their seats, and takes them from the others.
func (s *seats) seat(workers []*worker) {
	for _, r := range s.ranks {
		r.seats = nil
	}
	s.loads, s.ranks, s.at = s.loads[:0], s.ranks[:0], s.at[:0]
	for _, w := range workers {
		for i := range w.ranks {
			r := &w.ranks[i]
			r.seats, r.seat = s, int32(len(s.ranks))
			s.loads = append(s.loads, load{r.homes, r.queued})
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
	if right == noSeat {
		return left
	}
	a, b := &s.loads[left], &s.loads[right]
	if b.homes < a.homes || b.homes == a.homes && b.queued < a.queued {
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
