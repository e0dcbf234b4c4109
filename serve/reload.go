package serve

import (
	"agentsim/models/kvcache"
)

// tierWires are the wires of a rank's tiers below HBM, by level.
type tierWires [kvcache.Levels]int32

// wireTiers connects the ranks of a worker to the tiers below their HBM.
// Tiers that name the same link share its wire over the whole cluster.
func (c *Cluster) wireTiers(w *worker, spec *kvcache.Spec) error {
	for i := range w.ranks {
		for level, tier := range spec.Tiers {
			wire, known := c.named[tier.Link]
			if tier.Link == "" || !known {
				var err error
				if wire, err = c.addWire(tier.Rate); err != nil {
					return err
				}
				if tier.Link != "" {
					c.named[tier.Link] = wire
				}
			}
			w.ranks[i].tiers[level+1] = wire
		}
	}
	return nil
}

// reload fetches the part of an admitted call's prefix that lies below HBM,
// unless computing it again is faster. It reports whether the call has to wait.
func (c *Cluster) reload(w *worker, r *rank, id int32, hit kvcache.Hit) bool {
	a := &c.calls[id]
	level, bytes, tokens := 0, 0.0, 0
	for l := 1; l < kvcache.Levels; l++ {
		if hit.Levels[l] > 0 {
			level = l
			bytes += float64(hit.ReloadBytes[l])
			tokens += hit.Levels[l]
		}
	}
	if level == 0 {
		return false
	}
	tier := &c.tiers[level-1]
	wire := &c.wires[r.tiers[level]]
	seconds := float64(tier.Latency) + bytes/float64(tier.Rate)*float64(1+wire.link.Active())
	if !kvcache.Decide(seconds, float64(tokens)*w.fillSeconds) {
		a.done -= tokens
		if a.generated == 0 {
			a.hit = a.done
		}
		r.queued += tokens
		return false
	}
	c.tally.Reloaded += bytes
	c.enter(id, InReload)
	c.send(id, r.tiers[level], float64(tier.Latency), bytes)
	return true
}

// onReloaded lets a call whose prefix is back in HBM be computed.
func (c *Cluster) onReloaded(id int32) error {
	a := &c.calls[id]
	c.enter(id, InPrefill)
	w := &c.workers[a.home]
	r := &w.ranks[a.rank]
	r.filling = append(r.filling, id)
	return c.wake(w)
}
