package uncertainty

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"
	"gonum.org/v1/gonum/stat/sampleuv"

	"agentsim/configs"
	"agentsim/portable"
	"agentsim/sim"
)

// sample draws a Latin hypercube: a row for each draw, a column for each input.
// The stream of an input is keyed by its name, so that an input's draws depend
// neither on the others nor on their order.
func sample(inputs []configs.Input, draws int, seed uint64) [][]float64 {
	rows := make([][]float64, draws)
	for i := range rows {
		rows[i] = make([]float64, len(inputs))
	}
	column := make([]float64, draws)
	for j := range inputs {
		var source rand.PCG
		sim.Rekey(&source, seed, "uncertainty of "+inputs[j].Name, uint64(draws))
		sampleuv.LatinHypercube{Q: distuv.UnitUniform, Src: &source}.Sample(column)
		spread := spreadOf(&inputs[j])
		for i, u := range column {
			rows[i][j] = spread.quantile(u)
		}
	}
	return rows
}

// neutral is the draw that leaves every input as it is.
func neutral(inputs []configs.Input) []float64 {
	row := make([]float64, len(inputs))
	for j := range inputs {
		row[j] = inputs[j].Neutral()
	}
	return row
}

// distribution is that of an input, or of its logarithm.
type distribution interface {
	Quantile(p float64) float64
	CDF(x float64) float64
}

type spread struct {
	distribution
	logarithm bool
	point     bool // of no width
	at        float64
}

func spreadOf(in *configs.Input) spread {
	s := spread{point: in.Low == in.High, at: in.Low}
	low, high, mode := in.Low, in.High, in.Neutral()
	switch in.Kind {
	case configs.LogUniformSpread, configs.LogTriangularSpread, configs.LogNormalSpread:
		s.logarithm = true
		low, high, mode = portable.Log(low), portable.Log(high), portable.Log(mode)
	}
	if s.point {
		return s
	}
	switch in.Kind {
	case configs.TriangularSpread, configs.LogTriangularSpread:
		s.distribution = distuv.NewTriangle(low, high, mode, nil)
	case configs.LogNormalSpread:
		s.distribution = distuv.Normal{Mu: (low + high) / 2, Sigma: (high - low) / (2 * ninetieth())}
	default:
		s.distribution = distuv.Uniform{Min: low, Max: high}
	}
	return s
}

// ninetieth is how many standard deviations the ends of a lognormal, its 5th
// and 95th percentiles, lie from its median.
func ninetieth() float64 { return distuv.UnitNormal.Quantile(highEnd) }

// highEnd is the percentile of a lognormal at configs.Input.High, by its definition.
const highEnd = 0.95

func (s spread) quantile(u float64) float64 {
	switch {
	case s.point:
		return s.at
	case s.logarithm:
		return portable.Exp(s.Quantile(u))
	}
	return s.Quantile(u)
}

// cdf is the share of the distribution below x.
func (s spread) cdf(x float64) float64 {
	switch {
	case s.point && x < s.at:
		return 0
	case s.point:
		return 1
	case s.logarithm && x <= 0:
		return 0
	case s.logarithm:
		return s.CDF(portable.Log(x))
	}
	return s.CDF(x)
}
