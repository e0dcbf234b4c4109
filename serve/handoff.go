package serve

import "agentsim/models/step"

// handoff brings computed prompts from prefill workers to decode workers.
type handoff struct {
	*flight
	network  *network
	all      []*worker      // by id
	decoders [][]*worker    // by unit
	transfer step.Transfer  // of a prefill worker's rank
	strand   func(id int32) // takes a call that finds no decode worker in service
}

// send moves a call's cache towards the decode pool. Layers are sent as they
// are computed, so that all but the last overlap with the step; what the decode
// worker has kept is not sent again.
func (h *handoff) send(id int32) {
	h.enter(id, InTransfer)
	c := &h.calls[id]
	c.moving = true
	bytes := h.transfer.Bytes(c.prompt(), h.retained(id))
	h.tally.MovedBytes += bytes
	exposed := h.transfer.Exposed(bytes, c.lastStep)
	s := &h.residences[id]
	wire := h.all[s.home].ranks[s.rank].out
	h.network.send(parcel{call: id, wire: wire, bytes: exposed}, h.transfer.Latency)
}

// retained is how many tokens of a call's prompt its decode worker has kept
// from earlier turns.
func (h *handoff) retained(id int32) int {
	s := &h.residences[id]
	if s.decoder < 0 || !h.policy.decodeRetains {
		return 0
	}
	w := h.all[s.decoder]
	return w.ranks[s.decoderRank].lookup(w.cacheRequest(id)).Tokens
}

// receive puts a call whose cache has arrived in line for a decode slot.
func (h *handoff) receive(id int32) error {
	h.enter(id, InSlot)
	s := &h.residences[id]
	if s.decoder < 0 || !h.policy.decodeRetains {
		w := h.fewest(h.all[s.home].unit)
		if w == nil {
			h.strand(id)
			return nil
		}
		s.decoder, s.decoderRank = int32(w.id), -1
	}
	return h.all[s.decoder].await(id)
}

// fewest is the decode worker of a unit with the fewest calls; nil where none is
// in service.
func (h *handoff) fewest(unit int) *worker {
	var best *worker
	for _, w := range h.decoders[unit] {
		if w.broken > 0 {
			continue
		}
		if best == nil || w.batch.load() < best.batch.load() {
			best = w
		}
	}
	return best
}

// forget drops what the decode worker has kept of a session.
func (h *handoff) forget(id int32) {
	s := &h.residences[id]
	if s.decoder >= 0 && h.policy.decodeRetains {
		h.all[s.decoder].ranks[s.decoderRank].drop(id)
	}
	s.decoder, s.decoderRank = -1, -1
}
