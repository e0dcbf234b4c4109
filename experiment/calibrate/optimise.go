package calibrate

import (
	"math"
	"math/rand/v2"
	"strconv"

	"gonum.org/v1/gonum/optimize"
)

// parameter is one constant to fit, on a log scale between two bounds.
type parameter struct{ low, start, high float64 }

// form is a formula with constants: bind makes the formula of given constants.
type form struct {
	parameters []parameter
	bind       func(constants []float64) func(*sample) float64
}

const (
	// outlier is the relative error from which a sample counts linearly instead
	// of by its square: kernel switches and bad runs do not pull the fit.
	outlier = 0.1
	// enough samples determine a handful of constants; more only take time.
	enough         = 1200
	maxIterations  = 100
	gradientStep   = 1e-5
	enoughProgress = 1e-6
)

// fit finds the constants that price the samples best, trying every start of
// the last parameter (an exponent, where the loss has several valleys).
func fit(f form, samples []sample, lastStarts ...float64) []float64 {
	samples = thin(samples, enough)
	loss := func(x []float64) float64 {
		price := f.bind(f.constants(x))
		total := 0.0
		for i := range samples {
			e := math.Log(price(&samples[i])/samples[i].seconds) / outlier
			total += math.Sqrt(1+e*e) - 1
		}
		if math.IsNaN(total) {
			return math.Inf(1)
		}
		return total / float64(len(samples))
	}
	if len(lastStarts) == 0 {
		lastStarts = []float64{f.parameters[len(f.parameters)-1].start}
	}
	var best []float64
	least := math.Inf(1)
	for _, last := range lastStarts {
		x := f.startingPoint(last)
		if y := descend(x, loss); y < least {
			best, least = f.constants(x), y
		}
	}
	for i := range best {
		best[i] = round(best[i])
	}
	return best
}

// thin keeps a fixed random choice of n samples.
func thin(samples []sample, n int) []sample {
	if len(samples) <= n {
		return samples
	}
	kept := make([]sample, 0, n)
	for _, i := range rand.New(rand.NewPCG(1, uint64(len(samples)))).Perm(len(samples))[:n] {
		kept = append(kept, samples[i])
	}
	return kept
}

// constants maps the optimiser's free coordinates into the bounds.
func (f form) constants(x []float64) []float64 {
	values := make([]float64, len(x))
	for i, p := range f.parameters {
		values[i] = p.low * math.Pow(p.high/p.low, 1/(1+math.Exp(-x[i])))
	}
	return values
}

func (f form) startingPoint(last float64) []float64 {
	x := make([]float64, len(f.parameters))
	for i, p := range f.parameters {
		start := p.start
		if i == len(x)-1 {
			start = last
		}
		share := math.Log(start/p.low) / math.Log(p.high/p.low)
		share = min(max(share, 0.01), 0.99)
		x[i] = math.Log(share / (1 - share))
	}
	return x
}

// descend moves x downhill in place and returns the loss there. A line search
// that finds no better point is an end, not an error.
func descend(x []float64, loss func([]float64) float64) float64 {
	gradient := func(g, x []float64) {
		at := loss(x)
		for i := range x {
			was := x[i]
			x[i] = was + gradientStep
			g[i] = (loss(x) - at) / gradientStep
			x[i] = was
		}
	}
	result, _ := optimize.Minimize(optimize.Problem{Func: loss, Grad: gradient}, x, &optimize.Settings{
		MajorIterations: maxIterations,
		Converger:       &optimize.FunctionConverge{Relative: enoughProgress, Iterations: 10},
	}, &optimize.BFGS{})
	if result == nil {
		return loss(x)
	}
	copy(x, result.X)
	return result.F
}

// digits of a constant in a preset: more than any table supports.
const digits = 4

// round keeps the digits that the preset will show, so that residuals are
// those of the preset.
func round(v float64) float64 { return roundTo(v, digits) }

// roundTo keeps some digits of a constant.
func roundTo(v float64, digits int) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'e', digits-1, 64), 64)
	if err != nil {
		return v
	}
	return r
}
