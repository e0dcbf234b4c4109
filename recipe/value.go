package recipe

import (
	"strconv"
	"strings"
)

// place is where something was written.
type place struct {
	file string
	line int
	key  string // path of keys, or a flag
}

// shape is what a value looks like.
type shape int

const (
	nothing shape = iota // null, or a key without a value
	scalar
	mapping
	sequence
)

// value is one node of a file: a scalar, a mapping in order, or a list.
type value struct {
	shape  shape
	text   string
	fields []field
	items  []*value
	at     place
}

type field struct {
	key   string
	value *value
}

// get follows a path of keys; nil where it ends early or at null.
func (v *value) get(path ...string) *value {
	for _, key := range path {
		if v = v.child(key); v == nil {
			return nil
		}
	}
	if v != nil && v.shape == nothing {
		return nil
	}
	return v
}

func (v *value) child(key string) *value {
	if v == nil || v.shape != mapping {
		return nil
	}
	for i := len(v.fields) - 1; i >= 0; i-- {
		if v.fields[i].key == key {
			return v.fields[i].value
		}
	}
	return nil
}

// first is the value of the first of several keys that is there.
func (v *value) first(keys ...string) *value {
	for _, key := range keys {
		if got := v.get(key); got != nil {
			return got
		}
	}
	return nil
}

// string is the text of a scalar; empty for anything else.
func (v *value) string() string {
	if v == nil || v.shape != scalar {
		return ""
	}
	return v.text
}

// integer reads a whole number. Texts such as "8" count, as they do in flags.
func (v *value) integer() (int, bool) {
	if v == nil || v.shape != scalar {
		return 0, false
	}
	return wholeNumber(v.text)
}

// integerOr is the whole number, or another where there is none.
func (v *value) integerOr(other int) int {
	if n, ok := v.integer(); ok {
		return n
	}
	return other
}

// truth reads a boolean, in all spellings of YAML and of flags.
func (v *value) truth() (yes, ok bool) {
	switch strings.ToLower(v.string()) {
	case "true", "yes", "on", "1":
		return true, true
	case "false", "no", "off", "0":
		return false, true
	}
	return false, false
}

// list is the items of a list; a scalar is a list of one.
func (v *value) list() []*value {
	switch {
	case v == nil, v.shape == nothing:
		return nil
	case v.shape == sequence:
		return v.items
	}
	return []*value{v}
}

// with is a copy of a mapping with one key set.
func (v *value) with(key string, child *value) *value {
	out := &value{shape: mapping, at: v.at}
	found := false
	for _, f := range v.fields {
		if f.key == key {
			f.value, found = child, true
		}
		out.fields = append(out.fields, f)
	}
	if !found {
		out.fields = append(out.fields, field{key, child})
	}
	return out
}

// takenAway marks a key that an override sets to null: the engine's default.
const takenAway = "taken away"

// laidOver merges deeply; null takes a key away.
func (v *value) laidOver(below *value) *value {
	if v == nil {
		return below
	}
	if below == nil || v.shape != mapping || below.shape != mapping {
		return v
	}
	out := &value{shape: mapping, at: below.at, fields: append([]field(nil), below.fields...)}
	for _, f := range v.fields {
		if f.value.shape == nothing {
			out = out.with(f.key, &value{shape: nothing, text: takenAway, at: f.value.at})
			continue
		}
		out = out.with(f.key, f.value.laidOver(below.child(f.key)))
	}
	return out
}

// wholeNumber reads 8192, 8_192, and the suffixes that vLLM takes: k, m, g for
// powers of 1,000 and K, M, G for powers of 1,024.
func wholeNumber(text string) (int, bool) {
	text = strings.ReplaceAll(strings.TrimSpace(text), "_", "")
	if n, err := strconv.Atoi(text); err == nil {
		return n, true
	}
	if text == "" {
		return 0, false
	}
	const largest = 1e15
	factor, ok := map[byte]float64{
		'k': 1e3, 'm': 1e6, 'g': 1e9, 'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30,
	}[text[len(text)-1]]
	number := text[:len(text)-1]
	if !ok {
		factor, number = 1, text
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil || !(f*factor < largest && f*factor > -largest) || f*factor != float64(int(f*factor)) {
		return 0, false
	}
	return int(f * factor), true
}
