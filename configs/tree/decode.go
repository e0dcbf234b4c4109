package tree

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// decode writes the tree n, which stands at the path, into v. Keys that v has
// no field for and values of another type are errors.
func decode(n *node, v reflect.Value, path string) error {
	return new(layouts).decode(n, v, path)
}

func (l *layouts) decode(n *node, v reflect.Value, path string) error {
	if v.Kind() == reflect.Pointer {
		if n.shape == nothing {
			return nil
		}
		v.Set(reflect.New(v.Type().Elem()))
		return l.decode(n, v.Elem(), path)
	}
	if reader, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return decodeText(n, reader, path)
	}
	switch v.Kind() {
	case reflect.Struct:
		return l.decodeStruct(n, v, path)
	case reflect.Map:
		return l.decodeMap(n, v, path)
	case reflect.Slice, reflect.Array:
		return l.decodeList(n, v, path)
	case reflect.String:
		return decodeString(n, v, path)
	case reflect.Bool:
		if n.shape != boolean {
			return wrong(n, path, "want true or false")
		}
		v.SetBool(n.scalar == "true")
		return nil
	}
	return decodeNumber(n, v, path)
}

// wrong is the error of a value that cannot be what the field holds.
func wrong(n *node, path, want string) error {
	if n.shape == nothing {
		return &Error{At: n.at, Path: path, Problem: "has no value, " + want}
	}
	return &Error{At: n.at, Path: path, Value: n.shown(), Problem: want}
}

// decodeText lets a quantity read itself. Its error begins with the value.
func decodeText(n *node, reader encoding.TextUnmarshaler, path string) error {
	if n.shape == nothing || n.shape == mapping || n.shape == sequence {
		return wrong(n, path, "want a quantity with its unit")
	}
	err := reader.UnmarshalText([]byte(n.scalar))
	if err == nil {
		return nil
	}
	return &Error{
		At:      n.at,
		Path:    path,
		Value:   n.shown(),
		cause:   err,
		Problem: strings.TrimPrefix(err.Error(), n.shown()+": "),
	}
}

func (l *layouts) decodeStruct(n *node, v reflect.Value, path string) error {
	switch n.shape {
	case nothing:
		return nil
	case mapping:
	default:
		return wrong(n, path, "want a mapping with "+strings.Join(keysOf(v.Type()), ", "))
	}
	var faults []error
	known := l.of(v.Type())
	for _, f := range n.fields {
		m, ok := known[f.key]
		if !ok {
			faults = append(faults, &Error{At: f.at, Path: join(path, f.key), Problem: unknown("key", f.key, keysOf(v.Type()))})
			continue
		}
		if err := l.decode(f.value, v.FieldByIndex(m.index), join(path, f.key)); err != nil {
			faults = append(faults, err)
		}
	}
	return joined(faults)
}

func (l *layouts) decodeMap(n *node, v reflect.Value, path string) error {
	switch n.shape {
	case nothing:
		return nil
	case mapping:
	default:
		return wrong(n, path, "want a mapping")
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(n.fields)))
	var faults []error
	for _, f := range n.fields {
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		err := l.decode(&node{shape: text, scalar: f.key, at: f.at}, key, join(path, f.key))
		if err == nil {
			err = l.decode(f.value, value, join(path, f.key))
		}
		if err != nil {
			faults = append(faults, err)
			continue
		}
		v.SetMapIndex(key, value)
	}
	return joined(faults)
}

func (l *layouts) decodeList(n *node, v reflect.Value, path string) error {
	if n.shape == nothing {
		return nil
	}
	if n.shape != sequence {
		return wrong(n, path, "want a list")
	}
	if v.Kind() == reflect.Slice {
		v.Set(reflect.MakeSlice(v.Type(), len(n.items), len(n.items)))
	} else if len(n.items) != v.Len() {
		return wrong(n, path, fmt.Sprintf("has %d items, want %d", len(n.items), v.Len()))
	}
	var faults []error
	for i, item := range n.items {
		if err := l.decode(item, v.Index(i), joinIndex(path, i)); err != nil {
			faults = append(faults, err)
		}
	}
	return joined(faults)
}

func decodeString(n *node, v reflect.Value, path string) error {
	switch n.shape {
	case text:
		v.SetString(n.scalar)
		return nil
	case number, boolean:
		return wrong(n, path, fmt.Sprintf("want text; in quotes if it is meant, %q", n.scalar))
	}
	return wrong(n, path, "want text")
}

func decodeNumber(n *node, v reflect.Value, path string) error {
	if !isNumber(v.Type()) {
		return &Error{At: n.at, Path: path, Problem: fmt.Sprintf("fields of type %v cannot be configured", v.Type())}
	}
	plain := strings.ReplaceAll(n.scalar, "_", "")
	switch {
	case v.CanFloat():
		value, err := strconv.ParseFloat(plain, 64)
		if n.integer && err != nil { // hexadecimal and the like
			whole, wholeErr := strconv.ParseInt(plain, 0, 64)
			value, err = float64(whole), wholeErr
		}
		if n.shape != number || err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
			return wrong(n, path, "want a plain number")
		}
		v.SetFloat(value)
	case v.CanInt():
		value, err := strconv.ParseInt(plain, 0, 64)
		if n.shape != number || err != nil || v.OverflowInt(value) {
			return wrong(n, path, "want a whole number")
		}
		v.SetInt(value)
	default:
		value, err := strconv.ParseUint(plain, 0, 64)
		if n.shape != number || err != nil || v.OverflowUint(value) {
			return wrong(n, path, "want a whole number, 0 or more")
		}
		v.SetUint(value)
	}
	return nil
}
