package prefix

import "math/bits"

// sheet is a long list of which few places are ever used: a table of those that are.
// A rank meets few of the sessions and lines of a cluster, which number them for all
// ranks alike. What stands at a place stays where it is in memory, side by side with
// what came at the time.
type sheet[T any] struct {
	slots []slot[T] // by hashed place, the next free one where it is taken; a power of two of them
	used  int
	spare []*T // for places to come
}

// slot is a place that is used.
type slot[T any] struct {
	key int32 // place + 1; 0 = free
	it  *T
}

// block is how many items are made at a time.
const block = 16

// start is where a place is looked for first: Fibonacci hashing.
func (s *sheet[T]) start(i int32) int {
	const golden = 0x9e3779b1 // 2^32 over the golden ratio
	return int(uint32(i) * golden >> (32 - bits.TrailingZeros(uint(len(s.slots)))))
}

// at is what stands at a place; nil = nothing was put there.
func (s *sheet[T]) at(i int32) *T {
	if len(s.slots) == 0 {
		return nil
	}
	for h := s.start(i); ; h++ {
		switch x := &s.slots[h&(len(s.slots)-1)]; x.key {
		case i + 1:
			return x.it
		case 0:
			return nil
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
	if len(s.spare) == 0 {
		made := new([block]T)
		for k := range made {
			s.spare = append(s.spare, &made[block-1-k])
		}
	}
	it := s.spare[len(s.spare)-1]
	s.spare = s.spare[:len(s.spare)-1]
	*it = blank
	s.put(slot[T]{i + 1, it})
	s.used++
	return it
}

func (s *sheet[T]) put(x slot[T]) {
	h := s.start(x.key-1) & (len(s.slots) - 1)
	for s.slots[h].key != 0 {
		h = (h + 1) & (len(s.slots) - 1)
	}
	s.slots[h] = x
}

// full reports whether one more place would make the table grow.
func (s *sheet[T]) full() bool { return 2*s.used >= len(s.slots) }

func (s *sheet[T]) grow() {
	const least, wider = 16, 2
	before := s.slots
	s.slots = make([]slot[T], max(least, wider*len(before)))
	for _, x := range before {
		if x.key != 0 {
			s.put(x)
		}
	}
}

// forget clears all places of which what stands there is of no use any more.
func (s *sheet[T]) forget(useless func(i int32, it *T) bool) {
	for h := 0; h < len(s.slots); {
		if x := &s.slots[h]; x.key != 0 && useless(x.key-1, x.it) {
			s.spare = append(s.spare, x.it)
			s.used--
			s.close(h)
			continue // another one may stand there now
		}
		h++
	}
}

// close takes out what stands in a slot, and moves up those behind it that would be
// looked for in vain.
func (s *sheet[T]) close(gap int) {
	last := len(s.slots) - 1
	for h := (gap + 1) & last; s.slots[h].key != 0; h = (h + 1) & last {
		home := s.start(s.slots[h].key-1) & last
		if (h-home)&last >= (h-gap)&last { // it was looked for at the gap too
			s.slots[gap] = s.slots[h]
			gap = h
		}
	}
	s.slots[gap] = slot[T]{}
}
