package analytic

import "math"

// The tolerances of nested searches: inner ones are finer.
const (
	coarse = 1e-5
	fine   = 1e-6
)

// root returns the largest x in [low, high] at which a falling function is not
// negative, to within a relative tolerance; low where it is negative from the
// start. Infinite values are allowed. The method is Chandrupatla's: inverse
// quadratic interpolation where that is safe, else bisection (Advances in
// Engineering Software 28, 1997).
func root(low, high, tolerance float64, f func(x float64) float64) float64 {
	x1, f1 := high, f(high)
	if f1 >= 0 {
		return high
	}
	x2, f2 := low, f(low)
	if f2 < 0 {
		return low
	}
	const middle, most = 0.5, 200
	t := middle
	for range most {
		x := x1 + t*(x2-x1)
		value := f(x)
		x3, f3 := x1, f1
		if (value >= 0) != (f1 >= 0) {
			x3, f3 = x2, f2
			x2, f2 = x1, f1
		}
		x1, f1 = x, value
		least := middle * tolerance * max(math.Abs(x1), math.Abs(x2)) / math.Abs(x2-x1)
		if !(least <= middle) {
			break
		}
		t = min(max(next(x1, x2, x3, f1, f2, f3), least), 1-least)
	}
	if f1 >= 0 {
		return x1
	}
	return x2
}

// next is how far from x1 towards x2 to look.
func next(x1, x2, x3, f1, f2, f3 float64) float64 {
	const middle = 0.5
	xi, phi := (x1-x2)/(x3-x2), (f1-f2)/(f3-f2)
	if !(phi*phi < xi && (1-phi)*(1-phi) < 1-xi) {
		return middle
	}
	t := f1/(f2-f1)*f3/(f2-f3) + (x3-x1)/(x2-x1)*f1/(f3-f1)*f2/(f3-f2)
	if math.IsNaN(t) {
		return middle
	}
	return t
}
