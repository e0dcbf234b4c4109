package compare

import (
	"fmt"
	"slices"
	"strings"

	"agentsim/configs"
	"agentsim/metrics"
)

// group is a factor with the fields in which two scenarios differ and that it
// holds.
type group struct {
	name, explains string
	differences    []configs.Difference
}

// Other is the factor of differing fields that no declared factor holds.
const Other = "other"

// otherExplains is the explanation of Other; declared factors bring their own.
const otherExplains = "fields that no declared factor holds"

// factorsMost bounds the factors that differ: every subset of them is a corner.
const factorsMost = 12

// labels are fields that hold only a name: what it stood for is resolved into other fields.
func isLabel(path string) bool {
	return slices.Contains([]string{"name", "question", "system.name", "system.preliminary", "system.accelerator.name",
		"system.accelerator.vendor", "system.accelerator.preliminary", "model.name", "engine.name", "engine.family",
		"engine.version", "engine.date", "kernels.name", "kernels.accelerator", "kernels.engine", "kernels.version",
		"workload.name", "slo.name", "protocol.name"}, path)
}

// settled are the parts of a scenario that make the question: two scenarios
// that differ in them are comparable only if a factor says so.
func isSettled(path string) bool {
	part, _, _ := strings.Cut(path, ".")
	return slices.Contains([]string{"model", "workload", "mix", "slo", "protocol", "seed"}, part)
}

// split is the differing fields of two scenarios by factor.
type split struct {
	groups  []group
	labels  []configs.Difference
	same    []string // declared factors in which the scenarios do not differ
	factors *configs.Factors
	number  []int // by declared factor: the number of its group; -1 where the scenarios do not differ in it
}

// splitTerms sorts all differences between a and b into the declared factors.
func splitTerms(a, b *Terms, factors *configs.Factors) (*split, error) {
	s := &split{same: []string{}, factors: factors, number: make([]int, len(factors.Factors))}
	byFactor := make([][]configs.Difference, len(factors.Factors))
	var other, unsettled []configs.Difference
	for _, d := range configs.Differences(*a, *b) {
		switch i := factors.Of(d.Path); {
		case i >= 0:
			byFactor[i] = append(byFactor[i], d)
		case isLabel(d.Path):
			s.labels = append(s.labels, d)
		case isSettled(d.Path):
			unsettled = append(unsettled, d)
		default:
			other = append(other, d)
		}
	}
	if len(unsettled) > 0 {
		return nil, noPath(a, b, unsettled)
	}
	for i, f := range factors.Factors {
		s.number[i] = -1
		if len(byFactor[i]) == 0 {
			s.same = append(s.same, f.Name)
			continue
		}
		s.number[i] = len(s.groups)
		s.groups = append(s.groups, group{f.Name, f.Explains, byFactor[i]})
	}
	if len(other) > 0 {
		s.groups = append(s.groups, group{Other, otherExplains, other})
	}
	if n := len(s.groups); n > factorsMost {
		return nil, &configs.Error{Path: "factors", Problem: fmt.Sprintf(
			"the scenarios differ in %d factors, more than %d: declare some of them as one", n, factorsMost)}
	}
	return s, nil
}

// noPath is the error of two scenarios that ask different questions.
func noPath(a, b *Terms, unsettled []configs.Difference) error {
	parts := []string{}
	for _, d := range unsettled {
		if part, _, _ := strings.Cut(d.Path, "."); !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	first := unsettled[0]
	more := ""
	if n := len(unsettled) - 1; n > 0 {
		more = fmt.Sprintf(" and in %d more fields", n)
	}
	return &configs.Error{Path: first.Path, Problem: fmt.Sprintf(
		"there is no path between %s and %s: they differ here (%s against %s)%s, and no factor holds that; "+
			"if it is meant, declare a factor with fields: [%s]",
		a.Name, b.Name, orNothing(first.A), orNothing(first.B), more, strings.Join(parts, ", "))}
}

func orNothing(text string) string {
	if text == "" {
		return "nothing"
	}
	return text
}

// of returns the number of the group that a field belongs to; that of Other
// for fields that differ only after kernels were moved to another accelerator,
// -1 where there is none.
func (s *split) of(path string) int {
	if i := s.factors.Of(path); i >= 0 {
		return s.number[i]
	}
	if last := len(s.groups) - 1; last >= 0 && s.groups[last].name == Other {
		return last
	}
	return -1
}

// changes lists differences for a result.
func changes(list []configs.Difference) []metrics.FieldChange {
	out := []metrics.FieldChange{}
	for _, d := range list {
		out = append(out, metrics.FieldChange{Path: d.Path, A: d.A, B: d.B})
	}
	return out
}
