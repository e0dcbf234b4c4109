package serve

import (
	"cmp"
	"math"
	"slices"
)

// entrance decides which worker and rank take a call. Routers see queues and
// caches, never the length of an answer.
type entrance struct {
	*flight
	draws   draws
	workers []*worker // those that take prompts
	all     []*worker // by id
	choose  router
	turn    int // calls that round robin has placed
	homes   seats
	queues  seats
	trails  []trail // by session, unless it stays where it is
	related bool    // a session begins with what another one holds, or says what another one said
	looks   bool    // at every rank, for every call
}

// trail is the places that a session was sent to since it began, one of them several
// times if it came back.
type trail []place

// open begins to send calls to its workers, and to no others.
func (e *entrance) open() {
	if e.policy.affine {
		e.homes.seat(e.workers, byHomes)
	}
	if e.policy.queues {
		e.queues.seat(e.workers, byQueue)
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
		return e.fewest(&e.homes)
	}
	if e.policy.spill > 0 && e.all[s.home].ranks[s.rank].queued >= e.policy.spill {
		return leastLoaded(e, id)
	}
	return place{s.home, s.rank}
}

// leastLoaded takes the rank where the fewest tokens wait, then the fewest calls.
func leastLoaded(e *entrance, _ int32) place { return e.fewest(&e.queues) }

// fewest is the first rank in an order.
func (e *entrance) fewest(s *seats) place {
	if e.looks {
		return e.least(func(r *rank) load { return r.load(s.order) })
	}
	return s.least()
}

// kvAware takes the rank where queued and uncached tokens together are fewest, then
// the fewest calls. Ranks that the session has not been sent to hold no more of its
// prompt than what all sessions share, so of those the least loaded are looked at, up
// to where that could not make good for what waits there.
func kvAware(e *entrance, id int32) place {
	switch c := &e.workers[0].cache; {
	case e.looks || e.related:
		return e.least(func(r *rank) load { return e.left(r, id) })
	case c.Realised > 0 || c.Policy.Nothing: // as much is found on any rank
		return leastLoaded(e, id)
	}
	s := &e.queues
	best, least := int32(noSeat), load{}
	look := func(seat int32) {
		now := e.left(s.ranks[seat], id)
		if best == noSeat || now.less(least) || now == least && seat < best {
			best, least = seat, now
		}
	}
	for _, p := range e.trail(id) {
		if e.all[p.worker].accepts {
			look(e.rank(p).chairs[byQueue].seat)
		}
	}
	c := &e.calls[id]
	uncached := c.prompt() - s.ranks[0].whole(min(int(c.shared), c.prompt()))
	s.visit(func(seat int32) bool {
		l := s.loads[seat]
		l.first += uncached
		return best == noSeat || l.less(least) || l == least && seat < best
	}, look)
	return s.at[best]
}

// left is what a rank would have to compute before a call is, in tokens, then its calls.
func (e *entrance) left(r *rank, id int32) load {
	q := e.workers[0].cacheRequest(id) // workers of a pool are equal
	l := r.load(byQueue)
	l.first += q.Prompt - r.lookup(q).Tokens
	return l
}

// trail lists where a session may have left something.
func (e *entrance) trail(id int32) trail {
	if int(id) < len(e.trails) {
		return e.trails[id]
	}
	return nil
}

// follow notes that a session is sent to a place.
func (e *entrance) follow(id int32, p place) {
	for int(id) >= len(e.trails) {
		e.trails = append(e.trails, nil)
	}
	if t := e.trails[id]; len(t) == 0 || t[len(t)-1] != p {
		e.trails[id] = append(t, p)
	}
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
	if e.rank(second).load(byQueue).less(e.rank(first).load(byQueue)) {
		return second
	}
	return first
}

// least is the place with the least load of all, the first of equal ones.
func (e *entrance) least(of func(*rank) load) (best place) {
	least := load{math.MaxInt, math.MaxInt}
	for _, w := range e.workers {
		for i := range w.ranks {
			if now := of(&w.ranks[i]); now.less(least) {
				least, best = now, place{int32(w.id), int32(i)}
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
	s, c := &e.residences[id], &e.calls[id]
	e.related = e.related || c.inherited > 0 || c.text() != 0
	p := place{s.home, s.rank}
	if !c.resumed || s.home < 0 || !e.all[s.home].accepts {
		p = e.choose(e, id)
	}
	e.dropStale(id, p)
	if !e.policy.affine {
		e.follow(id, p)
	}
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
	if !e.looks && !e.related {
		e.dropTrail(id, spared)
		return
	}
	for _, w := range e.workers {
		for i := range w.ranks {
			if (place{int32(w.id), int32(i)}) != spared {
				w.ranks[i].drop(id)
			}
		}
	}
}

// dropTrail is dropExcept for a session whose words no other one has: nothing of it
// lies where it was not sent. Ranks come in their order, each once.
func (e *entrance) dropTrail(id int32, spared place) {
	t := e.trail(id)
	if len(t) == 0 || !e.rank(t[0]).knows {
		return
	}
	slices.SortFunc(t, func(a, b place) int { return cmp.Or(int(a.worker-b.worker), int(a.rank-b.rank)) })
	for i, p := range t {
		if p != spared && e.all[p.worker].accepts && (i == 0 || p != t[i-1]) {
			e.rank(p).drop(id)
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
	if int(id) < len(e.trails) {
		e.trails[id] = e.trails[id][:0]
	}
}
