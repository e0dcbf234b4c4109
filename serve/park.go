package serve

import "slices"

// With decode_order first-token a decode worker admits more calls than it has
// slots. A call that comes while all slots of its rank are taken gets one for a
// single step; the call that came last before it is parked meanwhile, with its
// cache in place. At the next boundary the slots belong to those that came
// first again (TensorRT-LLM tech blog 26: first-token requests before decoding
// ones, first in first out inside each class).

// hasSlot reports whether a rank has a slot for a waiting call.
func (w *worker) hasSlot(r *rank, id int32) bool {
	if !w.policy.firstTokenFirst || w.calls[id].preempted() { // a preempted call has its first token
		return r.running < w.shape.MaxBatchPerRank
	}
	return r.newcomers < w.shape.MaxBatchPerRank
}

// displaceOne frees a slot of a full rank for one step.
func (w *worker) displaceOne(r *rank) {
	if r.sequences >= w.shape.MaxBatchPerRank {
		w.park(r, w.newest(r))
		w.displaced = true
	}
}

// restoreSlots gives the slots of every rank to the calls that came first.
func (w *worker) restoreSlots() {
	w.displaced, w.settled = false, w.admitted
	for i := range w.ranks {
		r := &w.ranks[i]
		r.newcomers = 0
		for len(r.parked) > 0 {
			if r.sequences >= w.shape.MaxBatchPerRank {
				newest := w.newest(r)
				if w.sequences[newest].order < w.sequences[r.parked[0]].order {
					break
				}
				w.park(r, newest)
			}
			w.giveSlot(r.unpark(0))
		}
	}
}

// refill gives free slots to parked calls.
func (w *worker) refill(r *rank) {
	for len(r.parked) > 0 && r.sequences < w.shape.MaxBatchPerRank {
		w.giveSlot(r.unpark(0))
	}
}

// park takes a call out of its slot and lines it up by its arrival.
func (w *worker) park(r *rank, id int32) {
	w.takeSlot(id)
	at, _ := slices.BinarySearchFunc(r.parked, w.sequences[id].order, func(other int32, order int64) int {
		return int(w.sequences[other].order - order)
	})
	r.parked = slices.Insert(r.parked, at, id)
}

// newest is the sequence of a rank that came last before this boundary.
func (w *worker) newest(r *rank) int32 {
	best := int32(-1)
	for _, d := range w.ends {
		s := &w.sequences[d.call]
		if &w.ranks[s.rank] == r && s.order < w.settled && (best < 0 || s.order > w.sequences[best].order) {
			best = d.call
		}
	}
	return best
}
