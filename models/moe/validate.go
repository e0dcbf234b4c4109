package moe

import (
	"errors"
	"math"
	"slices"
	"strings"

	"agentsim/fault"
)

// Limits that keep a mistyped number from asking for hours of tabulation.
const (
	maxExperts = 8192
	maxTopK    = 64
	maxLayers  = 4096
	maxSigma   = 5
	maxDrift   = 3
	maxPower   = 8
	maxBound   = 1e12
)

// Validate returns every fault, joined; each is a *fault.Field.
func (s Spec) Validate() error {
	return faults(s.validateShape(), s.Popularity.validate(s), s.Placement.validate(s))
}

func (s Spec) validateShape() error {
	return faults(
		within("experts", s.Experts, 1, maxExperts),
		within("top_k", s.TopK, 1, min(max(s.Experts, 1), maxTopK)),
		within("ranks", s.Ranks, 1, max(s.slots(), 1)),
		within("domains", s.Domains, 1, max(s.Ranks, 1)),
		within("layers", s.Layers, 0, maxLayers),
	)
}

func (p Popularity) validate(s Spec) error {
	drift := between("popularity.drift", p.Drift, 0, maxDrift)
	switch p.Kind {
	case Uniform:
		return drift
	case Lognormal:
		return faults(drift, between("popularity.sigma", p.Sigma, 0, maxSigma))
	case Zipf:
		return faults(drift, between("popularity.exponent", p.Exponent, 0, maxPower))
	case PowerLaw:
		bound := between("popularity.bound", p.bound(), 1, maxBound)
		return faults(drift, bound, between("popularity.exponent", p.Exponent, 0, maxPower))
	case FromHistogram:
		return faults(drift, p.validateHistogram(s))
	}
	return p.Known()
}

// Known reports a kind that there is not, whatever the model.
func (p Popularity) Known() error {
	return knownKind("popularity.kind", p.Kind, Uniform, Lognormal, Zipf, PowerLaw, FromHistogram)
}

func (p Popularity) validateHistogram(s Spec) error {
	switch {
	case p.Histogram == nil:
		return fault.New("popularity.file", "%q: want a file of counts; none were read", p.File)
	case p.Histogram.Experts() != s.Experts:
		return fault.New("popularity.file", "%d experts counted: want the %d of the model", p.Histogram.Experts(), s.Experts)
	case !p.Histogram.possible():
		return fault.New("popularity.histogram.counts", "want numbers from 0 to %g", float64(maxCount))
	case p.Histogram.used() < s.TopK:
		return fault.New("popularity.file", "%d experts were ever used: want at least as many as top_k, %d",
			p.Histogram.used(), s.TopK)
	}
	return nil
}

func (p Placement) validate(s Spec) error {
	redundant := within("placement.redundant", p.Redundant, 0, p.mostRedundant(s))
	switch p.Kind {
	case Contiguous, Random, EPLB, DomainAware:
		return redundant
	case EPLBHierarchical:
		return faults(redundant, p.validateGroups(s))
	}
	return p.Known()
}

// Known reports a kind that there is not, whatever the model.
func (p Placement) Known() error {
	return knownKind("placement.kind", p.Kind, Contiguous, Random, EPLB, EPLBHierarchical, DomainAware)
}

// mostRedundant is where every rank, or every domain under domain-aware
// placement, holds every expert.
func (p Placement) mostRedundant(s Spec) int {
	places := s.Ranks
	if p.Kind == DomainAware && s.Domains > 1 {
		places = s.Domains
	}
	return max(0, s.Experts*(places-1))
}

// validateGroups holds eplb-hierarchical to what its published form assumes:
// equal domains, equal groups, as many groups and replicas in each domain.
func (p Placement) validateGroups(s Spec) error {
	groups := p.groups(s)
	if s.Domains < 1 || s.Experts < 1 {
		return nil // reported by validateShape
	}
	if groups < 1 {
		return fault.Want("placement.groups", p.Groups, "1 or more")
	}
	return faults(
		divides("placement.groups", "experts", groups, s.Experts),
		divides("domains", "placement.groups", s.Domains, groups),
		divides("domains", "ranks", s.Domains, s.Ranks),
		divides("domains", "placement.redundant", s.Domains, p.Redundant),
	)
}

// groups is the number of expert groups that stay together in a domain.
func (p Placement) groups(s Spec) int {
	if p.Groups == 0 {
		return s.Experts
	}
	return p.Groups
}

// faults joins faults of fields.
func faults(errs ...error) error {
	var list fault.List
	list.In("", errors.Join(errs...))
	return list.Err()
}

func within(path string, value, low, high int) error {
	if value < low || value > high {
		return fault.New(path, "%d: want %d to %d", value, low, high)
	}
	return nil
}

func between(path string, value, low, high float64) error {
	if math.IsNaN(value) || value < low || value > high {
		return fault.New(path, "%g: want %g to %g", value, low, high)
	}
	return nil
}

func divides(path, of string, value, total int) error {
	if total%value != 0 {
		return fault.New(path, "%d: want a divisor of %s, %d, for eplb-hierarchical", value, of, total)
	}
	return nil
}

func knownKind(path, kind string, known ...string) error {
	if slices.Contains(known, kind) {
		return nil
	}
	return fault.New(path, "%q: want one of %s", kind, strings.Join(known, ", "))
}
