package sweep

import (
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"

	"agentsim/configs"
)

// base is the scenario that a study varies.
type base = configs.Base[configs.Scenario]

// axis is an Axis with its values worked out.
type axis struct {
	path   string
	values []setting // of a range that is only sampled: its two ends
	sample *sampled  // of a range
}

// setting is one value of a field.
type setting struct {
	text  string
	value configs.Value // zero where the field is no single value, such as a whole pool
}

// at is the override that sets the field.
func (s setting) at(path string) string { return path + "=" + s.text }

// sampled is a range from which any value can be taken.
type sampled struct {
	low, high float64
	log       bool
	whole     bool
	unit      string
}

// newAxis tries every value by itself, so that unknown paths and values of the
// wrong type are found before anything runs.
func newAxis(b *base, a *Axis, at string) (*axis, error) {
	switch {
	case a.Values != nil:
		return listed(b, a.Path, a.Values, at+".values")
	case a.Presets != nil:
		names, err := matching(b, a, at)
		if err != nil {
			return nil, err
		}
		return listed(b, a.Path, names, at+".presets")
	case a.Range != nil:
		return ranged(b, a.Path, a.Range, false, at+".range")
	}
	return ranged(b, a.Path, a.LogRange, true, at+".log_range")
}

func listed(b *base, path string, values []Value, at string) (*axis, error) {
	x := &axis{path: path}
	for i, v := range values {
		s, err := try(b, path, string(v))
		if err != nil {
			return nil, &configs.Error{Path: fmt.Sprintf("%s[%d]", at, i), Problem: problem(err)}
		}
		x.values = append(x.values, s)
	}
	return x, nil
}

// try sets a field to a value and reads it back.
func try(b *base, path, text string) (setting, error) {
	s := setting{text: text}
	p, err := b.Try([]string{s.at(path)})
	if err != nil {
		return s, err
	}
	if v, err := p.Value(path); err == nil {
		s.value = v
	}
	return s, nil
}

// problem is what is wrong with a value, without the override that tried it.
func problem(err error) string { return strings.TrimPrefix(err.Error(), "--set: ") }

// matching lists the presets that the names and patterns of an axis mean.
func matching(b *base, a *Axis, at string) ([]Value, error) {
	known := b.PresetsAt(a.Path)
	if len(known) == 0 {
		return nil, &configs.Error{Path: at + ".path", Value: a.Path, Problem: "is no field that names a preset"}
	}
	var names []Value
	for i, pattern := range a.Presets {
		found := 0
		for _, name := range known {
			ok, err := path.Match(string(pattern), name)
			if err != nil {
				return nil, &configs.Error{Path: fmt.Sprintf("%s.presets[%d]", at, i), Value: string(pattern), Problem: err.Error()}
			}
			if !ok {
				continue
			}
			found++
			if !slices.Contains(names, Value(name)) { // patterns may overlap
				names = append(names, Value(name))
			}
		}
		if found == 0 { // a path, or a name that Try will miss with a hint
			names = append(names, pattern)
		}
	}
	return names, nil
}

func ranged(b *base, path string, r *Range, log bool, at string) (*axis, error) {
	from, err := try(b, path, string(r.From))
	if err != nil {
		return nil, &configs.Error{Path: at + ".from", Problem: problem(err)}
	}
	to, err := try(b, path, string(r.To))
	if err != nil {
		return nil, &configs.Error{Path: at + ".to", Problem: problem(err)}
	}
	s := &sampled{
		low:   from.value.Number,
		high:  to.value.Number,
		log:   log,
		whole: from.value.Whole,
		unit:  from.value.Unit,
	}
	switch {
	case !from.value.Numeric:
		return nil, &configs.Error{Path: at, Value: path, Problem: "is no number: want values instead of a range"}
	case log && (s.low <= 0 || s.high <= 0):
		return nil, &configs.Error{Path: at, Value: string(r.From), Problem: "equal factors want both ends above 0"}
	}
	x := &axis{path: path, sample: s, values: []setting{from, to}}
	if r.Steps == 0 {
		return x, nil
	}
	x.values = x.values[:0]
	for i := range r.Steps {
		one, err := try(b, path, s.text(float64(i)/float64(r.Steps-1)))
		if err != nil {
			return nil, &configs.Error{Path: at, Problem: problem(err)}
		}
		if n := len(x.values); n > 0 && x.values[n-1].value.Number == one.value.Number {
			return nil, &configs.Error{Path: at + ".steps", Problem: fmt.Sprintf("%d steps from %s to %s repeat %s", r.Steps,
				r.From, r.To, one.value.Text)}
		}
		x.values = append(x.values, setting{one.value.Text, one.value})
	}
	return x, nil
}

// text is the value at a share of the way from low to high, to six digits.
func (s *sampled) text(share float64) string {
	v := s.low + share*(s.high-s.low)
	if s.log {
		v = s.low * math.Pow(s.high/s.low, share)
	}
	switch share {
	case 0:
		v = s.low
	case 1:
		v = s.high
	default:
		const digits = 6
		v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', digits, 64), 64)
	}
	if s.whole {
		return strconv.FormatFloat(math.Round(v), 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', -1, 64) + s.unit
}

// pick is the value for a number in [0, 1): any of a range, one of a list.
func (x *axis) pick(u float64) string {
	if x.sample != nil {
		return x.sample.pick(u)
	}
	return x.values[min(len(x.values)-1, int(u*float64(len(x.values))))].text
}

// pick is text for sampling: of whole numbers, each gets an equal part of
// [0, 1), the ends too.
func (s *sampled) pick(u float64) string {
	if !s.whole {
		return s.text(u)
	}
	wide := sampled{low: min(s.low, s.high), high: max(s.low, s.high) + 1, log: s.log}
	v, _ := strconv.ParseFloat(wide.text(u), 64)
	return strconv.FormatFloat(min(math.Floor(v), wide.high-1), 'f', 0, 64)
}
