package trace

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"agentsim/portable"
)

// The kinds of distribution that a profile may name.
const (
	Constant  = "constant"  // value
	Uniform   = "uniform"   // min, max
	LogNormal = "lognormal" // median, sigma
	Gamma     = "gamma"     // shape, scale
	Mixture   = "mixture"   // parts, each lognormal
)

// Distribution describes a random quantity of a profile: token counts and
// ratios are plain numbers (Q = float64), spans carry their unit (Q =
// units.Seconds). An empty Kind means the quantity is not used.
type Distribution[Q ~float64] struct {
	Kind   string    `yaml:"kind,omitempty"`
	Value  Q         `yaml:"value,omitempty"`           // constant
	Median Q         `yaml:"median,omitempty"`          // lognormal: e^mu
	Sigma  float64   `yaml:"sigma,omitempty" scale:"0"` // lognormal: standard deviation of the logarithm
	Shape  float64   `yaml:"shape,omitempty" scale:"0"` // gamma: k
	Scale  Q         `yaml:"scale,omitempty"`           // gamma: theta; the mean is shape × scale
	Parts  []Part[Q] `yaml:"parts,omitempty"`           // mixture
	Zero   float64   `yaml:"zero,omitempty" scale:"0"`  // probability of exactly 0, before anything else
	Min    Q         `yaml:"min,omitempty" scale:"0"`   // lower values become this; 0 = none
	Max    Q         `yaml:"max,omitempty" scale:"0"`   // higher values become this; 0 = none
}

// Part is one lognormal of a mixture.
type Part[Q ~float64] struct {
	Weight float64 `yaml:"weight" scale:"0"` // share; the weights of a mixture add up to 1
	Median Q       `yaml:"median"`
	Sigma  float64 `yaml:"sigma" scale:"0"`
}

// Used reports whether the distribution is given at all.
func (d *Distribution[Q]) Used() bool { return d.Kind != "" }

// Typical is about the median of the distribution before its bounds: of a gamma
// distribution the mean, of a mixture the median of the part in its middle.
func (d *Distribution[Q]) Typical() float64 {
	switch d.Kind {
	case Constant:
		return float64(d.Value)
	case Uniform:
		return float64(d.Min+d.Max) / 2
	case Gamma:
		return d.Shape * float64(d.Scale)
	case LogNormal:
		return float64(d.Median)
	}
	parts := slices.Clone(d.Parts)
	slices.SortFunc(parts, func(a, b Part[Q]) int { return cmp.Compare(a.Median, b.Median) })
	weight, median := 0.0, 0.0
	for _, part := range parts {
		if weight += part.Weight; median == 0 && weight >= 0.5 {
			median = float64(part.Median)
		}
	}
	return median
}

// typicalMost bounds what a distribution is about, and drawnMost what is drawn
// from it: tokens, calls, or seconds, of which ten million are four months. More
// is a slip, and would overflow a clock or a count.
const typicalMost, drawnMost = 1e7, 1e8

// Validate returns an error that begins with the field at fault.
func (d *Distribution[Q]) Validate() error {
	if err := d.valid(); err != nil {
		return err
	}
	return d.below(typicalMost)
}

// below reports the field of a distribution that is typically above a bound.
func (d *Distribution[Q]) below(most Q) error {
	fields := map[string]string{
		Constant:  "value",
		Uniform:   "max",
		LogNormal: "median",
		Gamma:     "scale",
		Mixture:   "parts",
	}
	field := fields[d.Kind]
	switch typical := Q(d.Typical()); {
	case d.Min > most:
		return fmt.Errorf("min: %v; want at most %v", d.Min, most)
	case typical > most:
		return fmt.Errorf("%s: typically %v; want at most %v", field, typical, most)
	}
	return nil
}

func (d *Distribution[Q]) valid() error {
	switch {
	case d.Zero < 0 || d.Zero >= 1 || d.Zero != d.Zero:
		return fmt.Errorf("zero: %v; want a probability from 0 to below 1", d.Zero)
	case !nonNegative(d.Min):
		return fmt.Errorf("min: %v; want 0 or more", d.Min)
	case !nonNegative(d.Max):
		return fmt.Errorf("max: %v; want 0 (none) or more", d.Max)
	case d.Max > 0 && d.Max < d.Min:
		return fmt.Errorf("max: %v is below min %v", d.Max, d.Min)
	}
	switch d.Kind {
	case Constant:
		if !nonNegative(d.Value) {
			return fmt.Errorf("value: %v; want 0 or more", d.Value)
		}
	case Uniform:
		if d.Max <= d.Min {
			return fmt.Errorf("max: %v; want more than min (%v) for a uniform distribution", d.Max, d.Min)
		}
	case LogNormal:
		return validLogNormal(d.Median, d.Sigma)
	case Gamma:
		if !(d.Shape > 0 && d.Shape < 1e6) {
			return fmt.Errorf("shape: %v; want more than 0", d.Shape)
		}
		if !(d.Scale > 0) || math.IsInf(float64(d.Scale), 0) {
			return fmt.Errorf("scale: %v; want more than 0", d.Scale)
		}
	case Mixture:
		return d.validParts()
	case "":
		return errors.New("kind: missing; want constant, uniform, lognormal, gamma or mixture")
	default:
		return fmt.Errorf("kind: unknown kind %q; want constant, uniform, lognormal, gamma or mixture", d.Kind)
	}
	return nil
}

func (d *Distribution[Q]) validParts() error {
	if len(d.Parts) == 0 {
		return errors.New("parts: missing; want at least one {weight, median, sigma}")
	}
	total := 0.0
	for i, part := range d.Parts {
		if !(part.Weight > 0 && part.Weight <= 1) {
			return fmt.Errorf("parts[%d].weight: %v; want more than 0 and at most 1", i, part.Weight)
		}
		if err := validLogNormal(part.Median, part.Sigma); err != nil {
			return fmt.Errorf("parts[%d].%w", i, err)
		}
		total += part.Weight
	}
	if math.Abs(total-1) > 1e-6 {
		return fmt.Errorf("parts: the weights add up to %v; want 1", total)
	}
	return nil
}

func validLogNormal[Q ~float64](median Q, sigma float64) error {
	if !(median > 0) || math.IsInf(float64(median), 0) {
		return fmt.Errorf("median: %v; want more than 0", median)
	}
	if !(sigma >= 0 && sigma <= 10) {
		return fmt.Errorf("sigma: %v; want 0 to 10", sigma)
	}
	return nil
}

func nonNegative[Q ~float64](v Q) bool { return v >= 0 && !math.IsInf(float64(v), 0) }

// Draw returns one value.
func (d *Distribution[Q]) Draw(r *rand.Rand) Q {
	if d.Zero > 0 && r.Float64() < d.Zero {
		return 0
	}
	switch d.Kind {
	case Constant:
		return d.clip(d.Value)
	case Uniform:
		return d.Min + Q(r.Float64())*(d.Max-d.Min)
	case LogNormal:
		return d.clip(logNormal(d.Median, d.Sigma, r.NormFloat64()))
	case Gamma:
		return d.clip(d.Scale * Q(gamma(d.Shape, r)))
	case Mixture:
		part := d.part(r.Float64())
		return d.clip(logNormal(part.Median, part.Sigma, r.NormFloat64()))
	}
	return 0
}

// part returns the part of a mixture that a uniform number in [0, 1) selects.
func (d *Distribution[Q]) part(u float64) *Part[Q] {
	last := len(d.Parts) - 1
	for i := range d.Parts[:last] {
		if u -= d.Parts[i].Weight; u < 0 {
			return &d.Parts[i]
		}
	}
	return &d.Parts[last]
}

func (d *Distribution[Q]) clip(v Q) Q {
	v = min(max(v, d.Min), drawnMost)
	if d.Max > 0 {
		v = min(v, d.Max)
	}
	return v
}

func logNormal[Q ~float64](median Q, sigma, z float64) Q {
	return median * Q(portable.Exp(sigma*z))
}

// gamma draws from Gamma(shape, 1) after Marsaglia and Tsang, "A simple method
// for generating gamma variables", ACM TOMS 26 (2000). gonum's distuv.Gamma
// would allocate a generator on every draw.
func gamma(shape float64, r *rand.Rand) float64 {
	if shape < 1 {
		return gamma(shape+1, r) * portable.Pow(1-r.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		z := r.NormFloat64()
		v := 1 + c*z
		if v <= 0 {
			continue
		}
		v = v * v * v
		if portable.Log(1-r.Float64()) < z*z/2+d-d*v+d*portable.Log(v) {
			return d * v
		}
	}
}
