package kvcache

// SessionID is a dense small integer that the caller gives to a session and
// may give to another one after Drop.
type SessionID uint32

// session is what is known of one session. Lengths are in blocks from the
// start of the context.
//
// Invariant: shared <= hi[0]; hi[t] <= hi[t+1] but for a write-through copy,
// where hi[1] may be on either side of hi[0].
type session struct {
	// hi[t] is where the run held at level t ends. The run starts where that
	// of the level above ends; HBM's and a write-through copy start at shared.
	hi       [Levels]int32
	shared   int32         // leading blocks that lie in the pool's shared prefix
	reserved int32         // running: blocks from the start that it may fill
	pos      [Levels]int32 // place in each level's queue + 1; 0 = not in it
	class    uint8         // tool class of its last turn
	running  bool
	released uint64              // number of the release that ended its last turn
	last     float64             // when that was, seconds
	key      float64             // place in the order of eviction, lowest first
	ends     [maxKeepTurns]int32 // keep-turns: where its last turns ended, ascending, zeros first
}

// start is where the run of s at a level begins.
func (c *Cache) start(s *session, level int) int32 {
	if level == 0 || level == 1 && c.writeThrough {
		return s.shared
	}
	return s.hi[level-1]
}

// blocks counts what s holds at a level. For a running session HBM is counted
// by its reservation instead.
func (c *Cache) blocks(s *session, level int) int32 {
	return s.hi[level] - c.start(s, level)
}

// end is where the whole resident prefix of s ends, over all levels.
func (c *Cache) end(s *session) int32 {
	return max(s.hi[0], s.hi[len(c.levels)-1])
}

// slot returns the record of id, making room for it on first sight.
func (c *Cache) slot(id SessionID) *session {
	for int(id) >= len(c.sessions) {
		c.sessions = append(c.sessions, session{})
	}
	return &c.sessions[id]
}

// peek returns a copy of the record of id.
func (c *Cache) peek(id SessionID) session {
	if int(id) >= len(c.sessions) {
		return session{}
	}
	return c.sessions[id]
}

// match is the longest prefix of s, at most so many blocks, that the next
// prompt can build on. Under keep-turns that is the end of a kept turn, where
// the sliding window was saved, or else the shared prefix.
func (c *Cache) match(s *session, blocks int32) int32 {
	if c.keepTurns == 0 {
		return blocks
	}
	for i := maxKeepTurns - 1; i >= maxKeepTurns-c.keepTurns; i-- {
		if s.ends[i] > 0 && s.ends[i] <= blocks {
			return s.ends[i]
		}
	}
	return min(s.shared, blocks)
}

// forget drops the turn ends behind a prefix break.
func (s *session) forget(blocks int32) {
	for s.ends[maxKeepTurns-1] > blocks {
		copy(s.ends[1:], s.ends[:maxKeepTurns-1])
		s.ends[0] = 0
	}
}

// note adds the end of a turn.
func (s *session) note(blocks int32) {
	s.forget(blocks - 1)
	copy(s.ends[:], s.ends[1:])
	s.ends[maxKeepTurns-1] = blocks
}
