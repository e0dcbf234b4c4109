package prefix

import (
	"github.com/stretchr/testify/require"

	"agentsim/models/kvcache"
)

// requireLaws counts everything in the cache afresh and compares.
func requireLaws(t require.TestingT, k *Cache) {
	used := make([]int64, len(k.stores))
	pinned := make([]int64, len(k.stores))
	queued := make([]int, len(k.stores))
	alive := map[int32]bool{}
	holds := map[int32]int32{}
	for line := range len(k.contents.lines) {
		b := k.tree.known(k.contents, int32(line))
		if b == nil {
			continue
		}
		before := int32(none)
		for n := b.first; n != none; n = k.tree.nodes[n].next {
			x := &k.tree.nodes[n]
			alive[n] = true
			holds[int32(line)]++
			require.EqualValues(t, line, x.line)
			require.Equal(t, before, x.prev)
			before = n
			requireNode(t, k, n)
			for level := range k.levels() {
				s := k.at(level)
				i := k.home
				if level > 0 {
					i = k.pools + level - 1
				}
				used[i] += int64(k.held(x, level)) * k.block[level]
				if x.tickets[level] != 0 {
					queued[i]++
					requireQueued(t, k, s, nodeEntry(n))
				}
			}
			if x.locks > 0 {
				pinned[k.home] += int64(k.held(x, 0)) * k.block[0]
			}
		}
		require.Equal(t, before, b.last)
		holds[int32(line)] += requireMarks(t, k, int32(line), used, queued)
		require.Equal(t, holds[int32(line)], b.holds)
	}
	requireRuns(t, k, used, pinned)
	for i := range k.stores {
		s := &k.stores[i]
		require.Equal(t, used[i], s.used, "store %d", i)
		require.GreaterOrEqual(t, s.free(), int64(0), "store %d", i)
		require.Equal(t, pinned[i], s.pinned, "store %d", i)
		require.Equal(t, queued[i], s.queue.live, "store %d", i)
		requireQueue(t, k, s)
	}
	require.Equal(t, len(k.tree.nodes), len(alive)+len(k.tree.freeNodes))
}

// requireQueued wants an entry once in a queue, in the order of its age.
func requireQueued(t require.TestingT, k *Cache, s *store, e entry) {
	times := 0
	s.queue.each(&k.tree, s.level, func(x *queued) {
		if x.entry == e {
			times++
			age := k.tree.age(e)
			require.Equal(t, k.order.key(age), x.key, "in the order of its age")
			require.Equal(t, age.number, x.number)
		}
	})
	require.Equal(t, 1, times)
}

// requireQueue wants the front of a queue before all that stands in it, and the
// entries that have left few.
func requireQueue(t require.TestingT, k *Cache, s *store) {
	q, entries := &s.queue, 0
	first := q.front(&k.tree, s.level)
	q.each(&k.tree, s.level, func(x *queued) {
		entries++
		require.False(t, x.before(first))
	})
	require.Equal(t, q.live, entries)
	require.LessOrEqual(t, len(q.line)+len(q.heap), 2*(len(k.tree.nodes)+len(k.tree.marks))+65)
}

// requireMarks checks the checkpoints of a line, adds what they take, and
// returns the number of runs.
func requireMarks(t require.TestingT, k *Cache, line int32, used []int64, queued []int) (runs int32) {
	for pool := range k.pools {
		last := int32(1 << 30)
		for m := k.tree.branches.at(line).marks[pool]; m != none; m = k.tree.marks[m].next {
			x := &k.tree.marks[m]
			runs++
			require.Less(t, x.last(), last, "runs do not interleave")
			require.Positive(t, x.count)
			require.Greater(t, x.first, k.fork(line))
			last = x.first
			i := pool
			if x.level > 0 {
				i = k.pools + int(x.level) - 1
			}
			used[i] += int64(x.count) * x.bytes
			queued[i]++
			requireQueued(t, k, &k.stores[i], markEntry(m))
			require.GreaterOrEqual(t, k.locate(line, x.last()).end, x.last(), "a checkpoint of nothing")
		}
	}
	return runs
}

// requireRuns adds what running requests hold beside the tree.
func requireRuns(t require.TestingT, k *Cache, used, pinned []int64) {
	running := 0
	locks := map[int32]int32{}
	for _, x := range k.runs.slots {
		if x.key == 0 || !k.runs.items[x.at].active {
			continue
		}
		r := &k.runs.items[x.at]
		running++
		for i := range k.pools {
			bytes := r.tail[i]
			if i == k.home {
				bytes += int64(r.room-r.base) * k.block[0]
			}
			require.GreaterOrEqual(t, bytes, int64(0))
			used[i] += bytes
			pinned[i] += bytes
		}
		end := r.base
		for n := r.node; n != none; n = k.tree.nodes[n].parent {
			locks[n]++
			require.Equal(t, end, k.tree.nodes[n].hi[0], "the path of a request is whole, and in HBM")
			end = k.tree.nodes[n].start
		}
		require.Zero(t, end)
	}
	require.Equal(t, running, k.running)
	for line := range len(k.contents.lines) {
		if b := k.tree.known(k.contents, int32(line)); b != nil {
			for n := b.first; n != none; n = k.tree.nodes[n].next {
				require.Equal(t, locks[n], k.tree.nodes[n].locks)
			}
		}
	}
}

// requireNode checks that the runs of a node join up, and its place.
func requireNode(t require.TestingT, k *Cache, n int32) {
	x := &k.tree.nodes[n]
	require.Greater(t, k.end(n), x.start, "a node holds something")
	require.GreaterOrEqual(t, x.start, k.fork(x.line))
	var kids [kvcache.Levels]int32
	for c := x.child; c != none; c = k.tree.nodes[c].sibling {
		y := &k.tree.nodes[c]
		require.Equal(t, n, y.parent)
		require.Equal(t, k.end(n), y.start, "children begin at the end")
		for level := range k.levels() {
			if k.held(y, level) > 0 {
				kids[level]++
			}
		}
	}
	require.Equal(t, kids, x.kids)
	if x.parent == none {
		require.Zero(t, x.start)
	}
	for level := range k.levels() {
		require.GreaterOrEqual(t, k.held(x, level), int32(0))
		gives := x.locks == 0 && kids[level] == 0 && k.held(x, level) > 0
		require.Equal(t, gives, x.tickets[level] != 0, "node %d level %d", n, level)
	}
}
