package serve

import (
	"math"

	"agentsim/models/kvcache"
	"agentsim/models/kvcache/prefix"
	"agentsim/models/step"
	"agentsim/sim"
)

// accept puts a call that the router sends here at the end of its rank's queue.
func (w *worker) accept(id int32) error {
	if err := w.refuse(id); err != nil {
		return err
	}
	w.ranks[w.residences[id].rank].enqueue(id, w.calls[id].prompt())
	return w.notify()
}

// formChunks fills the next step with prompt tokens, rank by rank, up to each
// rank's token budget: first of calls under way, then of calls that can be
// admitted. It returns the number of tokens.
func (w *worker) formChunks() int {
	w.chunks = w.chunks[:0]
	clear(w.loads)
	total := 0
	w.expectQueues()
	for i := range w.ranks {
		r := &w.ranks[i]
		room := w.chunkBudget(r)
		for q := 0; q < len(r.prefilling) && room > 0; q++ {
			n := w.addChunk(i, r.prefilling[q], room)
			room -= n
			total += n
		}
		for room > 0 {
			id, ready, ok := w.admitNext(r)
			if !ok {
				break
			}
			if ready {
				n := w.addChunk(i, id, room)
				room -= n
				total += n
			}
		}
	}
	return total
}

// chunkBudget is how many prompt tokens a rank may compute in the next step.
func (w *worker) chunkBudget(r *rank) int {
	if w.policy.mixed {
		return w.shape.TokenBudget - r.sequences*w.model.TokensPerSequence()
	}
	return w.shape.TokenBudget
}

// addChunk gives a call up to room tokens of the next step.
func (w *worker) addChunk(rank int, id int32, room int) int {
	c := &w.calls[id]
	rest := c.prompt() - c.done
	n := min(rest, room)
	if most := w.policy.chunk; most > 0 {
		n = min(n, most)
	}
	w.model.AddPrefill(&w.loads[rank], c.done, n, n == rest)
	w.chunks = append(w.chunks, chunk{call: id, rank: int32(rank), tokens: n})
	return n
}

// admitNext gives the next queued call its place on the rank: room in the cache
// and, where the rank also decodes, a place in the batch. The call is ready
// unless part of its prefix has to be reloaded first. Not ok means that none
// can be admitted now.
func (w *worker) admitNext(r *rank) (id int32, ready, ok bool) {
	if r.queue.n == 0 || w.decodes && r.running >= w.shape.MaxBatchPerRank {
		return 0, false, false
	}
	at := w.pick(r)
	id = r.queue.at(at)
	hit, ok := r.admit(w.now(), w.cacheRequest(id))
	if !ok {
		return 0, false, false
	}
	r.queue.remove(at)
	c := &w.calls[id]
	c.done = hit.Tokens
	if c.looksUp() {
		c.hit, c.missed = hit.Tokens, hit.Lost
	}
	if !c.preempted() {
		c.prefillStart = w.clock.Now()
	}
	r.wait(-hit.Tokens)
	r.run(1)
	if w.reload(r, id, hit) {
		return id, false, true
	}
	w.enter(id, InPrefill)
	r.prefilling = append(r.prefilling, id)
	return id, true, true
}

// pick is the place in the queue of the call to admit next.
func (w *worker) pick(r *rank) int {
	if !w.policy.shortestFirst {
		return 0
	}
	best, least := 0, math.MaxInt
	for i := range r.queue.n {
		id := r.queue.at(i)
		rest := w.calls[id].prompt() - r.lookup(w.cacheRequest(id)).Tokens
		if rest < least {
			best, least = i, rest
		}
	}
	return best
}

// endChunks books the prompt tokens of the step that just ended.
func (w *worker) endChunks() error {
	w.expectChunks()
	seconds := (w.clock.Now() - w.leg.begun).Seconds() + w.leg.drain
	for _, b := range w.chunks {
		c := &w.calls[b.call]
		c.done += b.tokens
		w.tally.Prefilled += int64(b.tokens)
		r := &w.ranks[b.rank]
		r.wait(-b.tokens)
		if c.done < c.prompt() {
			continue
		}
		r.endPrefill(b.call)
		if c.lastStep = seconds; w.leg.drain > 0 {
			c.moving = true
			w.emerges.After(sim.Ticks(w.leg.drain), b.call)
			continue
		}
		if err := w.promptDone(b.call); err != nil {
			return err
		}
	}
	w.chunks = w.chunks[:0]
	return nil
}

// promptDone hands a computed prompt on: to the decode batch of the same
// worker, or to the decode pool.
func (w *worker) promptDone(id int32) error {
	w.markPrefillEnd(id)
	if w.decodes {
		w.fill(id)
		w.emit(id)
		return w.batch.start(id)
	}
	if w.policy.firstToken == step.FirstPrefill {
		w.emit(id)
	}
	r := &w.ranks[w.residences[id].rank]
	r.run(-1)
	if w.policy.cacheOff {
		r.discard(w.now(), id)
	} else {
		r.keep(w.now(), id, w.calls[id].prompt())
	}
	return w.up.prefilled(id)
}

// fill lets others find a computed prompt.
func (w *worker) fill(id int32) {
	if !w.policy.cacheOff {
		w.ranks[w.residences[id].rank].filled(w.now(), id)
	}
}

// markPrefillEnd notes the end of a call's prefill. After a preemption it was
// noted before.
func (w *worker) markPrefillEnd(id int32) {
	if c := &w.calls[id]; !c.preempted() {
		c.prefillEnd = w.clock.Now()
	}
}

// emerge hands on a prompt that has left the last stage of a pipeline. If the
// worker decodes, it has begun another step, at whose end the call joins the
// batch.
func (w *worker) emerge(id int32) error {
	if !w.decodes {
		if err := w.promptDone(id); err != nil {
			return err
		}
		return w.notify()
	}
	w.markPrefillEnd(id)
	w.fill(id)
	w.emit(id)
	w.emerged.push(id)
	return w.notify()
}

// reload fetches the part of an admitted call's prefix that lies below HBM,
// unless it is faster to compute it again. It reports whether the call has to
// wait for it.
func (w *worker) reload(r *rank, id int32, hit prefix.Hit) bool {
	level, bytes, tokens := 0, 0.0, 0
	for l := 1; l < kvcache.Levels; l++ {
		if hit.ReloadBytes[l] > 0 {
			level = l
			bytes += float64(hit.ReloadBytes[l])
			tokens += hit.Levels[l]
		}
	}
	if level == 0 {
		return false
	}
	tier, wire := &w.tiers[level-1], r.tiers[level]
	seconds := float64(tier.Latency) + bytes/float64(tier.Rate)*float64(1+w.network.active(wire))
	if !kvcache.Decide(seconds, float64(tokens)*w.prefillSeconds) {
		c := &w.calls[id]
		c.done -= tokens
		if c.looksUp() {
			c.hit = c.done
			c.missed.Evicted[0] += tokens // it lies below HBM, and is not worth fetching
		}
		r.wait(tokens)
		return false
	}
	w.tally.Reloaded += bytes
	w.enter(id, InReload)
	w.calls[id].moving = true
	w.network.send(parcel{call: id, wire: wire, bytes: bytes}, float64(tier.Latency))
	return true
}

// reloaded lets a call be computed whose prefix is back in HBM.
func (w *worker) reloaded(id int32) error {
	w.enter(id, InPrefill)
	r := &w.ranks[w.residences[id].rank]
	r.prefilling = append(r.prefilling, id)
	return w.notify()
}
