package step

import (
	"agentsim/models/llm"
)

// Rank is what one attention rank processes in one step.
type Rank struct {
	PrefillTokens  int
	PrefillContext float64            // context summed over the prefill tokens
	PrefillWork    [MaxKinds]llm.Work // pairs of the prefill tokens, per layer kind
	PrefillEnds    int                // prompts whose last token is in this step
	Prompts        int                // prompts of which a chunk is in this step
	Prefix         float64            // tokens in the cache in front of those chunks, summed
	Sequences      int                // decoding
	Context        float64            // context summed over the decoding sequences
}

// AddPrefill adds a chunk of new prompt tokens after prefix tokens already
// in the cache.
func (m *Model) AddPrefill(r *Rank, prefix, tokens int, last bool) {
	r.PrefillTokens += tokens
	r.Prompts++
	r.Prefix += float64(prefix)
	const mid = 0.5
	r.PrefillContext += float64(tokens) * (float64(prefix) + mid*float64(tokens))
	for i := range m.kinds {
		w := m.kinds[i].attention.Prefill(prefix, tokens)
		r.PrefillWork[i].Pairs += w.Pairs
		r.PrefillWork[i].IndexPairs += w.IndexPairs
	}
	if last {
		r.PrefillEnds++
	}
}

// Cost is what one step of the whole worker takes.
type Cost struct {
	Seconds float64
	Joules  float64 // dynamic energy of all accelerators; static power comes on top
	// Drain is how long after the step the last of its prompts leave the last
	// stage of a pipeline, in which the next step has begun by then.
	Drain float64
}

// Step prices one step of the worker whose attention ranks hold the given
// loads. All ranks advance together: the slowest sets the pace.
func (m *Model) Step(ranks []Rank) Cost { return m.account(ranks, nil) }

// Explain is Step with its account, one line an operator.
func (m *Model) Explain(ranks []Rank) (Cost, []Item) {
	var items []Item
	c := m.account(ranks, &items)
	return c, items
}

// tally is a batch as the operators see it.
type tally struct {
	tokensMax    float64 // of the busiest attention rank, padded
	tokens       float64 // over all attention ranks
	prompts      bool    // any of them of a prompt
	heads        float64 // positions that need logits, over all ranks
	sequences    float64
	sequencesMax float64
}

func (m *Model) account(ranks []Rank, items *[]Item) Cost {
	t := m.count(ranks, whole())
	if t.tokens == 0 {
		return Cost{}
	}
	l := ledger{m: m, items: items, prompts: t.prompts, copies: 1}
	if m.stages > 1 {
		m.pipeline(&l, ranks, t)
	} else {
		m.layers(&l, ranks, whole())
		m.tail(&l, ranks, t, whole())
		m.gaps(&l)
	}
	l.add(entry{operator: Host, count: 1, seconds: float64(m.cfg.Engine.Host.PerStep)})
	return m.settle(&l)
}

// layers books the layers that one part of a batch passes.
func (m *Model) layers(l *ledger, ranks []Rank, p part) {
	t := m.count(ranks, p)
	halves := m.halves(ranks, t, p)
	for i := range m.kinds {
		if k := &m.kinds[i]; !halves || k.dense > 0 {
			m.attend(l, k, i, ranks, p)
		}
	}
	for _, b := range m.bodies {
		if halves && b.dense == 0 {
			m.overlapped(l, b, ranks, p)
			continue
		}
		m.surround(l, b.count, t)
		m.feedForward(l, b, t)
	}
}

// tail books what comes after the layers: the head, and the draft layer with
// its own.
func (m *Model) tail(l *ledger, ranks []Rank, t tally, p part) {
	m.head(l, Head, t.heads, 1)
	m.speculate(l, ranks, t, p)
}

// gaps books the time between kernels that are launched one by one.
func (m *Model) gaps(l *ledger) {
	if m.eager != 1 && l.prompts {
		l.add(entry{operator: Gaps, count: 1, seconds: l.seconds * (m.eager - 1), busy: m.watts.prefill})
	}
}

func (m *Model) count(ranks []Rank, p part) tally {
	var t tally
	for i := range ranks {
		prompts, sequences, ends := p.size(ranks[i].PrefillTokens), p.size(ranks[i].Sequences), p.size(ranks[i].PrefillEnds)
		n := float64(prompts + sequences*m.perSequence)
		t.tokens += n
		t.prompts = t.prompts || prompts > 0
		t.tokensMax = max(t.tokensMax, n)
		t.heads += float64(ends + sequences*m.perSequence)
		t.sequences += float64(sequences)
		t.sequencesMax = max(t.sequencesMax, float64(sequences))
	}
	if t.tokensMax == t.sequencesMax*float64(m.perSequence) {
		t.tokensMax = float64(m.padded(int(t.sequencesMax)) * m.perSequence)
	}
	return t
}

// padded is the captured batch size that a decode batch runs at.
func (m *Model) padded(sequences int) int {
	for _, size := range m.cfg.Engine.Graphs {
		if size >= sequences {
			return size
		}
	}
	return sequences
}

// settle applies the engine's efficiency and slows the clock where the
// accelerators would draw more than their cap (modelling.md 6.2).
func (m *Model) settle(l *ledger) Cost {
	host := float64(m.cfg.Engine.Host.PerStep)
	kernels := (l.seconds - host) / m.efficiency
	seconds := kernels + host
	p := m.accelerator.Power
	n := float64(m.shape.Accelerators)
	dynamic := l.joules / n / seconds
	if f := p.Clock(float64(p.Idle), float64(p.Active)+dynamic); f < 1 {
		seconds += l.compute / m.efficiency * (1/f - 1)
		l.joules = min(l.joules, float64(p.Cap()-p.Static())*n*seconds)
	}
	return Cost{Seconds: seconds, Joules: l.joules, Drain: l.drain * (seconds - host) / (l.seconds - host)}
}
