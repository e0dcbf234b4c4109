package moe

import (
	"math"

	"agentsim/portable"
)

// sums adds up layers on the grid.
type sums struct {
	spec      Spec
	missed    [buckets]float64 // probability of a miss, summed over slots and layers,
	slowest   float64          // over exp(-slowest·tokens), lest it vanish
	reads     [buckets]float64
	straggler [buckets]float64

	counts  readCounts
	scratch []float64
	tallies []tally
	miss    []float64
}

func newSums(s Spec) *sums {
	return &sums{
		spec:    s,
		slowest: math.Inf(1),
		counts:  newReadCounts(s.SlotsPerRank()),
		scratch: make([]float64, 2*s.Ranks),
		tallies: make([]tally, s.Ranks),
		miss:    make([]float64, s.slots()),
	}
}

// add takes one layer into every bucket.
func (s *sums) add(l *layer) {
	rates, ranks := l.missRates(), l.slotsByRank()
	s.rescale(rates)
	perToken := l.tallies(ranks)
	for b := range buckets {
		tokens := gridTokens(b)
		s.addDistinct(b, tokens, rates, ranks)
		s.straggler[b] += s.stragglerAt(tokens, perToken)
	}
}

// rescale lowers the common exponent of missed to this layer's smallest rate.
func (s *sums) rescale(rates []float64) {
	slowest := s.slowest
	for _, a := range rates {
		slowest = min(slowest, a)
	}
	if slowest < s.slowest && !math.IsInf(s.slowest, 1) {
		for b := range s.missed {
			s.missed[b] *= portable.Exp(-(s.slowest - slowest) * gridTokens(b))
		}
	}
	s.slowest = slowest
}

func (s *sums) addDistinct(b int, tokens float64, rates []float64, ranks [][]int) {
	read := 0.0
	for i, a := range rates {
		s.missed[b] += portable.Exp(-(a - s.slowest) * tokens)
		s.miss[i] = portable.Exp(-a * tokens)
		read += 1 - s.miss[i]
	}
	mean := read / float64(len(ranks))
	s.reads[b] += max(1, s.mostRead(ranks, float64(len(rates))-read)/mean)
}

// allRead is how many missed slots, over the group, count as none.
const allRead = 1e-6

// mostRead is the mean, over steps, of the slots read by the rank that reads
// most; s.miss holds the probability that a slot is not read.
func (s *sums) mostRead(ranks [][]int, missed float64) float64 {
	if len(ranks) == 1 {
		return float64(len(ranks[0])) - missed
	}
	if missed < allRead {
		most := 0
		for _, slots := range ranks {
			most = max(most, len(slots))
		}
		return float64(most)
	}
	s.counts.reset()
	for _, slots := range ranks {
		s.counts.add(slots, s.miss)
	}
	return s.counts.max()
}

func (s *sums) stragglerAt(tokens float64, perToken []tally) float64 {
	for r, t := range perToken {
		s.tallies[r] = tally{mean: t.mean * tokens, ratio: t.ratio}
	}
	mean := tokens * float64(s.spec.TopK) / float64(s.spec.Ranks)
	return max(1, expectedMax(s.tallies, s.scratch)/mean)
}

// node is the mean over the layers that were added.
func (s *sums) node(b int, layers float64) node {
	missed := s.missed[b] / (float64(s.spec.slots()) * layers)
	return node{
		missRate:  s.slowest - portable.Log(missed)/gridTokens(b),
		reads:     s.reads[b] / layers,
		straggler: s.straggler[b] / layers,
	}
}

// tallies are the counts that one token adds to each rank.
func (l *layer) tallies(ranks [][]int) []tally {
	out := make([]tally, len(ranks))
	for r, slots := range ranks {
		mean, squares := 0.0, 0.0
		for _, i := range slots {
			mean += l.chosen[i]
			squares += l.chosen[i] * l.chosen[i]
		}
		out[r] = tally{mean: mean, ratio: 1}
		if mean > 0 {
			out[r].ratio = spread(1-squares/mean, l.spec.Experts)
		}
	}
	return out
}

// spread turns the variance-to-mean ratio of one rank's count into that of the
// differences between ranks, exact for uniform experts: choosing without
// replacement correlates any two experts by -1/(experts-1). With one choice
// per token this makes a multinomial count a Poisson one, as it should.
func spread(ratio float64, experts int) float64 {
	if experts == 1 {
		return 1
	}
	return min(1, max(0.01, ratio*float64(experts)/float64(experts-1)))
}
