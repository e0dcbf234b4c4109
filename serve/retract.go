package serve

import (
	"fmt"
	"math"
	"slices"

	"agentsim/models/kvcache"
)

// growLater notes the virtual step at which a decoding call will have filled
// the room it was admitted with. room is what its cache was given, in tokens.
func (c *Cluster) growLater(w *worker, id int32, room int) {
	a := &c.calls[id]
	steps := int64(math.Floor(float64(room-a.context) / w.growth))
	a.room = room
	a.growAt = max(a.joinedAt+steps, w.steps+1)
	if a.growAt < a.finishAt {
		w.growing.push(finishing{step: a.growAt, call: id})
	}
}

// growCaches gives the calls that have filled their room the same again. Where
// memory is short, the call that joined last is retracted: it loses its cache
// and has to be computed again, prompt and answer so far.
func (c *Cluster) growCaches(w *worker) error {
	for len(w.growing) > 0 && w.growing[0].step <= w.steps {
		f := w.growing.pop()
		a := &c.calls[f.call]
		if a.growAt != f.step || a.state != InDecode || c.decodeWorker(a) != int32(w.id) {
			continue // it has ended or was retracted since
		}
		room := a.context + int(math.Ceil(w.growth*float64(w.steps-a.joinedAt))) + c.reserve()
		r := &w.ranks[c.decodeRank(a)]
		for !r.cache.Grow(c.Now(), kvcache.SessionID(f.call), room) {
			if r.sequences == 1 && r.running == 1 {
				return &ErrMemory{Pool: w.pool, Reason: fmt.Sprintf("a context of %d tokens does not fit in a cache of %d tokens",
					room, r.cache.CapacityTokens())}
			}
			victim := c.youngest(w, r)
			if n := len(r.parked); n > 0 {
				victim = r.parked[n-1]
			}
			if err := c.retract(w, r, victim); err != nil {
				return err
			}
			if victim == f.call {
				break
			}
		}
		if a.state == InDecode {
			c.growLater(w, f.call, room)
		}
	}
	return nil
}

// youngest is the decoding call of a rank that joined last.
func (c *Cluster) youngest(w *worker, r *rank) int32 {
	best := int32(-1)
	for _, f := range w.done {
		a := &c.calls[f.call]
		if &w.ranks[c.decodeRank(a)] != r {
			continue
		}
		if best < 0 || a.joinedAt > c.calls[best].joinedAt || a.joinedAt == c.calls[best].joinedAt && f.call > best {
			best = f.call
		}
	}
	return best
}

// retract takes a call out of the decode batch and puts it back at the head
// of its entry worker's queue. What it has generated stays sent; it goes on
// from there once its cache has been computed again.
func (c *Cluster) retract(w *worker, r *rank, id int32) error {
	a := &c.calls[id]
	if at := slices.Index(r.parked, id); at >= 0 {
		r.parked = slices.Delete(r.parked, at, at+1)
	} else {
		c.giveSlot(w, r, id)
	}
	r.cache.Retract(c.Now(), kvcache.SessionID(id))
	r.running--
	a.generated = min(a.context-int(a.current().Input)-1, int(a.current().Output)-1)
	a.done = 0
	c.tally.Retractions++
	c.tally.Lost += int64(a.prompt())
	c.enter(id, InQueue)
	entry := &c.workers[a.home]
	home := &entry.ranks[a.rank]
	home.queue.pushFront(id)
	home.queued += a.prompt()
	if entry == w {
		return nil // it is planning already
	}
	return c.wake(entry)
}

// decodeWorker is the worker that a call decodes on.
func (c *Cluster) decodeWorker(a *call) int32 {
	if c.cfg.Deployment.Mode == Aggregated {
		return a.home
	}
	return a.decoder
}
