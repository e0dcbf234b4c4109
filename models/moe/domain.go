package moe

import "slices"

// placeDomainAware gives the hottest experts a replica in every domain, so
// that their tokens stay at home, spends what is left of the redundant slots
// as EPLB does, and packs first to domains, then to ranks.
func placeDomainAware(s Spec, loads []float64) []slot {
	pinned, free := domainReplicas(s, loads)
	domains := make([]bin, s.Domains)
	contents := make([][]replica, s.Domains)
	for d, ranks := range s.domainRanks() {
		share := float64(ranks) / float64(s.Ranks) // of the tokens start here
		domains[d] = bin{id: d, ranks: ranks, room: ranks*s.SlotsPerRank() - len(pinned)}
		for _, r := range pinned {
			contents[d] = append(contents[d], replica{expert: r.expert, load: r.load * share})
			domains[d].load += r.load * share
		}
	}
	for i, where := range packSlots(free, domains) {
		contents[where.rank] = append(contents[where.rank], free[i])
	}
	var slots []slot
	for d, replicas := range contents {
		slots = append(slots, packSlots(replicas, s.rankBins(d))...)
	}
	return slots
}

// domainReplicas splits the experts into those that every domain holds, with
// their whole load, and the replicas of the others.
func domainReplicas(s Spec, loads []float64) (pinned, free []replica) {
	byLoad := replicate(allExperts(s), loads, 0)
	sortReplicas(byLoad)
	everywhere := s.everywhere()
	pinned = byLoad[:everywhere]
	others := make([]int, 0, s.Experts-everywhere)
	for _, r := range byLoad[everywhere:] {
		others = append(others, r.expert)
	}
	if len(others) == 0 {
		return pinned, nil
	}
	slices.Sort(others)
	return pinned, replicate(others, loads, s.Placement.Redundant-everywhere*(s.Domains-1))
}

// everywhere is how many experts the redundant slots can put into every
// domain, each costing a slot in all domains but one.
func (s Spec) everywhere() int {
	if s.Domains == 1 {
		return 0
	}
	smallest := slices.Min(s.domainRanks()) * s.SlotsPerRank()
	return min(s.Placement.Redundant/(s.Domains-1), smallest, s.Experts)
}
