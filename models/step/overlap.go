package step

import "fmt"

// halves reports whether a batch runs as two halves: where the shape asks for
// it and neither half is empty.
func (m *Model) halves(ranks []Rank, t tally, p part) bool {
	from := m.shape.TwoBatchFrom
	if from == 0 || t.tokensMax < float64(from) {
		return false
	}
	_, second := p.halves()
	return m.count(ranks, second).tokens > 0
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
func (m *Model) overlapped(l *ledger, b body, ranks []Rank, p part) {
	var h [2]half
	first, second := p.halves()
	for i, piece := range []part{first, second} {
		h[i].tally = m.count(ranks, piece)
		h[i].dispatch, h[i].combine = m.directions(h[i].tally)
		h[i].experts = l.timed(b.count, func() {
			m.shared(l, b.count, h[i].tally)
			l.add(m.grouped(b.count, h[i].tally))
		})
	}
	for k := range m.kinds {
		kind := &m.kinds[k]
		if kind.dense > 0 {
			continue
		}
		for i, piece := range []part{first, second} {
			h[i].attention = l.timed(kind.count, func() {
				m.attend(l, kind, k, ranks, piece)
				m.surround(l, kind.count, h[i].tally)
			})
		}
		m.expose(l, kind.count, &h[0], &h[1])
	}
	// The first attention and the last combine have nothing beside them.
	m.move(l, Combine, 1, traffic{}.shown(min(h[0].attention, h[1].combine.seconds)), 0)
}

// expose books what the other half's compute does not hide of the exchanges of
// count layers.
func (m *Model) expose(l *ledger, count float64, a, b *half) {
	m.move(l, Dispatch, count, a.dispatch.beyond(b.attention), m.meanRank(a.tally))
	m.move(l, Dispatch, count, b.dispatch.beyond(a.experts), m.meanRank(b.tally))
	m.move(l, Combine, count, a.combine.beyond(b.experts), m.meanRank(a.tally))
	m.move(l, Combine, count, b.combine.beyond(a.attention), m.meanRank(b.tally))
}

// beyond is what shows of traffic beside so many seconds of compute.
func (t traffic) beyond(seconds float64) traffic { return t.shown(max(0, t.seconds-seconds)) }

// timed is how many seconds one of count layers takes of what book books.
func (l *ledger) timed(count float64, book func()) float64 {
	before := l.seconds
	book()
	return (l.seconds - before) / count
}

// checkTwoBatch refuses halves that would have nothing to hide.
func (m *Model) checkTwoBatch() error {
	if m.shape.TwoBatchFrom > 0 && m.expert.Fused && m.domains == 1 {
		return fmt.Errorf("two_batch_from: %d, but the kernel %s exchanges tokens itself: set two_batch_from: 0, "+
			"or another experts_path", m.shape.TwoBatchFrom, m.expertPath)
	}
	return nil
}
