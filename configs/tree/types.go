package tree

import (
	"encoding"
	"iter"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// member is a field of a struct under its key in YAML.
type member struct {
	key   string
	index []int // as for reflect.Value.FieldByIndex
	typ   reflect.Type

	optional bool // tagged omitempty
}

// base is the type without pointers.
func base(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// isText says whether values of a type read themselves from text.
func isText(t reflect.Type) bool {
	return reflect.PointerTo(base(t)).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// isStruct says whether a type is decoded field by field.
func isStruct(t reflect.Type) bool { return base(t).Kind() == reflect.Struct && !isText(t) }

func isMap(t reflect.Type) bool { return base(t).Kind() == reflect.Map && !isText(t) }

func isList(t reflect.Type) bool {
	kind := base(t).Kind()
	return (kind == reflect.Slice || kind == reflect.Array) && !isText(t)
}

// isNumber says whether a type holds a number, with a unit or without.
func isNumber(t reflect.Type) bool {
	switch base(t).Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64,
		reflect.Float32, reflect.Float64:
		return true
	}
	return false
}

// layout is a struct's members by key.
type layout map[string]member

// layouts keeps what was read of tags. The zero value is ready for use; it is
// safe for concurrent use.
type layouts struct{ known sync.Map } // layout by reflect.Type

func (l *layouts) of(t reflect.Type) layout {
	if known, ok := l.known.Load(t); ok {
		return known.(layout)
	}
	byKey := layout{}
	for m := range eachMember(t) {
		if _, hidden := byKey[m.key]; !hidden {
			byKey[m.key] = m
		}
	}
	l.known.Store(t, byKey)
	return byKey
}

// members lists the fields of a struct; those of an inlined struct as its own.
func members(t reflect.Type) []member { return slices.Collect(eachMember(t)) }

func eachMember(t reflect.Type) iter.Seq[member] {
	t = base(t)
	return func(yield func(member) bool) {
		for i := range t.NumField() {
			f := t.Field(i)
			key, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			if strings.Contains(options, "inline") && f.Type.Kind() == reflect.Struct {
				for m := range eachMember(f.Type) {
					m.index = slices.Concat([]int{i}, m.index)
					if !yield(m) {
						return
					}
				}
				continue
			}
			if !f.IsExported() || key == "-" {
				continue
			}
			if key == "" {
				key = strings.ToLower(f.Name)
			}
			optional := strings.Contains(options, "omitempty")
			if !yield(member{key, []int{i}, f.Type, optional}) {
				return
			}
		}
	}
}

// power is the exponent with which a factor on the struct scales the member: 1,
// or what the tag scale says. Sizes and exponents stay as they are (0),
// efficiencies fall as times rise (-1).
func (m member) power(of reflect.Type) float64 {
	tag, ok := base(of).FieldByIndex(m.index).Tag.Lookup("scale")
	if !ok {
		return 1
	}
	exponent, err := strconv.ParseFloat(tag, 64)
	if err != nil {
		panic(m.key + ": scale:" + strconv.Quote(tag) + " is no number")
	}
	return exponent
}

func memberNamed(t reflect.Type, key string) (member, bool) {
	for m := range eachMember(t) {
		if m.key == key {
			return m, true
		}
	}
	return member{}, false
}

// below is the type of what a key or index of a value leads to; nil where the
// type has nothing of that name.
func below(t reflect.Type, key string) reflect.Type {
	switch {
	case t == nil:
		return nil
	case isStruct(t):
		m, ok := memberNamed(t, key)
		if !ok {
			return nil
		}
		return m.typ
	case isMap(t), isList(t):
		return base(t).Elem()
	}
	return nil
}

// join adds a key or an index to a path.
func join(path, key string) string {
	if path == "" || key == "" {
		return path + key
	}
	return path + "." + key
}

// joinIndex adds an index to a path.
func joinIndex(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
