// Derived from the Go standard library (src/math), which is
// Copyright 2009 The Go Authors, BSD-style licence: see NOTICE.

package portable

import "math"

// Pow returns x to the power y, with the special cases of math.Pow.
func Pow(x, y float64) float64 {
	const largest = 1 << 63
	whole, fraction := math.Modf(math.Abs(y))
	if !(x > 0) || x > math.MaxFloat64 || y != y || whole >= largest || y == 0.5 || y == -0.5 {
		return math.Pow(x, y) // no logarithm in it
	}
	// x^y = power·2^exponent
	power, exponent := 1.0, 0
	if fraction != 0 {
		if fraction > 0.5 {
			fraction--
			whole++
		}
		power = Exp(fraction * Log(x))
	}
	x1, xe := math.Frexp(x)
	for i := int64(whole); i != 0; i >>= 1 {
		const most = 1 << 12
		if xe < -most || most < xe {
			exponent += xe // out of range in any case
			break
		}
		if i&1 == 1 {
			power *= x1
			exponent += xe
		}
		x1 *= x1
		xe <<= 1
		if x1 < 0.5 {
			x1 += x1
			xe--
		}
	}
	if y < 0 {
		power = 1 / power
		exponent = -exponent
	}
	return math.Ldexp(power, exponent)
}

// Log2 returns the binary logarithm of x; of a power of two it is exact.
func Log2(x float64) float64 {
	fraction, exponent := math.Frexp(x)
	if fraction == 0.5 {
		return float64(exponent - 1)
	}
	return float64(Log(fraction)*(1/math.Ln2)) + float64(exponent)
}
