package readers

import "agentsim/trace/jsonscan"

// idSet is a set of block ids. Ids counted up from 0, as most traces have,
// cost a bit each; 64-bit hashes about 12 bytes.
type idSet struct {
	dense  []uint64
	holder []uint32 // of dense ids: 1 + the last list that held it, as far as leading was told
	sparse []uint64 // open addressing; 0 marks a free slot
	used   int
}

// denseMax bounds the bit set: 2^26 bits are 8 MiB.
const denseMax = 1 << 26

// add puts id into the set and reports whether it was there before.
func (s *idSet) add(id uint64) bool {
	if id >= denseMax {
		return s.addSparse(id)
	}
	word, bit := id/64, uint64(1)<<(id%64)
	if int(word) >= len(s.dense) {
		s.dense = append(s.dense, make([]uint64, int(word)+1-len(s.dense)+len(s.dense)/2)...)
	}
	was := s.dense[word]&bit != 0
	s.dense[word] |= bit
	return was
}

// has reports whether id is in the set.
func (s *idSet) has(id uint64) bool {
	if id >= denseMax {
		return len(s.sparse) > 0 && s.sparse[s.slot(id)] == id
	}
	return int(id/64) < len(s.dense) && s.dense[id/64]&(1<<(id%64)) != 0
}

func (s *idSet) addSparse(id uint64) bool {
	if s.used*4 >= len(s.sparse)*3 {
		s.grow()
	}
	i := s.slot(id)
	if s.sparse[i] == id {
		return true
	}
	s.sparse[i] = id
	s.used++
	return false
}

// slot finds id or the free slot where it belongs.
func (s *idSet) slot(id uint64) int {
	mask := uint64(len(s.sparse) - 1)
	i := (id * 0x9e3779b97f4a7c15) >> 32 & mask // Fibonacci hashing: ids may share low bits
	for s.sparse[i] != 0 && s.sparse[i] != id {
		i = (i + 1) & mask
	}
	return int(i)
}

func (s *idSet) grow() {
	old := s.sparse
	s.sparse = make([]uint64, max(1024, 2*len(old)))
	for _, id := range old {
		if id != 0 {
			s.sparse[s.slot(id)] = id
		}
	}
}

func (s *idSet) clear() {
	clear(s.dense)
	clear(s.holder)
	clear(s.sparse)
	s.used = 0
}

// holderMax bounds the ids of which the last holder is kept: 2^24 take 64 MiB.
const holderMax = 1 << 24

// held notes that a list holds an id, and returns the list before that did,
// counted from 1; 0 = none, or not known.
func (s *idSet) held(id uint64, list uint32) uint32 {
	if id >= holderMax {
		return 0
	}
	if int(id) >= len(s.holder) {
		s.holder = append(s.holder, make([]uint32, int(id)+1-len(s.holder)+len(s.holder)/2)...)
	}
	before := s.holder[id]
	s.holder[id] = list
	return before
}

// leadingOf adds a list of ids with a number, counted from 1. It returns how
// many of the first ones were there before, and the number of the list that
// last held the last of these.
func (s *idSet) leadingOf(ids []uint64, list uint32) (hits, holder int) {
	for i, id := range ids {
		before := s.held(id, list)
		if s.add(id) && hits == i {
			hits++
			holder = int(before)
		}
	}
	return hits, holder
}

// idLists hands out lists of block ids and takes them back.
type idLists struct{ free [][]uint64 }

// read reads a list of block ids; null and anything else has none.
func (l *idLists) read(s *jsonscan.Scanner) (ids []uint64) {
	if !s.Is('[') {
		s.Skip()
		return nil
	}
	if last := len(l.free) - 1; last >= 0 {
		ids, l.free = l.free[last], l.free[:last]
	}
	s.Uints(func(id uint64) { ids = append(ids, id) })
	return ids
}

// done takes a list back.
func (l *idLists) done(ids []uint64) {
	if cap(ids) > 0 {
		l.free = append(l.free, ids[:0])
	}
}

// leading reads a list of block ids, adds them, and returns how many of the
// first ones were there before and how many there are in all.
func (s *idSet) leading(in *jsonscan.Scanner) (hits, blocks int) {
	in.Uints(func(id uint64) {
		if s.add(id) && hits == blocks {
			hits++
		}
		blocks++
	})
	return hits, blocks
}
