// Package moe models how tokens spread over experts and experts over ranks:
// popularity, placement, replicas, the straggler among ranks, and the traffic
// inside and across scale-up domains. Everything is precomputed once per
// configuration; nothing is drawn while simulating.
//
// Read spec.go for what can be asked, table.go for what comes out, then
// popularity.go and eplb.go for how a layer is made.
package moe

// The popularity models (Popularity.Kind).
const (
	Uniform       = "uniform"   // every expert alike
	Lognormal     = "lognormal" // independent lognormal weights
	Zipf          = "zipf"      // weight of the r-th expert = r^-exponent
	PowerLaw      = "power-law" // bounded power law of counts, as in aiconfigurator
	FromHistogram = "histogram" // measured counts
)

// The placements (Placement.Kind).
const (
	Contiguous       = "contiguous"        // expert ids in order
	Random           = "random"            // shuffled once
	EPLB             = "eplb"              // replication and packing over the whole group
	EPLBHierarchical = "eplb-hierarchical" // expert groups packed to domains first
	DomainAware      = "domain"            // hot experts in every domain, nearest replica answers
)

// DefaultLayers is how many layers are sampled when Spec.Layers is 0.
const DefaultLayers = 24

// Popularity is how unequal the experts of a layer are, and how far live
// traffic has drifted from the statistics a placement was made from.
type Popularity struct {
	Kind     string  `yaml:"kind"`               // uniform | lognormal | zipf | power-law | histogram
	Sigma    float64 `yaml:"sigma,omitempty"`    // lognormal
	Exponent float64 `yaml:"exponent,omitempty"` // zipf, power-law
	Bound    float64 `yaml:"bound,omitempty"`    // power-law: largest over smallest count; 0 = DefaultBound
	Drift    float64 `yaml:"drift,omitempty"`    // lognormal sigma between statistics and traffic
	File     string  `yaml:"file,omitempty"`     // histogram: expert,count per line

	// Histogram holds the counts of File, once whoever opens it has read it.
	Histogram *Histogram `yaml:"histogram,omitempty"`
}

// Placement is how experts are laid on ranks.
type Placement struct {
	Kind      string `yaml:"kind"`                // contiguous | random | eplb | eplb-hierarchical | domain
	Redundant int    `yaml:"redundant,omitempty"` // extra expert slots over the whole group
	Groups    int    `yaml:"groups,omitempty"`    // eplb-hierarchical: groups of the router; 0 = one per expert
}

// Spec is one expert-parallel group. It is comparable, so it can key a cache
// of Tabulate, which depends on nothing else.
type Spec struct {
	Experts    int // routed experts of a layer
	TopK       int
	Ranks      int // expert-parallel size; 1 = experts split by tensor parallelism
	Domains    int // scale-up domains that the group spans, sizes equal within one rank
	Popularity Popularity
	Placement  Placement
	Layers     int // layers averaged over; 0 = DefaultLayers
	Seed       uint64
}

// Load is what the experts of one layer cost a group for one step.
type Load struct {
	Distinct    float64 // experts whose weights the mean rank reads
	DistinctMax float64 // the same on the rank that reads most
	Straggler   float64 // tokens of the most loaded rank over the mean
}

// SlotsPerRank is how many experts each rank of a valid Spec must have room
// for: the slots of all experts and replicas over the ranks, rounded up.
func (s Spec) SlotsPerRank() int {
	return (s.slots() + s.Ranks - 1) / s.Ranks
}

// slots counts experts and replicas of one layer.
func (s Spec) slots() int { return s.Experts + s.Placement.Redundant }

// layers is how many layers have to be looked at: one if all are alike.
func (s Spec) layers() int {
	switch {
	case s.Popularity.Kind == Uniform && s.Popularity.Drift == 0:
		return 1
	case s.Layers == 0:
		return DefaultLayers
	}
	return s.Layers
}
