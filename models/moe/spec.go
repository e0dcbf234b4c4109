// Package moe models how tokens spread over experts and experts over ranks:
// popularity, placement, replicas, the straggler among ranks, and the traffic
// inside and across scale-up domains. Everything is precomputed once per
// configuration; nothing is drawn while simulating.
package moe

// Popularity is how unequal the experts of a layer are, and how far live
// traffic has drifted from the statistics a placement was made from.
type Popularity struct {
	Kind     string  `yaml:"kind"`               // uniform | lognormal | zipf | power-law | histogram
	Sigma    float64 `yaml:"sigma,omitempty"`    // lognormal
	Exponent float64 `yaml:"exponent,omitempty"` // zipf, power-law
	Drift    float64 `yaml:"drift,omitempty"`    // lognormal sigma between statistics and traffic
	File     string  `yaml:"file,omitempty"`     // histogram: expert,count per line
}

// Placement is how experts are laid on ranks.
type Placement struct {
	Kind      string `yaml:"kind"`                // contiguous | random | eplb | domain
	Redundant int    `yaml:"redundant,omitempty"` // extra expert slots over the whole group
}

// Spec is one expert-parallel group.
type Spec struct {
	Experts    int // routed experts of a layer
	TopK       int
	Ranks      int // expert-parallel size; 1 = experts split by tensor parallelism
	Domains    int // scale-up domains that the group spans
	Popularity Popularity
	Placement  Placement
	Layers     int // layers averaged over; 0 = 12
	Seed       uint64
}

// Load is what the experts of one layer cost a group for one step.
type Load struct {
	Distinct    float64 // experts whose weights the mean rank reads
	DistinctMax float64 // the same on the rank that reads most
	Straggler   float64 // tokens of the most loaded rank over the mean
}
