package kvcache

import "fmt"

// Release ends a turn: the session's first context tokens stay, in whole
// blocks, until something evicts them, and the rest of its reservation is
// free. Count the generated tokens in only if the next prompt will replay them.
func (c *Cache) Release(now float64, id SessionID, context int) {
	s := c.stop(id)
	copied := c.blocks(s, c.copyLevel())
	keep := min(c.blocksIn(context), s.reserved)
	c.share(s, min(s.shared, keep))
	c.shared.ready = max(c.shared.ready, s.shared)
	s.hi[0] = keep
	c.levels[0].resize(0, keep-s.shared)
	c.settle(now, s, copied)
	if keep > 0 && c.keepTurns > 0 {
		s.note(keep)
	}
	c.stamp(now, s)
	c.link(id)
}

// Retract takes a running session out of HBM with all that it had there: the
// work is lost. A write-through copy of its last turn stays.
func (c *Cache) Retract(now float64, id SessionID) {
	s := c.stop(id)
	c.stats.Retractions++
	s.hi[0] = s.shared
	if !c.writeThrough {
		c.lower(s, s.shared)
	}
	c.stamp(now, s)
	c.link(id)
}

// Drop forgets a session for good; its id may be used for another.
func (c *Cache) Drop(id SessionID) {
	s := c.slot(id)
	if s.running {
		c.stop(id)
		s.hi[0] = s.shared
		if !c.writeThrough {
			c.lower(s, s.shared)
		}
	}
	c.unlink(id)
	c.release(s)
	*s = session{}
}

// Install makes a session resident as if it had just ended a turn, for a warm
// start, and counts nothing. False means that it does not fit; the session is
// forgotten then. Install in the order of last use.
func (c *Cache) Install(now float64, r Request) bool {
	stats := c.stats
	c.Drop(r.Session)
	r.Common = 0
	_, ok := c.Admit(now, r)
	if ok {
		c.Release(now, r.Session, r.Prompt)
	}
	c.stats = stats
	return ok
}

// Grow raises what a running session may fill to so many tokens in all,
// evicting sessions that do not run. False means that it does not fit now;
// then nothing has changed and some running session must be retracted.
func (c *Cache) Grow(now float64, id SessionID, tokens int) bool {
	s := c.runningSession(id)
	total := c.blocksFor(tokens)
	if total <= s.reserved {
		return true
	}
	need := int64(total-s.reserved) * c.levels[0].block
	if c.lockedShared(s.shared, c.busyBeside(s))+c.pinned+need > c.levels[0].capacity {
		c.stats.Refusals++
		return false
	}
	c.makeRoom(now, 0, need, s)
	c.pinned += need
	c.levels[0].used += need
	s.reserved = total
	return true
}

func (c *Cache) runningSession(id SessionID) *session {
	s := c.slot(id)
	if !s.running {
		panic(fmt.Sprintf("kvcache: session %d is not running", id))
	}
	return s
}

// stop gives back the HBM of a running session but for the shared prefix.
func (c *Cache) stop(id SessionID) *session {
	s := c.runningSession(id)
	bytes := c.need(plan{shared: s.shared, total: s.reserved})
	c.pinned -= bytes
	c.levels[0].used -= bytes
	c.running--
	s.running = false
	if s.shared > 0 {
		c.shared.busy--
	}
	return s
}

// settle brings the levels below HBM in line after a turn: nothing there
// under write-back, a copy of the whole run under write-through.
func (c *Cache) settle(now float64, s *session, copied int32) {
	if !c.writeThrough {
		c.lower(s, s.hi[0])
		return
	}
	end := max(s.shared, min(s.hi[1], s.hi[0]))
	c.levels[1].resize(copied, end-s.shared)
	c.lower(s, end)
	before, after := end-s.shared, s.hi[0]-s.shared
	bytes := c.levels[1].size(after) - c.levels[1].size(before)
	if bytes > 0 && c.makeRoom(now, 1, bytes, s) {
		c.levels[1].resize(before, after)
		c.lower(s, s.hi[0])
		c.stats.DemotedBytes[1] += bytes
	}
}

// lower sets the end of every run below HBM.
func (c *Cache) lower(s *session, end int32) {
	for t := 1; t < len(c.levels); t++ {
		s.hi[t] = end
	}
}

// copyLevel is the level that holds write-through copies; HBM itself, where a
// session that just stopped holds none, when there are no copies.
func (c *Cache) copyLevel() int {
	if c.writeThrough {
		return 1
	}
	return 0
}

// stamp notes the end of a turn for the order of eviction.
func (c *Cache) stamp(now float64, s *session) {
	c.releases++
	s.released = c.releases
	s.last = now
	s.key = c.policy.rank(now, s)
}

// release gives back everything a session that does not run holds.
func (c *Cache) release(s *session) {
	for t := range c.levels {
		c.levels[t].resize(c.blocks(s, t), 0)
	}
	c.share(s, 0)
	s.hi = [Levels]int32{}
}

// link puts a session into the eviction queue of every level where it holds
// blocks, takes it out of the others, and forgets it when it holds none.
func (c *Cache) link(id SessionID) {
	s := &c.sessions[id]
	holds := false
	for t := range c.levels {
		if c.blocks(s, t) == 0 {
			c.dequeue(t, id)
			continue
		}
		holds = true
		if s.pos[t] == 0 {
			c.enqueue(t, id)
		}
	}
	if !holds {
		c.release(s)
	}
}

func (c *Cache) unlink(id SessionID) {
	for t := range c.levels {
		c.dequeue(t, id)
	}
}
