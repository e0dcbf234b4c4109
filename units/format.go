package units

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// printedDigits is how many significant digits String shows; MarshalText
// shows as many as it takes to read the same number back.
const printedDigits = 5

// format writes value with the shortest exact number of the best prefix.
func format(value float64, dim dimension) string {
	text := decimal(value, -1, dim)
	if dim != memory || value == 0 {
		return text
	}
	if b := binary(value); b != "" && len(b) < len(text) {
		return b
	}
	return text
}

// display is format, rounded for people.
func display(value float64, dim dimension) string {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return strconv.FormatFloat(value, 'g', -1, 64) + symbol(dim)
	}
	exact, rounded := format(value, dim), decimal(value, printedDigits-1, dim)
	if len(exact) <= len(rounded) {
		return exact
	}
	return rounded
}

func marshal(value float64, dim dimension) ([]byte, error) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return nil, fmt.Errorf("%v is not finite: %v", dim, value)
	}
	return []byte(format(value, dim)), nil
}

// decimal writes value with a decimal prefix and precision digits after the
// first one (-1: the shortest that reads back exactly). The prefix moves the
// point of the printed digits, so nothing is rounded twice.
func decimal(value float64, precision int, dim dimension) string {
	mantissa, e, _ := strings.Cut(strconv.FormatFloat(value, 'e', precision, 64), "e")
	exp, _ := strconv.Atoi(e)
	prefix := choosePrefix(exp, dim)
	if value == 0 {
		prefix = 0
	}
	return shift(trimZeros(mantissa), exp-prefix) + prefixed(prefix, dim)
}

func trimZeros(mantissa string) string {
	if strings.Contains(mantissa, ".") {
		return strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
	}
	return mantissa
}

// choosePrefix picks the power of 1000 that leaves one to three digits before
// the point, among those in use for the dimension.
func choosePrefix(exp int, dim dimension) int {
	low, high := prefixRange(dim)
	thousands := exp / 3
	if exp < 0 && exp%3 != 0 {
		thousands--
	}
	return min(max(3*thousands, low), high)
}

func prefixRange(dim dimension) (low, high int) {
	switch dim {
	case memory, bandwidth, computeRate:
		return 0, 18
	case power:
		return 0, 9
	case duration:
		return -12, 0
	case tokenRate:
		return 0, 6
	case energyPerFLOP, energyPerByte:
		return -12, -12
	}
	return -12, 9
}

// prefixed is the unit with the prefix 10^exp.
func prefixed(exp int, dim dimension) string {
	names := []string{"p", "n", "u", "m", "", "k", "M", "G", "T", "P", "E"}
	return names[exp/3+4] + symbol(dim)
}

func symbol(dim dimension) string {
	switch dim {
	case memory:
		return "B"
	case bandwidth:
		return "B/s"
	case computeRate:
		return "FLOPS"
	case power:
		return "W"
	case energy:
		return "J"
	case duration:
		return "s"
	case tokenRate:
		return "tok/s"
	case energyPerFLOP:
		return "J/FLOP"
	}
	return "J/B"
}

// shift writes d.ddd × 10^exp, without an exponent where it stays readable.
func shift(mantissa string, exp int) string {
	if exp < -6 || exp > 15 {
		return mantissa + "e" + strconv.Itoa(exp)
	}
	sign := ""
	if mantissa[0] == '-' {
		sign, mantissa = "-", mantissa[1:]
	}
	digits := strings.Replace(mantissa, ".", "", 1)
	if exp < 0 {
		return sign + "0." + strings.Repeat("0", -exp-1) + digits
	}
	if len(digits) <= exp+1 {
		return sign + digits + strings.Repeat("0", exp+1-len(digits))
	}
	return sign + digits[:exp+1] + "." + digits[exp+1:]
}

// binary writes value with a binary prefix, or nothing where it has too few
// bytes for one. Dividing by a power of two is exact.
func binary(value float64) string {
	exp := (math.Ilogb(value)) / 10
	if exp < 1 || exp > 5 {
		return ""
	}
	return strconv.FormatFloat(value/float64(uint64(1)<<(10*exp)), 'f', -1, 64) + "KMGTP"[exp-1:exp] + "iB"
}
