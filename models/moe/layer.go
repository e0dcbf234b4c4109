package moe

import "fmt"

// Layer is one sampled layer under live traffic, for those who want to look
// at a placement; Table averages many.
type Layer struct {
	Inclusion []float64 // probability that a token chooses each expert
	Slots     []Slot
	RankLoad  []float64 // load of each rank over the mean
}

// Slot is one expert, or one replica of it, on one rank.
type Slot struct {
	Expert, Rank int
	Chosen       float64 // probability that a token is served here
}

// SampleLayer returns layer 0, 1, … of a configuration, the same every time.
func SampleLayer(s Spec, layer int) (Layer, error) {
	if err := s.Validate(); err != nil {
		return Layer{}, fmt.Errorf("expert group: %w", err)
	}
	l := newLayer(s, layer)
	out := Layer{Inclusion: l.inclusion, RankLoad: make([]float64, s.Ranks)}
	for i, slot := range l.slots {
		out.Slots = append(out.Slots, Slot{Expert: slot.expert, Rank: slot.rank, Chosen: l.chosen[i]})
		out.RankLoad[slot.rank] += l.chosen[i] * float64(s.Ranks) / float64(s.TopK)
	}
	return out, nil
}

// layer is a placed layer and who is chosen in it.
type layer struct {
	spec      Spec
	inclusion []float64 // by expert
	slots     []slot
	homes     []int     // by expert and domain: replicas there
	copies    []int     // by expert: replicas
	share     []float64 // by slot: of its expert's tokens
	chosen    []float64 // by slot: probability that a token is served there
}

func newLayer(s Spec, number int) layer {
	weights := s.Popularity.weights(s, stream(s.Seed, number, popularityStream))
	live := drifted(weights, s.Popularity.Drift, stream(s.Seed, number, driftStream))
	l := layer{spec: s, inclusion: inclusion(live, s.TopK)}
	l.slots = place(s, inclusion(weights, s.TopK), stream(s.Seed, number, placementStream))
	l.countReplicas()
	l.share = make([]float64, len(l.slots))
	for d, ranks := range s.domainRanks() {
		for i := range l.slots {
			l.share[i] += l.serves(i, d) * float64(ranks) / float64(s.Ranks)
		}
	}
	l.chosen = make([]float64, len(l.slots))
	for i, slot := range l.slots {
		l.chosen[i] = l.share[i] * l.inclusion[slot.expert]
	}
	return l
}

func (l *layer) countReplicas() {
	l.copies = make([]int, l.spec.Experts)
	l.homes = make([]int, l.spec.Experts*l.spec.Domains)
	for _, slot := range l.slots {
		l.copies[slot.expert]++
		l.homes[l.home(slot.expert, l.spec.DomainOf(slot.rank))]++
	}
}

func (l *layer) home(expert, domain int) int { return expert*l.spec.Domains + domain }

// serves is the share of an expert's tokens from a domain that slot i serves.
// Domain-aware placement asks the replicas at home, if there are any; the
// others spread tokens over all replicas.
func (l *layer) serves(i, domain int) float64 {
	slot := l.slots[i]
	if l.spec.Placement.Kind != DomainAware {
		return 1 / float64(l.copies[slot.expert])
	}
	local := l.homes[l.home(slot.expert, domain)]
	switch {
	case local == 0:
		return 1 / float64(l.copies[slot.expert])
	case l.spec.DomainOf(slot.rank) == domain:
		return 1 / float64(local)
	}
	return 0
}
