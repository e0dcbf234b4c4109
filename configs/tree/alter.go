package tree

import (
	"math"
	"reflect"
	"strconv"
	"strings"
)

// alteration is a tree of numbers to be replaced, by the steps of their paths.
type alteration struct {
	number float64
	leaf   bool
	below  map[string]*alteration
}

// at adds the number at a path as Fields writes it. Keys of maps hold no dots
// there.
func (a *alteration) at(path string) *alteration {
	for _, step := range strings.Split(bracketsToDots(path), ".") {
		if a.below == nil {
			a.below = map[string]*alteration{}
		}
		if a.below[step] == nil {
			a.below[step] = &alteration{}
		}
		a = a.below[step]
	}
	return a
}

// of returns v with the numbers replaced. Everything on the way to them is
// copied, all else is shared, so v stays as it was.
func (a *alteration) of(v reflect.Value) reflect.Value {
	copied := reflect.New(v.Type()).Elem()
	copied.Set(v)
	switch {
	case a.leaf:
		setNumber(copied, a.number)
	case v.Kind() == reflect.Pointer:
		copied.Set(reflect.New(v.Type().Elem()))
		copied.Elem().Set(a.of(v.Elem()))
	case isStruct(v.Type()):
		for m := range eachMember(v.Type()) {
			if inner := a.below[m.key]; inner != nil {
				copied.FieldByIndex(m.index).Set(inner.of(v.FieldByIndex(m.index)))
			}
		}
	case v.Kind() == reflect.Slice:
		copied.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		reflect.Copy(copied, v)
		a.items(copied)
	case v.Kind() == reflect.Array:
		a.items(copied)
	case v.Kind() == reflect.Map:
		a.entries(copied, v)
	}
	return copied
}

func (a *alteration) items(v reflect.Value) {
	for i := range v.Len() {
		if inner := a.below[strconv.Itoa(i)]; inner != nil {
			v.Index(i).Set(inner.of(v.Index(i)))
		}
	}
}

func (a *alteration) entries(copied, v reflect.Value) {
	copied.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
	for _, key := range v.MapKeys() {
		entry := v.MapIndex(key)
		if inner := a.below[key.String()]; inner != nil {
			entry = inner.of(entry)
		}
		copied.SetMapIndex(key, entry)
	}
}

// setNumber writes a number; whole numbers are rounded.
func setNumber(v reflect.Value, number float64) {
	switch {
	case v.CanFloat():
		v.SetFloat(number)
	case v.CanInt():
		v.SetInt(int64(math.Round(number)))
	default:
		v.SetUint(uint64(math.Round(max(0, number))))
	}
}
