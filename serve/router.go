package serve

import "agentsim/models/kvcache"

// route decides which worker and rank take the call.
func (c *Cluster) route(id int32) {
	a := &c.calls[id]
	if a.home >= 0 && c.cfg.Deployment.Router == ConversationAffinity {
		return
	}
	home, rank := c.choose()
	if a.home == home && a.rank == rank {
		return
	}
	if a.home >= 0 {
		old := &c.workers[a.home].ranks[a.rank]
		old.cache.Drop(kvcache.SessionID(id))
		old.homes--
	}
	a.home, a.rank = home, rank
	c.workers[home].ranks[rank].homes++
}

// choose picks an entry worker and one of its ranks for a new session, or for
// every call where the router does not keep sessions together.
func (c *Cluster) choose() (home, number int32) {
	if c.cfg.Deployment.Router == RoundRobin {
		c.next++
		w := c.entry[c.next%len(c.entry)]
		ranks := len(c.workers[w].ranks)
		return int32(w), int32(c.next / len(c.entry) % ranks)
	}
	var best *rank
	for _, w := range c.entry {
		for i := range c.workers[w].ranks {
			if r := &c.workers[w].ranks[i]; best == nil || c.lighter(r, best) {
				best, home, number = r, int32(w), int32(i)
			}
		}
	}
	return home, number
}

// lighter reports whether rank a carries less than rank b: fewer sessions
// where they stay, else fewer prompt tokens that wait, then fewer calls.
func (c *Cluster) lighter(a, b *rank) bool {
	switch {
	case c.cfg.Deployment.Router == ConversationAffinity:
		return a.homes < b.homes
	case a.queued != b.queued:
		return a.queued < b.queued
	}
	return a.running < b.running
}
