package prefix

import "math/bits"

// sheet is a long list of which few places are ever used: a table of those that are.
// A rank meets few of the sessions and lines of a cluster, which number them for all
// ranks alike. The table is apart from what stands at the places: all tables fit in
// the processor's near caches, so that a look-up waits for memory once. What is
// forgotten leaves its room to the next that comes, while it is still at hand. What
// stands at a place may move when another is used for the first time.
type sheet[T any] struct {
	slots []slot // by hashed place, the next free one where it is taken; a power of two of them
	items []T
	spare []int32 // items that nothing stands in
	used  int
}

// slot is a place that is used.
type slot struct {
	key int32 // place + 1; 0 = free
	at  int32 // its item
}

// start is where a place is looked for first: Fibonacci hashing.
func (s *sheet[T]) start(i int32) int {
	const golden = 0x9e3779b1 // 2^32 over the golden ratio
	return int(uint32(i) * golden >> (32 - bits.TrailingZeros(uint(len(s.slots)))))
}

// at is what stands at a place; nil = nothing was put there.
func (s *sheet[T]) at(i int32) *T {
	if h := s.find(i); h >= 0 {
		return &s.items[s.slots[h].at]
	}
	return nil
}

// find is the slot of a place; -1 = nothing was put there.
func (s *sheet[T]) find(i int32) int {
	last := len(s.slots) - 1
	if last < 0 {
		return -1
	}
	for h := s.start(i) & last; ; h = (h + 1) & last {
		switch s.slots[h].key {
		case i + 1:
			return h
		case 0:
			return -1
		}
	}
}

// use is what stands at a place, blank at first.
func (s *sheet[T]) use(i int32, blank T) *T {
	if it := s.at(i); it != nil {
		return it
	}
	if s.full() {
		s.grow()
	}
	var at int32
	if n := len(s.spare); n > 0 {
		at, s.spare = s.spare[n-1], s.spare[:n-1]
		s.items[at] = blank
	} else {
		at = int32(len(s.items))
		s.items = append(s.items, blank)
		if cap(s.spare) < cap(s.items) {
			s.spare = make([]int32, 0, cap(s.items)) // for all of them, so that to forget allocates nothing
		}
	}
	s.put(slot{i + 1, at})
	s.used++
	return &s.items[at]
}

func (s *sheet[T]) put(x slot) {
	last := len(s.slots) - 1
	h := s.start(x.key-1) & last
	for s.slots[h].key != 0 {
		h = (h + 1) & last
	}
	s.slots[h] = x
}

// full reports whether one more place would make the table grow.
func (s *sheet[T]) full() bool { return 2*s.used >= len(s.slots) }

func (s *sheet[T]) grow() {
	const least, wider = 16, 2
	before := s.slots
	s.slots = make([]slot, max(least, wider*len(before)))
	for _, x := range before {
		if x.key != 0 {
			s.put(x)
		}
	}
}

// remove clears a place.
func (s *sheet[T]) remove(i int32) {
	if h := s.find(i); h >= 0 {
		s.close(h)
	}
}

// forget clears all places of which what stands there is of no use any more.
func (s *sheet[T]) forget(useless func(i int32, it *T) bool) {
	for h := 0; h < len(s.slots); {
		if x := s.slots[h]; x.key != 0 && useless(x.key-1, &s.items[x.at]) {
			s.close(h)
			continue // another one may stand there now
		}
		h++
	}
}

// close takes out what stands in a slot, and moves up those behind it that would be
// looked for in vain.
func (s *sheet[T]) close(gap int) {
	s.used--
	s.spare = append(s.spare, s.slots[gap].at)
	last := len(s.slots) - 1
	for h := (gap + 1) & last; s.slots[h].key != 0; h = (h + 1) & last {
		home := s.start(s.slots[h].key-1) & last
		if (h-home)&last >= (h-gap)&last { // it was looked for at the gap too
			s.slots[gap] = s.slots[h]
			gap = h
		}
	}
	s.slots[gap] = slot{}
}
