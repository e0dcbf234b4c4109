package hardware

import (
	"math"
	"sort"
)

// at is the grid's time at a point, bilinear in the logarithms of tokens,
// context and time. Points outside are moved to the edge.
func (g *Grid) at(tokens, context float64) float64 {
	i, u := bracket(g.Tokens, tokens)
	j, v := bracket(g.Context, context)
	low := blend(float64(g.Time[i][j]), float64(g.Time[i][next(j, g.Context)]), v)
	i = next(i, g.Tokens)
	high := blend(float64(g.Time[i][j]), float64(g.Time[i][next(j, g.Context)]), v)
	return blend(low, high, u)
}

// inside moves a point to the nearest one that the grid covers.
func (g *Grid) inside(tokens, context float64) (float64, float64) {
	return clamp(tokens, g.Tokens), clamp(context, g.Context)
}

func clamp(x float64, axis []float64) float64 {
	return min(max(x, axis[0]), axis[len(axis)-1])
}

func next(i int, axis []float64) int { return min(i+1, len(axis)-1) }

// bracket finds i with axis[i] <= x < axis[i+1] and how far x lies between
// them in log space (0 to 1). An x outside the axis is moved to its end.
func bracket(axis []float64, x float64) (int, float64) {
	last := len(axis) - 1
	if x <= axis[0] {
		return 0, 0
	}
	if x >= axis[last] {
		return last, 0
	}
	i := sort.SearchFloat64s(axis, x)
	if axis[i] > x {
		i--
	}
	return i, math.Log(x/axis[i]) / math.Log(axis[i+1]/axis[i])
}

// blend interpolates between two times in log space.
func blend(a, b, share float64) float64 {
	if share == 0 || a == b {
		return a
	}
	return a * math.Pow(b/a, share)
}
