package hardware

import (
	"agentsim/portable"
)

// logGrid is a grid with the logarithms that a look-up needs: one exponential is
// then all that is left of it, where powers would be most of the time of a step.
type logGrid struct {
	grid            *Grid
	tokens, context []float64   // log of each step of an axis
	along, across   [][]float64 // log of the ratio to the next time: along contexts, across tokens
}

func (g *Grid) logs() *logGrid {
	l := &logGrid{grid: g, tokens: logSteps(g.Tokens), context: logSteps(g.Context)}
	for i, row := range g.Time {
		along, across := make([]float64, len(row)), make([]float64, len(row))
		for j, t := range row {
			along[j] = portable.Log(float64(row[next(j, g.Context)] / t))
			across[j] = portable.Log(float64(g.Time[next(i, g.Tokens)][j] / t))
		}
		l.along, l.across = append(l.along, along), append(l.across, across)
	}
	return l
}

func logSteps(axis []float64) []float64 {
	steps := make([]float64, len(axis)) // the last is that to itself
	for i := range axis {
		steps[i] = portable.Log(axis[next(i, axis)] / axis[i])
	}
	return steps
}

// at is the grid's time at a point, bilinear in the logarithms of tokens,
// context and time. Points outside are moved to the edge.
func (l *logGrid) at(tokens, context float64) float64 {
	g := l.grid
	i, j := below(g.Tokens, tokens), below(g.Context, context)
	u, v := within(g.Tokens, l.tokens, i, tokens), within(g.Context, l.context, j, context)
	high := l.along[next(i, g.Tokens)][j]
	return float64(g.Time[i][j]) * portable.Exp(u*l.across[i][j]+v*(l.along[i][j]+u*(high-l.along[i][j])))
}

// within is how far x lies between two points of an axis, in log space.
func within(axis, steps []float64, i int, x float64) float64 {
	if x <= axis[i] || i == len(axis)-1 {
		return 0
	}
	return portable.Log(x/axis[i]) / steps[i]
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
	i := below(axis, x)
	if x <= axis[i] || i == len(axis)-1 {
		return i, 0
	}
	return i, portable.Log(x/axis[i]) / portable.Log(axis[i+1]/axis[i])
}

// below finds i with axis[i] <= x < axis[i+1]; an x outside the axis is moved to
// its end.
func below(axis []float64, x float64) int {
	low, high := 0, len(axis)
	for high-low > 1 {
		if middle := int(uint(low+high) / 2); axis[middle] <= x {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// blend interpolates between two times in log space.
func blend(a, b, share float64) float64 {
	if share == 0 || a == b {
		return a
	}
	return a * portable.Pow(b/a, share)
}
