package tree

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Difference is a field to which two configurations of one type give different
// values. A list is one field, and so is an entry that only one of them has.
type Difference struct {
	Path string
	A, B string // in short; empty where there is nothing
}

// Differences lists all fields in which two configurations differ but for
// their sources, in the order of the Go type, entries of maps by key.
func Differences[T any](a, b T) []Difference {
	var list []Difference
	walk := mixture{fromB: func(string) bool { return false }, differs: func(path string, a, b reflect.Value) {
		list = append(list, Difference{path, brief(a), brief(b)})
	}}
	walk.value(reflect.ValueOf(a), reflect.ValueOf(b), "")
	return list
}

// Mix returns a with those of the differing fields replaced by b's that fromB
// accepts by their path. With all accepted it is b, with none it is a. Sources
// stay those of a. Neither a nor b is changed, but parts may be shared.
func Mix[T any](a, b T, fromB func(path string) bool) T {
	mixed := mixture{fromB: fromB}.value(reflect.ValueOf(a), reflect.ValueOf(b), "")
	return mixed.Interface().(T)
}

// mixture walks two configurations of one type side by side.
type mixture struct {
	fromB   func(path string) bool
	differs func(path string, a, b reflect.Value) // may be nil; what does not exist is invalid
}

func (m mixture) value(a, b reflect.Value, path string) reflect.Value {
	switch {
	case a.Kind() == reflect.Pointer && isStruct(a.Type()) && !a.IsNil() && !b.IsNil():
		mixed := reflect.New(a.Type().Elem())
		mixed.Elem().Set(m.value(a.Elem(), b.Elem(), path))
		return mixed
	case a.Kind() == reflect.Struct && isStruct(a.Type()):
		mixed := reflect.New(a.Type()).Elem()
		mixed.Set(a)
		for f := range eachMember(a.Type()) {
			if f.key != sourcesKey {
				mixed.FieldByIndex(f.index).Set(m.value(a.FieldByIndex(f.index), b.FieldByIndex(f.index), join(path, f.key)))
			}
		}
		return mixed
	case a.Kind() == reflect.Map && isMap(a.Type()):
		return m.entries(a, b, path)
	case reflect.DeepEqual(a.Interface(), b.Interface()):
		return a
	}
	return m.leaf(a, b, path)
}

// leaf chooses between two values that differ; one of them may not exist.
func (m mixture) leaf(a, b reflect.Value, path string) reflect.Value {
	if m.differs != nil {
		m.differs(path, a, b)
	}
	if m.fromB(path) {
		return b
	}
	return a
}

func (m mixture) entries(a, b reflect.Value, path string) reflect.Value {
	keys := a.MapKeys()
	for _, key := range b.MapKeys() {
		if !a.MapIndex(key).IsValid() {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return a
	}
	slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) })
	mixed := reflect.MakeMapWithSize(a.Type(), len(keys))
	for _, key := range keys {
		left, right, at := a.MapIndex(key), b.MapIndex(key), join(path, key.String())
		var chosen reflect.Value
		if left.IsValid() && right.IsValid() {
			chosen = m.value(left, right, at)
		} else {
			chosen = m.leaf(left, right, at)
		}
		if chosen.IsValid() {
			mixed.SetMapIndex(key, chosen)
		}
	}
	return mixed
}

// brief is a value in a word or two.
func brief(v reflect.Value) string {
	if !v.IsValid() || (v.Kind() == reflect.Pointer && v.IsNil()) {
		return ""
	}
	switch {
	case isText(v.Type()), isNumber(v.Type()), v.Kind() == reflect.String, v.Kind() == reflect.Bool:
		return fmt.Sprint(reflect.Indirect(v).Interface())
	case isList(v.Type()):
		return brieflyListed(reflect.Indirect(v))
	}
	return "{…}"
}

func brieflyListed(v reflect.Value) string {
	const shown = 4
	if v.Len() > shown || (v.Len() > 0 && (isStruct(v.Index(0).Type()) || isList(v.Index(0).Type()))) {
		return fmt.Sprintf("[%d items]", v.Len())
	}
	items := make([]string, v.Len())
	for i := range items {
		items[i] = brief(v.Index(i))
	}
	return "[" + strings.Join(items, ", ") + "]"
}

// CheckPath reports a path that leads to no field of a configuration of type
// T. Entries of maps are taken as they come.
func CheckPath[T any](path string) error {
	t := reflect.TypeFor[T]()
	at := ""
	for _, step := range steps(path) {
		switch {
		case isMap(t):
			return nil
		case !isStruct(t):
			return &Error{Path: path, Problem: at + " is a single value or a list with no fields below it"}
		}
		m, ok := memberNamed(t, step)
		if !ok {
			return &Error{Path: path, Problem: unknown("field", step, keysOf(t))}
		}
		at, t = join(at, step), m.typ
	}
	if at == "" {
		return &Error{Path: quotedIfOdd(path), Problem: "want the path of a field, e.g. system.domain"}
	}
	return nil
}
