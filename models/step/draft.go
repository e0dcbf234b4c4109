package step

// speculate books the draft layer: one pass a draft token, each with a layer
// and a head (modelling.md 1.10).
func (s *stack) speculate(l *ledger, ranks []Rank, t tally, p part) {
	if s.draft == nil || t.sequences == 0 {
		return
	}
	inner := ledger{energy: &s.worker.energy, copies: 1}
	one := tally{tokens: t.sequences, tokensMax: t.sequencesMax, heads: t.sequences}
	seconds := 0.0
	for i := range ranks {
		r := ranks[i].cut(p)
		drafted := s.draft.draftShare(&r)
		if drafted.decode.Tokens > 0 {
			seconds = max(seconds, s.draft.seconds(&drafted))
		}
	}
	inner.add(entry{operator: Draft, count: 1, seconds: seconds})
	s.worker.surround(&inner, 1, one)
	s.feedForward(&inner, body{count: 1, ffn: s.draft.ffn}, one)
	s.worker.head(&inner, Draft, one.heads, 1)
	l.add(entry{operator: Draft, count: float64(s.worker.shape.DraftTokens), seconds: inner.seconds, ideal: inner.compute,
		moving: inner.seconds - inner.compute, extra: inner.joules})
}

// draftShare is a rank's part of one draft pass: one token a sequence.
func (k *layerKind) draftShare(r *Rank) share {
	one := *r
	one.PrefillTokens = 0
	s := k.share(&one, nil)
	s.decode.Tokens = float64(r.Sequences)
	scale := 1 / float64(k.worker.perSequence)
	s.decode.Pairs *= scale
	s.decode.IndexPairs *= scale
	return s
}
