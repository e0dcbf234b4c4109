package analytic

import (
	"math"
	"math/rand/v2"
	"slices"

	"agentsim/sim"
)

// prompts are the prompt tokens that calls bring to the entry pool, cut into
// chunks that fit a step.
type prompts struct {
	fresh, fresh2, fresh3 float64 // moments of the new tokens of a call
	lengths               []length
	prefix                float64 // mean cached tokens in front of a new token
	perCall               float64 // mean chunks of a call
	room                  float64 // tokens a rank may prefill in one step
	seed                  uint64

	sums []float64 // sums[i] is the tokens of the i smallest chunks

	batches memo[arrival, batch]
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

func newPrompts(w *workload, c cut) *prompts {
	p := &prompts{room: float64(c.room), seed: c.seed}
	var chunks []float64
	calls := float64(len(w.calls))
	behind, due := 0.0, 0.0
	lengths := make([]float64, 0, len(w.calls))
	for i := range w.calls {
		one := &w.calls[i]
		tokens := one.fresh
		if due += 1 - c.kept; due >= 1 { // spread evenly over the sample
			due--
			tokens = one.missed
		}
		n := 0.0
		for done := 0.0; done < tokens; done += p.room {
			chunk := min(tokens-done, p.room)
			chunks = append(chunks, chunk)
			behind += chunk * (one.input - tokens + done) / calls
			n++
		}
		lengths = append(lengths, tokens)
		p.fresh += tokens / calls
		p.fresh2 += tokens * tokens / calls
		p.fresh3 += tokens * tokens * tokens / calls
		p.perCall += n / calls
	}
	for _, c := range classes(lengths) {
		full := math.Floor(c.tokens / p.room)
		p.lengths = append(p.lengths, length{c.share, full, c.tokens - full*p.room})
	}
	p.prefix = behind / p.fresh
	slices.Sort(chunks)
	p.sums = make([]float64, len(chunks)+1)
	for i, tokens := range chunks {
		p.sums[i+1] = p.sums[i] + tokens
	}
	return p
}

// chunk is the mean tokens of a chunk.
func (p *prompts) chunk() float64 { return p.fresh / p.perCall }

// batch is the load of a step that takes chunks which arrived together.
type batch struct {
	busiest  float64 // tokens of the rank with most
	total    float64 // tokens over all ranks
	variance float64 // of busiest
	skew     float64 // third central moment of busiest
}

// batch averages steps to which so many chunks come on average, spread over
// the ranks at random. What does not fit in a rank's room is left over.
func (p *prompts) batch(chunks float64, ranks int) batch {
	b, _ := p.batches.get(arrival{chunks, ranks}, func() (batch, error) { return p.draw(chunks, ranks), nil })
	return b
}

func (p *prompts) draw(chunks float64, ranks int) batch {
	const draws = 512 // enough for means to about 1 %, as the chunks are drawn without replacement
	trials := max(8, int(draws/chunks))
	tokens := p.sample(max(trials, int(chunks*float64(trials))))
	load := make([]float64, ranks)
	var b batch
	second, third := 0.0, 0.0
	n := float64(trials)
	for t := range trials {
		clear(load)
		for k := t * len(tokens) / trials; k < (t+1)*len(tokens)/trials; k++ {
			load[int(tokens[k].rank*float64(ranks))] += tokens[k].tokens
		}
		most := 0.0
		for _, sum := range load {
			sum = min(sum, p.room)
			b.total += sum / n
			most = max(most, sum)
		}
		b.busiest += most / n
		second += most * most / n
		third += most * most * most / n
	}
	b.variance = max(0, second-b.busiest*b.busiest)
	b.skew = max(0, third-b.busiest*(3*b.variance+b.busiest*b.busiest))
	return b
}

// drawn is a chunk with a place in [0, 1) that chooses its rank.
type drawn struct{ tokens, rank float64 }

// sample draws n chunks in random order: the means of n groups of equal size,
// so that the sample's mean is that of all.
func (p *prompts) sample(n int) []drawn {
	var source rand.PCG
	sim.Rekey(&source, p.seed, "prefill batch", uint64(n))
	r := rand.New(&source)
	all := len(p.sums) - 1
	list := make([]drawn, n)
	for i := range list {
		low, high := i*all/n, max((i+1)*all/n, i*all/n+1)
		list[i] = drawn{(p.sums[high] - p.sums[low]) / float64(high-low), r.Float64()}
	}
	r.Shuffle(n, func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}
