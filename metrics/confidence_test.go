package metrics

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"
)

// Ten batches whose ratios are 0.4 and 0.6 in turn, by hand: residuals of ±0.1
// of a mean denominator, whose spread over ten batches is 0.1·sqrt(10/9)/sqrt(10),
// times Student's 2.262 for nine degrees of freedom.
func TestIntervalOfARatioByHand(t *testing.T) {
	var batches []Ratio
	for i := range 10 {
		batches = append(batches, Ratio{Above: 40 + 20*float64(i%2), Below: 100})
	}
	got := RatioOf(batches)
	require.InDelta(t, 0.5, got.Mean, 1e-12)
	require.InDelta(t, 2.262*0.1*math.Sqrt(10.0/9)/math.Sqrt(10), got.Half, 1e-4)
	require.True(t, math.IsInf(RatioOf(batches[:9]).Half, 1), "nine batches say nothing of their spread")
	require.True(t, math.IsInf(RatioOf(nil).Half, 1))

	var equal []Ratio // batches of other lengths and the same ratio leave no doubt
	for i := range 10 {
		equal = append(equal, Ratio{Above: 30 * float64(1+i), Below: 100 * float64(1+i)})
	}
	require.InDelta(t, 0, RatioOf(equal).Half, 1e-7)
}

// What is written down of Student's t is what the library computes, to the bit.
func TestStudentIsThatOfTheLibrary(t *testing.T) {
	for degrees := 1; degrees < 150; degrees++ {
		require.Equal(t, distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(degrees)}.Quantile(quantile975), student(degrees))
	}
}
