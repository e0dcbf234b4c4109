package kvcache

// share sets how much of the shared prefix a session builds on.
func (c *Cache) share(s *session, blocks int32) {
	if s.shared > 0 && blocks == 0 {
		c.shared.users--
	}
	if s.shared == 0 && blocks > 0 {
		c.shared.users++
	}
	s.shared = blocks
	if c.shared.users == 0 && c.shared.held > c.shared.ready {
		c.holdShared(c.shared.ready) // nobody is left to compute the rest
	}
}

// holdShared sets the memory of the shared prefix.
func (c *Cache) holdShared(blocks int32) {
	c.levels[0].used += int64(blocks-c.shared.held) * c.levels[0].block
	c.shared.held = blocks
	c.shared.ready = min(c.shared.ready, blocks)
}

// sharedGrowth is what the shared prefix lacks to be so long, in bytes.
func (c *Cache) sharedGrowth(blocks int32) int64 {
	return int64(max(blocks-c.shared.held, 0)) * c.levels[0].block
}

// lockedShared is the memory of the shared prefix that cannot be given up for
// a session that builds on mine blocks of it, beside others that run on it.
func (c *Cache) lockedShared(mine int32, others int) int64 {
	if others > 0 {
		mine = max(mine, c.shared.held)
	}
	return int64(mine) * c.levels[0].block
}

// busyBeside counts the other running sessions that build on the shared prefix.
func (c *Cache) busyBeside(s *session) int {
	if s.running && s.shared > 0 {
		return c.shared.busy - 1
	}
	return c.shared.busy
}

// trimShared gives up what no running session needs of the shared prefix, the
// last resort of eviction. Sessions below HBM that build on it are then of no
// use until another session has computed it again. It reports whether that
// freed anything.
func (c *Cache) trimShared(s *session) bool {
	if c.busyBeside(s) > 0 {
		return false
	}
	keep := min(s.shared, c.shared.held)
	if keep == c.shared.held {
		return false
	}
	c.stats.SharedEvicted += int64(c.shared.held-keep) * int64(c.blockTokens)
	c.holdShared(keep)
	return true
}
