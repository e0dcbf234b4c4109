package tree

import (
	"reflect"
	"strconv"
	"strings"
)

// Value is what stands at a path of a loaded configuration, written or not.
type Value struct {
	Text    string  // as it would be written, e.g. "141GB"
	Number  float64 // the same in base units; 0 where it is no number
	Unit    string  // of Number, e.g. "B"; empty for plain numbers and text
	Numeric bool
	Whole   bool // numeric, and can only be a whole number
}

// Value returns the single value at a path, such as "system.domain". A path
// to a preset gives the preset's name. Paths that lead nowhere and other
// mappings and lists are errors.
func (p *Provenance) Value(path string) (Value, error) {
	v, err := follow(p.root, "", steps(path))
	if err != nil {
		return Value{}, err
	}
	if !isText(v.Type()) && v.Kind() == reflect.Struct {
		name, ok := memberNamed(v.Type(), "name")
		if ok && name.typ.Kind() == reflect.String && v.FieldByIndex(name.index).String() != "" {
			v = v.FieldByIndex(name.index)
		}
	}
	switch {
	case isNumber(v.Type()):
		return Value{
			Text:    written(v),
			Number:  asFloat(v),
			Unit:    unitOf(v.Type()),
			Numeric: true,
			Whole:   v.CanInt() || v.CanUint(),
		}, nil
	case v.Kind() == reflect.String, v.Kind() == reflect.Bool:
		return Value{Text: written(v)}, nil
	}
	return Value{}, &Error{Path: path, Problem: "is not a single value: want a path that leads to one"}
}

// unitOf is the base unit of a type of package units.
func unitOf(t reflect.Type) string {
	one := reflect.New(t).Elem()
	if !one.CanFloat() {
		return ""
	}
	one.SetFloat(1)
	return strings.TrimSpace(strings.TrimPrefix(written(one), "1"))
}

// follow walks the steps from v, which stands at path. What a nil pointer
// would hold is the zero value.
func follow(v reflect.Value, path string, rest []string) (reflect.Value, error) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return follow(reflect.Zero(v.Type().Elem()), path, rest)
		}
		return follow(v.Elem(), path, rest)
	}
	if len(rest) == 0 {
		return v, nil
	}
	problem := "is a single value with nothing below it"
	switch {
	case isStruct(v.Type()):
		if m, ok := memberNamed(v.Type(), rest[0]); ok {
			return follow(v.FieldByIndex(m.index), join(path, m.key), rest[1:])
		}
		return v, &Error{Path: join(path, rest[0]), Problem: unknown("key", rest[0], keysOf(v.Type()))}
	case isMap(v.Type()):
		for taken := len(rest); taken > 0; taken-- { // keys may contain dots
			key := strings.Join(rest[:taken], ".")
			if entry := v.MapIndex(reflect.ValueOf(key).Convert(v.Type().Key())); entry.IsValid() {
				return follow(entry, join(path, key), rest[taken:])
			}
		}
		problem = "has no entry " + quotedIfOdd(rest[0])
	case isList(v.Type()):
		if i, err := strconv.Atoi(rest[0]); err == nil && i >= 0 && i < v.Len() {
			return follow(v.Index(i), joinIndex(path, i), rest[1:])
		}
		problem = "has " + strconv.Itoa(v.Len()) + " items and none at [" + rest[0] + "]"
	}
	return v, &Error{Path: path, Problem: problem}
}
