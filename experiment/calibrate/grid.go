package calibrate

import (
	"math"

	"agentsim/models/hardware"
	"agentsim/units"
)

const (
	// smoothEnough is the mean error up to which a smooth form needs no grid.
	smoothEnough = 0.08
	// gridGain is what a grid must leave of that error to be worth its numbers.
	gridGain = 0.7
)

// gridTokens and gridContexts are the points of a grid: the contexts lie dense
// where kernels that select entries switch.
func gridTokens() []float64 { return []float64{1, 16, 64, 256, 1024} }

func gridContexts() []float64 {
	return []float64{128, 1024, 2048, 4096, 6144, 8192, 10240, 16384, 65536}
}

// grids derives a grid at the lowest and at the highest measured degree, for
// kinds whose decode switches kernels with the context.
func grids(a hardware.AttentionKernel, samples []sample) []hardware.Grid {
	price := func(x *sample) (float64, bool) { return a.DecodeSeconds(x.tp, x.features), true }
	smooth := judge(samples, price).MAPE
	if samples[0].longFrom == 0 || smooth < smoothEnough {
		return nil
	}
	var out []hardware.Grid
	for i, l := range a.Decode {
		if i == 0 || i == len(a.Decode)-1 {
			out = append(out, gridAt(a, l.TP, samples))
		}
	}
	a.Grids = out
	if judge(samples, price).MAPE > gridGain*smooth {
		return nil
	}
	return out
}

// gridAt corrects the smooth form at each point by the errors of the samples
// around it, and never lets time fall with more tokens.
func gridAt(a hardware.AttentionKernel, tp int, samples []sample) hardware.Grid {
	var near []residual
	for i := range samples {
		if x := &samples[i]; x.tp == tp {
			near = append(near, residual{math.Log2(x.features.Tokens), math.Log2(x.features.Context),
				math.Log(x.seconds / a.DecodeSeconds(tp, x.features)), x.features})
		}
	}
	g := hardware.Grid{TP: tp, Tokens: gridTokens(), Context: gridContexts()}
	for i, tokens := range g.Tokens {
		row := make([]units.Seconds, len(g.Context))
		for j, context := range g.Context {
			at, correction := local(near, tokens, context)
			row[j] = units.Seconds(round(a.DecodeSeconds(tp, at) * math.Exp(correction)))
			if i > 0 {
				row[j] = max(row[j], g.Time[i-1][j])
			}
		}
		g.Time = append(g.Time, row)
	}
	return g
}

// residual is the error of the smooth form at one sample.
type residual struct {
	tokens, context, log float64 // the first two in powers of two
	features             hardware.Features
}

// Widths of the smoothing, in powers of two: about the distance of points.
const (
	tokenWidth   = 0.4
	contextWidth = 0.15
	noNeighbour  = 1e-6 // weight from which the nearest sample alone decides
)

// local is the mean error around a point, weighted by distance, and the
// features there, scaled from the nearest sample.
func local(near []residual, tokens, context float64) (hardware.Features, float64) {
	total, sum := 0.0, 0.0
	best, nearest := 0, math.Inf(1)
	for i, r := range near {
		dx, dy := (r.tokens-math.Log2(tokens))/tokenWidth, (r.context-math.Log2(context))/contextWidth
		distance := dx*dx + dy*dy
		if distance < nearest {
			best, nearest = i, distance
		}
		w := math.Exp(-distance / 2)
		total += w
		sum += w * r.log
	}
	x := near[best].features
	share, stretch := tokens/x.Tokens, context/x.Context
	x.Tokens, x.Pairs, x.IndexPairs, x.Context = tokens, x.Pairs*share, x.IndexPairs*share*stretch, context
	if total < noNeighbour {
		return x, near[best].log
	}
	return x, sum / total
}
