package kvcache

import "math"

// makeRoom evicts from a level until so many bytes are free, for the sake of
// session s. False means that they cannot be had.
func (c *Cache) makeRoom(now float64, t int, bytes int64, s *session) bool {
	l := &c.levels[t]
	if bytes > l.capacity {
		return false
	}
	for l.free() < bytes {
		if id, ok := c.victim(now, t); ok {
			c.cut(now, id, t, bytes-l.free())
		} else if t > 0 || !c.trimShared(s) {
			return false
		}
	}
	return true
}

// cut takes blocks from the end of a session's run at a level, enough to free
// so many bytes or all it has, and hands them to the level below.
func (c *Cache) cut(now float64, id SessionID, t int, bytes int64) {
	s := &c.sessions[id]
	l := &c.levels[t]
	have := c.blocks(s, t)
	drop := int32(min(int64(have), (bytes+l.block-1)/l.block, c.portion(t)))
	to := max(s.hi[t]-have, c.match(s, s.hi[t]-drop))
	moved := s.hi[t] - to

	if !c.demote(now, s, t, to) {
		c.truncate(s, t, to)
	}
	l.resize(have, have-moved)
	if t == 0 {
		c.stats.Evictions++
		c.stats.EvictedTokens += int64(moved) * int64(c.blockTokens)
	}
	c.link(id)
}

// portion is how many blocks leave a level at a time: what the level below can
// hold, so that a long run passes through a small tier piece by piece.
func (c *Cache) portion(t int) int64 {
	if t+1 >= len(c.levels) || t == 0 && c.writeThrough {
		return math.MaxInt32
	}
	below := &c.levels[t+1]
	return max((below.capacity-below.fixed)/below.block, 1)
}

// demote hands the blocks behind to from level t to the one below. False, with
// nothing changed at level t, when it cannot take them, there is none, or it
// has its copy already.
func (c *Cache) demote(now float64, s *session, t int, to int32) bool {
	if t+1 >= len(c.levels) || t == 0 && c.writeThrough {
		return false
	}
	below := &c.levels[t+1]
	moved := s.hi[t] - to
	if !c.makeRoom(now, t+1, below.size(moved), s) {
		return false
	}
	held := c.blocks(s, t+1)
	below.resize(held, held+moved)
	s.hi[t] = to
	c.stats.DemotedBytes[t+1] += int64(moved) * below.block
	return true
}

// truncate drops all that lies behind to at level t and below: a prefix with
// a gap in it is of no use, but a write-through copy has none. The caller
// accounts for level t itself.
func (c *Cache) truncate(s *session, t int, to int32) {
	before := c.end(s)
	if t > 0 || !c.writeThrough {
		for u := len(c.levels) - 1; u > t; u-- {
			c.levels[u].resize(c.blocks(s, u), 0)
			s.hi[u] = to
		}
	}
	s.hi[t] = to
	c.stats.LostTokens += int64(before-c.end(s)) * int64(c.blockTokens)
}

// victim is the session to evict next from a level.
func (c *Cache) victim(now float64, t int) (SessionID, bool) {
	q := c.levels[t].queue
	if len(q) == 0 {
		return 0, false
	}
	best := q[0]
	if !c.policy.ages() {
		return best, true
	}
	lowest := c.policy.rank(now, &c.sessions[best])
	for _, id := range q[1:] {
		rank := c.policy.rank(now, &c.sessions[id])
		if rank < lowest || rank == lowest && c.sessions[id].released < c.sessions[best].released {
			best, lowest = id, rank
		}
	}
	return best, true
}
