package serve

import "math"

// entrance decides which worker and rank take a call. Routers see queues and
// caches, never the length of an answer.
type entrance struct {
	*flight
	draws   draws
	workers []*worker // those that take prompts
	all     []*worker // by id
	choose  router
	turn    int // calls that round robin has placed
	seats   seats
}

// open begins to send calls to its workers, and to no others.
func (e *entrance) open() {
	if e.policy.affine {
		e.seats.seat(e.workers)
	}
}

// place is an attention rank of a worker.
type place struct{ worker, rank int32 }

// router chooses the place of a call.
type router func(e *entrance, id int32) place

// namedRouter is a router with its name in a scenario.
type namedRouter struct {
	name   string
	choose router
}

// routers lists the routers. Whoever is in this list can be named in a
// scenario, and is held to the laws of clusters by the tests.
func routers() []namedRouter {
	return []namedRouter{
		{ConversationAffinity, affinity},
		{LeastLoaded, leastLoaded},
		{PowerOfTwo, powerOfTwo},
		{KVAware, kvAware},
		{RoundRobin, roundRobin},
	}
}

func routerNames() []string {
	var names []string
	for _, r := range routers() {
		names = append(names, r.name)
	}
	return names
}

// routerNamed is the router of a name that Validate has let pass.
func routerNamed(name string) router {
	for _, r := range routers() {
		if r.name == name {
			return r.choose
		}
	}
	return affinity
}

// affinity keeps a session on the rank of its first turn, unless too many
// tokens wait there.
func affinity(e *entrance, id int32) place {
	s := &e.residences[id]
	if s.home < 0 || !e.all[s.home].accepts {
		return e.seats.least()
	}
	if e.policy.spill > 0 && e.all[s.home].ranks[s.rank].queued >= e.policy.spill {
		return leastLoaded(e, id)
	}
	return place{s.home, s.rank}
}

// leastLoaded takes the rank where the fewest tokens wait, then the fewest calls.
func leastLoaded(e *entrance, _ int32) place {
	return e.least(func(_ *worker, r *rank) (int, int) { return r.load() })
}

// kvAware takes the rank where queued and uncached tokens together are fewest.
func kvAware(e *entrance, id int32) place {
	return e.least(func(w *worker, r *rank) (int, int) {
		q := w.cacheRequest(id)
		tokens, calls := r.load()
		return tokens + q.Prompt - r.lookup(q).Tokens, calls
	})
}

// roundRobin takes one worker after the other, and so on with their next ranks.
func roundRobin(e *entrance, _ int32) place {
	e.turn++
	w := e.workers[e.turn%len(e.workers)]
	return place{int32(w.id), int32(e.turn / len(e.workers) % len(w.ranks))}
}

// powerOfTwo draws two ranks and takes the one with less to do.
func powerOfTwo(e *entrance, id int32) place {
	c := &e.calls[id]
	u := e.draws.uniform("power of two", id, c.k<<16|c.number)
	v := e.draws.next()
	first, second := e.at(u), e.at(v)
	tokens, calls := e.rank(first).load()
	otherTokens, otherCalls := e.rank(second).load()
	if otherTokens < tokens || otherTokens == tokens && otherCalls < calls {
		return second
	}
	return first
}

// least is the place with the least load, the first of equal ones.
func (e *entrance) least(load func(*worker, *rank) (int, int)) (best place) {
	least, tie := math.MaxInt, math.MaxInt
	for _, w := range e.workers {
		for i := range w.ranks {
			first, second := load(w, &w.ranks[i])
			if first < least || first == least && second < tie {
				least, tie, best = first, second, place{int32(w.id), int32(i)}
			}
		}
	}
	return best
}

// at is the place at a share u of all ranks.
func (e *entrance) at(u float64) place {
	each := len(e.workers[0].ranks) // workers of a pool are equal
	i := int(u * float64(len(e.workers)*each))
	return place{int32(e.workers[i/each].id), int32(i % each)}
}

func (e *entrance) rank(p place) *rank { return &e.all[p.worker].ranks[p.rank] }

// route chooses the place of a session's next call, and moves the session
// there if it is another than before.
func (e *entrance) route(id int32) {
	s := &e.residences[id]
	p := place{s.home, s.rank}
	if !e.calls[id].resumed || s.home < 0 || !e.all[s.home].accepts {
		p = e.choose(e, id)
	}
	e.dropStale(id, p)
	if s.home == p.worker && s.rank == p.rank {
		return
	}
	if s.home >= 0 {
		e.all[s.home].ranks[s.rank].house(-1)
	}
	s.home, s.rank = p.worker, p.rank
	e.rank(p).house(1)
}

// dropStale drops what other ranks hold of a session where it is of no use any
// more: with affinity after every move, else after a turn that rewrote history,
// which older copies do not know of.
func (e *entrance) dropStale(id int32, next place) {
	if e.policy.affine {
		if s := &e.residences[id]; s.home >= 0 && (place{s.home, s.rank}) != next {
			e.all[s.home].ranks[s.rank].drop(id)
		}
		return
	}
	c := &e.calls[id]
	if !e.policy.cacheOff && int(c.turn.Prefix)+e.policy.blockTokens < int(c.previous) {
		e.dropExcept(id, next)
	}
}

// dropExcept drops a session from the caches of all ranks but one.
func (e *entrance) dropExcept(id int32, spared place) {
	for _, w := range e.workers {
		for i := range w.ranks {
			if (place{int32(w.id), int32(i)}) != spared {
				w.ranks[i].drop(id)
			}
		}
	}
}

// forget drops all that entry ranks hold of a session, and its home.
func (e *entrance) forget(id int32) {
	s := &e.residences[id]
	if s.home >= 0 {
		r := &e.all[s.home].ranks[s.rank]
		r.drop(id)
		if !s.abandoned {
			r.house(-1)
		}
	}
	if !e.policy.affine {
		e.dropExcept(id, place{-1, -1})
	}
}
