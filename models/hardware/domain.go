package hardware

import "math"

// Domain is the load between which a table measured an operator, from least to
// most of each axis; zero where the axis is none of the operator's.
type Domain struct {
	// Rows are those of a matrix product, (token, expert) pairs on a rank, or the
	// query tokens of attention on a rank.
	Rows    [2]float64 `yaml:"rows,omitempty"`
	Context [2]float64 `yaml:"context,omitempty"` // mean context of a query token
	Bytes   [2]float64 `yaml:"bytes,omitempty"`   // over the link of a rank
}

// Load is a point that may lie in a domain; 0 = the operator has no such axis.
type Load struct{ Rows, Context, Bytes float64 }

// Beyond is how far a load lies above the most that a table measured, as a
// factor on the axis where it is furthest out; 1 = inside. Below the least there
// is the floor of the operator, which the least row shows.
func (d *Domain) Beyond(l Load) float64 {
	if d == nil {
		return 1
	}
	beyond := 1.0
	for _, axis := range [...]struct {
		value float64
		span  [2]float64
	}{{l.Rows, d.Rows}, {l.Context, d.Context}, {l.Bytes, d.Bytes}} {
		if axis.span[1] > 0 {
			beyond = max(beyond, axis.value/axis.span[1])
		}
	}
	return beyond
}

// Include widens the domain to hold a load.
func (d *Domain) Include(l Load) {
	for _, axis := range [...]struct {
		value float64
		span  *[2]float64
	}{{l.Rows, &d.Rows}, {l.Context, &d.Context}, {l.Bytes, &d.Bytes}} {
		if axis.value <= 0 {
			continue
		}
		if axis.span[1] == 0 {
			*axis.span = [2]float64{axis.value, axis.value}
		}
		axis.span[0], axis.span[1] = math.Min(axis.span[0], axis.value), math.Max(axis.span[1], axis.value)
	}
}
