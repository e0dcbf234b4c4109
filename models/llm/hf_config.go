//go:build !js || readers

package llm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"regexp"
	"slices"

	"agentsim/fault"
)

// hfConfig is one object of a config.json. It remembers which of its fields
// were read, so that what is left over can be judged, and gathers every fault.
type hfConfig struct {
	path   string // of the object in the file: "" or "text_config."
	fields map[string]json.RawMessage
	read   map[string]bool
	faults []error
}

// parseHF reads one JSON object. A field that is null counts as absent, as it
// does for the library that wrote it.
func parseHF(r io.Reader) (*hfConfig, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return newHFConfig("", withoutNaN(text))
}

// withoutNaN replaces the numbers that Python writes and JSON does not have
// (NaN, Infinity, -Infinity) by null.
func withoutNaN(text []byte) []byte {
	var plain []byte
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\' && i+1 < len(text):
			plain = append(plain, c)
			i++
		case c == '"':
			quoted = !quoted
		case !quoted:
			if word := nanPattern.Find(text[i:]); word != nil {
				plain = append(plain, "null"...)
				i += len(word) - 1
				continue
			}
		}
		plain = append(plain, text[i])
	}
	return plain
}

var nanPattern = regexp.MustCompile(`^(NaN|-?Infinity)`)

func newHFConfig(path string, text []byte) (*hfConfig, error) {
	c := &hfConfig{path: path, read: map[string]bool{}}
	if err := json.Unmarshal(text, &c.fields); err != nil {
		return nil, fmt.Errorf("%snot a JSON object: %w", path, err)
	}
	if c.fields == nil {
		return nil, fmt.Errorf("%snull is not a JSON object", path)
	}
	maps.DeleteFunc(c.fields, func(_ string, v json.RawMessage) bool { return isNull(v) })
	return c, nil
}

func isNull(v json.RawMessage) bool { return bytes.Equal(bytes.TrimSpace(v), []byte("null")) }

func (c *hfConfig) err() error { return errors.Join(c.faults...) }

// fail notes a fault of one field.
func (c *hfConfig) fail(name, problem string) {
	c.faults = append(c.faults, fault.New(c.path+name, "%s", problem))
}

func (c *hfConfig) has(name string) bool {
	_, ok := c.fields[name]
	return ok
}

// ignore marks fields as read whose value does not matter here.
func (c *hfConfig) ignore(names ...string) {
	for _, name := range names {
		c.read[name] = true
	}
}

// get decodes a field; ok is false where it is absent or, with a fault noted,
// of another type.
func get[T any](c *hfConfig, name, want string) (value T, ok bool) {
	raw, ok := c.fields[name]
	if !ok {
		return value, false
	}
	c.read[name] = true
	if err := json.Unmarshal(raw, &value); err != nil {
		c.fail(name, shorten(raw)+" is not "+want)
		return value, false
	}
	return value, true
}

// integer reads a whole number that may stand under any of several names;
// where several are given they must agree. Absent under all of them, the
// first name is reported as missing.
func (c *hfConfig) integer(names ...string) int {
	if !slices.ContainsFunc(names, c.has) {
		c.fail(names[0], "is missing")
		return 0
	}
	return c.integerOr(0, names...)
}

// integerOr is integer with a value for when the field is absent.
func (c *hfConfig) integerOr(value int, names ...string) int {
	from := ""
	for _, name := range names {
		number, ok := get[float64](c, name, "a number")
		if !ok {
			continue
		}
		whole, ok := c.whole(name, number)
		if ok && from != "" && whole != value {
			c.fail(name, fmt.Sprintf("%d contradicts %s, %d", whole, from, value))
		}
		if ok && from == "" {
			value, from = whole, name
		}
	}
	return value
}

// whole refuses fractions and numbers that no dimension of a model reaches.
func (c *hfConfig) whole(name string, number float64) (int, bool) {
	if number != math.Trunc(number) || math.Abs(number) > largest {
		c.fail(name, fmt.Sprintf("%g is not a whole number up to %d", number, largest))
		return 0, false
	}
	return int(number), true
}

// flag reads a boolean, false where it is absent.
func (c *hfConfig) flag(name string) bool {
	value, _ := get[bool](c, name, "true or false")
	return value
}

// text reads a string, empty where it is absent.
func (c *hfConfig) text(name string) string {
	value, _ := get[string](c, name, "a string")
	return value
}

// list reads a list with one value for each of n layers.
func list[T any](c *hfConfig, name, want string, n int) ([]T, bool) {
	values, ok := get[[]T](c, name, "a list of "+want)
	if ok && len(values) != n {
		c.fail(name, fmt.Sprintf("%d values do not match the %d layers", len(values), n))
		return nil, false
	}
	return values, ok
}

// object reads a nested object; nil where it is absent.
func (c *hfConfig) object(name string) *hfConfig {
	raw, ok := c.fields[name]
	if !ok {
		return nil
	}
	c.read[name] = true
	nested, err := newHFConfig(c.path+name+".", raw)
	if err != nil {
		c.fail(name, shorten(raw)+" is not an object")
		return nil
	}
	return nested
}

// leftovers notes a fault for every field that was not read, unless it is
// known to cost nothing or says that something is switched off.
func (c *hfConfig) leftovers() {
	for _, name := range slices.Sorted(maps.Keys(c.fields)) {
		value := c.fields[name]
		if c.read[name] || harmless(name) || (isOff(value) && !offMatters(name)) {
			continue
		}
		c.fail(name, shorten(value)+" is not understood and may change the cost of the model")
	}
}

// isOff tells the values by which a config says that it does not use a feature.
func isOff(v json.RawMessage) bool {
	switch string(bytes.TrimSpace(v)) {
	case "false", "0", "0.0", `""`, "[]", "{}":
		return true
	}
	return false
}

// shorten keeps a value readable inside a message.
func shorten(v []byte) string {
	const most = 60
	text := []rune(string(bytes.TrimSpace(v)))
	if len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(text)
}
