package serve

import (
	"slices"

	"agentsim/models/kvcache"
	"agentsim/sim"
	"agentsim/trace"
)

// formChunks fills the next step with prompt tokens, rank by rank: first of
// calls under way, then of calls that can be admitted, up to each rank's token
// budget. It returns their number.
func (c *Cluster) formChunks(w *worker) int {
	w.batch = w.batch[:0]
	clear(w.loads)
	total := 0
	for i := range w.ranks {
		r := &w.ranks[i]
		room := w.shape.TokenBudget
		if c.mixes() {
			room -= r.sequences * w.model.TokensPerSequence()
		}
		for q := 0; q < len(r.filling) && room > 0; q++ {
			n := c.addChunk(w, i, r.filling[q], room)
			room -= n
			total += n
		}
		for room > 0 {
			id, ready, ok := c.admitNext(w, r)
			if !ok {
				break
			}
			if ready {
				n := c.addChunk(w, i, id, room)
				room -= n
				total += n
			}
		}
	}
	return total
}

// addChunk gives a call up to room tokens of the next step.
func (c *Cluster) addChunk(w *worker, rank int, id int32, room int) int {
	a := &c.calls[id]
	rest := a.prompt() - a.done
	n := min(rest, room)
	w.model.AddPrefill(&w.loads[rank], a.done, n, n == rest)
	w.batch = append(w.batch, chunk{call: id, rank: int32(rank), tokens: n})
	return n
}

// mixes reports whether decode tokens ride along with prompt chunks.
func (c *Cluster) mixes() bool { return c.cfg.Deployment.Batching != PrefillPriority }

// admitNext gives the next waiting call its place on the rank: a sequence slot
// where the rank also decodes, and room in the cache. It is ready unless part
// of its prefix has to be reloaded first. Not ok means that none can be
// admitted now.
func (c *Cluster) admitNext(w *worker, r *rank) (id int32, ready, ok bool) {
	if r.queue.n == 0 || w.decodes && r.running >= w.shape.MaxBatchPerRank {
		return 0, false, false
	}
	place := c.pick(w, r)
	id = r.queue.at(place)
	hit, ok := r.cache.Admit(c.Now(), c.request(w, id))
	if !ok {
		return 0, false, false
	}
	r.queue.remove(place)
	a := &c.calls[id]
	a.done = hit.Tokens
	if a.generated == 0 {
		a.hit, a.began = hit.Tokens, c.sim.Now()
	}
	r.queued -= hit.Tokens
	r.running++
	if c.reload(w, r, id, hit) {
		return id, false, true
	}
	c.enter(id, InPrefill)
	r.filling = append(r.filling, id)
	return id, true, true
}

// pick is the place in the queue of the call to admit next.
func (c *Cluster) pick(w *worker, r *rank) int {
	if c.cfg.Deployment.PrefillOrder != ShortestFirst {
		return 0
	}
	best, least := 0, int(^uint(0)>>1)
	for i := range r.queue.n {
		id := r.queue.at(i)
		rest := c.calls[id].prompt() - r.cache.Lookup(c.request(w, id)).Tokens
		if rest < least {
			best, least = i, rest
		}
	}
	return best
}

// request is what the call asks of a cache.
func (c *Cluster) request(w *worker, id int32) kvcache.Request {
	a := &c.calls[id]
	turn := a.current()
	r := kvcache.Request{Session: kvcache.SessionID(id), Prompt: a.prompt(), Class: a.class()}
	if w.decodes {
		r.Reserve = c.reserve()
	}
	if c.cfg.Deployment.Cache.Off {
		return r
	}
	r.Common, r.Shared = c.common(turn), min(int(a.session.Shared), int(turn.Input))
	c.inherit(&r, id)
	if a.generated > 0 && !w.decodes {
		r.Common = a.prompt() // it was retracted elsewhere: here lies what was computed for it before
	}
	return r
}

// common is how much of a prompt equals what a cache may hold of the session:
// the prompt before it and, if that is sent again, what was generated then.
// A worker that did not generate it does not hold it either.
func (c *Cluster) common(turn *trace.Turn) int {
	if c.cfg.Replay == Generated {
		return int(turn.Prefix) + int(turn.Echo)
	}
	return int(turn.Prefix)
}

// reserve is the room for output an engine sets aside at admission. It may
// not depend on the true output length, which no scheduler knows.
func (c *Cluster) reserve() int {
	if n := c.cfg.Deployment.Cache.ReserveTokens; n > 0 {
		return n
	}
	const tokens = 1024 // a typical new-token estimate of a scheduler; the context is what fills memory
	return tokens
}

// endChunks books the prompt tokens of the step that just ended.
func (c *Cluster) endChunks(w *worker) error {
	seconds := (c.sim.Now() - w.leg.begun).Seconds() + w.leg.drain
	for _, b := range w.batch {
		a := &c.calls[b.call]
		a.done += b.tokens
		c.tally.prefilled(b.tokens)
		r := &w.ranks[b.rank]
		r.queued -= b.tokens
		if a.done < a.prompt() {
			continue
		}
		r.filling = slices.DeleteFunc(r.filling, func(id int32) bool { return id == b.call })
		if a.passed = seconds; w.leg.drain > 0 {
			c.emerged.After(sim.Ticks(w.leg.drain), b.call)
			continue
		}
		if err := c.promptDone(w, r, b.call); err != nil {
			return err
		}
	}
	w.batch = w.batch[:0]
	return nil
}

// promptDone hands a computed prompt on: to the decode batch of the same
// worker, or to the decode pool.
func (c *Cluster) promptDone(w *worker, r *rank, id int32) error {
	a := &c.calls[id]
	if a.generated == 0 {
		a.filled = c.sim.Now()
	}
	if w.decodes {
		c.firstToken(id)
		return c.startDecode(w, r, id)
	}
	r.running--
	if c.cfg.Deployment.Cache.Off {
		r.cache.Retract(c.Now(), kvcache.SessionID(id))
	} else {
		r.cache.Release(c.Now(), kvcache.SessionID(id), a.prompt())
	}
	c.enter(id, InTransfer)
	c.transfer(w, r, id)
	return nil
}

// onEmerged hands on a prompt that has left the last stage of a pipeline. Its
// worker has begun another step, at whose end the call can join.
func (c *Cluster) onEmerged(id int32) error {
	a := &c.calls[id]
	w := &c.workers[a.home]
	if !w.decodes {
		if err := c.promptDone(w, &w.ranks[a.rank], id); err != nil {
			return err
		}
		return c.wake(w)
	}
	if a.generated == 0 {
		a.filled = c.sim.Now()
	}
	c.firstToken(id)
	w.emerged.push(id)
	return c.wake(w)
}

// transfer sends a computed cache to the decode pool. Layers are sent as they
// are computed, so all but the last overlap with the step (modelling.md 3.8);
// what the decode worker has kept is not sent again.
func (c *Cluster) transfer(w *worker, r *rank, id int32) {
	format := w.model.CacheFormat()
	prompt := c.calls[id].prompt()
	bytes := c.cfg.LLM.CacheBytes(prompt, format) - c.cfg.LLM.CacheBytes(c.retained(id), format) + c.cfg.LLM.StateBytes()
	c.tally.moved(bytes)
	layers := float64(c.cfg.LLM.Layers())
	hidden := c.calls[id].passed * (1 - 1/layers) * float64(c.transferRate(w))
	exposed := max(bytes/layers, bytes-hidden)
	c.send(id, r.out, float64(c.cfg.Kernels.Transfer.Floor+c.cfg.Engine.Handshake), exposed)
}

// firstToken marks the time to first token of a call; after a retraction it
// has passed.
func (c *Cluster) firstToken(id int32) {
	if a := &c.calls[id]; a.generated == 0 {
		a.firstAt = c.sim.Now()
	}
}
