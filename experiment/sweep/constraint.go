package sweep

import (
	"errors"
	"fmt"
	"strings"

	"agentsim/configs"
)

// filter keeps the points at which all constraints hold.
type filter struct {
	base       *base
	combo      *combination
	set        []string // of the base
	conditions []*condition
}

func newFilter(b *base, c *combination, d *Design) (*filter, error) {
	f := &filter{base: b, combo: c, set: d.Set}
	for i, text := range d.Constraints {
		parsed, err := parseCondition(text)
		if err != nil {
			return nil, &configs.Error{Path: fmt.Sprintf("constraints[%d]", i), Problem: err.Error()}
		}
		f.conditions = append(f.conditions, parsed)
	}
	return f, nil
}

// kept lists the numbers of the points that stay; nil for all.
func (f *filter) kept() ([]int, error) {
	if len(f.conditions) == 0 {
		return nil, nil
	}
	var kept []int
	alone := make([]int, len(f.conditions))
	for point := range f.combo.count {
		s := &candidate{filter: f, texts: f.combo.at(point)}
		all := true
		for i, c := range f.conditions {
			holds, err := c.holds(s)
			if err != nil {
				return nil, &configs.Error{Path: fmt.Sprintf("constraints[%d]", i), Problem: fmt.Sprintf("%q: %v", c.text, err)}
			}
			all = all && holds
			if holds {
				alone[i]++
			}
		}
		if all {
			kept = append(kept, point)
		}
	}
	if len(kept) == 0 {
		return nil, f.contradiction(alone)
	}
	return kept, nil
}

// contradiction says how many points each constraint would leave by itself.
func (f *filter) contradiction(alone []int) error {
	parts := make([]string, len(f.conditions))
	for i, c := range f.conditions {
		parts[i] = fmt.Sprintf("%q alone holds at %d", c.text, alone[i])
	}
	problem := fmt.Sprintf("none of the %d points meets them all: %s", f.combo.count, strings.Join(parts, ", "))
	return &configs.Error{Path: "constraints", Problem: problem}
}

// candidate is a point as constraints see it: names are fields of its scenario.
type candidate struct {
	*filter
	texts  []string
	loaded *configs.Provenance // when first needed
}

func (c *candidate) lookup(path string) (value, error) {
	for i, x := range c.combo.axes {
		if x.path != path || c.texts[i] == "" {
			continue
		}
		for _, s := range x.values {
			if s.text == c.texts[i] && s.value != (configs.Value{}) {
				return asValue(s.value), nil
			}
		}
	}
	if c.loaded == nil {
		var err error
		if c.loaded, err = c.base.Try(append(c.set[:len(c.set):len(c.set)], c.combo.sets(c.texts)...)); err != nil {
			return value{}, err
		}
	}
	v, err := c.loaded.Value(path)
	if err != nil {
		return value{}, fmt.Errorf("%w: %w", errUnknownName, err)
	}
	return asValue(v), nil
}

func (c *candidate) call(function, _ string) (value, error) {
	return value{}, errors.New(function + ": functions work on results, in thresholds")
}

func asValue(v configs.Value) value {
	return value{number: v.Number, unit: v.Unit, text: v.Text, isText: !v.Numeric}
}
