package prefix

import (
	"math"

	"agentsim/models/kvcache"
)

// Cache is the prefix cache of one rank: the life of its requests, on top of
// what it keeps. The zero value is not usable; call New.
type Cache struct {
	keeper
	beside  int64      // of a running request, beside its components, in the pool of what grows
	runs    sheet[run] // by session
	running int        // requests
	longest int        // tokens of a request that fits in the empty cache; -1 = none does
}

// keeper puts windows and states where the policy wants them, on top of what
// makes room for them (mark.go).
type keeper struct{ evictor }

// evictor makes room, on top of what finds prefixes (evict.go).
type evictor struct {
	index
	uses  uint64
	stats Stats
}

// index finds prefixes, and changes nothing (lookup.go).
type index struct{ memory }

// memory is what lies where, and what that takes (memory.go).
type memory struct {
	spec     Spec
	contents *Contents
	order    order // in which things give way
	page     int32 // tokens of a page of what grows
	align    int32 // pages between the positions at which all components have whole pages
	home     int   // pool of what grows
	pools    int
	through  bool // write-through

	tree   tree
	stores []store               // pools, then tiers
	block  [kvcache.Levels]int64 // bytes of a page of what grows, by level
	tails  []int                 // pools that hold windows and states
	parts  []part                // the components that are windows and states
}

// part is a window or a state with what one of its pages takes.
type part struct {
	Component
	bytes int64
}

// run is a session's request under way.
type run struct {
	active   bool
	filled   bool
	class    uint8
	line     int32           // + 1; the one of the last node that its last request left here; 0 = none
	node     int32           // the last one it builds on; none = none
	base     int32           // pages that lie in the tree
	room     int32           // pages from the start that it may fill
	prompt   int32           // tokens
	junction int32           // page up to which entries that grow were found, if further than the hit; 0 = none
	tail     [MaxPools]int64 // bytes of windows and states it holds
}

// New returns an empty cache of sessions whose contents are known to c, which
// the caches of a cluster share.
func New(spec Spec, c *Contents) (*Cache, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	k := &Cache{beside: wholeBytes(float64(spec.Running))}
	k.memory = memory{
		spec:     spec,
		order:    newOrder(&spec),
		contents: c,
		home:     spec.home(),
		pools:    len(spec.Pools),
		through:  spec.Write == kvcache.WriteThrough && len(spec.Tiers) > 0,
	}
	free := spec.free()
	for i := range spec.Pools {
		k.stores = append(k.stores, store{capacity: free[i]})
	}
	bare := 0.0
	for i := range spec.Components {
		x := &spec.Components[i]
		if x.Kind != Grows {
			continue
		}
		k.page = int32(x.Page)
		k.block[0] += int64(x.groups()) * spec.pageBytes(x)
		bare += float64(x.groups()) * float64(x.Bytes)
	}
	for i, tier := range spec.Tiers {
		k.stores = append(k.stores, store{level: i + 1, capacity: int64(tier.Capacity)})
		k.block[i+1] = wholeBytes(bare)
	}
	k.align = int32(align(spec.Components)) / k.page
	for i := range spec.Components {
		if c := spec.Components[i]; c.Kind != Grows {
			k.parts = append(k.parts, part{Component: c, bytes: spec.pageBytes(&c)})
		}
	}
	for i := range spec.Pools {
		if k.element(i, int(k.page)) > 0 { // a window of one token needs nothing of what was before
			k.tails = append(k.tails, i)
		}
	}
	k.longest = spec.longest()
	return k, nil
}

func wholeBytes(v float64) int64 { return int64(math.Ceil(v)) }

// Pools is how many pools there are.
func (k *Cache) Pools() int { return k.pools }

// Capacity is the size of a pool in bytes, less what is reserved. Used + Free
// equals it exactly.
func (k *Cache) Capacity(pool int) int64 { return k.stores[pool].capacity }

// Used is what is taken of a pool, in bytes.
func (k *Cache) Used(pool int) int64 { return k.stores[pool].used }

// Free is what is left of a pool, in bytes.
func (k *Cache) Free(pool int) int64 { return k.stores[pool].free() }

// Pinned is what running requests take of a pool, in bytes, with the prefixes
// that they build on.
func (k *Cache) Pinned(pool int) int64 { return k.stores[pool].pinned }

// TierUsed is what is taken of the tier at a level from 1 on, in bytes.
func (k *Cache) TierUsed(level int) int64 { return k.stores[k.pools+level-1].used }

// Running counts the requests admitted and not yet ended.
func (k *Cache) Running() int { return k.running }

// PageTokens is the tokens of a page of what grows with the context.
func (k *Cache) PageTokens() int { return int(k.page) }

// CapacityTokens is how many tokens the pool of what grows holds in whole
// pages, nothing else counted.
func (k *Cache) CapacityTokens() int {
	return int(k.stores[k.home].capacity/k.block[0]) * int(k.page)
}

// Holds is how many tokens of what grows there is room for at all levels.
func (k *Cache) Holds() (tokens float64) {
	tokens = float64(k.CapacityTokens())
	for level := 1; level < k.levels(); level++ {
		tokens += float64(k.at(level).capacity/k.block[level]) * float64(k.page)
	}
	return tokens
}

// Fits reports whether a request that needs so many tokens, prompt and room to
// generate, could run in the empty cache.
func (k *Cache) Fits(tokens int) bool { return tokens <= k.longest }

// run returns the record of a session, making room for it on first sight.
func (k *Cache) run(id SessionID) *run {
	if r := k.runs.at(int32(id)); r != nil {
		return r
	}
	if k.runs.full() {
		k.runs.forget(func(_ int32, r *run) bool { return *r == run{node: none} })
	}
	return k.runs.use(int32(id), run{node: none})
}
