package serve

import (
	"slices"

	"agentsim/sim"
)

// history plays what agents did before the start, for what caches hold then and
// in which order it gives way. Calls go through the router and the caches in
// the order in which they were made, at the pace that the service level allows;
// nothing is scheduled and no step is priced, so that a call costs a fraction of
// one of the run. It begins as long before as caches remember anything of use.
type history struct {
	*stationary
	from     float64 // when it begins
	past     []past  // by agent
	order    dueHeap // of what comes next of agents
	queues   bool    // routers look at them
	drained  float64 // time up to which they have drained
	decoders int     // places that sessions took on decode workers that keep caches
}

// past is an agent on its way to the start. Times are in seconds, and the start is 0.
type past struct {
	begun    []float64 // when its sessions began, the last one first
	session  int       // place in that list
	turn     float64   // when its turn began
	at       float64   // when its prompt is computed or, after that, its answer is out
	answers  bool      // its prompt is computed
	admitted bool      // and has its place in the cache until the answer is out
}

// The history is so many turns of an agent long, on average, or more where gaps are
// longer, up to a bound. Of what agents wrote before then, the last prompt of each
// stands for all. Three turns are too few where caches are at their edge
// (docs/VALIDATION.md).
const turnsLeast, turnsMost = 8, 64

// longest is the share of agents, those in the longest gaps, whose caches may have
// given way to less than they would have: a few gaps are much longer than all others.
const longest = 0.01

func (h *history) play() error {
	workers := h.fleet.entrance.workers
	if h.fleet.policy.cacheOff || len(workers) == 0 || workers[0].cache.Realised > 0 {
		return nil
	}
	h.from = -h.reach()
	h.drained = h.from
	h.queues = !h.fleet.policy.affine || h.fleet.policy.spill > 0
	h.past = make([]past, len(h.list))
	for i := range h.list {
		if err := h.enter(int32(i)); err != nil {
			return err
		}
	}
	for len(h.order) > 0 {
		id := h.order.pop().call
		h.step(id)
		if err := h.await(id); err != nil {
			return err
		}
	}
	h.end()
	return nil
}

// reach is how long before the start the history begins, in seconds: before all
// but the longest gaps under way, so that all that was kept in them gave way to is
// played, but no earlier than what is written from then on fills all caches.
func (h *history) reach() float64 {
	room, n := 0.0, float64(len(h.list))
	gaps := make([]float64, 0, len(h.found)+1)
	for i := range h.found {
		if f := &h.found[i]; !f.answering {
			gaps = append(gaps, f.since)
		}
	}
	gaps = append(gaps, 0)
	slices.Sort(gaps)
	long := gaps[len(gaps)-1-int(longest*float64(len(gaps)))]
	for _, w := range h.fleet.entrance.workers {
		for i := range w.ranks {
			room += w.ranks[i].cache.Holds()
		}
	}
	turn := h.sample.seconds / max(1, h.sample.turns)
	reach := min(max(long, turnsLeast*turn), turnsMost*turn)
	if written := n * h.sample.tokens / h.sample.seconds; room < reach*written {
		reach = room / written
	}
	return reach
}

// enter places an agent where it was when the history begins.
func (h *history) enter(id int32) error {
	p := &h.past[id]
	begun := -h.found[id].elapsed
	for p.begun = append(p.begun, begun); begun > h.from; p.begun = append(p.begun, begun) {
		if err := h.beginSession(id, -sessionsTried-len(p.begun)); err != nil {
			return err
		}
		begun -= h.cfg.Pace.session(&h.list[id].session)
	}
	p.session = len(p.begun)
	return h.nextSession(id)
}

// nextSession begins the session of an agent that comes next, at its last call
// before the history begins, if it had any by then.
func (h *history) nextSession(id int32) error {
	p := &h.past[id]
	p.session--
	number := h.found[id].session
	if p.session > 0 {
		number = -sessionsTried - p.session
	}
	p.turn = p.begun[p.session]
	if err := h.beginSession(id, number); err != nil {
		return err
	}
	return h.await(id)
}

// await puts in line what an agent does next: it gets its answer, or makes its
// next call, unless that is where it is found at the start.
func (h *history) await(id int32) error {
	p, a, at := &h.past[id], &h.list[id], &h.found[id]
	for ; a.turn < len(a.session.Turns); a.turn++ {
		if p.session == 0 && a.turn >= at.turn && (p.answers || a.turn > at.turn || !at.answering) {
			return nil
		}
		_, ready, whole := h.cfg.Pace.spent(&a.session, a.turn)
		if p.at = p.turn + ready; p.answers {
			p.at = p.turn + whole
		}
		if h.counts(id, whole) {
			h.order.push(due{step: int64(p.at * float64(sim.Second)), call: id})
			return nil
		}
		p.turn += whole
	}
	if p.session == 0 {
		return nil
	}
	return h.nextSession(id)
}

// counts reports whether a turn that takes so long is played: the last one before
// the history begins and those after it. What a call under way found is counted, so
// there the one before it is played in any case.
func (h *history) counts(id int32, whole float64) bool {
	p, a, at := &h.past[id], &h.list[id], &h.found[id]
	next := a.turn + 1
	if next == len(a.session.Turns) || p.session == 0 && at.answering && next >= at.turn {
		return true
	}
	_, ready, _ := h.cfg.Pace.spent(&a.session, next)
	return p.turn+whole+ready >= h.from
}

// step is what an agent did next.
func (h *history) step(id int32) {
	p, a := &h.past[id], &h.list[id]
	if !p.answers {
		h.call(id)
		p.answers = true
		return
	}
	h.answer(id)
	p.answers, p.turn = false, p.at
	if a.turn++; a.turn == len(a.session.Turns) {
		h.fleet.forget(id)
	}
}

// call routes an agent's call and computes its prompt.
func (h *history) call(id int32) {
	p, f := &h.past[id], h.fleet
	c := &f.calls[id]
	c.request = h.list[id].request()
	f.begin(id)
	h.drain(p.at)
	f.route(id)
	w, r := h.home(id)
	p.admitted = h.admit(id, r)
	if h.queues {
		r.wait(c.prompt() - c.hit)
	}
	switch {
	case !p.admitted:
	case w.decodes:
		r.run(1)
		r.filled(p.at, id)
	default:
		r.keep(p.at, id, c.prompt())
	}
}

// admit gives a call its place in a cache, and notes what it finds there.
func (h *history) admit(id int32, r *rank) bool {
	s := &h.fleet.residences[id]
	hit, ok := r.admit(h.past[id].at, h.fleet.workers[s.home].cacheRequest(id))
	if ok {
		c := &h.fleet.calls[id]
		c.hit, c.missed = hit.Tokens, hit.Lost
	}
	return ok
}

// answer ends a call, and keeps of it what the run would.
func (h *history) answer(id int32) {
	p, f := &h.past[id], h.fleet
	if w, r := h.home(id); w.decodes {
		h.leave(id, f.left(r, &f.calls[id].turn))
		return
	}
	if !f.policy.decodeRetains {
		return
	}
	if r := h.decoder(id); r != nil {
		if _, ok := r.admit(p.at, f.workers[f.residences[id].decoder].cacheRequest(id)); ok {
			h.keep(id, r, f.left(r, &f.calls[id].turn))
		}
	}
}

// leave ends a call on the worker that decoded it. One that found no place
// beside the others had to wait, and gets it now.
func (h *history) leave(id int32, tokens int) {
	_, r := h.home(id)
	if p := &h.past[id]; p.admitted {
		r.run(-1)
	} else if p.admitted = h.admit(id, r); !p.admitted {
		return
	}
	h.keep(id, r, tokens)
}

// keep leaves so many tokens of a call in a cache, as far as there is room.
func (h *history) keep(id int32, r *rank, tokens int) {
	at := h.past[id].at
	r.extend(at, id, tokens)
	r.keep(at, id, tokens)
}

// home is the place of a session.
func (h *history) home(id int32) (*worker, *rank) {
	s := &h.fleet.residences[id]
	w := h.fleet.workers[s.home]
	return w, &w.ranks[s.rank]
}

// decoder is the rank of the decode worker that keeps a session's cache: sessions
// take one after the other; nil where none is in service.
func (h *history) decoder(id int32) *rank {
	f := h.fleet
	s := &f.residences[id]
	list := f.handoff.decoders[f.workers[s.home].unit]
	if s.decoder < 0 {
		w := list[h.decoders%len(list)]
		s.decoder, s.decoderRank = int32(w.id), int32(h.decoders/len(list)%len(w.ranks))
		h.decoders++
	}
	if w := f.workers[s.decoder]; w.broken == 0 {
		return &w.ranks[s.decoderRank]
	}
	s.decoder, s.decoderRank = -1, -1
	return nil
}

// drain computes what waits on all ranks, for routers that look at it. Without a
// pace there is no time to do so.
func (h *history) drain(now float64) {
	if !h.queues || h.cfg.Pace == (Pace{}) {
		return
	}
	workers := h.fleet.entrance.workers
	seconds := workers[0].prefillSeconds
	tokens := int((now - h.drained) / seconds)
	h.drained += float64(tokens) * seconds
	for _, w := range workers {
		for i := range w.ranks {
			if r := &w.ranks[i]; r.queued > 0 {
				r.wait(-min(r.queued, tokens))
			}
		}
	}
}

// end brings the history to the start, at which no call is in flight: those that
// are being answered are made again, and find their whole prompts.
func (h *history) end() {
	for i := range h.past {
		id, p := int32(i), &h.past[i]
		if !p.answers {
			continue
		}
		p.at = 0
		if w, _ := h.home(id); w.decodes {
			h.leave(id, h.fleet.calls[id].prompt())
		}
		h.list[id].resumed = p.admitted
	}
	for _, w := range h.fleet.entrance.workers {
		for i := range w.ranks {
			w.ranks[i].wait(-w.ranks[i].queued)
		}
	}
}
