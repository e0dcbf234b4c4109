package serve

import (
	"agentsim/models/kvcache"
	"agentsim/sim"
	"agentsim/trace"
)

// formChunks fills the next step with prompt tokens, rank by rank in the
// order of arrival, up to each rank's token budget. It returns their number.
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
		for q := 0; q < r.queue.n && room > 0; q++ {
			id := r.queue.at(q)
			if !c.admit(w, r, id) {
				break
			}
			a := &c.calls[id]
			rest := int(a.current().Input) - a.done
			n := min(rest, room)
			w.model.AddPrefill(&w.loads[i], a.done, n, n == rest)
			w.batch = append(w.batch, chunk{call: id, rank: int32(i), tokens: n})
			room -= n
			total += n
		}
	}
	return total
}

// mixes reports whether decode tokens ride along with prompt chunks.
func (c *Cluster) mixes() bool { return c.cfg.Deployment.Batching != PrefillPriority }

// admit gives a queued call its place on the rank: a sequence slot where the
// rank also decodes, and room in the cache. False means it has to wait.
func (c *Cluster) admit(w *worker, r *rank, id int32) bool {
	a := &c.calls[id]
	if a.admitted {
		return true
	}
	if w.decodes && r.running >= w.shape.MaxBatchPerRank {
		return false
	}
	hit, ok := r.cache.Admit(c.Now(), c.request(w, id))
	if !ok {
		return false
	}
	a.admitted, a.hit, a.done = true, hit.Tokens, hit.Tokens
	a.began = c.sim.Now()
	r.queued -= hit.Tokens
	r.running++
	c.enter(id, InPrefill)
	return true
}

// request is what the call asks of a cache.
func (c *Cluster) request(w *worker, id int32) kvcache.Request {
	a := &c.calls[id]
	turn := a.current()
	r := kvcache.Request{Session: kvcache.SessionID(id), Prompt: int(turn.Input)}
	if w.decodes {
		r.Reserve = c.reserve()
	}
	if c.cfg.Deployment.Cache.Off {
		return r
	}
	r.Common, r.Shared = c.common(turn), min(int(a.session.Shared), int(turn.Input))
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
	seconds := (c.sim.Now() - w.leg.begun).Seconds()
	for _, b := range w.batch {
		a := &c.calls[b.call]
		a.done += b.tokens
		c.tally.prefilled(b.tokens)
		r := &w.ranks[b.rank]
		r.queued -= b.tokens
		if a.done < int(a.current().Input) {
			continue
		}
		r.queue.pop() // chunks are formed in order, so complete prompts are at the front
		if err := c.promptDone(w, r, b.call, seconds); err != nil {
			return err
		}
	}
	w.batch = w.batch[:0]
	return nil
}

// promptDone hands a computed prompt on: to the decode batch of the same
// worker, or to the decode pool.
func (c *Cluster) promptDone(w *worker, r *rank, id int32, stepSeconds float64) error {
	a := &c.calls[id]
	a.filled = c.sim.Now()
	if w.decodes {
		c.firstToken(id)
		return c.startDecode(w, r, id)
	}
	r.running--
	if c.cfg.Deployment.Cache.Off {
		r.cache.Retract(c.Now(), kvcache.SessionID(id))
	} else {
		r.cache.Release(c.Now(), kvcache.SessionID(id), int(a.current().Input))
	}
	c.enter(id, InTransfer)
	c.transferred.After(sim.Ticks(c.transferSeconds(w, id, stepSeconds)), id)
	return nil
}

// transferSeconds is the part of the cache transfer that prefill does not
// hide: layers are sent as they are computed, so all but the last overlap
// (modelling.md 3.8). What the decode worker has kept is not sent again.
func (c *Cluster) transferSeconds(w *worker, id int32, stepSeconds float64) float64 {
	format := w.model.CacheFormat()
	prompt := int(c.calls[id].current().Input)
	bytes := c.cfg.LLM.CacheBytes(prompt, format) - c.cfg.LLM.CacheBytes(c.retained(id), format) + c.cfg.LLM.StateBytes()
	whole := c.cfg.Kernels.Transfer.Seconds(bytes, c.transferLink())
	layers := float64(c.cfg.LLM.Layers())
	hidden := stepSeconds * (1 - 1/layers)
	c.tally.moved(bytes)
	return max(whole/layers, whole-hidden) + float64(c.cfg.Engine.Handshake)
}

// firstToken marks the time to first token of a call.
func (c *Cluster) firstToken(id int32) { c.calls[id].firstAt = c.sim.Now() }
