package tree

import (
	"path"
	"reflect"
	"strings"

	"agentsim/units"
)

// FieldType is a place in configurations of some type, written or not.
type FieldType struct {
	Path string // keys of a map are *, items of a list []: "kernels.gemm.*.floor", "cache.tiers[].rate"
	// Word is what the field is called in Go, "hardware.Accelerator.ScaleUp",
	// under which its meaning stands; empty for entries of maps and items.
	Word     string
	Type     reflect.Type
	Of       reflect.Type // the struct that has it as its key
	Unit     string       // base unit of a quantity, "B/s"; empty for what has none
	Example  string       // of a quantity, "8TB/s"
	Form     string       // number | whole number | quantity | text | true or false | mapping | list | preset of KIND
	Preset   string       // kind of the presets that may stand here; empty = none
	Optional bool         // may be left out
	Single   bool         // holds one value, with nothing below it
}

// FieldTypes lists all places in configurations of type T, those of a mapping
// after the mapping. What a type holds of its own type is listed once.
func FieldTypes[T any](library *Library) []FieldType {
	w := typeWalk{library: library}
	w.members(reflect.TypeFor[T](), reflect.TypeFor[T](), "", nil)
	return w.list
}

type typeWalk struct {
	library *Library
	list    []FieldType
}

// members lists the fields of t, which are keys of the struct outer: t itself,
// or what t is inlined in.
func (w *typeWalk) members(t, outer reflect.Type, at string, around []reflect.Type) {
	for i := range base(t).NumField() {
		f := base(t).Field(i)
		if strings.Contains(f.Tag.Get("yaml"), ",inline") && f.Type.Kind() == reflect.Struct {
			w.members(f.Type, outer, at, around)
			continue
		}
		if named, ok := w.member(base(t), f); ok {
			named.Of, named.Path = base(outer), join(at, named.Path)
			w.add(named, around)
		}
	}
}

// member is a field under its key; false for what is no key.
func (w *typeWalk) member(of reflect.Type, f reflect.StructField) (FieldType, bool) {
	key, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	switch {
	case !f.IsExported() || key == "-":
		return FieldType{}, false
	case key == "":
		key = strings.ToLower(f.Name)
	}
	optional := strings.Contains(options, "omitempty") || f.Type.Kind() == reflect.Pointer
	return FieldType{Path: key, Word: wordOf(of, f.Name), Type: f.Type, Optional: optional}, true
}

// wordOf is package.Type.Field.
func wordOf(of reflect.Type, field string) string {
	name, _, _ := strings.Cut(of.Name(), "[") // without type arguments
	return path.Base(of.PkgPath()) + "." + name + "." + field
}

func (w *typeWalk) add(f FieldType, around []reflect.Type) {
	kind, isPreset := w.library.kindOf(f.Type)
	if isPreset {
		f.Preset = kind.Name
	}
	f.Form = form(f.Type)
	f.Single = f.Form != "mapping" && f.Form != "list"
	if isText(f.Type) || isNumber(f.Type) {
		f.Unit = unitOf(base(f.Type))
		_, f.Example = unitPattern(f.Type)
	}
	w.list = append(w.list, f)
	for _, outer := range around {
		if outer == base(f.Type) {
			return
		}
	}
	around = append(around[:len(around):len(around)], base(f.Type))
	switch {
	case isStruct(f.Type):
		w.members(f.Type, f.Type, f.Path, around)
	case isMap(f.Type):
		w.inside(f.Path+".*", base(f.Type).Elem(), around)
	case isList(f.Type):
		w.inside(f.Path+"[]", base(f.Type).Elem(), around)
	}
}

// inside lists what entries or items hold, where that is more than one value.
func (w *typeWalk) inside(at string, t reflect.Type, around []reflect.Type) {
	switch {
	case isStruct(t):
		w.members(t, t, at, append(around[:len(around):len(around)], base(t)))
	case isMap(t):
		w.inside(at+".*", base(t).Elem(), around)
	case isList(t):
		w.inside(at+"[]", base(t).Elem(), around)
	}
}

// form says what a value looks like.
func form(t reflect.Type) string {
	kind := base(t).Kind()
	_, example := unitPattern(t)
	switch {
	case example != "":
		return "quantity"
	case isStruct(t), isMap(t):
		return "mapping"
	case isList(t):
		return "list"
	case kind == reflect.Bool:
		return "true or false"
	case kind == reflect.Float64, kind == reflect.Float32:
		return "number"
	case isNumber(t):
		return "whole number"
	}
	return "text"
}

// unitPattern is a regular expression for the units of a type of package
// units, with an example.
func unitPattern(t reflect.Type) (pattern, example string) {
	const large, data, small = "[kMGTPE]?", "([kKMGTPE]|[KMGTPE]i)?", "[munpfµμ]?"
	switch base(t) {
	case reflect.TypeFor[units.Bytes]():
		return data + "B", "141GB"
	case reflect.TypeFor[units.ByteRate]():
		return data + "((B|b|bit)/s|[bB]ps)", "8TB/s"
	case reflect.TypeFor[units.FLOPRate]():
		return large + "FLOP(S|/s)", "15PFLOPS"
	case reflect.TypeFor[units.Watts]():
		return "(" + large + "|" + small + ")W", "1400W"
	case reflect.TypeFor[units.Joules]():
		return "(" + large + "|" + small + ")J|" + large + "Wh", "36kJ"
	case reflect.TypeFor[units.Seconds]():
		return small + "s|min|h", "35ms"
	case reflect.TypeFor[units.TokenRate]():
		return large + "tok(en|ens)?/s", "20tok/s"
	case reflect.TypeFor[units.JoulesPerFLOP]():
		return "(" + large + "|" + small + ")J/FLOP", "0.75pJ/FLOP"
	case reflect.TypeFor[units.JoulesPerByte]():
		return "(" + large + "|" + small + ")J/(B|b|bit)", "6pJ/bit"
	}
	return "", ""
}
