package analytic

import (
	"math"

	"agentsim/serve"
)

// memory is the cache of one attention rank.
type memory struct {
	bytes    float64 // that entries can fill
	tiers    float64 // bytes of the tiers below HBM
	perToken float64
	fixed    float64 // per resident session
	running  float64 // per running session
}

func newMemory(w *worker, cache *serve.CacheSpec) memory {
	perToken, fixed, running := w.model.CacheBytes()
	pages := max(1, w.model.Config().Engine.Memory.Fragmentation)
	r := memory{bytes: float64(w.budget.Cache) / pages, perToken: perToken, fixed: float64(fixed),
		running: float64(running)}
	for _, tier := range cache.Tiers {
		r.tiers += float64(tier.Capacity)
	}
	return r
}

// sequences is how many sequences of so many tokens can run at once.
func (m memory) sequences(tokens float64) float64 {
	return math.Floor(m.bytes / (m.perToken*tokens + m.fixed + m.running))
}

// level rounds the share of calls that find their session's cache to one of the
// few for which tables of prices are kept.
func (n *network) level(agents float64) float64 {
	const steps = 64 // of about 1.5 %
	return math.Round(n.kept(agents)*steps) / steps
}

// kept is the share of calls that find their session's cache, when so many
// agents share the entry pool: all, until the sessions outgrow the memory.
func (n *network) kept(agents float64) float64 {
	d := n.deployment
	if d.Cache.Off {
		return 0
	}
	ranks := n.entry.workers * n.entry.ranks
	if d.Router != serve.ConversationAffinity {
		return 1 / ranks // a call finds the cache where chance sends it to the same rank
	}
	m := &n.entryMemory
	session := m.perToken*n.work.mean.input + m.fixed
	return min(1, (m.bytes+m.tiers)/(session*agents/ranks))
}
