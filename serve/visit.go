package serve

import "slices"

// With decode_order first-token a decode worker has more calls than slots. A
// call that comes while all slots of its rank are taken gets one for a single
// step; whoever came last before it stands aside meanwhile, with its cache in
// place. At the next boundary slots belong to those that came first again
// (TensorRT-LLM tech blog 26: first-token requests before decoding ones, first
// in first out inside each class).

// takes reports whether a rank has a slot for a waiting call.
func (c *Cluster) takes(w *worker, i int, id int32) bool {
	r := &w.ranks[i]
	switch {
	case c.cfg.Deployment.DecodeOrder != FirstToken:
		return r.running < w.shape.MaxBatchPerRank
	case c.calls[id].generated > 0: // it has its first token: it was retracted
		return r.running < w.shape.MaxBatchPerRank
	}
	return r.fresh < w.shape.MaxBatchPerRank
}

// displace frees a slot of a full rank for one step.
func (c *Cluster) displace(w *worker, r *rank) {
	if r.sequences >= w.shape.MaxBatchPerRank {
		c.park(w, r, c.newest(w, r))
		w.visited = true
	}
}

// resume gives the slots of every rank to the calls that came first.
func (c *Cluster) resume(w *worker) {
	w.visited, w.settled = false, w.joined
	for i := range w.ranks {
		r := &w.ranks[i]
		r.fresh = 0
		for len(r.parked) > 0 {
			if r.sequences >= w.shape.MaxBatchPerRank {
				newest := c.newest(w, r)
				if c.calls[newest].order < c.calls[r.parked[0]].order {
					break
				}
				c.park(w, r, newest)
			}
			c.unpark(w, r)
		}
	}
}

// refill gives free slots to those who stand aside.
func (c *Cluster) refill(w *worker, r *rank) {
	for len(r.parked) > 0 && r.sequences < w.shape.MaxBatchPerRank {
		c.unpark(w, r)
	}
}

func (c *Cluster) unpark(w *worker, r *rank) {
	id := r.parked[0]
	r.parked = slices.Delete(r.parked, 0, 1)
	c.takeSlot(w, r, id)
}

// park takes a call out of its slot and lines it up by its arrival.
func (c *Cluster) park(w *worker, r *rank, id int32) {
	c.giveSlot(w, r, id)
	at, _ := slices.BinarySearchFunc(r.parked, c.calls[id].order, func(other int32, order int64) int {
		return int(c.calls[other].order - order)
	})
	r.parked = slices.Insert(r.parked, at, id)
}

// newest is the decoding call of a rank that came last before this boundary.
func (c *Cluster) newest(w *worker, r *rank) int32 {
	best := int32(-1)
	for _, f := range w.done {
		a := &c.calls[f.call]
		if &w.ranks[a.decoderRank] == r && a.order < w.settled && (best < 0 || a.order > c.calls[best].order) {
			best = f.call
		}
	}
	return best
}
