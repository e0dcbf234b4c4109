// Package kvcache keeps count of cache memory: block pools, the residency of
// every session's prefix per tier, shared prefixes and eviction. It is a
// state machine without a clock; time comes in as an argument.
//
// Agents append to their context, so no tree of blocks is needed: a session is
// one prefix, and a tier holds a run of it (modelling.md 3.2). Every operation
// costs the same however long the context is.
//
// Read first: spec.go (what can be configured), session.go (what is stored for
// a session), admit.go and release.go (the life of one turn), evict.go (what
// gives way to it).
package kvcache

import (
	"errors"
	"math"

	"agentsim/fault"
	"agentsim/units"
)

// Spec describes the cache memory of one pool: one rank under data-parallel
// attention, or one worker under tensor parallelism, whose ranks all hold the
// same entries.
type Spec struct {
	Capacity      units.Bytes  `yaml:"capacity"`                // HBM left for the cache
	BlockTokens   int          `yaml:"block_tokens"`            // tokens of one block; prefixes match in whole blocks
	BytesPerToken float64      `yaml:"bytes_per_token"`         // marginal cache entry of one token, all layers
	FixedBytes    units.Bytes  `yaml:"fixed_bytes,omitempty"`   // per resident session: sliding-window entries
	RunningBytes  units.Bytes  `yaml:"running_bytes,omitempty"` // per running session: compressor and linear states
	Fragmentation float64      `yaml:"fragmentation,omitempty"` // HBM taken over HBM asked for, >= 1; 0 = 1
	Tiers         []TierSpec   `yaml:"tiers,omitempty"`         // below HBM, fastest first
	Write         WritePolicy  `yaml:"write,omitempty"`         // when entries reach the first tier; default write-back
	Eviction      EvictionSpec `yaml:"eviction,omitempty"`      // what gives way first; default lru
	Classes       []string     `yaml:"-"`                       // names of Request.Class; empty = all are called "tool"
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
	errs := []error{
		between("capacity", s.Capacity, 1, maxCapacity),
		between("block_tokens", s.BlockTokens, 1, maxBlockTokens),
		between("bytes_per_token", s.BytesPerToken, minTokenBytes, maxTokenBytes),
		between("fixed_bytes", s.FixedBytes, 0, maxSessionBytes),
		between("running_bytes", s.RunningBytes, 0, maxSessionBytes),
		s.Eviction.validate("eviction"),
	}
	if s.Fragmentation != 0 {
		errs = append(errs, between("fragmentation", s.Fragmentation, 1, maxFragmentation))
	}
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

// Bounds far beyond anything real: more is a slip, and could overflow int64.
const (
	maxFragmentation = 10
	maxBlockTokens   = 1 << 16
	minTokenBytes    = 1e-3
	maxTokenBytes    = 1e8
	maxSessionBytes  = units.Bytes(1e15)
	maxCapacity      = units.Bytes(1e18)
)

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

func between[T ~float64 | ~int](path string, v, low, high T) error {
	if v >= low && v <= high {
		return nil
	}
	return fault.New(path, "is %v, must be from %v to %v", v, low, high)
}
