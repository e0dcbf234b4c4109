package serve

import (
	"fmt"

	"agentsim/models/kvcache"
	"agentsim/models/step"
)

// This file is the seam to the prefix cache: how the cache of a rank is built,
// and what a rank asks of it. Nothing else in the package touches it.

// cacheSpec is the cache of one attention rank: tensor-parallel ranks hold
// copies of what cannot be divided among them.
func cacheSpec(cfg *Config, m *step.Model) (kvcache.Spec, error) {
	memory, cache := cfg.Engine.Memory, cfg.Deployment.Cache
	perToken, fixed, running := m.CacheBytes()
	s := kvcache.Spec{
		Capacity:      m.Budget().Cache,
		BlockTokens:   memory.BlockTokens,
		BytesPerToken: perToken,
		FixedBytes:    fixed,
		RunningBytes:  running,
		Fragmentation: memory.Fragmentation,
		Tiers:         cache.Tiers,
		Eviction:      cache.Eviction,
		Write:         cache.Write,
		Classes:       cfg.classes(),
	}
	if s.Capacity <= 0 {
		return s, m.Fit()
	}
	return s, s.Validate()
}

// build gives the rank an empty cache that makes room for the sessions of so
// many agents now.
func (r *rank) build(spec kvcache.Spec, agents int) (err error) {
	if r.cache, err = kvcache.New(spec); err == nil && agents > 0 {
		r.drop(int32(agents - 1))
	}
	return err
}

// lookup is what an admission would find now. It changes nothing.
func (r *rank) lookup(q kvcache.Request) kvcache.Hit { return r.cache.Lookup(q) }

// admit takes memory for a call's prompt and reserve. Not ok means that it does
// not fit beside the calls that run.
func (r *rank) admit(now float64, q kvcache.Request) (hit kvcache.Hit, ok bool) {
	return r.cache.Admit(now, q)
}

// couldHold reports whether an empty cache has room for so many tokens.
func (r *rank) couldHold(tokens int) bool { return r.cache.Fits(tokens) }

// extend raises the room of a running call to so many tokens, if there is memory.
func (r *rank) extend(now float64, id int32, tokens int) bool {
	return r.cache.Grow(now, kvcache.SessionID(id), tokens)
}

// keep ends a call; so many leading tokens stay for the next turn.
func (r *rank) keep(now float64, id int32, tokens int) {
	r.cache.Release(now, kvcache.SessionID(id), tokens)
}

// discard ends a call whose cache is of no further use here.
func (r *rank) discard(now float64, id int32) { r.cache.Retract(now, kvcache.SessionID(id)) }

// drop forgets all that is kept of a session.
func (r *rank) drop(id int32) { r.cache.Drop(kvcache.SessionID(id)) }

// install keeps a session as if it had just ended a turn.
func (r *rank) install(id int32, tokens, shared int) {
	r.cache.Install(0, kvcache.Request{Session: kvcache.SessionID(id), Prompt: tokens, Shared: shared})
}

// capacityTokens is the largest context that the cache could hold.
func (r *rank) capacityTokens() int { return r.cache.CapacityTokens() }

// checkCache verifies that blocks are conserved.
func (r *rank) checkCache() error {
	if used, free, all := r.cache.Used(), r.cache.Free(), r.cache.Capacity(); used+free != all || used < 0 || free < 0 {
		return fmt.Errorf("cache blocks are not conserved: %d used + %d free, %d in all", used, free, all)
	}
	return nil
}
