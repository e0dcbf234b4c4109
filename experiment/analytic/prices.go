package analytic

import (
	"math"
	"sort"
	"sync/atomic"

	"agentsim/models/step"
	"agentsim/portable"
)

// prices is a table of what a worker's steps cost. Its axes are the number of
// sequences that decode in the step and the number of prompt chunks that wait
// for it, both over all ranks of the worker. An entry is computed when it is
// first needed, by whichever goroutine needs it.
type prices struct {
	model   *step.Model
	prompts *prompts // nil where the pool takes none
	plain   *prices  // of steps without prompts, which tables for other prompts share; nil = this one's own
	context float64  // mean, of a decoding sequence
	pinned  bool     // sequences stay with the rank of their session, so that some ranks decode more than others
	ranks   int

	sequences, chunks axis
	nodes             []atomic.Pointer[price]
	owns              []atomic.Pointer[[ownPoints]float64]
}

// ownPoints are the lengths for which the step that ends a prompt is priced.
const ownPoints = 6

// ownTokens is the i-th of them: from one token to a full step.
func (t *prices) ownTokens(i int) float64 {
	shares := [ownPoints]float64{0, 1. / 64, 1. / 16, 1. / 4, 1. / 2, 1}
	return max(1, shares[i]*t.prompts.room)
}

// price is one step.
type price struct {
	seconds  float64
	perToken float64 // seconds that one more token on the busiest rank adds
	variance float64 // of seconds, from step to step
	skew     float64 // third central moment of seconds
	joules   float64 // on top of idle and active power
	done     float64 // chunks that fit in the step; the others wait for the next one
}

// axis is a rising grid from 0 upwards.
type axis []float64

// newAxis has every whole number at first, then steps of about a third.
func newAxis(most float64) axis {
	a := axis{0}
	for x := 1.0; x < most; x = math.Ceil(x * 4 / 3) {
		a = append(a, x)
		if x == 1 && most > 2 {
			a = append(a, 2)
			x = 2
		}
	}
	if most > 0 {
		a = append(a, most)
	}
	return a
}

func (a axis) most() float64 { return a[len(a)-1] }

// place finds the cell of x and where in it x lies; x beyond the grid is at
// its end.
func (a axis) place(x float64) (int, float64) {
	if len(a) == 1 || x <= 0 {
		return 0, 0
	}
	i := min(max(sort.SearchFloat64s(a, x)-1, 0), len(a)-2)
	return i, min(1, (x-a[i])/(a[i+1]-a[i]))
}

// batches is the axis of decoding sequences: 0, 1, 2, 3, 4, 6, 8, 12, … It has
// the batches that engines capture at most powers of two of ranks, and is one
// for all batch limits, so that deployments that differ in no more share their
// prices.
func batches() axis {
	const most = 1 << 16
	a := axis{0, 1}
	for x := 2.0; x <= most; x *= 2 {
		a = append(a, x, x+x/2)
	}
	return a
}

// newPrices prepares the table of a pool's workers.
func newPrices(m *step.Model, p *prompts, context float64, pinned bool, plain *prices) *prices {
	shape := m.Config().Shape
	t := &prices{
		model:     m,
		prompts:   p,
		plain:     plain,
		context:   context,
		pinned:    pinned,
		ranks:     shape.Ranks(),
		sequences: batches(),
		chunks:    axis{0},
	}
	if p != nil {
		const full = 4 // times what fits in a step: then every rank is full
		t.chunks = newAxis(math.Ceil(full * p.room / p.chunk() * float64(t.ranks)))
		if !pinned {
			t.sequences = axis{0}
		}
	}
	t.nodes = make([]atomic.Pointer[price], len(t.sequences)*len(t.chunks))
	t.owns = make([]atomic.Pointer[[ownPoints]float64], len(t.nodes))
	return t
}

// at is the price of a step, interpolated.
func (t *prices) at(sequences, chunks float64) price { return t.row(sequences).at(chunks) }

// row is the prices of steps in which a number of sequences decodes.
type row struct {
	*prices
	below int     // place of the number on the axis below it
	above float64 // weight of the place above
}

func (t *prices) row(sequences float64) row {
	i, f := t.sequences.place(sequences)
	return row{t, i, f}
}

func (r row) at(chunks float64) price {
	j, g := r.chunks.place(chunks)
	var sum price
	add := func(i, j int, weight float64) {
		if weight == 0 {
			return
		}
		p := r.node(i, j)
		sum.seconds += weight * p.seconds
		sum.perToken += weight * p.perToken
		sum.variance += weight * p.variance
		sum.skew += weight * p.skew
		sum.joules += weight * p.joules
		sum.done += weight * p.done
	}
	i, f := r.below, r.above
	add(i, j, (1-f)*(1-g))
	add(i+1, j, f*(1-g))
	add(i, j+1, (1-f)*g)
	add(i+1, j+1, f*g)
	return sum
}

func (t *prices) node(i, j int) *price {
	if j == 0 && t.plain != nil {
		return t.plain.node(i, 0)
	}
	at := &t.nodes[i*len(t.chunks)+j]
	if p := at.Load(); p != nil {
		return p
	}
	p := t.price(t.sequences[i], t.chunks[j])
	at.Store(&p) // another goroutine that computed it too got the same
	return &p
}

func (t *prices) price(sequences, chunks float64) price {
	loads := make([]step.Rank, t.ranks)
	t.decode(loads, sequences)
	if chunks == 0 {
		cost := t.model.Step(loads)
		return price{seconds: cost.Seconds, joules: cost.Joules}
	}
	b := t.prompts.batch(chunks, t.ranks)
	t.spread(loads, &b)
	t.prefill(&loads[0], b.busiest, b.chunk)
	cost := t.model.Step(loads)
	const more = 1024 // tokens
	longer := b.busiest
	longer.add(b.busiest, more/b.busiest.tokens)
	t.prefill(&loads[0], longer, b.chunk)
	perToken := max(0, t.model.Step(loads).Seconds-cost.Seconds) / more
	return price{
		seconds:  cost.Seconds,
		perToken: perToken,
		variance: perToken * perToken * b.variance,
		skew:     perToken * perToken * perToken * b.skew,
		joules:   cost.Joules,
		done:     min(chunks, b.total.tokens/t.prompts.chunk()),
	}
}

// spread gives all ranks but the first what the busiest leaves of a batch.
func (t *prices) spread(loads []step.Rank, b *batch) {
	others := b.total
	others.add(b.busiest, -1)
	if t.ranks > 1 {
		scale := 1 / float64(t.ranks-1)
		others = piece{others.tokens * scale, others.behind * scale}
	}
	for i := range loads {
		t.prefill(&loads[i], others, min(t.prompts.chunk(), t.prompts.room))
	}
	loads[0].PrefillTokens = 0
}

// own is how long steps take that end a prompt of the ownTokens, beside so many
// chunks of other calls.
func (t *prices) own(sequences, chunks float64) (sum [ownPoints]float64) {
	i, f := t.sequences.place(sequences)
	j, g := t.chunks.place(chunks)
	add := func(i, j int, weight float64) {
		if weight == 0 {
			return
		}
		at := &t.owns[i*len(t.chunks)+j]
		p := at.Load()
		if p == nil {
			p = t.priceOwn(i, j)
			at.Store(p)
		}
		for k := range sum {
			sum[k] += weight * p[k]
		}
	}
	add(i, j, (1-f)*(1-g))
	add(i+1, j, f*(1-g))
	add(i, j+1, (1-f)*g)
	add(i+1, j+1, f*g)
	return sum
}

func (t *prices) priceOwn(i, j int) *[ownPoints]float64 {
	sequences, chunks := t.sequences[i], t.chunks[j]
	loads := make([]step.Rank, t.ranks)
	t.decode(loads, sequences)
	var b batch
	if chunks > 0 {
		b = t.prompts.batch(chunks, t.ranks)
		t.spread(loads, &b)
	}
	var out [ownPoints]float64
	for k := range out {
		tokens := t.ownTokens(k)
		beside := b.total // on the same rank
		beside = piece{beside.tokens / float64(t.ranks), beside.behind / float64(t.ranks)}
		mine := piece{tokens, tokens * t.prompts.prefix(tokens)}
		if over := tokens + beside.tokens - t.prompts.room; over > 0 {
			beside.add(beside, -min(1, over/max(beside.tokens, tiny)))
		}
		mine.add(beside, 1)
		if mine.tokens < b.busiest.tokens { // another rank takes longer, as in a step without the prompt
			out[k] = t.node(i, j).seconds
			continue
		}
		t.prefill(&loads[0], mine, tokens)
		out[k] = t.model.Step(loads).Seconds
	}
	return &out
}

// spills is the share of prompts of so many tokens that end one step later,
// as another one, which came before to the same rank, leaves too little room.
func (t *prices) spills(tokens, chunks float64) float64 {
	const before = 0.5
	large := t.prompts.above(t.prompts.room - tokens)
	return 1 - portable.Exp(-before*large*chunks/float64(t.ranks))
}

// decoding is the cost of plain decode steps up to a number of sequences that
// each gain so many tokens.
func (t *prices) decoding(most, gained float64) []Load {
	var list []Load
	for _, n := range t.sequences[1:] {
		if n > most {
			break
		}
		p := t.at(n, 0)
		list = append(list, Load{Seconds: p.seconds / (n * gained), Joules: p.joules / (n * gained)})
	}
	return list
}

// prefilling is the cost of steps that only prefill.
func (t *prices) prefilling() []Load {
	const most = 1024 // chunks: more fill every worker in sight
	var list []Load
	for _, n := range batches()[1:] {
		if n > most {
			break
		}
		p := t.at(0, n)
		all := p.done * t.prompts.chunk()
		list = append(list, Load{p.seconds / all, math.Sqrt(p.variance) / all, p.joules / all})
	}
	return list
}

// decode spreads sequences over the ranks: evenly, but for the fullest of
// ranks whose sequences cannot move.
func (t *prices) decode(loads []step.Rank, sequences float64) {
	n := int(sequences)
	for i := range loads {
		own := n / t.ranks
		if i < n%t.ranks {
			own++
		}
		loads[i].Sequences, loads[i].Context = own, float64(own)*t.context
	}
	if !t.pinned || t.ranks == 1 || n == 0 {
		return
	}
	// Expected maximum of normal variables (Blom); agents are spread evenly, so
	// that only about half of a Poisson count's variance is left.
	const a, b = 0.375, 0.25
	ranks := float64(t.ranks)
	mean := sequences / ranks
	more := normalAt((ranks-a)/(ranks+b)) * math.Sqrt(mean/2)
	fullest := min(n, max(loads[0].Sequences, int(math.Round(mean+more))))
	loads[0].Sequences, loads[0].Context = fullest, float64(fullest)*t.context
}

// prefill gives a rank so many prompt tokens, as if of equal chunks.
func (t *prices) prefill(r *step.Rank, load piece, chunk float64) {
	var one step.Rank
	size := max(1, min(int(math.Round(chunk)), int(t.prompts.room)))
	t.model.AddPrefill(&one, int(load.prefix()), size, false)
	n := load.tokens / float64(size)
	r.PrefillTokens = int(math.Round(load.tokens))
	r.PrefillContext = n * one.PrefillContext
	for i := range one.PrefillWork {
		r.PrefillWork[i].Pairs = n * one.PrefillWork[i].Pairs
		r.PrefillWork[i].IndexPairs = n * one.PrefillWork[i].IndexPairs
	}
	r.Prompts = int(math.Ceil(n))
	r.Prefix = n * one.Prefix
	r.PrefillEnds = int(math.Round(n / t.prompts.perCall))
}
