package tree

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"math"
	"reflect"
	"slices"
)

// Digest identifies a configuration: equal digests, equal values in every
// field, however they were written and whatever their sources. It is 64
// hexadecimal digits.
func (p *Provenance) Digest() string { return digestOf(p.root) }

// Digest identifies any configuration value in the same way.
func Digest[T any](value T) string { return digestOf(reflect.ValueOf(value)) }

func digestOf(v reflect.Value) string {
	d := digest{sha256.New()}
	d.value(v)
	return hex.EncodeToString(d.Sum(nil))
}

// digest feeds values to a hash, so that different ones give different bytes:
// texts and lists go with their lengths.
type digest struct{ hash.Hash }

func (d digest) number(n uint64) { d.Write(binary.LittleEndian.AppendUint64(nil, n)) }

func (d digest) text(s string) {
	d.number(uint64(len(s)))
	d.Write([]byte(s))
}

func (d digest) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			d.number(0)
			return
		}
		d.number(1)
		d.value(v.Elem())
	case reflect.Struct:
		for m := range eachMember(v.Type()) {
			if m.key != sourcesKey {
				d.value(v.FieldByIndex(m.index))
			}
		}
	case reflect.Map:
		d.entries(v)
	case reflect.Slice, reflect.Array:
		d.number(uint64(v.Len()))
		for i := range v.Len() {
			d.value(v.Index(i))
		}
	case reflect.String:
		d.text(v.String())
	case reflect.Bool:
		d.number(map[bool]uint64{true: 1}[v.Bool()])
	default:
		d.scalar(v)
	}
}

func (d digest) scalar(v reflect.Value) {
	switch {
	case v.CanFloat():
		d.number(math.Float64bits(v.Float()))
	case v.CanInt():
		d.number(uint64(v.Int()))
	case v.CanUint():
		d.number(v.Uint())
	}
}

func (d digest) entries(v reflect.Value) {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) })
	d.number(uint64(len(keys)))
	for _, key := range keys {
		d.text(key.String())
		d.value(v.MapIndex(key))
	}
}
