package prefix

// sheet is a long list of which few places are ever used: leaves of it are there
// once one of their places is. A rank meets few of the sessions and lines of a
// cluster, which number them for all ranks alike.
type sheet[T any] struct{ leaves []*[leafSize]T }

// leafSize is how many places stand together.
const leafSize = 16

// at is what stands at a place; nil = nothing was ever put near it.
func (s *sheet[T]) at(i int32) *T {
	page := int(uint32(i) / leafSize)
	if page >= len(s.leaves) || s.leaves[page] == nil {
		return nil
	}
	return &s.leaves[page][uint32(i)%leafSize]
}

// use is what stands at a place, blank at first.
func (s *sheet[T]) use(i int32, blank T) *T {
	page := int(uint32(i) / leafSize)
	for page >= len(s.leaves) {
		s.leaves = append(s.leaves, nil)
	}
	if s.leaves[page] == nil {
		s.leaves[page] = new([leafSize]T)
		for k := range s.leaves[page] {
			s.leaves[page][k] = blank
		}
	}
	return &s.leaves[page][uint32(i)%leafSize]
}
