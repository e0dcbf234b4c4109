// Package kvcache says where caches may lie below HBM, how they get there and
// back, and what gives way first. What is cached, and where it lies, is the
// business of package prefix.
//
// Read first: spec.go (tiers), policy.go (what gives way), link.go (the wire to
// a tier and between workers).
package kvcache

import (
	"errors"
	"math"

	"agentsim/fault"
	"agentsim/units"
)

// Spec is what a cache is told beside the memory that it has.
type Spec struct {
	Tiers    []TierSpec   `yaml:"tiers,omitempty"`    // below HBM, fastest first
	Write    WritePolicy  `yaml:"write,omitempty"`    // when entries reach the first tier; default write-back
	Eviction EvictionSpec `yaml:"eviction,omitempty"` // what gives way first; default lru
}

// TierSpec is one store below HBM.
type TierSpec struct {
	Name     TierName       `yaml:"name"`
	Capacity units.Bytes    `yaml:"capacity"`       // share of this pool
	Rate     units.ByteRate `yaml:"rate"`           // towards the accelerator, of the whole link
	Latency  units.Seconds  `yaml:"latency"`        // before the first byte
	Link     string         `yaml:"link,omitempty"` // tiers that name the same link share its rate; empty = its own
}

// TierName is the kind of store a tier is.
type TierName string

// The tiers, fastest first.
const (
	Host   TierName = "host"   // DRAM of the node
	NVMe   TierName = "nvme"   // drives of the node
	Remote TierName = "remote" // pool over the network
)

// WritePolicy says when entries are copied from HBM to the first tier.
type WritePolicy string

// The write policies.
const (
	WriteBack    WritePolicy = "write-back"    // when HBM evicts them; they then live in one tier only
	WriteThrough WritePolicy = "write-through" // when the turn ends; HBM eviction then moves nothing
)

// Levels is how many stores a session can be spread over: HBM (level 0) and
// up to three tiers below it, in the order of Spec.Tiers.
const Levels = 4

// Validate reports every field that cannot be, by its path.
func (s Spec) Validate() error {
	errs := []error{s.Eviction.validate("eviction")}
	if s.Write != "" && s.Write != WriteBack && s.Write != WriteThrough {
		errs = append(errs, fault.New("write", "is %q, must be %q or %q", s.Write, WriteBack, WriteThrough))
	}
	if len(s.Tiers) > Levels-1 {
		errs = append(errs, fault.New("tiers", "are %d, at most %d", len(s.Tiers), Levels-1))
	}
	for i, tier := range s.Tiers {
		errs = append(errs, tier.validate(fault.Index("tiers", i)))
	}
	return errors.Join(errs...)
}

// maxCapacity is far beyond anything real: more is a slip, and could overflow
// int64.
const maxCapacity = units.Bytes(1e18)

func (t TierSpec) validate(path string) error {
	errs := []error{
		between(path+".capacity", t.Capacity, 1, maxCapacity),
		positive(path+".rate", t.Rate),
		notNegative(path+".latency", t.Latency),
	}
	if t.Name != Host && t.Name != NVMe && t.Name != Remote {
		errs = append(errs, fault.New(path+".name", "is %q, must be %q, %q or %q", t.Name, Host, NVMe, Remote))
	}
	return errors.Join(errs...)
}

func positive[T ~float64](path string, v T) error {
	if v > 0 && !math.IsInf(float64(v), 1) {
		return nil
	}
	return fault.New(path, "is %v, must be above 0", v)
}

func notNegative[T ~float64](path string, v T) error {
	if v >= 0 && !math.IsInf(float64(v), 1) {
		return nil
	}
	return fault.New(path, "is %v, must not be below 0", v)
}

func between[T ~float64](path string, v, low, high T) error {
	if v >= low && v <= high {
		return nil
	}
	return fault.New(path, "is %v, must be from %v to %v", v, low, high)
}
