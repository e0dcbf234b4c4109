package kvcache

import "slices"

// oracle is the cache done naively: every block is written down with the
// level it lies at, everything is counted afresh, and eviction takes one block
// at a time. It knows LRU only, and fixed bytes in HBM only.
type oracle struct {
	capacity []int64
	block    []int64
	fixed    int64
	running  int64
	tokens   int
	through  bool // write-through

	sessions map[SessionID]*naive
	order    []SessionID // longest unused first
	held     int         // shared prefix, in blocks
	ready    int
}

// naive is one session; blocks behind the shared ones are listed by index.
type naive struct {
	shared  int
	at      []int // level of each private block; none lost
	copied  int   // write-through: private blocks copied to level 1
	pinned  bool
	reserve int
}

func newOracle(spec Spec) *oracle {
	c, err := New(spec)
	if err != nil {
		panic(err)
	}
	o := &oracle{tokens: spec.BlockTokens, through: c.writeThrough, running: c.runningBytes,
		fixed: c.levels[0].fixed, sessions: map[SessionID]*naive{}}
	for _, l := range c.levels {
		o.capacity = append(o.capacity, l.capacity)
		o.block = append(o.block, l.block)
	}
	return o
}

func (o *oracle) session(id SessionID) *naive {
	if o.sessions[id] == nil {
		o.sessions[id] = &naive{}
	}
	return o.sessions[id]
}

func (n *naive) count(level int) (blocks int) {
	for _, at := range n.at {
		if at == level {
			blocks++
		}
	}
	return blocks
}

func (o *oracle) sessionBytes(n *naive) int64 {
	if n.pinned {
		return int64(n.reserve-n.shared)*o.block[0] + o.fixed + o.running
	}
	if in := n.count(0); in > 0 {
		return int64(in)*o.block[0] + o.fixed
	}
	return 0
}

func (o *oracle) used(level int) (bytes int64) {
	if level == 0 {
		bytes = int64(o.held) * o.block[0]
	}
	for _, n := range o.sessions {
		if level == 0 {
			bytes += o.sessionBytes(n)
			continue
		}
		bytes += int64(n.count(level)) * o.block[level]
		if level == 1 {
			bytes += int64(n.copied) * o.block[1] // a block copied and gone from HBM is listed as a copy only
		}
	}
	return bytes
}

// resident is the whole prefix in blocks. Under write-through at[] lists what
// is in HBM or below the host; copies reach from the shared prefix to copied.
func (n *naive) resident() int {
	return n.shared + max(len(n.at), n.copied)
}

func (o *oracle) plan(r Request) plan {
	n := *o.session(r.Session)
	common := min(r.Common, r.Prompt) / o.tokens
	shared := max(min(r.Shared, r.Prompt)/o.tokens, min(n.shared, common))
	hit := min(shared, o.ready)
	if n.shared <= o.ready {
		hit = max(hit, min(n.resident(), common))
	}
	hit = max(min(hit, (r.Prompt-1)/o.tokens), 0)
	return plan{shared: int32(shared), hit: int32(hit), total: int32((r.Prompt + r.Reserve + o.tokens - 1) / o.tokens)}
}

func (o *oracle) admit(r Request) (int, bool) {
	p := o.plan(r)
	need := int64(int(p.total)-int(p.shared))*o.block[0] + o.fixed + o.running
	locked := int(p.shared)
	if o.busy(nil) > 0 {
		locked = max(locked, o.held)
	}
	pinned := int64(0)
	for _, n := range o.sessions {
		if n.pinned {
			pinned += o.sessionBytes(n)
		}
	}
	if int64(locked)*o.block[0]+pinned+need > o.capacity[0] {
		return 0, false
	}
	n := o.session(r.Session)
	copied := max(min(n.shared+n.copied, int(p.hit))-int(p.shared), 0)
	if !o.through {
		copied = 0
	}
	*n = naive{}
	o.settleShared()
	*n = naive{shared: int(p.shared), copied: copied, pinned: true, reserve: int(p.total)}
	o.order = slices.DeleteFunc(o.order, func(id SessionID) bool { return id == r.Session })
	o.held = max(o.held, n.shared)
	o.shrink(n)
	return int(p.hit) * o.tokens, true
}

// busy counts running sessions on the shared prefix, but for one.
func (o *oracle) busy(but *naive) (count int) {
	for _, n := range o.sessions {
		if n != but && n.pinned && n.shared > 0 {
			count++
		}
	}
	return count
}

// settleShared gives up what nobody is left to compute.
func (o *oracle) settleShared() {
	for _, n := range o.sessions {
		if n.shared > 0 {
			return
		}
	}
	o.held = min(o.held, o.ready)
}

// shrink evicts from HBM until it is no more than full.
func (o *oracle) shrink(user *naive) {
	for o.used(0) > o.capacity[0] {
		if !o.evict(0) {
			keep := 0
			if user.shared > 0 {
				keep = user.shared
			}
			if o.busy(user) > 0 || o.held <= keep {
				panic("oracle: admitted what does not fit")
			}
			o.held = keep
			o.ready = min(o.ready, keep)
		}
	}
}

// evict takes the last block at a level from the longest unused session.
func (o *oracle) evict(level int) bool {
	for _, id := range o.order {
		n := o.sessions[id]
		if level == 1 && o.through {
			if n.copied > 0 {
				o.evictCopy(n)
				o.forgetEmpty(id)
				return true
			}
			continue
		}
		for i := len(n.at) - 1; i >= 0; i-- {
			if n.at[i] == level {
				o.moveDown(n, i)
				o.forgetEmpty(id)
				return true
			}
		}
	}
	return false
}

// moveDown hands block i, the last at its level, to the next one, or loses it
// and all behind it.
func (o *oracle) moveDown(n *naive, i int) {
	next := n.at[i] + 1
	if next < len(o.capacity) && !o.through {
		for o.used(next)+o.block[next] > o.capacity[next] {
			if !o.evict(next) {
				n.at = n.at[:i]
				return
			}
		}
		n.at[i] = next
		return
	}
	n.at = n.at[:i]
}

// evictCopy loses the last copied block.
func (o *oracle) evictCopy(n *naive) { n.copied-- }

func (o *oracle) forgetEmpty(id SessionID) {
	n := o.sessions[id]
	if !n.pinned && len(n.at) == 0 && n.copied == 0 {
		*n = naive{}
		o.order = slices.DeleteFunc(o.order, func(other SessionID) bool { return other == id })
		o.settleShared()
	}
}

func (o *oracle) release(id SessionID, context int) {
	n := o.sessions[id]
	keep := min(context/o.tokens, n.reserve)
	n.pinned = false
	end := n.shared + n.copied
	n.shared = min(n.shared, keep)
	o.settleShared()
	o.ready = max(o.ready, n.shared)
	n.at = make([]int, keep-n.shared)
	n.copied = max(min(end, keep)-n.shared, 0)
	if o.through {
		o.copy(n)
	}
	o.order = append(o.order, id)
	o.forgetEmpty(id)
}

// copy writes a session that is in no queue through to the host, whole or not
// at all; what cannot be had is not undone for it.
func (o *oracle) copy(n *naive) {
	more := int64(len(n.at)-n.copied) * o.block[1]
	if more > o.capacity[1] {
		return
	}
	for o.used(1)+more > o.capacity[1] {
		if !o.evict(1) {
			return
		}
	}
	n.copied = len(n.at)
}

func (o *oracle) retract(id SessionID) {
	n := o.sessions[id]
	n.pinned, n.at = false, nil
	o.order = append(o.order, id)
	o.forgetEmpty(id)
}

func (o *oracle) drop(id SessionID) {
	*o.session(id) = naive{}
	o.order = slices.DeleteFunc(o.order, func(other SessionID) bool { return other == id })
	o.settleShared()
}

func (o *oracle) grow(id SessionID, tokens int) bool {
	n := o.sessions[id]
	total := (tokens + o.tokens - 1) / o.tokens
	if total <= n.reserve {
		return true
	}
	locked := n.shared
	if o.busy(n) > 0 {
		locked = max(locked, o.held)
	}
	bytes := int64(locked)*o.block[0] + int64(total-n.reserve)*o.block[0]
	for _, m := range o.sessions {
		if m.pinned {
			bytes += o.sessionBytes(m)
		}
	}
	if bytes > o.capacity[0] {
		return false
	}
	n.reserve = total
	o.shrink(n)
	return true
}
