package serve

import (
	"math"

	"agentsim/models/kvcache"
)

// route decides which worker and rank take the call. Routers see queues and
// caches, never the output length.
func (c *Cluster) route(id int32) {
	a := &c.calls[id]
	home, rank := c.choose(id)
	c.forgetElsewhere(id, home, rank)
	if a.home == home && a.rank == rank {
		return
	}
	if a.home >= 0 {
		c.workers[a.home].ranks[a.rank].homes--
	}
	a.home, a.rank = home, rank
	c.workers[home].ranks[rank].homes++
	if a.decoder >= 0 && c.workers[a.decoder].unit != c.workers[home].unit {
		c.forgetAtDecoder(id) // caches do not travel between units
	}
}

// choose names the worker and rank by the deployment's policy.
func (c *Cluster) choose(id int32) (home, place int32) {
	a := &c.calls[id]
	switch c.cfg.Deployment.Router {
	case RoundRobin:
		c.next++
		w := c.entry[c.next%len(c.entry)]
		return int32(w), int32(c.next / len(c.entry) % len(c.workers[w].ranks))
	case PowerOfTwo:
		return c.lessLoadedOfTwo(id)
	case KVAware:
		return c.least(func(w *worker, r *rank) (int, int) {
			request := c.request(w, id)
			return r.queued + request.Prompt - r.cache.Lookup(request).Tokens, r.running + r.queue.n
		})
	case LeastLoaded:
		return c.least(byQueue)
	}
	if a.home < 0 {
		return c.least(func(_ *worker, r *rank) (int, int) { return r.homes, r.queued })
	}
	if spill := c.cfg.Deployment.Spill; spill > 0 && c.workers[a.home].ranks[a.rank].queued >= spill {
		return c.least(byQueue)
	}
	return a.home, a.rank
}

// byQueue orders ranks by the tokens that wait there, then by the calls.
func byQueue(_ *worker, r *rank) (int, int) { return r.queued, r.running + r.queue.n }

// least is the entry rank with the least load, the first of equal ones.
func (c *Cluster) least(load func(*worker, *rank) (int, int)) (home, place int32) {
	least, tie := math.MaxInt, math.MaxInt
	for _, w := range c.entry {
		for i := range c.workers[w].ranks {
			first, second := load(&c.workers[w], &c.workers[w].ranks[i])
			if first < least || first == least && second < tie {
				least, tie, home, place = first, second, int32(w), int32(i)
			}
		}
	}
	return home, place
}

// lessLoadedOfTwo draws two entry ranks and takes the one with less to do.
func (c *Cluster) lessLoadedOfTwo(id int32) (home, rank int32) {
	a := &c.calls[id]
	u := c.draws.uniform("power of two", id, a.k<<16|a.turn)
	v := c.draws.next()
	w1, r1 := c.entryRank(u)
	w2, r2 := c.entryRank(v)
	first, second := byQueue(nil, &c.workers[w1].ranks[r1])
	other, further := byQueue(nil, &c.workers[w2].ranks[r2])
	if other < first || other == first && further < second {
		return w2, r2
	}
	return w1, r1
}

// entryRank is the entry rank at a share u of all of them.
func (c *Cluster) entryRank(u float64) (home, rank int32) {
	each := len(c.workers[c.entry[0]].ranks) // workers of a pool are equal
	i := int(u * float64(len(c.entry)*each))
	return int32(c.entry[i/each]), int32(i % each)
}

// forgetElsewhere drops what other ranks hold of a session where it is of no
// use any more: after a move for good, and after a turn that rewrote history,
// which older copies do not know of.
func (c *Cluster) forgetElsewhere(id, home, rank int32) {
	a := &c.calls[id]
	if !c.scatters() {
		if a.home >= 0 && (a.home != home || a.rank != rank) {
			c.workers[a.home].ranks[a.rank].cache.Drop(kvcache.SessionID(id))
		}
		return
	}
	if a.turn == 0 || c.cfg.Deployment.Cache.Off {
		return
	}
	turn, before := a.current(), a.session.Turns[a.turn-1]
	if int(turn.Prefix)+c.cfg.Engine.Memory.BlockTokens < int(before.Input) {
		c.dropAtEntries(id, home, rank)
	}
}

// scatters reports whether a session's calls may reach many ranks.
func (c *Cluster) scatters() bool { return c.cfg.Deployment.Router != ConversationAffinity }

// dropAtEntries drops a session from the caches of all entry ranks but one;
// -1 spares none.
func (c *Cluster) dropAtEntries(id, home, rank int32) {
	for _, w := range c.entry {
		for i := range c.workers[w].ranks {
			if int32(w) != home || int32(i) != rank {
				c.workers[w].ranks[i].cache.Drop(kvcache.SessionID(id))
			}
		}
	}
}
