// Derived from the Go standard library (src/math), which is
// Copyright 2009 The Go Authors, BSD-style licence: see NOTICE.

package portable

import "math"

// Log returns the natural logarithm of x.
func Log(x float64) float64 {
	const (
		l1 = 6.666666666666735130e-01
		l2 = 3.999999999940941908e-01
		l3 = 2.857142874366239149e-01
		l4 = 2.222219843214978396e-01
		l5 = 1.818357216161805012e-01
		l6 = 1.531383769920937332e-01
		l7 = 1.479819860511658591e-01
	)
	switch {
	case x != x || x > math.MaxFloat64:
		return x
	case x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	}
	f1, exponent := parts(x)
	if f1 < math.Sqrt2/2 {
		f1 *= 2
		exponent--
	}
	f, k := f1-1, float64(exponent)
	s := f / (2 + f)
	s2 := float64(s * s)
	s4 := float64(s2 * s2)
	t1 := float64(s2 * (l1 + float64(s4*(l3+float64(s4*(l5+float64(s4*l7)))))))
	t2 := float64(s4 * (l2 + float64(s4*(l4+float64(s4*l6)))))
	half := float64(0.5 * f * f)
	return float64(k*ln2Hi) - ((half - (float64(s*(half+(t1+t2))) + float64(k*ln2Lo))) - f)
}

// parts splits a positive number into a fraction from 1/2 to 1 and a power of 2.
func parts(x float64) (fraction float64, exponent int) {
	const (
		mantissa = 52
		below    = 1022 // exponent of 1/2 as it is stored
		smallest = 0x1p-1022
	)
	if x < smallest {
		return math.Frexp(x)
	}
	bits := math.Float64bits(x)
	return math.Float64frombits(bits&(1<<mantissa-1) | below<<mantissa), int(bits>>mantissa) - below
}
