package analytic

import (
	"math"
	"math/rand/v2"

	"agentsim/portable"
	"agentsim/sim"
)

// prompts are the prompt tokens that calls bring to the entry pool, cut into
// chunks that fit a step.
type prompts struct {
	fresh, fresh2 float64 // moments of the new tokens of a call
	excess2       float64 // second moment of those that do not fit in a step
	lengths       []length
	perCall       float64 // mean chunks of a call
	room          float64 // tokens a rank may prefill in one step
	seed          uint64

	sums histogram // of the chunks, cumulated; those that fill a step are the last bin

	batches memo[arrival, batch]
}

// piece is a chunk, or several together.
type piece struct {
	tokens float64
	behind float64 // cached tokens in front, summed over the tokens
}

// prefix is the mean number of cached tokens in front of a token.
func (p piece) prefix() float64 { return p.behind / max(p.tokens, 1) }

func (p *piece) add(o piece, times float64) {
	p.tokens += times * o.tokens
	p.behind += times * o.behind
}

// length is a class of calls by their new tokens: how many full steps their
// prefill takes, and what is left for the last one.
type length struct{ share, full, rest float64 }

// arrival is a mean number of chunks that come at once, and the ranks over which they spread.
type arrival struct {
	chunks float64
	ranks  int
}

// cut is what chunks depend on besides the workload.
type cut struct {
	kept float64 // share of calls that find the cache of their session
	room int     // tokens of a step
	seed uint64
}

// cutPrompts collects the chunks of a workload.
func (w *workload) cutPrompts(c cut) *prompts {
	p, _ := w.prompts.get(c, func() (*prompts, error) { return newPrompts(w, c), nil })
	return p
}

// Every call has two cases: with the cache of its session and without.
const (
	found   = 0
	missed  = 1
	ofACall = 2
)

// chunks are the prompts of a workload for steps of so many tokens: in either case
// how long they are, the chunks that do not fill a step and those that do.
type chunks struct {
	prompts, ends [ofACall]histogram
	full          [ofACall]bin
	fresh         [ofACall]moments // of the tokens of a call
	excess2       [ofACall]float64 // second moment of those that do not fit in a step
}

// chunks cuts the sample for steps of so many tokens.
func (w *workload) chunks(room int) *chunks {
	o, _ := w.chunked.get(room, func() (*chunks, error) { return newChunks(w.calls, float64(room)), nil })
	return o
}

func newChunks(calls []call, room float64) *chunks {
	o := &chunks{}
	n := float64(len(calls))
	for i := range calls {
		one := &calls[i]
		for which, tokens := range [ofACall]float64{found: one.fresh, missed: one.missed} {
			o.prompts[which].add(tokens, 0)
			full := math.Floor(tokens / room)
			if end := tokens - full*room; end > 0 {
				o.ends[which].add(end, end*(one.input-end))
			}
			before := full*(one.input-tokens) + room*full*(full-1)/2 // of the full chunks
			o.full[which].plus(bin{full, piece{full * room, room * before}}, 1)
			excess := max(0, tokens-room)
			o.excess2[which] += excess * excess / n
			o.fresh[which].mean += tokens / n
			o.fresh[which].second += tokens * tokens / n
		}
	}
	return o
}

func newPrompts(w *workload, c cut) *prompts {
	p := &prompts{room: float64(c.room), seed: c.seed}
	of := w.chunks(c.room)
	weights := [ofACall]float64{found: c.kept, missed: 1 - c.kept}
	p.sums = cumulated(of.ends, weights)
	last := *p.sums.all()
	for i, weight := range weights {
		last.plus(of.full[i], weight)
		p.fresh += weight * of.fresh[i].mean
		p.fresh2 += weight * of.fresh[i].second
		p.excess2 += weight * of.excess2[i]
	}
	p.sums = append(p.sums, last)
	p.perCall = last.count / float64(len(w.calls))
	for _, c := range tailed(cumulated(of.prompts, weights)) {
		full := math.Floor(c.tokens / p.room)
		p.lengths = append(p.lengths, length{c.share, full, c.tokens - full*p.room})
	}
	return p
}

// between is the mean of the chunks from the low-th smallest to before the high-th.
func (p *prompts) between(low, high float64) piece {
	var mean piece
	mean.add(p.sums.upTo(high), 1/(high-low))
	mean.add(p.sums.upTo(low), -1/(high-low))
	return mean
}

// prefix is the mean number of cached tokens in front of chunks of about so
// many tokens: long prompts are those of sessions that begin.
func (p *prompts) prefix(tokens float64) float64 {
	all, at := p.sums.all().count, p.smaller(tokens)
	near := all/32 + 1
	return p.between(max(0, at-near), min(all, at+near)).prefix()
}

// smaller is how many chunks have fewer tokens.
func (p *prompts) smaller(tokens float64) float64 {
	at := binOf(int(tokens))
	if full := len(p.sums) - 2; tokens >= p.room || at >= full {
		return p.sums[full].count
	}
	share := (tokens - least(at)) / (least(at+1) - least(at))
	return p.sums[at].count + share*(p.sums[at+1].count-p.sums[at].count)
}

// above is the share of chunks that have so many tokens.
func (p *prompts) above(tokens float64) float64 {
	all := p.sums.all().count
	return (all - p.smaller(tokens)) / all
}

// chunk is the mean tokens of a chunk.
func (p *prompts) chunk() float64 { return p.fresh / p.perCall }

// batch is the load of a step that takes chunks which arrived together.
type batch struct {
	busiest  piece   // of the rank with most
	chunk    float64 // mean tokens of the busiest rank's chunks
	total    piece   // over all ranks
	variance float64 // of the busiest rank's tokens
	skew     float64 // their third central moment
}

// batch averages steps to which so many chunks come on average, one at least,
// spread over the ranks at random. What does not fit in a rank's room is left
// over.
func (p *prompts) batch(chunks float64, ranks int) batch {
	b, _ := p.batches.get(arrival{chunks, ranks}, func() (batch, error) { return p.draw(chunks, ranks), nil })
	return b
}

func (p *prompts) draw(chunks float64, ranks int) batch {
	const draws = 512 // enough for means to about 1 %, as the chunks are drawn without replacement
	trials := max(8, int(draws/chunks))
	counts := poisson(chunks-1, trials)
	tokens := p.sample(sum(counts))
	load := make([]drawn, ranks)
	var b batch
	second, third, count := 0.0, 0.0, 0.0
	n := float64(trials)
	for _, chunks := range counts {
		clear(load)
		for _, one := range tokens[:chunks] {
			r := &load[int(one.rank*float64(ranks))]
			r.add(one.piece, 1)
			r.rank++ // counts its chunks
		}
		tokens = tokens[chunks:]
		var most drawn
		for _, sum := range load {
			if sum.tokens > p.room {
				sum.rank *= p.room / sum.tokens
				sum.piece = piece{p.room, sum.behind * p.room / sum.tokens}
			}
			b.total.add(sum.piece, 1/n)
			if sum.tokens > most.tokens {
				most = sum
			}
		}
		b.busiest.add(most.piece, 1/n)
		count += most.rank / n
		second += most.tokens * most.tokens / n
		third += most.tokens * most.tokens * most.tokens / n
	}
	mean := b.busiest.tokens
	b.chunk = mean / max(count, tiny)
	b.variance = max(0, second-mean*mean)
	b.skew = max(0, third-mean*(3*b.variance+mean*mean))
	return b
}

// poisson is one and so many more on average, n times: the quantiles of a
// Poisson distribution in an order that is even in every part.
func poisson(mean float64, n int) []int {
	list := make([]int, n)
	const stride = 0.6180339887498949 // golden ratio: the parts of a low-discrepancy sequence
	for i := range list {
		_, share := math.Modf((float64(i) + 0.5) * stride)
		list[i] = 1
		if mean > wide {
			list[i] += max(0, int(math.Round(mean+math.Sqrt(mean)*normalAt(share))))
			continue
		}
		for likely := portable.Exp(-mean); share > likely; {
			share -= likely
			likely *= mean / float64(list[i])
			list[i]++
		}
	}
	return list
}

// wide is a mean at which a Poisson distribution is all but normal.
const wide = 100

func sum(counts []int) (all int) {
	for _, n := range counts {
		all += n
	}
	return all
}

// drawn is a chunk with a place in [0, 1) that chooses its rank.
type drawn struct {
	piece
	rank float64
}

// sample draws n chunks in random order: the means of n groups of equal size,
// so that the sample's mean is that of all.
func (p *prompts) sample(n int) []drawn {
	var source rand.PCG
	sim.Rekey(&source, p.seed, "prefill batch", uint64(n))
	r := rand.New(&source)
	group := p.sums.all().count / float64(n)
	list := make([]drawn, n)
	var before piece
	for i := range list {
		sum := p.sums.upTo(float64(i+1) * group)
		list[i] = drawn{piece{(sum.tokens - before.tokens) / group, (sum.behind - before.behind) / group}, r.Float64()}
		before = sum
	}
	r.Shuffle(n, func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}
