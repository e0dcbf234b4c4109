package step

// layers books the layers that one part of a batch passes.
func (s *stack) layers(l *ledger, ranks []Rank, p part) {
	t := s.worker.count(ranks, p)
	halves := s.halves(ranks, t, p)
	for i := range s.kinds {
		if k := &s.kinds[i]; !halves || !k.ffn.experts() {
			k.attended(l, i, ranks, p)
		}
	}
	for _, b := range s.bodies {
		if halves && b.ffn.experts() {
			s.overlapped(l, b, ranks, p)
			continue
		}
		s.worker.surround(l, b.count, t)
		s.feedForward(l, b, t)
	}
}

// feedForward books the dense FFN or the experts of layers that share a body.
func (s *stack) feedForward(l *ledger, b body, t tally) {
	if b.ffn.dense > 0 {
		s.worker.denseFFN(l, DenseFFN, b.count, b.ffn.dense, t)
		return
	}
	if b.ffn.experts() {
		s.worker.shared(l, b.count, t)
		s.experts.routed(l, b.count, t)
	}
}

// tail books what comes after the layers: the head, and the draft layer with
// its own.
func (s *stack) tail(l *ledger, ranks []Rank, t tally, p part) {
	s.worker.head(l, Head, t.heads, 1)
	s.speculate(l, ranks, t, p, nil)
}

// gaps books the time between kernels that are launched one by one.
func (s *stack) gaps(l *ledger) {
	if eager := s.worker.eager; eager != 1 && l.prompts {
		l.add(&entry{operator: Gaps, count: 1, seconds: l.seconds * (eager - 1), busy: s.worker.energy.watts.prefill})
	}
}
