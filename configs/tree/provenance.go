package tree

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Given is the basis of a number that stands in a scenario or an override
// without a source of its own.
const Given = "given"

// Provenance remembers where everything in a loaded configuration was
// written.
type Provenance struct {
	tree   *node
	root   reflect.Value
	filled []string
}

// Filled lists, as path=value, the fields that were left out and have a default.
func (p *Provenance) Filled() []string { return p.filled }

// Field is one number of a configuration and what it rests on.
type Field struct {
	Path   string
	Value  string     // as it would be written, e.g. "141GB"
	Number float64    // the same in base units
	At     Position   // where it was written
	Basis  string     // measured | vendor | published | fitted | assumed | given
	Source string     // in words; empty for a given number
	Range  [2]float64 // factors on the value; zero where none is stated

	value  reflect.Value
	entry  *node  // of sources; nil for a given number
	source string // path of what the entry of sources stands for
	powers powers
}

// Scaled is the override that multiplies the field by a factor:
// "system.accelerator.hbm.capacity=155.1GB". Whole numbers are rounded.
func (f Field) Scaled(factor float64) string {
	return f.Path + "=" + f.text(f.Number*factor)
}

// read is the number that a node says, as the field would hold it.
func (f Field) read(n *node) (float64, error) {
	v := reflect.New(f.value.Type()).Elem()
	if err := decode(n, v, f.Path); err != nil {
		return 0, err
	}
	return asFloat(v), nil
}

// shown is a value of the field's type for people, to a few digits.
func (f Field) shown(number float64) string {
	v := reflect.New(f.value.Type()).Elem()
	if !v.CanFloat() {
		return f.text(number)
	}
	v.SetFloat(number)
	if quantity, ok := v.Interface().(fmt.Stringer); ok {
		return quantity.String()
	}
	const digits = 4
	return strconv.FormatFloat(number, 'g', digits, 64)
}

// text is a value of the field's type as it would be written.
func (f Field) text(number float64) string {
	v := reflect.New(f.value.Type()).Elem()
	setNumber(v, number)
	return written(v)
}

// At says where the value at a path was written; for a path that was not
// written, where the nearest enclosing value was.
func (p *Provenance) At(path string) Position {
	found, _ := descend(p.tree, steps(path))
	return found.at
}

// Fields lists every number that was written, in the order of the Go type,
// entries of maps in the order of the file.
func (p *Provenance) Fields() []Field {
	return p.collect().list
}

func (p *Provenance) collect() *collector {
	c := new(collector)
	c.collect(p.tree, p.root, "", context{})
	return c
}

// sourcesKey holds, in a preset, a mapping of field paths to their sources.
const sourcesKey = "sources"

// scope is a mapping with a sources key, around the value being looked at.
type scope struct {
	path    string
	sources *node
}

// powers are the exponents other than 1 of what stands around a field, by path.
type powers []exponentAt

type exponentAt struct {
	path     string
	exponent float64
}

// within is the exponent with which a factor on what stands at a path scales
// the field.
func (p powers) within(path string) float64 {
	exponent := 1.0
	for _, inner := range p {
		if inner.path != path && holds(path, inner.path) {
			exponent *= inner.exponent
		}
	}
	return exponent
}

// context is what stands around a value.
type context struct {
	scopes []scope
	powers powers
}

// collector lists the numbers of a tree and the mappings with sources.
type collector struct {
	list   []Field
	scopes []scope
}

func (c *collector) collect(n *node, v reflect.Value, path string, around context) {
	if n == nil {
		return
	}
	if v.Kind() == reflect.Pointer {
		if !v.IsNil() {
			c.collect(n, v.Elem(), path, around)
		}
		return
	}
	switch {
	case isNumber(v.Type()):
		c.list = append(c.list, newField(n, v, path, around))
	case isStruct(v.Type()):
		c.members(n, v, path, around)
	case isList(v.Type()):
		for i, item := range n.items {
			c.collect(item, v.Index(i), joinIndex(path, i), around)
		}
	case isMap(v.Type()):
		for _, f := range n.fields {
			entry := v.MapIndex(reflect.ValueOf(f.key).Convert(v.Type().Key()))
			if entry.IsValid() {
				c.collect(f.value, entry, join(path, f.key), around)
			}
		}
	}
}

func (c *collector) members(n *node, v reflect.Value, path string, around context) {
	if sources := n.get(sourcesKey); sources != nil {
		here := scope{path, sources}
		c.scopes = append(c.scopes, here)
		around.scopes = append(around.scopes[:len(around.scopes):len(around.scopes)], here)
	}
	for _, m := range members(v.Type()) {
		if m.key == sourcesKey || m.typ == uncertaintyType() {
			continue
		}
		inside, at := around, join(path, m.key)
		if exponent := m.power(v.Type()); exponent != 1 {
			inside.powers = append(inside.powers[:len(inside.powers):len(inside.powers)], exponentAt{at, exponent})
		}
		c.collect(n.get(m.key), v.FieldByIndex(m.index), at, inside)
	}
}

func newField(n *node, v reflect.Value, path string, around context) Field {
	f := Field{
		Path:   path,
		Value:  written(v),
		Number: asFloat(v),
		At:     n.at,
		Basis:  Given,
		value:  v,
		powers: around.powers,
	}
	for _, s := range slices.Backward(around.scopes) {
		key, source := covering(s.sources, within(path, s.path), n.at.File)
		if source == nil {
			continue
		}
		f.entry, f.source = source, join(s.path, key)
		f.Basis, f.Source = source.get("basis").text(), source.get("source").text()
		f.Range, _ = source.factors()
		break
	}
	return f
}

// covering finds the entry of the longest path that holds the field. It must
// come from the file that gives the number: the source of a preset's number
// says nothing about the number that overrides it.
func covering(sources *node, path, file string) (key string, source *node) {
	longest := -1
	for _, f := range sources.fields {
		if len(f.key) > longest && f.at.File == file && file != "" && holds(f.key, path) {
			key, source, longest = f.key, f.value, len(f.key)
		}
	}
	return key, source
}

// Holds says whether a path is a field or lies inside it.
func Holds(field, path string) bool { return holds(field, path) }

// holds says whether a path is a field or lies inside it.
func holds(outer, path string) bool {
	rest, ok := strings.CutPrefix(path, outer)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// within is a path as seen from an enclosing one.
func within(path, outer string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, outer), ".")
}

// factors reads the range of a source.
func (n *node) factors() (low [2]float64, ok bool) {
	listed := n.get("range")
	if listed == nil || len(listed.items) != len(low) {
		return low, false
	}
	for i, item := range listed.items {
		value, err := strconv.ParseFloat(item.scalar, 64)
		if err != nil {
			return [2]float64{}, false
		}
		low[i] = value
	}
	return low, true
}

func (n *node) text() string {
	if n == nil {
		return ""
	}
	return n.scalar
}

func asFloat(v reflect.Value) float64 {
	switch {
	case v.CanFloat():
		return v.Float()
	case v.CanInt():
		return float64(v.Int())
	}
	return float64(v.Uint())
}

// written is a number as it would stand in YAML.
func written(v reflect.Value) string {
	if quantity, ok := v.Interface().(encoding.TextMarshaler); ok {
		if text, err := quantity.MarshalText(); err == nil {
			return string(text)
		}
	}
	return fmt.Sprint(v.Interface())
}
