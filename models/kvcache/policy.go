package kvcache

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"agentsim/fault"
	"agentsim/units"
)

// EvictionSpec chooses what gives way when memory runs out.
type EvictionSpec struct {
	Policy EvictionPolicy `yaml:"policy,omitempty"` // default lru
	// TTL is how long a session is worth keeping after a turn, by the class of
	// what it waits for; classes without an entry have that of "tool".
	TTL map[string]units.Seconds `yaml:"ttl,omitempty"`
	// CostContext is the context, in tokens, at which attention costs as much
	// as the rest of prefill: recomputing n tokens costs n(1 + n/(2·CostContext)).
	CostContext float64 `yaml:"cost_context,omitempty"`
}

// EvictionPolicy names an order of eviction.
type EvictionPolicy string

// The eviction policies. Each takes whole pages from the end of a prefix.
const (
	LRU  EvictionPolicy = "lru"  // longest unused first
	TTL  EvictionPolicy = "ttl"  // earliest end of its time to live first
	Cost EvictionPolicy = "cost" // largest bytes · idle time / recompute cost first
)

// Policies lists all of them; the laws of caches range over it.
func Policies() []EvictionPolicy { return []EvictionPolicy{LRU, TTL, Cost} }

func (e EvictionSpec) validate(path string) error {
	switch e.Policy {
	case "", LRU:
		return nil
	case TTL:
		return e.validateTTL(path)
	case Cost:
		return positive(path+".cost_context", e.CostContext)
	}
	return fault.New(path+".policy", "is %q, must be %q, %q or %q", e.Policy, LRU, TTL, Cost)
}

func (e EvictionSpec) validateTTL(path string) error {
	if _, ok := e.TTL[otherClass]; !ok {
		return fault.New(path+".ttl."+otherClass, "is missing, policy %q needs the time of classes without an entry", TTL)
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(e.TTL)) {
		errs = append(errs, notNegative(path+".ttl."+name, e.TTL[name]))
	}
	return errors.Join(errs...)
}

// otherClass stands for all classes that have no time of their own.
const otherClass = "tool"

// CheckClasses reports a time to live of a class that there is not.
func (e EvictionSpec) CheckClasses(classes []string) error {
	for _, name := range slices.Sorted(maps.Keys(e.TTL)) {
		if name != otherClass && !slices.Contains(classes, name) {
			return fault.New("eviction.ttl."+name, "the workload has no tool of this name; it has %s",
				strings.Join(classes, ", "))
		}
	}
	return nil
}
