package step

// halves reports whether a batch runs as two halves: where the shape asks for
// it and neither half is empty.
func (s *stack) halves(ranks []Rank, t tally, p part) bool {
	from := s.worker.shape.TwoBatchFrom
	if from == 0 || t.tokensMax < float64(from) {
		return false
	}
	_, second := p.halves()
	return s.worker.count(ranks, second).tokens > 0
}

// half is the compute of one half of a batch in one layer, and its exchange.
type half struct {
	tally
	attention, experts float64 // seconds, with what surrounds them
	dispatch, combine  traffic
}

// overlapped books the layers of a body of experts run as two halves that take
// turns: while one is exchanged the other computes,
//
//	compute   attention 2   experts 1   experts 2   attention 1 of the next layer
//	exchange  dispatch 1    dispatch 2  combine 1   combine 2
//
// and each pair takes as long as its longer one (modelling.md 1.9: at least
// 2·max(A'+M', C')). Both halves pay their launches and read the weights anew:
// small batches lose. The engine's φ of eq. (7) has no part in it.
func (s *stack) overlapped(l *ledger, b body, ranks []Rank, p part) {
	var h [2]half
	first, second := p.halves()
	for i, piece := range []part{first, second} {
		h[i].tally = s.worker.count(ranks, piece)
		h[i].dispatch, h[i].combine = s.experts.exchange.directions(h[i].tally, l.prompts)
		h[i].experts = l.timed(b.count, func() {
			s.worker.shared(l, b.count, h[i].tally)
			routed := s.experts.grouped(b.count, h[i].tally)
			l.add(&routed)
		})
	}
	for k := range s.kinds {
		kind := &s.kinds[k]
		if !kind.ffn.experts() {
			continue
		}
		for i, piece := range []part{first, second} {
			h[i].attention = l.timed(kind.count, func() {
				kind.attended(l, k, ranks, piece)
				s.worker.surround(l, kind.count, h[i].tally)
			})
		}
		s.expose(l, kind.count, &h[0], &h[1])
	}
	// The first attention and the last combine have nothing beside them.
	s.experts.exchange.move(l, Combine, 1, traffic{}.shown(min(h[0].attention, h[1].combine.seconds)), 0)
}

// expose books what the other half's compute does not hide of the exchanges of
// count layers.
func (s *stack) expose(l *ledger, count float64, a, b *half) {
	s.experts.exchange.move(l, Dispatch, count, a.dispatch.beyond(b.attention), a.meanRank(s.worker))
	s.experts.exchange.move(l, Dispatch, count, b.dispatch.beyond(a.experts), b.meanRank(s.worker))
	s.experts.exchange.move(l, Combine, count, a.combine.beyond(b.experts), a.meanRank(s.worker))
	s.experts.exchange.move(l, Combine, count, b.combine.beyond(a.attention), b.meanRank(s.worker))
}
