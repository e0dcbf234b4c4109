package serve

import (
	"fmt"
	"math"
	"slices"
)

// extendCaches gives the calls that have filled their room the same again.
// Where memory is short, the call that began last is preempted: it loses its
// cache, and its prompt and answer so far have to be computed again.
func (w *worker) extendCaches() error {
	for len(w.fills) > 0 && w.fills[0].step <= w.steps {
		d := w.fills.pop()
		s := &w.sequences[d.call]
		if s.fullAt != d.step || !w.decodesHere(d.call) {
			continue // it has ended or was preempted since
		}
		if err := w.extend(d.call, s.context+int(math.Ceil(w.grown(s)))+w.policy.reserve); err != nil {
			return err
		}
	}
	return nil
}

// extend gives a call room for so many tokens, at the cost of others if need
// be, or preempts it.
func (w *worker) extend(id int32, room int) error {
	s := &w.sequences[id]
	r := &w.ranks[s.rank]
	for !r.extend(w.now(), id, room) {
		if r.sequences == 1 && r.running == 1 {
			return w.tooLarge(fmt.Sprintf("a context of %d tokens", room), "")
		}
		victim := w.victim(r)
		if err := w.preempt(r, victim); err != nil {
			return err
		}
		if victim == id {
			break
		}
	}
	if w.calls[id].state == InDecode {
		s.room = room
		w.watchRoom(id)
	}
	return nil
}

// victim is the call of a rank to preempt: the parked one that came last, or
// the sequence that began last.
func (w *worker) victim(r *rank) int32 {
	if n := len(r.parked); n > 0 {
		return r.parked[n-1]
	}
	best := int32(-1)
	for _, d := range w.ends {
		s := &w.sequences[d.call]
		if &w.ranks[s.rank] != r {
			continue
		}
		if best < 0 || s.from > w.sequences[best].from || s.from == w.sequences[best].from && d.call > best {
			best = d.call
		}
	}
	return best
}

// preempt takes a call off its rank. What it has generated stays sent; it goes
// on from there once its cache has been computed again.
func (w *worker) preempt(r *rank, id int32) error {
	if at := slices.Index(r.parked, id); at >= 0 {
		r.unpark(at)
	} else {
		w.takeSlot(id)
	}
	r.discard(w.now(), id)
	r.running--
	c := &w.calls[id]
	c.generated = min(w.sequences[id].context-int(c.turn.Input)-1, int(c.turn.Output)-1)
	c.done = 0
	w.tally.Preemptions++
	w.tally.Lost += int64(c.prompt())
	return w.up.preempted(w, id)
}

// decodesHere reports whether a call is in the decode batch of this worker.
func (w *worker) decodesHere(id int32) bool {
	return w.calls[id].state == InDecode && w.sequences[id].worker == int32(w.id)
}

// tooLarge is the error of a call that no rank of the worker can hold.
func (w *worker) tooLarge(what, advice string) error {
	return &ErrMemory{Pool: w.pool, Reason: fmt.Sprintf("%s does not fit in a cache of %d tokens%s",
		what, w.ranks[0].cache.CapacityTokens(), advice)}
}
