// Derived from the Go standard library (src/math), which is
// Copyright 2009 The Go Authors, BSD-style licence: see NOTICE.

package portable

import "math"

const (
	ln2Hi = 6.93147180369123816490e-01
	ln2Lo = 1.90821492927058770002e-10
)

// Exp returns e to the power x.
func Exp(x float64) float64 {
	const (
		log2e     = 1.44269504088896338700e+00
		overflow  = 7.09782712893383973096e+02
		underflow = -7.45133219101941108420e+02
		nearZero  = 1.0 / (1 << 28)
	)
	switch {
	case x != x:
		return x
	case x > overflow:
		return math.Inf(1)
	case x < underflow:
		return 0
	case -nearZero < x && x < nearZero:
		return 1 + x
	}
	// x = k ln 2 + r with |r| <= ln(2)/2; r = hi - lo for extra precision.
	half := 0.5
	if x < 0 {
		half = -half
	}
	k := int(float64(log2e*x) + half)
	hi, lo := x-float64(float64(k)*ln2Hi), float64(k)*ln2Lo
	const (
		p1 = 1.66666666666666657415e-01
		p2 = -2.77777777770155933842e-03
		p3 = 6.61375632143793436117e-05
		p4 = -1.65339022054652515390e-06
		p5 = 4.13813679705723846039e-08
	)
	r := hi - lo
	t := float64(r * r)
	c := r - float64(t*(p1+float64(t*(p2+float64(t*(p3+float64(t*(p4+float64(t*p5)))))))))
	y := 1 - ((lo - float64(r*c)/(2-c)) - hi)
	return scaled(y, k)
}

// scaled is y·2^k, for y from 1/2 to 2.
func scaled(y float64, k int) float64 {
	const (
		bias     = 1023
		mantissa = 52
		smallest = -1021 // of a normal number, with room for y below 1
		largest  = 1022
	)
	if smallest <= k && k <= largest {
		return y * math.Float64frombits(uint64(k+bias)<<mantissa)
	}
	return math.Ldexp(y, k)
}
