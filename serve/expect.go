package serve

import (
	"agentsim/ahead"
	"agentsim/models/kvcache/prefix"
)

// A step ends some calls and begins others, and what there is of each lies all over
// memory. This file has the processor fetch that of all of them before it goes
// through them one by one. It decides nothing.

// scattered reports whether there are so many sessions that what is known of one has
// left the processor's near caches when it is needed again: a session takes some two
// kilobytes, and a core has one or two thousand.
func (f *flight) scattered() bool {
	const few = 1024
	return len(f.calls) > few
}

// expect fetches what is known of a call.
func (f *flight) expect(id int32) {
	c := &f.calls[id]
	ahead.Fetch(&c.turn.Input)
	ahead.Fetch(&c.inherited)
	ahead.Fetch(&c.entry)
	ahead.Fetch(&f.residences[id].home)
}

// expectQueues fetches what is needed to admit the first calls of all queues.
func (w *worker) expectQueues() {
	if !w.flight.scattered() {
		return
	}
	const most = 6 // that a rank admits in a step, about
	for step := range prefix.Expected {
		for i := range w.ranks {
			r := &w.ranks[i]
			for q := range min(most, r.queue.n) {
				id := r.queue.at(q)
				if step == 0 {
					w.flight.expect(id)
				}
				r.cache.Expect(prefix.SessionID(id), step)
			}
		}
	}
}

// expectChunks fetches what is needed to end the chunks of the step under way.
func (w *worker) expectChunks() {
	if !w.flight.scattered() {
		return
	}
	for step := range prefix.Expected {
		for i := range w.chunks {
			c := &w.chunks[i]
			if step == 0 {
				w.flight.expect(c.call)
			}
			w.ranks[c.rank].cache.Expect(prefix.SessionID(c.call), step)
		}
	}
}

// expectWaiting fetches what is needed to admit the first calls that wait for a slot.
func (b *batch) expectWaiting() {
	if !b.flight.scattered() {
		return
	}
	const most = 6
	for i := range min(most, b.waiting.n) {
		id := b.waiting.at(i)
		b.flight.expect(id)
		ahead.Fetch(&b.sequences[id].worker)
		if rank := b.residences[id].decoderRank; rank >= 0 {
			b.ranks[rank].cache.Expect(prefix.SessionID(id), 0)
		}
	}
}

// expectEnds fetches what is needed to end the call that is complete next.
func (b *batch) expectEnds() {
	if len(b.ends) == 0 || !b.flight.scattered() {
		return
	}
	id := b.ends[0].call
	b.flight.expect(id)
	ahead.Fetch(&b.sequences[id].worker)
	if rank := b.residences[id].decoderRank; rank >= 0 {
		b.ranks[rank].cache.Expect(prefix.SessionID(id), 0)
	}
}
