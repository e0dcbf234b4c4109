package serve

import (
	"fmt"
	"math"
	"slices"
)

// extendCaches gives the calls that have filled their room the same again.
// Where memory is short, the call that began last is preempted: it loses its
// cache, and its prompt and answer so far have to be computed again.
func (b *batch) extendCaches() error {
	for len(b.overflows) > 0 && b.overflows[0].step <= b.steps {
		d := b.overflows.pop()
		s := &b.sequences[d.call]
		if s.fullAt != d.step || !b.decodesHere(d.call) {
			continue // it has ended or was preempted since
		}
		if err := b.extend(d.call, s.context+int(math.Ceil(b.gained(s)))+b.policy.reserve); err != nil {
			return err
		}
	}
	return nil
}

// extend gives a call room for so many tokens, at the cost of others if need
// be, or preempts it.
func (b *batch) extend(id int32, room int) error {
	s := &b.sequences[id]
	r := &b.ranks[s.rank]
	for !r.extend(b.now(), id, room) {
		if r.sequences == 1 && r.running == 1 {
			return b.tooLarge(fmt.Sprintf("a context of %d tokens", room), "")
		}
		victim := b.victim(r)
		if err := b.preempt(r, victim); err != nil {
			return err
		}
		if victim == id {
			break
		}
	}
	if b.calls[id].state == InDecode {
		s.room = room
		b.watchRoom(id)
	}
	return nil
}

// victim is the call of a rank to preempt: the parked one that came last, or
// the sequence that began last.
func (b *batch) victim(r *rank) int32 {
	if n := len(r.parked); n > 0 {
		return r.parked[n-1]
	}
	best := int32(-1)
	for _, d := range b.ends {
		s := &b.sequences[d.call]
		if &b.ranks[s.rank] != r {
			continue
		}
		if best < 0 || s.from > b.sequences[best].from || s.from == b.sequences[best].from && d.call > best {
			best = d.call
		}
	}
	return best
}

// preempt takes a call off its rank. What it has generated stays sent; it goes
// on from there once its cache has been computed again.
func (b *batch) preempt(r *rank, id int32) error {
	if at := slices.Index(r.parked, id); at >= 0 {
		r.unpark(at)
	} else {
		b.takeSlot(id)
	}
	r.discard(b.now(), id)
	r.run(-1)
	c := &b.calls[id]
	c.generated = min(b.sequences[id].context-int(c.turn.Input)-1, int(c.turn.Output)-1)
	c.done = 0
	b.tally.Preemptions++
	b.tally.Lost += int64(c.prompt())
	return b.up.preempted(id)
}

// decodesHere reports whether a call is in the decode batch of this worker.
func (b *batch) decodesHere(id int32) bool {
	return b.calls[id].state == InDecode && b.sequences[id].worker == int32(b.id)
}
