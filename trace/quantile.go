package trace

import (
	"math"

	"gonum.org/v1/gonum/mathext"

	"agentsim/portable"
)

// CDF returns the probability of a value of at most x, clipping included.
func (d *Distribution[Q]) CDF(x Q) float64 {
	switch {
	case x < 0:
		return 0
	case d.Max > 0 && x >= d.Max:
		return 1
	case x < d.Min:
		return d.Zero
	}
	return d.Zero + (1-d.Zero)*d.body(x)
}

// body is the distribution function without zeros and clipping.
func (d *Distribution[Q]) body(x Q) float64 {
	switch d.Kind {
	case Constant:
		if x < d.Value {
			return 0
		}
		return 1
	case Uniform:
		return float64((x - d.Min) / (d.Max - d.Min))
	case LogNormal:
		return logNormalCDF(x, d.Median, d.Sigma)
	case Gamma:
		return mathext.GammaIncReg(d.Shape, float64(x/d.Scale))
	case Mixture:
		total := 0.0
		for i := range d.Parts {
			total += d.Parts[i].Weight * logNormalCDF(x, d.Parts[i].Median, d.Parts[i].Sigma)
		}
		return total
	}
	return 1
}

func logNormalCDF[Q ~float64](x, median Q, sigma float64) float64 {
	if x <= 0 || sigma == 0 && x < median {
		return 0
	}
	if sigma == 0 {
		return 1
	}
	return normalCDF(portable.Log(float64(x/median)) / sigma)
}

func normalCDF(z float64) float64 { return portable.Erfc(-z/math.Sqrt2) / 2 }

// Quantile returns the value that is exceeded with probability 1-u, clipping
// included; u is in (0, 1).
func (d *Distribution[Q]) Quantile(u float64) Q {
	if u < d.Zero {
		return 0
	}
	u = (u - d.Zero) / (1 - d.Zero)
	switch d.Kind {
	case Uniform:
		return d.Min + Q(u)*(d.Max-d.Min)
	case LogNormal:
		return d.clip(logNormal(d.Median, d.Sigma, mathext.NormalQuantile(u)))
	case Gamma:
		return d.clip(d.Scale * Q(mathext.GammaIncRegInv(d.Shape, u)))
	case Mixture:
		return d.clip(d.mixtureQuantile(u))
	}
	return d.clip(d.Value)
}

// atScore returns the value at a standard normal score.
func (d *Distribution[Q]) atScore(z float64) Q {
	if d.Kind == LogNormal && d.Zero == 0 {
		return d.clip(logNormal(d.Median, d.Sigma, z))
	}
	return d.Quantile(normalCDF(z))
}

// mixtureQuantile bisects the logarithm between the parts' own quantiles,
// which enclose that of the mixture.
func (d *Distribution[Q]) mixtureQuantile(u float64) Q {
	z := mathext.NormalQuantile(u)
	low, high := math.Inf(1), math.Inf(-1)
	for i := range d.Parts {
		x := portable.Log(float64(d.Parts[i].Median)) + z*d.Parts[i].Sigma
		low, high = min(low, x), max(high, x)
	}
	for high-low > 1e-6 {
		middle := (low + high) / 2
		if d.body(Q(portable.Exp(middle))) < u {
			low = middle
		} else {
			high = middle
		}
	}
	return Q(portable.Exp((low + high) / 2))
}
