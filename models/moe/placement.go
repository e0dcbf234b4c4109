package moe

import "math/rand/v2"

// slot is one expert, or one replica of it, on one rank.
type slot struct {
	expert, rank int
}

// place lays the experts and replicas of one layer on ranks, given the load
// of each expert by the statistics.
func place(s Spec, loads []float64, random *rand.Rand) []slot {
	switch s.Placement.Kind {
	case Random:
		return placeShuffled(s, random)
	case EPLB:
		return placeEPLB(s, loads)
	case EPLBHierarchical:
		return placeHierarchical(s, loads)
	case DomainAware:
		return placeDomainAware(s, loads)
	}
	return placeContiguous(s)
}

// placeContiguous gives each rank the next experts in order, redundant slots
// starting again from expert 0, as engines do before they have statistics.
// Slots that do not divide evenly are spread so that ranks differ by one.
func placeContiguous(s Spec) []slot {
	slots := make([]slot, s.slots())
	for i := range slots {
		slots[i] = slot{expert: i % s.Experts, rank: i * s.Ranks / len(slots)}
	}
	return slots
}

// placeShuffled gives redundant slots to random experts, as evenly as they
// go round, and shuffles all slots over the ranks.
func placeShuffled(s Spec, random *rand.Rand) []slot {
	slots := placeContiguous(s)
	replicated := random.Perm(s.Experts)
	for i := s.Experts; i < len(slots); i++ {
		slots[i].expert = replicated[i%s.Experts]
	}
	random.Shuffle(len(slots), func(i, j int) {
		slots[i].expert, slots[j].expert = slots[j].expert, slots[i].expert
	})
	return slots
}

// DomainOf is the scale-up domain of a rank. Domains hold neighbouring ranks;
// where they do not divide the ranks, sizes differ by one.
func (s Spec) DomainOf(rank int) int { return rank * s.Domains / s.Ranks }

// domainRanks counts the ranks of each domain.
func (s Spec) domainRanks() []int {
	ranks := make([]int, s.Domains)
	for r := range s.Ranks {
		ranks[s.DomainOf(r)]++
	}
	return ranks
}
