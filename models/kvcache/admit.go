package kvcache

import "fmt"

// Request is one call as the cache sees it, in tokens.
type Request struct {
	Session SessionID
	Prompt  int // the whole prompt
	// Common is how many leading tokens equal what the session last left
	// here (its context at Release). Less than what is resident means a
	// compaction or prefix break: what lies behind it is garbage from then on.
	Common int
	// Shared is how many leading tokens all sessions of the workload share.
	// Give it with every call: it is what a session without cache still hits.
	Shared int
	// Inherited is how many leading tokens equal what session From holds: a fork
	// begins with its parent's history. Only what lies in HBM is found, and it
	// counts as the new session's own from then on.
	From      SessionID
	Inherited int
	Reserve   int   // room for tokens to generate
	Class     uint8 // tool class of the gap after this call; used after Release only
}

// Hit is the part of a prompt that need not be computed.
type Hit struct {
	Tokens      int           // leading tokens found, whole blocks, at most Prompt-1
	Levels      [Levels]int   // the same by where they lie; [0] is HBM, ready at once
	ReloadBytes [Levels]int64 // to move to HBM first, from each level below it
}

// plan is what a request would get and take, in blocks.
type plan struct {
	shared    int32 // leading blocks in the pool's shared prefix
	inherited int32 // leading blocks that another session holds
	hit       int32
	total     int32 // prompt and reservation
}

// Lookup returns the hit that Admit would return now. It changes nothing.
func (c *Cache) Lookup(r Request) Hit {
	s := c.peek(r.Session)
	return c.hit(&s, c.plan(&s, r))
}

// Fits reports whether a request that needs so many tokens, prompt and
// reservation, could run in the empty pool.
func (c *Cache) Fits(tokens int) bool {
	hbm := &c.levels[0]
	return hbm.size(c.blocksFor(tokens))+c.runningBytes <= hbm.capacity
}

// Admit pins the session and takes memory for its prompt and reservation,
// evicting sessions that do not run. False means that it does not fit beside
// those that run; then nothing has changed. The session must not be running.
func (c *Cache) Admit(now float64, r Request) (Hit, bool) {
	s := c.slot(r.Session)
	if s.running {
		panic(fmt.Sprintf("kvcache: session %d admitted while it runs", r.Session))
	}
	p := c.plan(s, r)
	if c.lockedShared(p.shared, c.shared.busy)+c.pinned+c.need(p) > c.levels[0].capacity {
		c.stats.Refusals++
		return Hit{}, false
	}
	hit := c.hit(s, p)
	c.count(s, r, hit)
	c.unlink(r.Session)
	c.leave(s, p)
	c.enter(now, s, p)
	s.class = r.Class
	return hit, true
}

// plan works out the shared part, the hit and the memory of a request.
func (c *Cache) plan(s *session, r Request) plan {
	common := c.blocksIn(min(r.Common, r.Prompt))
	shared := max(c.blocksIn(min(r.Shared, r.Prompt)), min(s.shared, common))
	limit := c.blocksIn(r.Prompt - 1) // the last token must be computed to get the next one
	hit := min(shared, c.shared.ready)
	if s.shared <= c.shared.ready {
		hit = max(hit, c.match(s, min(c.end(s), common)))
	}
	inherited := c.inherited(r)
	hit = max(hit, inherited)
	return plan{shared: shared, inherited: inherited, hit: min(hit, limit), total: c.blocksFor(r.Prompt + r.Reserve)}
}

// inherited is how many blocks of a request another session holds in HBM.
func (c *Cache) inherited(r Request) int32 {
	if r.Inherited == 0 {
		return 0
	}
	from := c.peek(r.From)
	if from.shared > c.shared.ready {
		return 0
	}
	return c.match(&from, min(from.hi[0], c.blocksIn(min(r.Inherited, r.Prompt))))
}

// need is what the request takes of HBM beside the shared prefix.
func (c *Cache) need(p plan) int64 {
	hbm := &c.levels[0]
	return int64(p.total-p.shared)*hbm.block + hbm.fixed + c.runningBytes
}

// hit splits the hit over the levels.
func (c *Cache) hit(s *session, p plan) Hit {
	h := Hit{Tokens: int(p.hit) * c.blockTokens}
	from := min(p.hit, max(s.hi[0], p.inherited, min(p.shared, c.shared.ready)))
	h.Levels[0] = int(from) * c.blockTokens
	for t := 1; t < len(c.levels); t++ {
		if to := min(p.hit, s.hi[t]); to > from {
			h.Levels[t] = int(to-from) * c.blockTokens
			h.ReloadBytes[t] = c.levels[t].size(to - from)
			from = to
		}
	}
	return h
}

func (c *Cache) count(s *session, r Request, h Hit) {
	st := &c.stats
	st.Admissions++
	st.LookupTokens += int64(r.Prompt)
	st.HitTokens += int64(h.Tokens)
	for t := range h.Levels {
		st.LevelHits[t] += int64(h.Levels[t])
		st.ReloadBytes[t] += h.ReloadBytes[t]
	}
	if kept := int(c.end(s)); kept > int(c.blocksIn(r.Common)) {
		st.GarbageTokens += int64(kept-int(c.blocksIn(r.Common))) * int64(c.blockTokens)
	}
}

// leave gives back what the session held: the hit moves up to HBM, the rest
// is garbage. Only a write-through copy of the hit stays where it is.
func (c *Cache) leave(s *session, p plan) {
	copied := s.shared
	if c.writeThrough {
		copied = min(s.hi[1], p.hit)
	}
	c.release(s)
	if c.writeThrough && copied > p.shared {
		c.levels[1].resize(0, copied-p.shared)
	} else {
		copied = p.shared
	}
	c.share(s, p.shared)
	s.forget(p.hit)
	for t := range c.levels {
		s.hi[t] = max(p.hit, p.shared)
		if t > 0 && c.writeThrough {
			s.hi[t] = copied
		}
	}
}

// enter takes the memory of a running session.
func (c *Cache) enter(now float64, s *session, p plan) {
	s.running, s.reserved = true, p.total
	c.running++
	if p.shared > 0 {
		c.shared.busy++
	}
	need := c.need(p)
	c.pinned += need
	c.makeRoom(now, 0, need+c.sharedGrowth(p.shared), s)
	c.holdShared(max(c.shared.held, p.shared))
	c.levels[0].used += need
}
