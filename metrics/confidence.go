package metrics

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Ratio is one batch of a ratio: met over asked, or a count over seconds.
type Ratio struct{ Above, Below float64 }

// Plus is the ratio over two batches together.
func (r Ratio) Plus(s Ratio) Ratio { return Ratio{r.Above + s.Above, r.Below + s.Below} }

func (r Ratio) value() float64 { return r.Above / r.Below }

// Interval is a mean with the half-width of its 95 % confidence interval,
// infinite where there is too little to tell.
type Interval struct{ Mean, Half float64 }

// Contains reports whether the interval leaves v possible.
func (i Interval) Contains(v float64) bool { return math.Abs(v-i.Mean) <= i.Half }

// RatioOf is the ratio over all batches, which should be of about equal
// length, with the interval of a ratio estimator.
func RatioOf(batches []Ratio) Interval {
	mean, some := meanOf(batches)
	if !some {
		return Interval{Half: math.Inf(1)}
	}
	return Interval{Mean: mean, Half: halfWidth(batches, mean)}
}

// meanOf is the ratio over all batches; false where there is nothing below it.
func meanOf(batches []Ratio) (mean float64, some bool) {
	var total Ratio
	for _, b := range batches {
		total = total.Plus(b)
	}
	if total.Below == 0 {
		return 0, false
	}
	return total.value(), true
}

const (
	batchesLeast = 10   // fewer say nothing about their spread
	quantile975  = .975 // two-sided 95 %
)

// halfWidth is that of a ratio whose mean is known. The residual of a batch
// from the common ratio has mean zero, and its spread is that of the ratio
// times the mean denominator.
func halfWidth(batches []Ratio, mean float64) float64 {
	count := float64(len(batches))
	if count < batchesLeast {
		return math.Inf(1)
	}
	var total Ratio
	squares, residuals := 0.0, 0.0
	for _, b := range batches {
		total = total.Plus(b)
		r := b.Above - mean*b.Below
		residuals += r
		squares += r * r
	}
	if total.Below == 0 {
		return math.Inf(1)
	}
	variance := max(squares-residuals*residuals/count, 0) / (count - 1)
	return student(len(batches)-1) * math.Sqrt(variance*count) / total.Below
}

// student is the quantile of Student's t at quantile975. Phases ask for it at every
// look, with 12 to 24 batches; those numbers of degrees of freedom are written down.
func student(degrees int) float64 {
	const first = batchesLeast - 1
	known := [...]float64{
		2.262157162798205, 2.2281388519862744, 2.2009851600916392, 2.178812829667228, 2.1603686564627926,
		2.1447866879178026, 2.1314495455597733, 2.1199052992212533, 2.109815577833316, 2.1009220402410373,
		2.09302405440831, 2.0859634472658626, 2.0796138447276817, 2.0738730679040236, 2.068657610419049,
	}
	if at := degrees - first; at >= 0 && at < len(known) {
		return known[at]
	}
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(degrees)}.Quantile(quantile975)
}
