package moe

import "math"

// missRates returns for each slot the rate a of exp(-a·tokens), the
// probability that no token comes.
func (l *layer) missRates() []float64 {
	rates := make([]float64, len(l.chosen))
	for i, p := range l.chosen {
		rates[i] = -math.Log1p(-min(p, surest))
	}
	return rates
}

// slotsByRank lists the slots of each rank.
func (l *layer) slotsByRank() [][]int {
	ranks := make([][]int, l.spec.Ranks)
	for i, slot := range l.slots {
		ranks[slot.rank] = append(ranks[slot.rank], i)
	}
	return ranks
}

// readCounts accumulates over ranks the distribution of how many of a rank's
// slots are read, to find the mean of the largest such count.
type readCounts struct {
	all  []float64 // P(every rank so far reads at most k)
	rank []float64 // P(this rank reads exactly k)
}

func newReadCounts(slotsPerRank int) readCounts {
	return readCounts{all: make([]float64, slotsPerRank+1), rank: make([]float64, slotsPerRank+1)}
}

func (c readCounts) reset() {
	for k := range c.all {
		c.all[k] = 1
	}
}

// add takes a rank whose slots are missed with the given probabilities: the
// count is a sum of independent yes-or-no, built up one slot at a time.
func (c readCounts) add(slots []int, miss []float64) {
	clear(c.rank)
	c.rank[0] = 1
	for n, i := range slots {
		for k := n + 1; k > 0; k-- {
			c.rank[k] = c.rank[k]*miss[i] + c.rank[k-1]*(1-miss[i])
		}
		c.rank[0] *= miss[i]
	}
	below := 0.0
	for k, p := range c.rank {
		below += p
		c.all[k] *= min(below, 1)
	}
}

// max is the mean of the largest count.
func (c readCounts) max() float64 {
	sum := 0.0
	for _, p := range c.all {
		sum += 1 - p
	}
	return max(sum, 0)
}
