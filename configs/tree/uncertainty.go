package tree

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"agentsim/portable"
)

// Uncertainty says what a configuration does not know: distributions by the path of
// a number or of a mapping of numbers, as workload.output. An entry that says
// which fields it scales may have any name.
type Uncertainty map[string]Spread

// Spread is the distribution of one uncertain quantity between two ends.
type Spread struct {
	Kind string `yaml:"kind"`
	// Low and High are factors on the value, as 0.8, or values with their unit,
	// as 300W. Of a lognormal they are the 5th and 95th percentiles, of all
	// other kinds the ends.
	Low  Bound `yaml:"low"`
	High Bound `yaml:"high"`
	// Absolute takes plain numbers for values, where the field has no unit.
	Absolute bool `yaml:"absolute,omitempty"`
	// Scales are the fields that one factor moves together, each by a power of it.
	Scales map[string]float64 `yaml:"scales,omitempty"`
	Source string             `yaml:"source,omitempty"`
}

// Bound is a plain number or a quantity with its unit.
type Bound string

// UnmarshalText takes any text: what it means depends on the field.
func (b *Bound) UnmarshalText(text []byte) error {
	*b = Bound(text)
	return nil
}

// The kinds of Spread.
const (
	UniformSpread       = "uniform"
	LogUniformSpread    = "loguniform"
	TriangularSpread    = "triangular"    // with its mode at the value in use
	LogTriangularSpread = "logtriangular" // the same of the logarithm
	LogNormalSpread     = "lognormal"
)

func spreadKinds() []string {
	return []string{UniformSpread, LogUniformSpread, TriangularSpread, LogTriangularSpread, LogNormalSpread}
}

// Input is one thing that is not known: a random factor with all the numbers
// that it moves. What its fields have in common they share, so that a factor is
// an error in one direction and does not average out.
type Input struct {
	Name   string // path of the field, of the preset's source entry, or a name of its own
	Basis  string // measured | vendor | published | fitted | assumed | given
	Source string
	At     Position // of the distribution
	Kind   string
	// Low and High bound the factor; of a lognormal they are its 5th and 95th
	// percentiles. With Absolute they are values of the only field instead.
	Low, High float64
	Absolute  bool
	Fields    []Scaled

	entries []string // of a preset's sources that tell of it
}

// Scaled is a field that an input multiplies by a power of its factor.
type Scaled struct {
	Field Field
	Power float64
}

// Neutral is the draw that leaves everything as it is.
func (i *Input) Neutral() float64 {
	if i.Absolute {
		return i.Fields[0].Field.Number
	}
	return 1
}

// Text is a draw as the value of the only field; empty where an input moves
// more than one.
func (i *Input) Text(draw float64) string {
	if len(i.Fields) != 1 {
		return ""
	}
	f := i.Fields[0]
	if i.Absolute {
		return f.Field.shown(draw)
	}
	return f.Field.shown(f.Field.Number * portable.Pow(draw, f.Power))
}

// Moves says whether the input changes a field at or below a path.
func (i *Input) Moves(path string) bool {
	return slices.ContainsFunc(i.Fields, func(f Scaled) bool { return holds(path, f.Field.Path) })
}

// OutOfDomain is the error of a range of which one end leads to a fault in the
// configuration, at the place of the range.
func (i *Input) OutOfDomain(end float64, fault *Error) error {
	problem := fmt.Sprintf("%.4g, an end of its range, leaves what is possible: %s: %s", end, fault.Path, fault.Problem)
	return &Error{At: i.At, Path: i.Name, Problem: problem, cause: fault}
}

// With returns a configuration with every input at a draw of its own; p is its
// provenance. Where two inputs move one field, their factors multiply. The
// configuration stays as it was, and shares with its copy what is equal in both.
// What cannot be is an *Error at the place where the number stands that was
// changed.
func With[T any](library *Library, p *Provenance, value *T, inputs []Input, draws []float64) (*T, error) {
	var change alteration
	for i := range inputs {
		if draws[i] == inputs[i].Neutral() {
			continue // leaves everything as it is
		}
		for _, f := range inputs[i].Fields {
			t := change.at(f.Field.Path)
			if !t.leaf {
				t.leaf, t.number = true, f.Field.Number
			}
			if inputs[i].Absolute {
				t.number = draws[i]
			} else if draws[i] != 1 {
				t.number *= portable.Pow(draws[i], f.Power)
			}
		}
	}
	if change.below == nil {
		same := *value
		return &same, nil
	}
	altered := change.of(reflect.ValueOf(value).Elem())
	return altered.Addr().Interface().(*T), library.revalidate(p.tree, altered, change.below)
}

// Inputs lists what is uncertain about a loaded configuration, by name: what the
// sources of its presets say of their numbers, and what the configuration says
// itself, which replaces the word of a preset on the same fields. The presets at
// the paths in without are passed over.
func (p *Provenance) Inputs(own Uncertainty, without ...string) ([]Input, error) {
	numbers := p.collect()
	inputs, err := own.inputs(p, numbers.list)
	if err != nil {
		return nil, err
	}
	taken := map[string]bool{}
	for _, in := range inputs {
		for _, f := range in.Fields {
			taken[f.Field.Path] = true
		}
	}
	inputs = append(inputs, presetInputs(numbers, taken, without)...)
	slices.SortFunc(inputs, func(a, b Input) int { return strings.Compare(a.Name, b.Name) })
	return inputs, nil
}

// Verify reports the first distribution that cannot be.
func (u Uncertainty) Verify(p *Provenance) error {
	if len(u) == 0 {
		return nil
	}
	_, err := u.inputs(p, p.Fields())
	return err
}

const uncertaintyKey = "uncertainty"

// inputs reads a configuration's own distributions, in the order of the file.
func (u Uncertainty) inputs(p *Provenance, fields []Field) ([]Input, error) {
	var list []Input
	by := map[string]*Input{} // the last that moves a field
	for _, f := range mappingOf(p.tree.get(uncertaintyKey)) {
		spread, ok := u[f.key]
		if !ok {
			continue
		}
		e := entry{p, fields, f.key, f.value, f.at}
		in, err := e.input(spread)
		if err != nil {
			return nil, err
		}
		for _, s := range in.Fields {
			if other := by[s.Field.Path]; other != nil && (in.Absolute || other.Absolute) {
				return nil, e.fault("", "", fmt.Sprintf("%s is also uncertain by %s: want factors in both, or one of them",
					s.Field.Path, other.Name))
			}
			by[s.Field.Path] = &in
		}
		list = append(list, in)
	}
	return list, nil
}

func mappingOf(n *node) []field {
	if n == nil {
		return nil
	}
	return n.fields
}

// entry is one distribution of an uncertainty block.
type entry struct {
	provenance *Provenance
	fields     []Field
	key        string
	node       *node
	at         Position
}

// fault is an error at a field of the entry, or at its key.
func (e *entry) fault(key, value, problem string) error {
	at := e.at
	if n := e.node.get(key); n != nil {
		at = n.at
	}
	return &Error{At: at, Path: join(join(uncertaintyKey, e.key), key), Value: value, Problem: problem}
}

func (e *entry) input(s Spread) (Input, error) {
	in := Input{
		Name:   e.key,
		Basis:  Given,
		Source: s.Source,
		At:     e.at,
		Kind:   s.Kind,
	}
	if !slices.Contains(spreadKinds(), s.Kind) {
		return in, e.fault("kind", quotedIfOdd(s.Kind), unknown("kind", s.Kind, spreadKinds()))
	}
	var err error
	if in.Fields, err = e.scaled(s.Scales); err != nil {
		return in, err
	}
	low, absolute, err := e.bound("low", s.Low, s.Absolute, in.Fields)
	if err != nil {
		return in, err
	}
	high, also, err := e.bound("high", s.High, s.Absolute, in.Fields)
	if err != nil {
		return in, err
	}
	in.Low, in.High, in.Absolute = low, high, absolute
	return in, e.check(&in, absolute != also)
}

func (e *entry) check(in *Input, mixed bool) error {
	low, high := e.node.get("low"), e.node.get("high")
	switch {
	case mixed:
		return e.fault("high", high.shown(), "low is "+low.shown()+": want two factors, or two values with their unit")
	case in.High < in.Low:
		return e.fault("high", high.shown(), "is below low, "+low.shown())
	case strings.HasPrefix(in.Kind, "log") && !(in.Low > 0):
		return e.fault("low", low.shown(), in.Kind+" wants more than 0")
	case in.Low < 0 && !in.Absolute:
		return e.fault("low", low.shown(), "a factor is 0 or more")
	}
	neutral := in.Neutral()
	if strings.HasSuffix(in.Kind, TriangularSpread) && !(in.Low <= neutral && neutral <= in.High) {
		return e.fault("low", low.shown(), fmt.Sprintf("to %s does not hold the value in use, which is the mode of %s",
			high.shown(), in.Kind))
	}
	return nil
}

// scaled finds the fields that the entry moves.
func (e *entry) scaled(scales map[string]float64) ([]Scaled, error) {
	if len(scales) == 0 {
		found := under(e.fields, e.key, 1)
		if len(found) == 0 {
			return nil, e.nothing("", e.key)
		}
		return found, nil
	}
	var list []Scaled
	for _, f := range mappingOf(e.node.get("scales")) {
		found := under(e.fields, f.key, scales[f.key])
		if len(found) == 0 {
			return nil, e.nothing("scales", f.key)
		}
		list = append(list, found...)
	}
	return list, nil
}

// nothing says that no number stands at a path that an entry names.
func (e *entry) nothing(key, path string) error {
	problem := "no number stands here that a factor could scale"
	if fault, ok := errors.AsType[*Error](e.leads(path)); ok {
		problem = fault.Problem
	}
	if key == "" {
		return e.fault("", "", problem)
	}
	return e.fault(key, quotedIfOdd(path), problem)
}

// leads is the error of a path that leads nowhere.
func (e *entry) leads(path string) error {
	_, err := follow(e.provenance.root, "", steps(path))
	return err
}

// under lists the fields at or below a path with the powers that a factor on
// the path has for them; fields that stay as they are, and zeros, are left out.
func under(fields []Field, path string, power float64) []Scaled {
	path = bracketed(path)
	var list []Scaled
	for _, f := range fields {
		if !holds(path, f.Path) {
			continue
		}
		if exponent := power * f.powers.within(path); exponent != 0 {
			list = append(list, Scaled{f, exponent})
		}
	}
	return list
}

// bracketed writes an index as Fields does: a[0].b for a.0.b.
func bracketed(path string) string {
	parts := strings.Split(path, ".")
	text := parts[0]
	for _, part := range parts[1:] {
		if i, err := strconv.Atoi(part); err == nil {
			text = joinIndex(text, i)
		} else {
			text = join(text, part)
		}
	}
	return text
}

// bound reads an end of the distribution: a factor, or a value of the only
// field.
func (e *entry) bound(key string, b Bound, absolute bool, fields []Scaled) (value float64, isAbsolute bool, err error) {
	if b == "" {
		return 0, false, e.fault(key, "", "is missing: want a factor such as 0.8, or a value with its unit")
	}
	if v, err := strconv.ParseFloat(string(b), 64); err == nil && !absolute {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return 0, false, e.fault(key, string(b), "want a finite number")
		}
		return v, false, nil
	}
	if len(fields) != 1 {
		return 0, false, e.fault(key, string(b), fmt.Sprintf("is a value, but moves %d fields: want a factor", len(fields)))
	}
	if fields[0].Power != 1 {
		return 0, false, e.fault(key, string(b), "is a value, but scales by a power: want a factor")
	}
	f := fields[0].Field
	n := e.node.get(key)
	v, err := f.read(n)
	if err != nil {
		return 0, false, e.fault(key, n.shown(), "want a factor, or a value as that of "+f.Path+", "+f.Value)
	}
	return v, true, nil
}
