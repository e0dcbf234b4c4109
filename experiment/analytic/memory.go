package analytic

import (
	"math"

	"agentsim/models/kvcache/prefix"
	"agentsim/models/step"
	"agentsim/portable"
	"agentsim/serve"
)

// memory is the cache of one attention rank.
type memory struct {
	spec  prefix.Spec
	fit   bool    // there is memory for it
	tiers float64 // bytes of the tiers below HBM
}

func newMemory(w *worker, cache *serve.CacheSpec, prompts bool) memory {
	var m memory
	spec, err := w.model.CacheSpec(step.CacheWork{Prompts: prompts, Ideal: cache.Off})
	if err == nil && spec.Validate() == nil {
		m.spec, m.fit = spec, true
	}
	for _, tier := range cache.Tiers {
		m.tiers += float64(tier.Capacity)
	}
	return m
}

// sequences is how many sequences of so many tokens can decode at once.
func (m *memory) sequences(tokens float64) float64 {
	if !m.fit {
		return 0
	}
	decoding := m.spec
	decoding.Policy.InFlight.Prefill = decoding.Policy.InFlight.Decode
	least := math.Inf(1)
	for _, p := range decoding.Budget(int(math.Ceil(tokens))).Pools {
		if p.Running > 0 {
			least = min(least, math.Floor(float64(p.Bytes-p.Reserved)/float64(p.Running)))
		}
	}
	return least
}

// found is the share of calls that find their session's cache, when so many
// sessions with prompts of so many tokens take turns on a rank, each call adds
// so many, and at most so many prompts are computed and so many sequences decode
// at a time. Calls of a session come at exponential distances; what was used last
// stays, so that a cache remembers the last x turns of an average session:
// of a session the history, if it had a turn since, and of each turn the windows
// and states that it wrote.
func (m *memory) found(sessions, prompt, added, prompts, decoding float64) float64 {
	if !m.fit {
		return 0
	}
	generating := m.spec
	generating.Policy.InFlight.Prefill = generating.Policy.InFlight.Decode
	decode := generating.Budget(int(prompt))
	whole, turn := m.spec.Budget(int(prompt)), m.spec.Budget(max(int(math.Ceil(added)), 1))
	free := 0.0
	for i, p := range whole.Pools {
		free += float64(p.Bytes - p.Reserved)
		// A prompt begins only when all that it may hold fits beside those that
		// run; where most of a mean one fits, a shorter one does.
		if p.Running > 0 {
			beside := float64(p.Bytes-p.Reserved) - decoding*float64(decode.Pools[i].Running)
			prompts = min(prompts, max(1, math.Round(beside/float64(p.Running))))
		}
	}
	share := 1.0
	for i, p := range whole.Pools {
		history, written := 0.0, 0.0
		room := float64(p.Bytes - p.Reserved)
		for j, c := range p.Components {
			if c.Kind == prefix.Grows {
				history += float64(c.Idle)
				continue
			}
			written += max(float64(turn.Pools[i].Components[j].Idle), float64(c.Checkpoint))
			room -= prompts*float64(c.Running) + decoding*float64(decode.Pools[i].Components[j].Running)
		}
		if history+written > 0 {
			share = min(share, remembered(max(room, 0)*(1+m.tiers/free)/sessions, history, written))
		}
	}
	return share
}

// remembered solves history·(1-exp(-x)) + written·x = room for the share
// 1-exp(-x) of sessions that had a turn within the last x.
func remembered(room, history, written float64) float64 {
	if written == 0 {
		return min(1, room/history)
	}
	low, high := 0.0, room/written
	for range 60 {
		x := (low + high) / 2
		if history*-math.Expm1(-x)+written*x > room {
			high = x
		} else {
			low = x
		}
	}
	return -math.Expm1(-low)
}

// sessions is how many idle sessions with prompts of so many tokens there is
// room for.
func (m *memory) sessions(prompt float64) float64 {
	if !m.fit {
		return 0
	}
	least, all := math.Inf(1), 0.0
	for _, p := range m.spec.Budget(int(prompt)).Pools {
		idle := 0.0
		for _, c := range p.Components {
			idle += max(min(float64(c.Idle), float64(c.Checkpoint)), 0)
			if c.Kind == prefix.Grows {
				idle += float64(c.Idle)
			}
		}
		if all += idle; idle > 0 {
			least = min(least, float64(p.Bytes-p.Reserved)/idle)
		}
	}
	return least + m.tiers/all
}

// levels of the share of calls that find their session's cache, of about 1.5 %
// each, are those for which tables of prices are kept.
const levels = 64

// level rounds the share to one of them.
func (n *network) level(agents float64) float64 { return math.Round(n.kept(agents)*levels) / levels }

// kept is the share of calls that find their session's cache, when so many
// agents share the entry pool: all, until the sessions outgrow the memory.
func (n *network) kept(agents float64) float64 {
	d := n.deployment
	if d.Cache.Off {
		return 0
	}
	ranks := n.entry.workers * n.entry.ranks
	sessions := agents / ranks
	if n.caching.ranks > 1 {
		// Half-way through, a session has left copies on as many ranks as it met.
		sessions *= ranks * (1 - portable.Pow(1-1/ranks, n.work.turns/2))
	}
	added := n.work.mean.fresh
	if policy := &n.entryMemory.spec.Policy; n.mixed && !policy.NoGenerated && !policy.DropsStale {
		added += n.work.mean.output
	}
	prompts := max(1, float64(n.entry.spec.TokenBudget)/n.work.mean.fresh)
	decoding := 0.0
	if n.mixed { // agents decode for most of their time
		decoding = min(agents/ranks, float64(n.entry.spec.MaxBatchPerRank))
	}
	return n.entryMemory.found(sessions, n.work.mean.input, added, min(prompts, agents/ranks), decoding)
}
