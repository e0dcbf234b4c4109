package configs

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// Given is the basis of a number that stands in a scenario or an override
// without a source of its own.
const Given = "given"

// Provenance remembers where everything in a loaded configuration was
// written.
type Provenance struct {
	tree *node
	root reflect.Value
}

// Field is one number of a configuration and what it rests on.
type Field struct {
	Path   string
	Value  string     // as it would be written, e.g. "141GB"
	Number float64    // the same in base units
	At     Position   // where it was written
	Basis  string     // measured | vendor | published | fitted | assumed | given
	Source string     // in words; empty for a given number
	Range  [2]float64 // factors on the value; zero where none is stated

	value reflect.Value
	entry *node // of sources; nil for a given number
}

// Scaled is the override that multiplies the field by a factor:
// "system.accelerator.hbm.capacity=155.1GB". Whole numbers are rounded.
func (f Field) Scaled(factor float64) string {
	scaled := reflect.New(f.value.Type()).Elem()
	switch {
	case scaled.CanFloat():
		scaled.SetFloat(f.Number * factor)
	case scaled.CanInt():
		scaled.SetInt(int64(math.Round(f.Number * factor)))
	default:
		scaled.SetUint(uint64(math.Round(max(0, f.Number*factor))))
	}
	return f.Path + "=" + written(scaled)
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
	var list []Field
	collect(p.tree, p.root, "", nil, &list)
	return list
}

// sourcesKey holds, in a preset, a mapping of field paths to their sources.
const sourcesKey = "sources"

// scope is a mapping with a sources key, around the value being looked at.
type scope struct {
	path    string
	sources *node
}

func collect(n *node, v reflect.Value, path string, scopes []scope, list *[]Field) {
	if n == nil {
		return
	}
	if v.Kind() == reflect.Pointer {
		if !v.IsNil() {
			collect(n, v.Elem(), path, scopes, list)
		}
		return
	}
	switch {
	case isNumber(v.Type()):
		*list = append(*list, newField(n, v, path, scopes))
	case isStruct(v.Type()):
		if sources := n.get(sourcesKey); sources != nil {
			scopes = append(scopes[:len(scopes):len(scopes)], scope{path, sources})
		}
		for _, m := range members(v.Type()) {
			if m.key != sourcesKey {
				collect(n.get(m.key), v.FieldByIndex(m.index), join(path, m.key), scopes, list)
			}
		}
	case isList(v.Type()):
		for i, item := range n.items {
			collect(item, v.Index(i), joinIndex(path, i), scopes, list)
		}
	case isMap(v.Type()):
		for _, f := range n.fields {
			entry := v.MapIndex(reflect.ValueOf(f.key).Convert(v.Type().Key()))
			if entry.IsValid() {
				collect(f.value, entry, join(path, f.key), scopes, list)
			}
		}
	}
}

func newField(n *node, v reflect.Value, path string, scopes []scope) Field {
	f := Field{Path: path, Value: written(v), Number: asFloat(v), At: n.at, Basis: Given, value: v}
	for i := len(scopes) - 1; i >= 0; i-- {
		source := covering(scopes[i].sources, within(path, scopes[i].path), n.at.File)
		if source == nil {
			continue
		}
		f.entry, f.Basis, f.Source = source, source.get("basis").text(), source.get("source").text()
		f.Range, _ = source.factors()
		break
	}
	return f
}

// covering finds the entry of the longest path that holds the field. It must
// come from the file that gives the number: the source of a preset's number
// says nothing about the number that overrides it.
func covering(sources *node, path, file string) *node {
	var best *node
	longest := -1
	for _, f := range sources.fields {
		if len(f.key) > longest && f.at.File == file && file != "" && holds(f.key, path) {
			best, longest = f.value, len(f.key)
		}
	}
	return best
}

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
