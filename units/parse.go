package units

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// parse reads a number and a unit of the wanted dimension, in base units.
// Its errors begin with the text, so that a caller can put a field's name in
// front: "capacity 141: needs a unit, e.g. 141GB".
func parse(text string, want dimension) (float64, error) {
	number, name := split(strings.TrimSpace(text))
	if number == "" {
		return 0, fmt.Errorf("%s: %w", quoted(text), notANumber(name, want))
	}
	if name == "" {
		return 0, fmt.Errorf("%s: needs a unit, e.g. %s%s (accepted: %s)",
			quoted(text), number, want.common(), want.accepted())
	}
	u, ok := lookup(name)
	if !ok {
		return 0, fmt.Errorf("%s: unknown unit %q, want %v such as %s (accepted: %s)",
			quoted(text), name, want, want.example(), want.accepted())
	}
	if u.dim != want {
		return 0, fmt.Errorf("%s: is %v, want %v such as %s", quoted(text), u.dim, want, want.example())
	}
	value, err := scaled(number, u)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", quoted(text), err)
	}
	return value, nil
}

func notANumber(text string, want dimension) error {
	switch strings.ToLower(strings.TrimLeft(text, "+-.")) {
	case "nan", "inf", "infinity":
		return fmt.Errorf("must be a finite number, want %v such as %s", want, want.example())
	}
	return fmt.Errorf("not a quantity, want %v such as %s", want, want.example())
}

// quoted shows text as it is, or in quotes where it would not read well.
func quoted(text string) string {
	for _, r := range text {
		if !strconv.IsPrint(r) || r == '"' {
			return strconv.Quote(text)
		}
	}
	if text == "" || strings.TrimSpace(text) != text {
		return strconv.Quote(text)
	}
	return text
}

// split cuts text into a decimal number and what follows it. The number is
// empty where text does not begin with one.
func split(text string) (number, rest string) {
	i := 0
	if i < len(text) && (text[i] == '+' || text[i] == '-') {
		i++
	}
	whole := digits(text[i:])
	i += whole
	fraction := 0
	if i < len(text) && text[i] == '.' {
		fraction = digits(text[i+1:])
		i += 1 + fraction
	}
	if whole+fraction == 0 {
		return "", text
	}
	i += exponent(text[i:])
	return text[:i], strings.TrimLeft(text[i:], " ")
}

// exponent is the length of a leading e12 or E-3. An E without digits is the
// prefix exa.
func exponent(text string) int {
	if text == "" || (text[0] != 'e' && text[0] != 'E') {
		return 0
	}
	sign := 0
	if len(text) > 1 && (text[1] == '+' || text[1] == '-') {
		sign = 1
	}
	if n := digits(text[1+sign:]); n > 0 {
		return 1 + sign + n
	}
	return 0
}

func digits(text string) int {
	n := 0
	for n < len(text) && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	return n
}

// scaled applies the decimal prefix to the digits and rounds once: 0.3GB is
// the number nearest to 3e8, not 0.3 × 1e9.
func scaled(number string, u unit) (float64, error) {
	mantissa, exp := strings.ToLower(number), 0
	if m, e, ok := strings.Cut(mantissa, "e"); ok {
		n, err := strconv.Atoi(e)
		if err != nil {
			return 0, fmt.Errorf("exponent %s is out of range", e)
		}
		mantissa, exp = m, n
	}
	value, err := strconv.ParseFloat(mantissa+"e"+strconv.Itoa(exp+u.exp10), 64)
	if err != nil || math.IsInf(value*u.times, 0) {
		return 0, fmt.Errorf("is out of range")
	}
	return value * u.times, nil
}
