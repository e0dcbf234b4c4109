package tree

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"agentsim/units"
)

// Check loads every preset and reports, joined, each that does not load, each
// number without a source, and each source that does not say enough.
func (l *Library) Check() error {
	var faults []error
	for _, kind := range l.Kinds {
		for _, name := range l.Names(kind.Name) {
			faults = append(faults, l.checkPreset(kind, name)...)
		}
	}
	return errors.Join(faults...)
}

func (l *Library) checkPreset(kind Kind, name string) []error {
	p, err := l.provenance(kind, name)
	if err != nil {
		return []error{err}
	}
	var faults []error
	if named := p.tree.get("name"); named.text() != name {
		faults = append(faults, &Error{At: p.tree.at, Path: "name", Value: quotedIfOdd(named.text()),
			Problem: "want the name of the file, " + name})
	}
	faults = append(faults, checkNumbers(p)...)
	return append(faults, checkSources(p)...)
}

// provenance loads a preset as its kind's type.
func (l *Library) provenance(kind Kind, name string) (*Provenance, error) {
	r := &resolver{library: l, source: presetSource(name)}
	return r.load(reflect.New(kind.Type).Elem(), nil)
}

// checkNumbers wants a source for every number that the preset's own file
// gives, and for compute rates whether they count zeros skipped (sparse).
func checkNumbers(p *Provenance) []error {
	var faults []error
	for _, f := range p.Fields() {
		if f.At.File != p.tree.at.File {
			continue // checked where it comes from
		}
		if f.Basis == Given {
			faults = append(faults, &Error{At: f.At, Path: f.Path, Value: f.Value,
				Problem: "no entry of sources covers it"})
			continue
		}
		if f.value.Type() != reflect.TypeFor[units.FLOPRate]() {
			continue
		}
		if density := f.entry.get("density").text(); density != "dense" && density != "sparse" {
			faults = append(faults, &Error{At: f.At, Path: f.Path, Value: f.Value,
				Problem: "its source needs density: dense or sparse"})
		}
	}
	return faults
}

func checkSources(p *Provenance) []error {
	sources := p.tree.get(sourcesKey)
	if sources == nil {
		return nil
	}
	var faults []error
	for _, entry := range sources.fields {
		if problem := sourceProblem(entry.value); problem != "" {
			faults = append(faults, &Error{At: entry.at, Path: sourcesKey, Value: entry.key, Problem: problem})
		}
		if problem := scalesProblem(p, entry.value); problem != "" {
			faults = append(faults, &Error{At: entry.at, Path: sourcesKey, Value: entry.key, Problem: problem})
		}
		if locate(p.tree, entry.key) == nil {
			faults = append(faults, &Error{At: entry.at, Path: sourcesKey, Value: entry.key,
				Problem: "there is no such field"})
		}
	}
	return faults
}

// sourceProblem says what is wrong with an entry of sources; empty if nothing.
func sourceProblem(source *node) string {
	bases := []string{"measured", "vendor", "published", "fitted", "assumed"}
	basis := source.get("basis").text()
	factors, ranged := source.factors()
	switch {
	case !slices.Contains(bases, basis):
		return fmt.Sprintf("basis is %q, want one of %s", basis, strings.Join(bases, ", "))
	case strings.TrimSpace(source.get("source").text()) == "":
		return "says no source"
	case basis == "assumed" && !ranged:
		return "an assumed number needs range: [low, high], factors on the value"
	case ranged && !(factors[0] >= 0 && factors[0] <= 1 && factors[1] >= 1):
		return fmt.Sprintf("range %v does not hold the value: want low <= 1 <= high", factors)
	case basis == "fitted" && source.get("points").text() == "":
		return "a fitted number needs points, how many it rests on"
	}
	return ""
}
