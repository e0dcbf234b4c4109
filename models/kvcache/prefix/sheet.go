package prefix

import "math/bits"

// sheet is a long list of which few places are ever used: a table of those that are.
// A rank meets few of the sessions and lines of a cluster, which number them for all
// ranks alike. Keys are apart from what stands at their places: all keys of a rank fit
// in the processor's nearest cache, so that a look-up waits for memory once. What
// stands at a place moves when others are used for the first time, or forgotten.
type sheet[T any] struct {
	keys  []int32 // place + 1 by hashed place, the next free one where it is taken; 0 = free; a power of two of them
	items []T     // the same
	used  int
}

// start is where a place is looked for first: Fibonacci hashing.
func (s *sheet[T]) start(i int32) int {
	const golden = 0x9e3779b1 // 2^32 over the golden ratio
	return int(uint32(i) * golden >> (32 - bits.TrailingZeros(uint(len(s.keys)))))
}

// at is what stands at a place; nil = nothing was put there.
func (s *sheet[T]) at(i int32) *T {
	if h := s.find(i); h >= 0 {
		return &s.items[h]
	}
	return nil
}

// find is the hashed place of a place; -1 = nothing was put there.
func (s *sheet[T]) find(i int32) int {
	last := len(s.keys) - 1
	if last < 0 {
		return -1
	}
	for h := s.start(i) & last; ; h = (h + 1) & last {
		switch s.keys[h] {
		case i + 1:
			return h
		case 0:
			return -1
		}
	}
}

// remove clears a place.
func (s *sheet[T]) remove(i int32) {
	if h := s.find(i); h >= 0 {
		s.used--
		s.close(h)
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
	s.used++
	return s.put(i+1, blank)
}

func (s *sheet[T]) put(key int32, it T) *T {
	last := len(s.keys) - 1
	h := s.start(key-1) & last
	for s.keys[h] != 0 {
		h = (h + 1) & last
	}
	s.keys[h], s.items[h] = key, it
	return &s.items[h]
}

// full reports whether one more place would make the table grow: when two thirds of
// it are used.
func (s *sheet[T]) full() bool { return 3*s.used >= 2*len(s.keys) }

func (s *sheet[T]) grow() {
	const least, wider = 16, 2
	keys, items := s.keys, s.items
	size := max(least, wider*len(keys))
	s.keys, s.items = make([]int32, size), make([]T, size)
	for h, key := range keys {
		if key != 0 {
			s.put(key, items[h])
		}
	}
}

// forget clears all places of which what stands there is of no use any more.
func (s *sheet[T]) forget(useless func(i int32, it *T) bool) {
	for h := 0; h < len(s.keys); {
		if key := s.keys[h]; key != 0 && useless(key-1, &s.items[h]) {
			s.used--
			s.close(h)
			continue // another one may stand there now
		}
		h++
	}
}

// close takes out what stands at a hashed place, and moves up those behind it that
// would be looked for in vain.
func (s *sheet[T]) close(gap int) {
	last := len(s.keys) - 1
	for h := (gap + 1) & last; s.keys[h] != 0; h = (h + 1) & last {
		home := s.start(s.keys[h]-1) & last
		if (h-home)&last >= (h-gap)&last { // it was looked for at the gap too
			s.keys[gap], s.items[gap] = s.keys[h], s.items[h]
			gap = h
		}
	}
	s.keys[gap] = 0
}
