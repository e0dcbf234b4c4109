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
	var total Ratio
	for _, b := range batches {
		total = total.Plus(b)
	}
	if total.Below == 0 {
		return Interval{Half: math.Inf(1)}
	}
	return Interval{Mean: total.value(), Half: halfWidth(batches, total.value())}
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
	student := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: count - 1}.Quantile(quantile975)
	return student * math.Sqrt(variance*count) / total.Below
}
