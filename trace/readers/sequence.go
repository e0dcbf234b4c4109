package readers

import (
	"maps"
	"slices"
)

// sequence hands on the numbered rows of a session in their order, from 0 on.
// Rows that come too early are held until those before them have come.
type sequence[T any] struct {
	next int
	held map[int]T
}

// add takes row number i and hands on all rows that can be. It reports whether
// the number is new.
func (s *sequence[T]) add(i int, row T, take func(T)) bool {
	if _, twice := s.held[i]; twice || i < s.next {
		return false
	}
	if i > s.next {
		if s.held == nil {
			s.held = map[int]T{}
		}
		s.held[i] = row
		return true
	}
	for {
		take(row)
		s.next++
		var ok bool
		if row, ok = s.held[s.next]; !ok {
			return true
		}
		delete(s.held, s.next)
	}
}

// missing returns the first row that is held for want of those before it.
func (s *sequence[T]) missing() (i int, row T, ok bool) {
	if len(s.held) == 0 {
		return 0, row, false
	}
	i = slices.Sorted(maps.Keys(s.held))[0]
	return i, s.held[i], true
}

// close hands on what is held, over the gaps.
func (s *sequence[T]) close(take func(T)) {
	for i, row, ok := s.missing(); ok; i, row, ok = s.missing() {
		delete(s.held, i)
		s.next = i
		s.add(i, row, take)
	}
}
