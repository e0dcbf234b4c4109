package kvcache

import "math"

// Cache is the cache memory of one pool. The zero value is not usable; call New.
type Cache struct {
	blockTokens  int
	runningBytes int64
	writeThrough bool
	policy       policy
	keepTurns    int // under the policy keep-turns, else 0

	levels   []level // HBM, then the tiers
	sessions []session
	shared   shared
	pinned   int64 // bytes in HBM that running sessions hold, without the shared prefix
	running  int   // sessions
	releases uint64
	stats    Stats
}

// level is one store.
type level struct {
	capacity, used int64
	block          int64 // bytes of one block
	fixed          int64 // bytes of a session that holds any block
	queue          queue // unpinned sessions that hold any block
}

// shared is the prefix that all sessions of the workload have in common,
// stored once, in HBM.
type shared struct {
	held  int32 // blocks of memory taken
	ready int32 // of these, computed: what a new session hits
	users int   // sessions that hold blocks behind it at any level
	busy  int   // of these, running
}

// New returns an empty cache.
func New(spec Spec) (*Cache, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	keepTurns := 0
	if spec.Eviction.Policy == KeepTurns {
		keepTurns = spec.Eviction.Turns
	}
	padding := max(spec.Fragmentation, 1)
	entry := float64(spec.BlockTokens) * spec.BytesPerToken
	fixed := float64(spec.FixedBytes) * float64(max(keepTurns, 1)) // a window for every turn end that can be matched
	c := &Cache{
		blockTokens:  spec.BlockTokens,
		runningBytes: wholeBytes(float64(spec.RunningBytes)),
		writeThrough: spec.Write == WriteThrough && len(spec.Tiers) > 0,
		policy:       newPolicy(spec),
		keepTurns:    keepTurns,
		levels: []level{{
			capacity: int64(spec.Capacity),
			block:    wholeBytes(entry * padding),
			fixed:    wholeBytes(fixed * padding),
		}},
	}
	for _, tier := range spec.Tiers {
		c.levels = append(c.levels, level{
			capacity: int64(tier.Capacity),
			block:    wholeBytes(entry),
			fixed:    wholeBytes(fixed),
		})
	}
	return c, nil
}

func wholeBytes(v float64) int64 { return int64(math.Ceil(v)) }

// Capacity is the size of HBM in bytes. Used() + Free() equals it exactly.
func (c *Cache) Capacity() int64 { return c.levels[0].capacity }

// Used is what is taken of HBM, in bytes.
func (c *Cache) Used() int64 { return c.levels[0].used }

// Free is what is left of HBM, in bytes.
func (c *Cache) Free() int64 { return c.levels[0].free() }

// LevelUsed is what is taken of HBM (0) or of the tier at a level, in bytes.
func (c *Cache) LevelUsed(level int) int64 { return c.levels[level].used }

// Pinned is what running sessions take of HBM, in bytes, the shared prefix aside.
func (c *Cache) Pinned() int64 { return c.pinned }

// Running counts the sessions admitted and not yet released.
func (c *Cache) Running() int { return c.running }

// BlockTokens is the number of tokens in a block.
func (c *Cache) BlockTokens() int { return c.blockTokens }

// CapacityTokens is how many tokens HBM holds in whole blocks, nothing else counted.
func (c *Cache) CapacityTokens() int {
	return int(c.levels[0].capacity/c.levels[0].block) * c.blockTokens
}

// Resident is how many leading tokens of a session are kept over all levels,
// and how many of these in HBM. For a running session it is the prefix it had
// at its admission.
func (c *Cache) Resident(id SessionID) (tokens, hbm int) {
	s := c.peek(id)
	return int(c.end(&s)) * c.blockTokens, int(s.hi[0]) * c.blockTokens
}

func (l *level) free() int64 { return l.capacity - l.used }

// size is what n blocks of one session take.
func (l *level) size(n int32) int64 {
	if n == 0 {
		return 0
	}
	return int64(n)*l.block + l.fixed
}

// resize accounts for a session that held before and now holds after blocks.
func (l *level) resize(before, after int32) {
	l.used += l.size(after) - l.size(before)
}

// blocksFor rounds tokens up to whole blocks.
func (c *Cache) blocksFor(tokens int) int32 {
	return int32((tokens + c.blockTokens - 1) / c.blockTokens)
}

// blocksIn rounds tokens down to whole blocks.
func (c *Cache) blocksIn(tokens int) int32 {
	return int32(max(tokens, 0) / c.blockTokens)
}
