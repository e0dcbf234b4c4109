package serve

import (
	"math"

	"agentsim/models/step"
)

// admitWaiting moves waiting calls into the decode batch, first come first
// served, as long as a rank has a slot and room in its cache.
func (b *batch) admitWaiting() error {
	b.expectWaiting()
	for b.waiting.n > 0 {
		id := b.waiting.at(0)
		i := b.admit(id)
		if i < 0 {
			return nil
		}
		b.waiting.pop()
		b.moveTo(id, int32(i))
		r := &b.ranks[i]
		b.displaceOne(r)
		r.run(1)
		if b.policy.firstToken == "" || b.policy.firstToken == step.FirstArrival {
			b.emit(id)
		}
		if err := b.start(id); err != nil {
			return err
		}
		b.refill(r) // the slot is free again if the first token was the only one
	}
	return nil
}

// admit is the rank that takes a waiting call, in whose cache the call
// now has its place: the rank that kept the session's cache, or else the
// freest that has room; -1 if there is none.
func (b *batch) admit(id int32) int {
	q := b.cacheRequest(id)
	if i := int(b.residences[id].decoderRank); i >= 0 && b.hasSlot(&b.ranks[i], id) {
		if _, ok := b.ranks[i].admit(b.now(), q); ok {
			return i
		}
	}
	for i := b.freest(id, -1); i >= 0; i = b.freest(id, i) {
		if _, ok := b.ranks[i].admit(b.now(), q); ok {
			return i
		}
	}
	return -1
}

// freest is the rank with a slot for a call that has the fewest sequences, then
// the least context, among those that come after the given one in this order;
// -1 if there is none.
func (b *batch) freest(id int32, after int) int {
	best := -1
	for i := range b.ranks {
		if !b.hasSlot(&b.ranks[i], id) || after >= 0 && !b.freer(after, i) {
			continue
		}
		if best < 0 || b.freer(i, best) {
			best = i
		}
	}
	return best
}

// freer reports whether rank i comes before rank j for a new sequence.
func (b *batch) freer(i, j int) bool {
	one, other := &b.ranks[i], &b.ranks[j]
	switch {
	case one.running != other.running:
		return one.running < other.running
	case one.context != other.context:
		return one.context < other.context
	}
	return i < j
}

// moveTo makes a rank the one where a session decodes. What another rank has
// kept of the session is of no use any more.
func (b *batch) moveTo(id, rank int32) {
	s := &b.residences[id]
	if s.decoderRank >= 0 && s.decoderRank != rank {
		b.ranks[s.decoderRank].drop(id)
	}
	s.decoderRank = rank
}

// start adds a call to the batch, or ends it if its first token was its
// only one.
func (b *batch) start(id int32) error {
	c, s := &b.calls[id], &b.sequences[id]
	s.worker, s.rank = int32(b.id), b.residences[id].rank
	if !b.prefills {
		s.rank = b.residences[id].decoderRank
	}
	b.enter(id, InDecode)
	rest := int(c.turn.Output) - 1
	if b.recomputes() {
		rest++
	}
	if rest <= 0 {
		return b.leave(id)
	}
	if !c.preempted() {
		s.steps = b.drafts.steps(&c.request, rest) * b.step
	}
	s.context = c.prompt() + 1
	s.room = c.prompt() + b.policy.reserve
	s.order = b.admitted
	b.admitted++
	b.ranks[s.rank].newcomers++
	if b.recomputes() && !c.preempted() {
		b.fresh = append(b.fresh, id)
	}
	b.giveSlot(id)
	return nil
}

// giveSlot makes a call a sequence of its rank, from this step boundary on.
func (b *batch) giveSlot(id int32) {
	s := &b.sequences[id]
	s.from, s.until = b.steps, b.steps+s.steps
	b.ends.push(due{step: s.until, call: id})
	b.ranks[s.rank].add(s.context)
	b.size++
	b.watchRoom(id)
}

// watchRoom notes the virtual step at which a sequence will have filled the
// room that its cache has.
func (b *batch) watchRoom(id int32) {
	s := &b.sequences[id]
	steps := int64(math.Floor(float64(s.room-s.context) / b.growth))
	s.fullAt = max(s.from+steps, b.steps+1)
	if s.fullAt < s.until {
		b.overflows.push(due{step: s.fullAt, call: id})
	}
}

// takeSlot takes a sequence out of the decode batch. Its context is what it
// has grown to.
func (b *batch) takeSlot(id int32) {
	s := &b.sequences[id]
	tokens := b.gained(s)
	b.ends.remove(id)
	b.ranks[s.rank].remove(float64(s.context) + tokens)
	b.size--
	s.steps -= b.steps - s.from
	s.context += int(math.Round(tokens))
	s.fullAt = -1
}

// complete ends the calls whose last decode step is over.
func (b *batch) complete() error {
	for len(b.ends) > 0 && b.ends[0].step <= b.steps {
		id := b.ends.pop().call
		b.expectEnds()
		s := &b.sequences[id]
		b.ranks[s.rank].remove(float64(s.context) + b.gained(s))
		b.size--
		if err := b.leave(id); err != nil {
			return err
		}
	}
	return nil
}

// leave ends a call whose last token is out: its place is free, and its cache
// is given back or its prefix kept.
func (b *batch) leave(id int32) error {
	r := &b.ranks[b.sequences[id].rank]
	r.run(-1)
	if b.policy.cacheOff || !b.prefills && !b.policy.decodeRetains {
		r.discard(b.now(), id)
	} else {
		r.keep(b.now(), id, b.left(r, &b.calls[id].turn))
	}
	return b.up.finished(id)
}
