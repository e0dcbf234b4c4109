package serve

import (
	"math"

	"agentsim/models/kvcache"
	"agentsim/units"
)

// transferLink is what prefill and decode workers exchange caches over: the
// scale-up fabric if a unit lies in one domain.
func (c *Cluster) transferLink() units.ByteRate {
	if c.cfg.Deployment.UnitAccelerators() <= c.cfg.System.Domain {
		return c.cfg.System.Accelerator.ScaleUp
	}
	return c.cfg.System.Accelerator.ScaleOut
}

// transferRate is what the transfers of a worker's rank achieve together. Every
// stage of a pipeline sends the layers it has.
func (c *Cluster) transferRate(w *worker) units.ByteRate {
	return c.transferLink() * units.ByteRate(c.cfg.Kernels.Transfer.Efficiency*float64(w.shape.PP))
}

// onTransferred puts a call whose cache has arrived in line for a decode slot.
func (c *Cluster) onTransferred(id int32) error {
	c.enter(id, InSlot)
	a := &c.calls[id]
	if a.decoder < 0 || !c.cfg.Deployment.Cache.DecodeRetains {
		a.decoder = c.pickDecoder(c.workers[a.home].unit)
		a.decoderRank = -1
	}
	w := &c.workers[a.decoder]
	if err := c.fits(w, id); err != nil {
		return err
	}
	w.waiting.push(id)
	return c.wake(w)
}

// pickDecoder is the decode worker of a unit with the fewest calls.
func (c *Cluster) pickDecoder(unit int) int32 {
	best, least := int32(0), int(^uint(0)>>1)
	for _, id := range c.finish[unit] {
		w := &c.workers[id]
		if n := w.sequence + w.waiting.n; n < least {
			best, least = int32(id), n
		}
	}
	return best
}

// join moves waiting calls into the decode batch, first come first served,
// as long as a rank has a slot and room.
func (c *Cluster) join(w *worker) error {
	for w.waiting.n > 0 {
		id := w.waiting.at(0)
		i := c.slot(w, id)
		if i < 0 {
			return nil
		}
		w.waiting.pop()
		c.settleAt(w, id, int32(i))
		r := &w.ranks[i]
		c.displace(w, r)
		r.running++
		c.firstToken(id)
		if err := c.startDecode(w, r, id); err != nil {
			return err
		}
		c.refill(w, r) // if the first token was its only one
	}
	return nil
}

// settleAt makes a rank the one where a call decodes. What another rank had
// kept of its session is of no use any more.
func (c *Cluster) settleAt(w *worker, id, number int32) {
	a := &c.calls[id]
	if a.decoderRank >= 0 && a.decoderRank != number {
		w.ranks[a.decoderRank].cache.Drop(kvcache.SessionID(id))
	}
	a.decoderRank = number
}

// slot is the rank that takes a waiting call: the one that kept its session's
// cache, or else the freest, with room in its cache; -1 if there is none.
func (c *Cluster) slot(w *worker, id int32) int {
	request := c.decodeRequest(id)
	if i := int(c.calls[id].decoderRank); i >= 0 && c.takes(w, i, id) {
		if _, ok := w.ranks[i].cache.Admit(c.Now(), request); ok {
			return i
		}
	}
	for i := c.freest(w, id, -1); i >= 0; i = c.freest(w, id, i) {
		if _, ok := w.ranks[i].cache.Admit(c.Now(), request); ok {
			return i
		}
	}
	return -1
}

// freest is the rank with a slot for a call that has the fewest sequences, then
// the least context, among those that come after the given one in this order;
// -1 if there is none.
func (c *Cluster) freest(w *worker, id int32, after int) int {
	best := -1
	for i := range w.ranks {
		if !c.takes(w, i, id) || after >= 0 && !w.freer(after, i) {
			continue
		}
		if best < 0 || w.freer(i, best) {
			best = i
		}
	}
	return best
}

// freer reports whether rank i comes before rank j for a new sequence.
func (w *worker) freer(i, j int) bool {
	a, b := &w.ranks[i], &w.ranks[j]
	switch {
	case a.running != b.running:
		return a.running < b.running
	case a.context != b.context:
		return a.context < b.context
	}
	return i < j
}

func (c *Cluster) decodeRequest(id int32) kvcache.Request {
	turn := c.calls[id].current()
	r := kvcache.Request{Session: kvcache.SessionID(id), Prompt: c.calls[id].prompt(), Reserve: c.reserve(),
		Class: c.calls[id].class()}
	if c.cfg.Deployment.Cache.DecodeRetains {
		r.Common = c.common(turn)
	}
	return r
}

// retained is how many tokens of a call's prompt the decode worker has kept
// from earlier turns.
func (c *Cluster) retained(id int32) int {
	a := &c.calls[id]
	if a.decoder < 0 || !c.cfg.Deployment.Cache.DecodeRetains {
		return 0
	}
	return c.workers[a.decoder].ranks[a.decoderRank].cache.Lookup(c.decodeRequest(id)).Tokens
}

// startDecode adds a call to the batch, or ends it if its first token was its
// only one.
func (c *Cluster) startDecode(w *worker, r *rank, id int32) error {
	a := &c.calls[id]
	c.enter(id, InDecode)
	rest := int(a.current().Output) - 1
	if rest <= 0 {
		r.running--
		c.leaveDecode(w, r, id)
		return c.finished(id)
	}
	if a.generated == 0 {
		a.steps = c.draws.steps(a.luck, a, rest)
	}
	a.context = a.prompt() + 1
	a.room = a.prompt() + c.reserve()
	a.order = w.joined
	w.joined++
	r.fresh++
	c.takeSlot(w, r, id)
	return nil
}

// takeSlot makes a call a sequence of the decode batch.
func (c *Cluster) takeSlot(w *worker, r *rank, id int32) {
	a := &c.calls[id]
	a.joinedAt, a.finishAt = w.steps, w.steps+a.steps
	w.done.push(finishing{step: a.finishAt, call: id})
	r.sequences++
	r.context += float64(a.context)
	w.sequence++
	c.growLater(w, id, a.room)
}

// giveSlot takes a sequence out of the decode batch. Its context is what it
// has grown to.
func (c *Cluster) giveSlot(w *worker, r *rank, id int32) {
	a := &c.calls[id]
	steps := w.steps - a.joinedAt
	tokens := w.growth * float64(steps)
	w.done.remove(id)
	r.context -= float64(a.context) + tokens
	r.sequences--
	w.sequence--
	if r.sequences == 0 {
		r.context = 0
	}
	a.steps -= steps
	a.context += int(math.Round(tokens))
	a.growAt = -1
}
