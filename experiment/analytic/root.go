package analytic

import "math"

// The tolerances of nested searches: inner ones are finer. Rough is that of a
// guess from which a search sets out.
const (
	rough  = 1e-4
	coarse = 1e-5
	fine   = 1e-6
)

// root returns the largest x in [low, high] at which a falling function is not
// negative, to within a relative tolerance; low where it is negative from the
// start. Infinite values are allowed. The method is Chandrupatla's: inverse
// quadratic interpolation where that is safe, else bisection (Advances in
// Engineering Software 28, 1997).
func root(low, high, tolerance float64, f func(x float64) float64) float64 {
	a := point{high, f(high)}
	if a.y >= 0 {
		return high
	}
	b := point{low, f(low)}
	if b.y < 0 {
		return low
	}
	return between(a, b, tolerance, f)
}

// likely is a place near which a root is likely to lie, and by what share of it the
// root may be off at first.
type likely struct{ at, within float64 }

// near is likely for a place of which no more is known. 0 = anywhere.
func near(at float64) likely { return likely{at, 1. / 32} }

// rootNear is root, for one that is likely to lie near a place: the bracket grows
// from there.
func rootNear(about likely, low, high, tolerance float64, f func(x float64) float64) float64 {
	near := about.at
	if !(near > 0) || near < low || near > high {
		return root(low, high, tolerance, f)
	}
	const wider = 4
	last := point{near, f(near)}
	for away := about.within; ; away *= wider {
		if last.y < 0 {
			if last.x == low {
				return low
			}
			x := max(low, near*(1-away))
			at := point{x, f(x)}
			if at.y >= 0 {
				return between(last, at, tolerance, f)
			}
			last = at
			continue
		}
		if last.x == high {
			return high
		}
		x := min(high, near*(1+away))
		at := point{x, f(x)}
		if at.y < 0 {
			return between(at, last, tolerance, f)
		}
		last = at
	}
}

// between is the root between a, where the function is negative, and b, where it
// is not.
func between(a, b point, tolerance float64, f func(x float64) float64) float64 {
	const middle, most = 0.5, 200
	t := middle
	for range most {
		x := a.x + t*(b.x-a.x)
		at, c := point{x, f(x)}, a
		if (at.y >= 0) != (a.y >= 0) {
			b, c = a, b
		}
		a = at
		least := middle * tolerance * max(math.Abs(a.x), math.Abs(b.x)) / math.Abs(b.x-a.x)
		if !(least <= middle) {
			break
		}
		t = min(max(next(a, b, c), least), 1-least)
	}
	if a.y >= 0 {
		return a.x
	}
	return b.x
}

type point struct{ x, y float64 }

// next is how far from a towards b to look; c was there before.
func next(a, b, c point) float64 {
	const middle = 0.5
	xi, phi := (a.x-b.x)/(c.x-b.x), (a.y-b.y)/(c.y-b.y)
	if !(phi*phi < xi && (1-phi)*(1-phi) < 1-xi) {
		return middle
	}
	t := a.y/(b.y-a.y)*c.y/(b.y-c.y) + (c.x-a.x)/(b.x-a.x)*a.y/(c.y-a.y)*b.y/(c.y-b.y)
	if math.IsNaN(t) {
		return middle
	}
	return t
}
