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
	// Turns is how many of a session's last turns can be matched at their end.
	Turns int `yaml:"turns,omitempty"`
}

// EvictionPolicy names an order of eviction.
type EvictionPolicy string

// The eviction policies. Each takes whole blocks from the end of a session.
const (
	LRU       EvictionPolicy = "lru"        // longest unused first
	TTL       EvictionPolicy = "ttl"        // earliest end of its time to live first
	Cost      EvictionPolicy = "cost"       // largest bytes · idle time / recompute cost first
	KeepTurns EvictionPolicy = "keep-turns" // longest unused first, cut at the ends of its last turns only
)

// policies lists all of them; the laws range over it.
func policies() []EvictionPolicy { return []EvictionPolicy{LRU, TTL, Cost, KeepTurns} }

// maxKeepTurns bounds the turn ends stored with a session.
const maxKeepTurns = 8

func (e EvictionSpec) validate(path string) error {
	switch e.Policy {
	case "", LRU:
		return nil
	case TTL:
		return e.validateTTL(path)
	case Cost:
		return positive(path+".cost_context", e.CostContext)
	case KeepTurns:
		if e.Turns < 1 || e.Turns > maxKeepTurns {
			return fault.New(path+".turns", "is %d, must be from 1 to %d", e.Turns, maxKeepTurns)
		}
		return nil
	}
	return fault.New(path+".policy", "is %q, must be %q, %q, %q or %q", e.Policy, LRU, TTL, Cost, KeepTurns)
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

// policy orders sessions for eviction.
type policy interface {
	// rank is the place of s in the order, lowest first.
	rank(now float64, s *session) float64
	// ages reports that ranks change relative to each other as time passes,
	// so that they must be compared at the moment of eviction.
	ages() bool
}

func newPolicy(spec Spec) policy {
	switch spec.Eviction.Policy {
	case TTL:
		return newTTLPolicy(spec)
	case Cost:
		return costPolicy{contextBlocks: spec.Eviction.CostContext / float64(spec.BlockTokens)}
	}
	return lruPolicy{}
}

// lruPolicy: longest unused first.
type lruPolicy struct{}

func (lruPolicy) rank(_ float64, s *session) float64 { return s.last }
func (lruPolicy) ages() bool                         { return false }

// ttlPolicy: earliest end of its time to live first, by class; the last entry
// is that of all classes beyond.
type ttlPolicy []units.Seconds

func newTTLPolicy(spec Spec) ttlPolicy {
	var p ttlPolicy
	for _, name := range append(slices.Clip(spec.Classes), otherClass) {
		ttl, ok := spec.Eviction.TTL[name]
		if !ok {
			ttl = spec.Eviction.TTL[otherClass]
		}
		p = append(p, ttl)
	}
	return p
}

func (p ttlPolicy) rank(_ float64, s *session) float64 {
	return s.last + float64(p[min(int(s.class), len(p)-1)])
}
func (ttlPolicy) ages() bool { return false }

// costPolicy: largest bytes · idle time / recompute cost first. Recomputing
// blocks a to b costs (b-a)(1 + (a+b)/2C), so bytes cancel but for the
// attention term: of two sessions equally idle the shorter goes first.
type costPolicy struct{ contextBlocks float64 }

func (p costPolicy) rank(now float64, s *session) float64 {
	ends := float64(s.shared) + float64(s.hi[0])
	return -(now - s.last) / (1 + ends/(2*p.contextBlocks))
}
func (costPolicy) ages() bool { return true }
