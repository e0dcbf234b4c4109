package serve

import "math"

// await puts a call whose cache has arrived in line for a decode slot.
func (w *worker) await(id int32) error {
	if err := w.refuse(id); err != nil {
		return err
	}
	w.waiting.push(id)
	return w.notify()
}

// fillSlots moves waiting calls into the decode batch, first come first
// served, as long as a rank has a slot and room in its cache.
func (w *worker) fillSlots() error {
	for w.waiting.n > 0 {
		id := w.waiting.at(0)
		i := w.admitDecode(id)
		if i < 0 {
			return nil
		}
		w.waiting.pop()
		w.moveTo(id, int32(i))
		r := &w.ranks[i]
		w.displaceOne(r)
		r.running++
		w.emit(id)
		if err := w.startDecode(id); err != nil {
			return err
		}
		w.refill(r) // the slot is free again if the first token was the only one
	}
	return nil
}

// admitDecode is the rank that takes a waiting call, in whose cache the call
// now has its place: the rank that kept the session's cache, or else the
// freest that has room; -1 if there is none.
func (w *worker) admitDecode(id int32) int {
	q := w.cacheRequest(id)
	if i := int(w.residences[id].decoderRank); i >= 0 && w.hasSlot(&w.ranks[i], id) {
		if _, ok := w.ranks[i].admit(w.now(), q); ok {
			return i
		}
	}
	for i := w.freest(id, -1); i >= 0; i = w.freest(id, i) {
		if _, ok := w.ranks[i].admit(w.now(), q); ok {
			return i
		}
	}
	return -1
}

// freest is the rank with a slot for a call that has the fewest sequences, then
// the least context, among those that come after the given one in this order;
// -1 if there is none.
func (w *worker) freest(id int32, after int) int {
	best := -1
	for i := range w.ranks {
		if !w.hasSlot(&w.ranks[i], id) || after >= 0 && !w.freer(after, i) {
			continue
		}
		if best < 0 || w.freer(i, best) {
			best = i
		}
	}
	return best
}

// freer reports whether rank i comes before rank j for a new sequence.
func (w *worker) freer(i, j int) bool {
	a, b := &w.ranks[i], &w.ranks[j]
	switch {
	case a.running != b.running:
		return a.running < b.running
	case a.context != b.context:
		return a.context < b.context
	}
	return i < j
}

// moveTo makes a rank the one where a session decodes. What another rank has
// kept of the session is of no use any more.
func (w *worker) moveTo(id, rank int32) {
	s := &w.residences[id]
	if s.decoderRank >= 0 && s.decoderRank != rank {
		w.ranks[s.decoderRank].drop(id)
	}
	s.decoderRank = rank
}

// startDecode adds a call to the batch, or ends it if its first token was its
// only one.
func (w *worker) startDecode(id int32) error {
	c, s := &w.calls[id], &w.sequences[id]
	s.worker, s.rank = int32(w.id), w.residences[id].rank
	if !w.prefills {
		s.rank = w.residences[id].decoderRank
	}
	w.enter(id, InDecode)
	rest := int(c.turn.Output) - 1
	if rest <= 0 {
		return w.leave(id)
	}
	if !c.preempted() {
		s.steps = w.drafts.steps(&c.request, rest)
	}
	s.context = c.prompt() + 1
	s.room = c.prompt() + w.policy.reserve
	s.order = w.admitted
	w.admitted++
	w.ranks[s.rank].newcomers++
	w.giveSlot(id)
	return nil
}

// giveSlot makes a call a sequence of the decode batch.
func (w *worker) giveSlot(id int32) {
	w.begin(id)
	w.watchRoom(id)
}

// watchRoom notes the virtual step at which a sequence will have filled the
// room that its cache has.
func (w *worker) watchRoom(id int32) {
	s := &w.sequences[id]
	steps := int64(math.Floor(float64(s.room-s.context) / w.growth))
	s.fullAt = max(s.from+steps, w.steps+1)
	if s.fullAt < s.until {
		w.fills.push(due{step: s.fullAt, call: id})
	}
}

// takeSlot takes a sequence out of the decode batch. Its context is what it
// has grown to.
func (w *worker) takeSlot(id int32) {
	s := &w.sequences[id]
	tokens := w.grown(s)
	w.ends.remove(id)
	w.ranks[s.rank].remove(float64(s.context) + tokens)
	w.batch--
	s.steps -= w.steps - s.from
	s.context += int(math.Round(tokens))
	s.fullAt = -1
}

// leave ends a call whose last token is out: its place is free, and its cache
// is given back or its prefix kept.
func (w *worker) leave(id int32) error {
	r := &w.ranks[w.sequences[id].rank]
	r.running--
	if w.policy.cacheOff || !w.prefills && !w.policy.decodeRetains {
		r.discard(w.now(), id)
	} else {
		r.keep(w.now(), id, w.matchable(&w.calls[id].turn))
	}
	return w.up.finished(id)
}
