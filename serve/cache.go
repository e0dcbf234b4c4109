package serve

import (
	"errors"
	"fmt"

	"agentsim/fault"
	"agentsim/models/kvcache/prefix"
	"agentsim/models/step"
)

// This file is the seam to the prefix cache: how the cache of a rank is built,
// and what a rank asks of it. Nothing else in the package touches it.

// cacheSpec is the cache of one attention rank of a pool.
func cacheSpec(cfg *Config, p NamedPool, m *step.Model) (prefix.Spec, error) {
	if m.Budget().Cache <= 0 {
		return prefix.Spec{}, &ErrMemory{Pool: p.Name, Reason: m.Fit().Error()}
	}
	cache := &cfg.Deployment.Cache
	s, err := m.CacheSpec(step.CacheWork{Prompts: p.Prefills(), Ideal: cache.Off})
	if err != nil {
		return s, err
	}
	s.Tiers, s.Eviction, s.Write, s.Classes = cache.Tiers, cache.Eviction, cache.Write, cfg.classes()
	if s.Policy.Nothing = cache.Off; p.Prefills() {
		s.Realised = cache.RealisedHit
	}
	return s, tooSmall(p.Name, s.Validate())
}

// CacheSpecs are the caches of a rank of each pool, in the order of
// Deployment.Pools. Prepare must have succeeded.
func (c *Config) CacheSpecs() ([]prefix.Spec, error) {
	var specs []prefix.Spec
	for i, p := range c.Deployment.Pools() {
		s, err := cacheSpec(c, p, c.models[i])
		if err != nil {
			return nil, err
		}
		specs = append(specs, s)
	}
	return specs, nil
}

// tooSmall tells a pool without room from a field that cannot be.
func tooSmall(pool string, err error) error {
	var f *fault.Field
	if errors.As(err, &f) && len(f.Path) >= len("pools[") && f.Path[:len("pools[")] == "pools[" {
		return &ErrMemory{Pool: pool, Reason: f.Error()}
	}
	return err
}

// build gives the rank an empty cache.
func (r *rank) build(spec prefix.Spec, contents *prefix.Contents) (err error) {
	r.knows = spec.Policy.DropsStale
	r.cache, err = prefix.New(spec, contents)
	return err
}

// lookup is what an admission would find now. It changes nothing.
func (r *rank) lookup(q prefix.Request) prefix.Hit { return r.cache.Lookup(q) }

// whole is how many leading tokens, of so many, lie in whole pages, as what is found does.
func (r *rank) whole(tokens int) int { return tokens / r.cache.PageTokens() * r.cache.PageTokens() }

// admit takes memory for a call's prompt and reserve. Not ok means that it does
// not fit beside the calls that run.
func (r *rank) admit(now float64, q prefix.Request) (hit prefix.Hit, ok bool) {
	return r.cache.Admit(now, q)
}

// filled notes that a call's prompt is computed: others can build on it.
func (r *rank) filled(now float64, id int32) { r.cache.Filled(now, prefix.SessionID(id)) }

// couldHold reports whether an empty cache has room for so many tokens.
func (r *rank) couldHold(tokens int) bool { return r.cache.Fits(tokens) }

// extend raises the room of a running call to so many tokens, if there is memory.
func (r *rank) extend(now float64, id int32, tokens int) bool {
	return r.cache.Grow(now, prefix.SessionID(id), tokens)
}

// keep ends a call; so many leading tokens stay for the next turn.
func (r *rank) keep(now float64, id int32, tokens int) {
	r.cache.Release(now, prefix.SessionID(id), tokens)
}

// discard ends a call whose cache is of no further use here.
func (r *rank) discard(now float64, id int32) { r.cache.Retract(now, prefix.SessionID(id)) }

// drop forgets all that is kept of a session, where the cache is one that knows
// when that is of no use. Engines do not: there it stays until it gives way.
func (r *rank) drop(id int32) {
	if r.knows {
		r.cache.Drop(prefix.SessionID(id))
	}
}

// capacityTokens is the largest context that the cache could hold.
func (r *rank) capacityTokens() int { return r.cache.CapacityTokens() }

// checkCache verifies that pages are conserved in every pool.
func (r *rank) checkCache() error {
	for i := range r.cache.Pools() {
		used, free, all := r.cache.Used(i), r.cache.Free(i), r.cache.Capacity(i)
		if used+free != all || used < 0 || free < 0 {
			return fmt.Errorf("cache pool %d does not conserve bytes: %d used + %d free, %d in all", i, used, free, all)
		}
	}
	return nil
}
