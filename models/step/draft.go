package step

import "agentsim/models/hardware"

// speculate books the draft: the layer, its head and the projection of what it
// is given (engine-schedulers, section 6).
//
//	recurrent  depth passes: the first over all tokens just verified, the others over one a sequence
//	block      one pass over the verified tokens, then depth samplings, one after another
//	lookup     nothing on the accelerator
//
// What is known of the passes is not booked operator by operator; nil = nothing.
func (s *stack) speculate(l *ledger, ranks []Rank, t tally, p part, known *[2][]booked) {
	if s.draft == nil || t.sequences == 0 {
		return
	}
	d := s.worker.draft
	var first, others *[]booked
	if known != nil {
		first, others = &known[0], &known[1]
	}
	verified := float64(s.worker.perSequence)
	one := s.pass(ranks, t, p, verified, first)
	l.add(&one)
	if d.kind() == BlockDraft {
		one = s.samplings(t, d.Depth)
		l.add(&one)
		return
	}
	if d.Depth > 1 {
		one = s.pass(ranks, t, p, 1, others)
		one.count = float64(d.Depth - 1)
		l.add(&one)
	}
}

// pass is one pass of the draft layer over so many tokens a sequence, with a
// head for a position of each sequence, or for all where a block is drafted.
func (s *stack) pass(ranks []Rank, t tally, p part, each float64, known *[]booked) entry {
	heads := t.sequences
	inner := ledger{energy: &s.worker.energy, copies: 1}
	one := tally{tokens: each * t.sequences, tokensMax: each * t.sequencesMax, heads: heads}
	seconds := 0.0
	var drafted share
	var cut Rank
	var slowest order
	for i := range ranks {
		s.draft.draftShare(&drafted, ranks[i].piece(p, &cut), each)
		place := s.draft.order(&drafted)
		if drafted.decode.Tokens == 0 || place.within(slowest) {
			continue
		}
		if own := s.draft.seconds(&drafted); own > seconds {
			seconds, slowest = own, place
		}
	}
	inner.add(&entry{operator: Draft, count: 1, seconds: seconds})
	if known == nil || !inner.again(*known) {
		inner.kept = known
		s.worker.surround(&inner, 1, one)
		s.feedForward(&inner, body{count: 1, ffn: s.draft.ffn}, one)
		if s.worker.draft.kind() == BlockDraft {
			heads = one.tokens
		}
		s.worker.head(&inner, Draft, heads, 1)
	}
	return entry{
		operator: Draft,
		count:    1,
		seconds:  inner.seconds,
		ideal:    inner.compute,
		moving:   inner.seconds - inner.compute,
		extra:    inner.joules,
		moved:    inner.moved,
	}
}

// samplings are the steps in which a block's tokens are chosen one after
// another, each a few small kernels on logits that are there.
func (s *stack) samplings(t tally, depth int) entry {
	small := &s.worker.small
	return entry{operator: Draft, count: float64(depth), seconds: small.Seconds(hardware.Features{Tokens: t.sequencesMax}),
		moving: float64(small.PerToken) * t.sequencesMax}
}

// draftShare is a rank's part of one draft pass over so many tokens a sequence.
func (k *layerKind) draftShare(s *share, r *Rank, each float64) {
	*s = share{}
	k.decodes(s, r)
	scale := each / float64(k.worker.perSequence)
	s.each = each
	s.decode.Tokens *= scale
	s.decode.Pairs *= scale
	s.decode.IndexPairs *= scale
	s.near.Tokens *= scale
	s.near.Pairs *= scale
	s.near.IndexPairs *= scale
}
