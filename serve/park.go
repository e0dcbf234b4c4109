package serve

import "slices"

// With decode_order first-token a decode worker admits more calls than it has
// slots. A call that comes while all slots of its rank are taken gets one for a
// single step; the call that came last before it is parked meanwhile, with its
// cache in place. At the next boundary the slots belong to those that came
// first again (TensorRT-LLM tech blog 26: first-token requests before decoding
// ones, first in first out inside each class).

// hasSlot reports whether a rank has a slot for a waiting call.
func (b *batch) hasSlot(r *rank, id int32) bool {
	if !b.policy.firstTokenFirst || b.calls[id].preempted() { // a preempted call has its first token
		return r.running < b.shape.MaxBatchPerRank
	}
	return r.newcomers < b.shape.MaxBatchPerRank
}

// displaceOne frees a slot of a full rank for one step.
func (b *batch) displaceOne(r *rank) {
	if r.sequences >= b.shape.MaxBatchPerRank {
		b.park(r, b.newest(r))
		b.displaced = true
	}
}

// restoreSlots gives the slots of every rank to the calls that came first.
func (b *batch) restoreSlots() {
	b.displaced, b.settled = false, b.admitted
	for i := range b.ranks {
		r := &b.ranks[i]
		r.newcomers = 0
		for len(r.parked) > 0 {
			if r.sequences >= b.shape.MaxBatchPerRank {
				newest := b.newest(r)
				if b.sequences[newest].order < b.sequences[r.parked[0]].order {
					break
				}
				b.park(r, newest)
			}
			b.giveSlot(r.unpark(0))
		}
	}
}

// refill gives free slots to parked calls.
func (b *batch) refill(r *rank) {
	for len(r.parked) > 0 && r.sequences < b.shape.MaxBatchPerRank {
		b.giveSlot(r.unpark(0))
	}
}

// park takes a call out of its slot and lines it up by its arrival.
func (b *batch) park(r *rank, id int32) {
	b.takeSlot(id)
	at, _ := slices.BinarySearchFunc(r.parked, b.sequences[id].order, func(other int32, order int64) int {
		return int(b.sequences[other].order - order)
	})
	r.parked = slices.Insert(r.parked, at, id)
}

// newest is the sequence of a rank that came last before this boundary.
func (b *batch) newest(r *rank) int32 {
	best := int32(-1)
	for _, d := range b.ends {
		s := &b.sequences[d.call]
		if &b.ranks[s.rank] == r && s.order < b.settled && (best < 0 || s.order > b.sequences[best].order) {
			best = d.call
		}
	}
	return best
}
