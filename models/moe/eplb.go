package moe

import (
	"cmp"
	"slices"
)

// The expert parallelism load balancer follows github.com/deepseek-ai/EPLB
// (modelling.md 2.3): replicate the experts with the largest load per replica,
// then pack replicas, largest first, each on the least loaded rank with room.

// placeEPLB replicates and packs over the whole group.
func placeEPLB(s Spec, loads []float64) []slot {
	var ranks []bin
	for d := range s.Domains {
		ranks = append(ranks, s.rankBins(d)...)
	}
	return packSlots(replicate(allExperts(s), loads, s.Placement.Redundant), ranks)
}

// placeHierarchical packs expert groups to domains, replicates inside each
// domain, and packs to its ranks.
func placeHierarchical(s Spec, loads []float64) []slot {
	groups := s.Placement.groups(s)
	size := s.Experts / groups
	members := make([]replica, groups)
	for e, load := range loads {
		members[e/size].expert = e / size // the group's number
		members[e/size].load += load
	}
	domains := make([]bin, s.Domains)
	for d := range domains {
		domains[d] = bin{id: d, ranks: 1, room: groups / s.Domains}
	}
	experts := make([][]int, s.Domains)
	for _, group := range packSlots(members, domains) {
		for i := range size {
			experts[group.rank] = append(experts[group.rank], group.expert*size+i)
		}
	}
	var slots []slot
	for d, own := range experts {
		replicas := replicate(own, loads, s.Placement.Redundant/s.Domains)
		slots = append(slots, packSlots(replicas, s.rankBins(d))...)
	}
	return slots
}

// rankBins are the empty ranks of a domain.
func (s Spec) rankBins(domain int) []bin {
	var ranks []bin
	for r := range s.Ranks {
		if s.DomainOf(r) == domain {
			ranks = append(ranks, bin{id: r, ranks: 1, room: s.SlotsPerRank()})
		}
	}
	return ranks
}

func allExperts(s Spec) []int {
	experts := make([]int, s.Experts)
	for e := range experts {
		experts[e] = e
	}
	return experts
}

// replica is one copy of an expert with its share of the expert's load.
type replica struct {
	expert int
	load   float64
}

// replicate returns one replica of each expert and extra more, each given to
// the expert with the largest load per replica at that point; the lower id
// wins a tie.
func replicate(experts []int, loads []float64, extra int) []replica {
	queue := make([]hot, len(experts))
	for i, e := range experts {
		queue[i] = hot{expert: e, load: loads[e], copies: 1}
	}
	slices.SortFunc(queue, hot.compare) // a sorted slice is a heap
	for range extra {
		queue[0].copies++
		sink(queue)
	}
	replicas := make([]replica, 0, len(experts)+extra)
	for _, h := range queue {
		for range h.copies {
			replicas = append(replicas, replica{expert: h.expert, load: h.each()})
		}
	}
	return replicas
}

// hot is an expert in the replication queue.
type hot struct {
	expert, copies int
	load           float64
}

func (h hot) each() float64 { return h.load / float64(h.copies) }

// compare orders the largest load per replica first.
func (h hot) compare(other hot) int {
	return cmp.Or(cmp.Compare(other.each(), h.each()), cmp.Compare(h.expert, other.expert))
}

// sink moves the top of the heap down to where it belongs.
func sink(heap []hot) {
	for i, child := 0, 1; child < len(heap); i, child = child, 2*child+1 {
		if next := child + 1; next < len(heap) && heap[next].compare(heap[child]) < 0 {
			child = next
		}
		if heap[i].compare(heap[child]) <= 0 {
			return
		}
		heap[i], heap[child] = heap[child], heap[i]
	}
}

// bin is a rank, or a domain, that is being filled.
type bin struct {
	id, room int
	ranks    int // that share the load
	load     float64
}

// perRank is what bins are compared by.
func (b bin) perRank() float64 { return b.load / float64(b.ranks) }

// packSlots sorts the replicas, largest first, and puts each into the least
// loaded bin with room; the first such bin wins a tie. Slot i holds replica i.
// The bins must have room for all.
func packSlots(replicas []replica, bins []bin) []slot {
	sortReplicas(replicas)
	slots := make([]slot, len(replicas))
	for i, r := range replicas {
		b := lightest(bins)
		b.room--
		b.load += r.load
		slots[i] = slot{expert: r.expert, rank: b.id}
	}
	return slots
}

// sortReplicas puts the largest load first, then the lower expert.
func sortReplicas(replicas []replica) {
	slices.SortFunc(replicas, func(a, b replica) int {
		return cmp.Or(cmp.Compare(b.load, a.load), cmp.Compare(a.expert, b.expert))
	})
}

// lightest is the least loaded bin that still has room.
func lightest(bins []bin) *bin {
	best := -1
	for i := range bins {
		if bins[i].room > 0 && (best < 0 || bins[i].perRank() < bins[best].perRank()) {
			best = i
		}
	}
	return &bins[best]
}
