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
func (c *Cluster) choose() (worker, rank int32) {
	if c.cfg.Deployment.Router == RoundRobin {
		c.next++
		w := c.entry[c.next%len(c.entry)]
		ranks := len(c.workers[w].ranks)
		return int32(w), int32(c.next / len(c.entry) % ranks)
	}
	bySessions := c.cfg.Deployment.Router == ConversationAffinity
	least := int(^uint(0) >> 1)
	for _, w := range c.entry {
		for i := range c.workers[w].ranks {
			r := &c.workers[w].ranks[i]
			load := r.queued
			if bySessions {
				load = r.homes
			}
			if load < least {
				least, worker, rank = load, int32(w), int32(i)
			}
		}
	}
	return worker, rank
}
