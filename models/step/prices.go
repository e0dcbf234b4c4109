package step

// Prices prices steps as its model does, to the bit, for one goroutine. In a step that
// only decodes, all but attention depends on how many sequences there are and on how
// many the busiest rank has; these come again and again, so what was booked for them
// is remembered.
type Prices struct {
	model  *Model
	known  []remembered
	depths []*Prices // at the depths of the model
}

// remembered is what was booked for a batch that only decodes.
type remembered struct {
	of     tally
	beside []booked    // what surrounds attention, and the head
	drafts [2][]booked // the same of the first pass of the draft layer, and of the next ones
}

// remembers is of how many batches what was booked is kept.
const remembers = 512

// Prices returns prices that remember nothing yet.
func (m *Model) Prices() *Prices {
	p := &Prices{model: m}
	for _, d := range m.depths {
		p.depths = append(p.depths, d.Prices())
	}
	return p
}

// makeRoom gives every batch the room that one takes, once there is any that only
// decodes; nothing is allocated after that.
func (p *Prices) makeRoom() {
	p.known = make([]remembered, remembers)
	loads := make([]Rank, p.model.worker.cfg.Shape.Ranks())
	loads[0].Sequences, loads[0].Context = 1, 1
	p.Step(loads)
	one := p.at(p.model.worker.count(loads, whole()))
	n, first, next := len(one.beside), len(one.drafts[0]), len(one.drafts[1])
	room := make([]booked, (n+first+next)*remembers)
	for i := range p.known {
		k := &p.known[i]
		k.of = tally{}
		k.beside, room = room[:0:n], room[n:]
		k.drafts[0], room = room[:0:first], room[first:]
		k.drafts[1], room = room[:0:next], room[next:]
	}
}

// Step is the model's.
func (p *Prices) Step(ranks []Rank) Cost { return p.model.stack.account(ranks, nil, p) }

// At are the prices of the model at so many sequences on its busiest rank.
func (p *Prices) At(sequences int) *Prices {
	if p.depths == nil {
		return p
	}
	return p.depths[p.model.depth(sequences)]
}

// Model is what prices.
func (p *Prices) Model() *Model { return p.model }

// at is what is remembered of a batch that only decodes, blank where it was another.
func (p *Prices) at(t tally) *remembered {
	if p.known == nil {
		p.makeRoom()
	}
	const apart = 61 // batches of one size that differ in their busiest rank
	k := &p.known[(uint(t.sequences)+apart*uint(t.sequencesMax))%remembers]
	if k.of != t {
		k.of, k.beside = t, k.beside[:0]
		k.drafts[0], k.drafts[1] = k.drafts[0][:0], k.drafts[1][:0]
	}
	return k
}

// decode books a step that only decodes.
func (s *stack) decode(l *ledger, ranks []Rank, t tally, known *remembered) {
	for i := range s.kinds {
		s.kinds[i].attended(l, i, ranks, whole())
	}
	if !l.again(known.beside) {
		l.kept = &known.beside
		for _, b := range s.bodies {
			s.worker.surround(l, b.count, t)
			s.feedForward(l, b, t)
		}
		s.worker.head(l, Head, t.heads, 1)
		l.kept = nil
	}
	s.speculate(l, ranks, t, whole(), &known.drafts)
}
