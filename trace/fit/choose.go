package fit

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"agentsim/trace"
)

// withGamma asks for a gamma distribution among the candidates, beside a
// lognormal and a mixture of two.
const withGamma = -2

// partMin is the least number of samples per part of a mixture.
const partMin = 10

// candidate is a distribution with its log-likelihood.
type candidate[Q ~float64] struct {
	d          trace.Distribution[Q]
	model      string
	likelihood float64
	parameters int
}

// fitted fits one field and notes the quality. partsMax is the largest mixture
// to try, or withGamma.
func fitted[Q ~float64](f *fitter, field string, x []float64, partsMax int) trace.Distribution[Q] {
	d, model := choose[Q](x, partsMax)
	q := compare(field, x, &d)
	q.Model = model
	f.Fits = append(f.Fits, q)
	return d
}

// choose returns the candidate with the best BIC. Zeros are counted apart.
func choose[Q ~float64](x []float64, partsMax int) (trace.Distribution[Q], string) {
	positive := positives(x)
	zero := significant(1 - float64(len(positive))/float64(max(len(x), 1)))
	if len(positive) == 0 {
		return trace.Distribution[Q]{Kind: trace.Constant}, "always 0"
	}
	lowest, highest := slices.Min(positive), slices.Max(positive)
	if lowest == highest {
		return trace.Distribution[Q]{Kind: trace.Constant, Value: Q(lowest), Zero: zero}, "constant"
	}
	var best candidate[Q]
	for i, c := range candidates[Q](positive, partsMax) {
		if i == 0 || c.bic(len(positive)) < best.bic(len(positive)) {
			best = c
		}
	}
	best.d.Zero, best.d.Max = zero, Q(highest)
	if best.d.Kind == trace.Gamma {
		best.d.Min = Q(lowest)
	}
	return best.d, best.model
}

func (c *candidate[Q]) bic(n int) float64 {
	return float64(c.parameters)*math.Log(float64(n)) - 2*c.likelihood
}

func candidates[Q ~float64](x []float64, partsMax int) []candidate[Q] {
	var out []candidate[Q]
	if partsMax == withGamma {
		shape, scale, likelihood := gamma(x)
		d := trace.Distribution[Q]{Kind: trace.Gamma, Shape: significant(shape), Scale: Q(significant(scale))}
		out = append(out, candidate[Q]{d, "gamma", likelihood, 2})
		partsMax = 2
	}
	logs := make([]float64, len(x))
	jacobian := 0.0 // a density over x is that over ln x, divided by x
	for i, v := range x {
		logs[i] = math.Log(v)
		jacobian -= logs[i]
	}
	for k := 1; k <= partsMax && len(x) >= k*partMin || k == 1; k++ {
		parts, likelihood := mixture(logs, k)
		c := candidate[Q]{model: "lognormal", likelihood: likelihood + jacobian, parameters: 3*k - 1}
		c.d = distribution[Q](parts)
		if k > 1 {
			c.model = fmt.Sprintf("mixture of %d", k)
		}
		out = append(out, c)
	}
	return out
}

// distribution writes parts down with four digits. Weights add up to 1.
func distribution[Q ~float64](parts []normal) trace.Distribution[Q] {
	if len(parts) == 1 {
		median, sigma := Q(significant(math.Exp(parts[0].mu))), significant(parts[0].sigma)
		return trace.Distribution[Q]{Kind: trace.LogNormal, Median: median, Sigma: sigma}
	}
	d := trace.Distribution[Q]{Kind: trace.Mixture}
	left := 1.0
	for i, p := range parts {
		weight := significant(p.weight)
		if i == len(parts)-1 {
			weight = math.Round(left*1e6) / 1e6
		}
		left -= weight
		d.Parts = append(d.Parts, trace.Part[Q]{
			Weight: weight, Median: Q(significant(math.Exp(p.mu))), Sigma: significant(p.sigma)})
	}
	return d
}

func positives(x []float64) []float64 {
	var out []float64
	for _, v := range x {
		if v > 0 {
			out = append(out, v)
		}
	}
	return out
}

// compare measures a distribution against samples. Zeros count in the means
// and not in the distance.
func compare[Q ~float64](field string, x []float64, d *trace.Distribution[Q]) Quality {
	q := Quality{Field: field, Model: d.Kind, Points: len(x)}
	if len(x) == 0 || !d.Used() {
		return q
	}
	q.TraceMean = stat.Mean(x, nil)
	q.ModelMean = mean(d)
	bare := *d
	bare.Zero = 0
	if positive := positives(x); len(positive) > 0 {
		slices.Sort(positive)
		q.Distance = distance(positive, func(v float64) float64 { return bare.CDF(Q(v)) })
	}
	return q
}

// meanSteps is the grid on which the mean of a distribution is summed.
const meanSteps = 10_000

func mean[Q ~float64](d *trace.Distribution[Q]) float64 {
	sum := 0.0
	for i := range meanSteps {
		sum += float64(d.Quantile((float64(i) + 0.5) / meanSteps))
	}
	return sum / meanSteps
}
