package moe

import (
	"fmt"

	"agentsim/portable"
)

// The grid of group tokens, evenly spaced in their logarithm.
const (
	buckets    = 24
	mostTokens = 1e6
)

// node is what is known at one number of group tokens. The quantities are
// those that change slowly between nodes.
type node struct {
	missRate  float64 // a of exp(-a·tokens), the mean probability that a slot is not read
	reads     float64 // most read rank over the mean
	straggler float64
}

// Table answers At, Remote and Traffic for one configuration. It is read-only
// and safe for concurrent use.
type Table struct {
	spec      Spec
	meanSlots float64 // experts and replicas per rank
	mostSlots float64
	perLog    float64 // buckets per unit of log tokens
	nodes     [buckets]node
	remote    Remote
}

// Tabulate averages sampled layers of a configuration on a grid of group
// tokens. The popularity and drift of a layer are drawn; what tokens then do
// is computed: distinct experts by eq. 4 of modelling.md 1.5, the straggler as
// the expected largest of the ranks' token counts. The same Spec always gives
// the same Table. It fails where Validate does.
func Tabulate(s Spec) (*Table, error) {
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("expert group: %w", err)
	}
	t := &Table{
		spec:      s,
		meanSlots: float64(s.slots()) / float64(s.Ranks),
		mostSlots: float64(s.SlotsPerRank()),
		perLog:    (buckets - 1) / portable.Log(mostTokens),
	}
	sum := newSums(s)
	layers := s.layers()
	for i := range layers {
		l := newLayer(s, i)
		sum.add(&l)
		t.remote.add(l.remote(), 1/float64(layers))
	}
	for b := range t.nodes {
		t.nodes[b] = sum.node(b, float64(layers))
	}
	return t, nil
}

// gridTokens are the group tokens of a bucket.
func gridTokens(bucket int) float64 {
	return portable.Pow(mostTokens, float64(bucket)/(buckets-1))
}

// At is the load of a step in which the whole group processes this many
// tokens, interpolated between grid points in the logarithm of tokens. Below
// one token and above a million the nearest grid point's rates hold; with no
// token nothing is read.
func (t *Table) At(groupTokens float64) Load {
	if !(groupTokens > 0) {
		return Load{Straggler: 1}
	}
	x := min(max(portable.Log(groupTokens)*t.perLog, 0), buckets-1)
	i := min(int(x), buckets-2)
	f := x - float64(i)
	a, b := &t.nodes[i], &t.nodes[i+1]
	rate := a.missRate + f*(b.missRate-a.missRate)
	distinct := t.meanSlots * (1 - portable.Exp(-rate*groupTokens))
	return Load{
		Distinct:    distinct,
		DistinctMax: min(distinct*(a.reads+f*(b.reads-a.reads)), t.mostSlots),
		Straggler:   a.straggler + f*(b.straggler-a.straggler),
	}
}

// Spec is the configuration that was tabulated.
func (t *Table) Spec() Spec { return t.spec }

// SlotsPerRank is how many experts each rank must have room for.
func (t *Table) SlotsPerRank() int { return t.spec.SlotsPerRank() }
