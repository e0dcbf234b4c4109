package sweep

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// table is a scope of fixed values.
type fixed map[string]value

func (f fixed) lookup(name string) (value, error) {
	v, ok := f[name]
	if !ok {
		return v, errUnknownName
	}
	return v, nil
}

func (f fixed) call(function, name string) (value, error) {
	v, err := f.lookup(name)
	return value{number: v.number * 10, unit: v.unit}, errors.Join(err)
}

func TestConditions(t *testing.T) {
	scope := fixed{"a": {number: 2}, "b": {number: 3}, "hbm.capacity": {number: 144e9, unit: "B"},
		"gap": {number: 0.5, unit: "s"}, "router": {text: "least-loaded", isText: true}, "list[0].x": {number: 7}}
	for text, want := range map[string]bool{
		"a < b":                    true,
		"b <= a":                   false,
		"a * b + 1 == 7":           true,
		"1 + a * b == 7":           true,
		"(1 + a) * b == 9":         true,
		"a - b == -1":              true,
		"-a + 3 == 1":              true,
		"b / a == 1.5":             true,
		"a != b":                   true,
		"1e1 > 9.5":                true,
		"hbm.capacity >= 144GB":    true,
		"hbm.capacity > 0.144TB":   false,
		"hbm.capacity / 2 == 72GB": true,
		"gap == 500ms":             true,
		"gap + 1s <= 1500ms":       true,
		"gap == 0.5":               true,
		"router == least-loaded":   true,
		"router != round-robin":    true,
		`router == "least-loaded"`: true,
		"max(a) == 20":             true,
		"list[0].x > 6":            true,
		"20tok/s / 2 == 10tok/s":   true,
	} {
		c, err := parseCondition(text)
		require.NoError(t, err, text)
		got, err := c.holds(scope)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for text, want := range map[string]string{
		"":                            "ends early, want a name or a number",
		"a":                           "ends early, want a comparison",
		"a < b < c":                   `want the end before "< c"`,
		"(a < b":                      `want ) before "< b"`,
		"a < 3parsecs":                "3parsecs: is no quantity",
		"a < 'x":                      "a quotation has no end",
		"a < max(b":                   "ends early, want )",
		"a < max(2)":                  "want the name of a column",
		"a < %":                       `want a name or a number before "%"`,
		"a << b":                      "want a name or a number",
		strings.Repeat("(", 99) + "a": "more than 32 open brackets",
	} {
		_, err := parseCondition(text)
		require.ErrorContains(t, err, want, text)
	}
	for text, want := range map[string]string{
		"c < 2":           "unknown name",
		"a < c":           "unknown name",
		"gap < 2GB":       "a number in s beside one in B",
		"gap + 2GB < 3":   "a number in s beside one in B",
		"router < 3":      "are texts, want == or !=",
		"router + 1 == 3": "works on numbers, not on least-loaded",
	} {
		c, err := parseCondition(text)
		require.NoError(t, err, text)
		_, err = c.holds(scope)
		require.ErrorContains(t, err, want, text)
	}
}

// Whatever is written, parsing and evaluating end without a panic.
func FuzzCondition(f *testing.F) {
	for _, text := range []string{"a < b", "max(agents_per_mw.it) >= 20000", "x*(y-2)/3 != 4GB", "-((a))==1e-3", "a=='b'"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseCondition(text)
		if err != nil {
			return
		}
		c.holds(fixed{"a": {number: 1}})
		require.NotEmpty(t, append(names(c.left), text))
	})
}
