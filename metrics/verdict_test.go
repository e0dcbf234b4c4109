package metrics

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// evenly is ten batches of ten requests of which 4 and 6 in turn met a target.
func evenly() []Ratio {
	batches := make([]Ratio, 10)
	for i := range batches {
		batches[i] = Ratio{Above: float64(4 + 2*(i%2)), Below: 10}
	}
	return batches
}

func TestIntervalOfBatchMeansByHand(t *testing.T) {
	// Deviations of 0.1 in ten batches: s = 0.1·√(10/9), over √10, times the
	// 2.262157 of Student's t with 9 degrees of freedom.
	i := RatioOf(evenly())
	require.Equal(t, 0.5, i.Mean)
	require.InDelta(t, 2.262157*0.1/3, i.Half, 1e-7)
	require.True(t, i.Contains(0.57))
	require.False(t, i.Contains(0.58))
}

func TestTooFewBatchesSayNothing(t *testing.T) {
	require.True(t, math.IsInf(RatioOf(evenly()[:9]).Half, 1))
	require.True(t, math.IsInf(RatioOf(nil).Half, 1))
	require.True(t, math.IsInf(RatioOf(make([]Ratio, 20)).Half, 1))
}

// TestIntervalsHoldTheTruthNineteenTimesInTwenty draws runs whose requests
// come in correlated clumps, which an interval over single requests would
// take for far more certain than they are.
func TestIntervalsHoldTheTruthNineteenTimesInTwenty(t *testing.T) {
	const runs, calls, truth = 400, 4000, 0.8
	held := 0
	for run := range runs {
		random := rand.New(rand.NewPCG(uint64(run), 5))
		series := make([]Ratio, 80)
		met := 0.0
		for i := range calls {
			if random.Float64() < 0.1 { // clumps of ten on average
				met = 0
				if random.Float64() < truth {
					met = 1
				}
			}
			series[i*len(series)/calls] = series[i*len(series)/calls].Plus(Ratio{met, 1})
		}
		if BatchMeans(series, 30).Contains(truth) {
			held++
		}
	}
	require.InDelta(t, 0.95, float64(held)/runs, 0.03)
}

func TestSpansAreJoinedIntoBatches(t *testing.T) {
	series := make([]Ratio, 77)
	for i := range series {
		series[i] = Ratio{Above: float64(i % 7), Below: 10}
	}
	whole := RatioOf(series)
	joined := BatchMeans(series, 30)
	require.Equal(t, whole.Mean, joined.Mean, "odd spans count for the ratio")
	var batches []Ratio
	for i := 2; i < 77; i += 3 { // 25 batches of 3; two spans are odd
		batches = append(batches, series[i].Plus(series[i+1]).Plus(series[i+2]))
	}
	require.Len(t, batches, 25)
	require.Equal(t, halfWidth(batches, whole.Mean), joined.Half)
	require.Equal(t, whole, BatchMeans(series, 77), "nothing to join")
	require.True(t, math.IsInf(BatchMeans(nil, 30).Half, 1))
}

func TestSpansWithoutAnyHaveTheValueBeforeThem(t *testing.T) {
	require.Equal(t, []float64{0.6, 0.2, 0.2, 1}, Values([]Ratio{{}, {1, 5}, {}, {5, 5}}))
}

func TestTheLongestWarmUpCounts(t *testing.T) {
	rising := make([]float64, 60)
	for i := range rising {
		rising[i] = min(float64(i)/10, 1)
	}
	steady := make([]float64, 60)
	cut, ok := WarmUp(steady, rising)
	require.True(t, ok)
	require.Equal(t, 10, cut)
	for i := range steady {
		steady[i] = float64(i)
	}
	cut, ok = WarmUp(rising, steady)
	require.False(t, ok, "one of them never settles")
	require.Equal(t, 30, cut, "the half that is looked at")
}

func TestWarmUpThatNeverEndsIsRefused(t *testing.T) {
	series := make([]float64, 100)
	for i := range series {
		series[i] = float64(i)
	}
	_, ok := MSER5(series)
	require.False(t, ok, "a ramp has no steady state")
	_, ok = MSER5(series[:9])
	require.False(t, ok, "too short")
	cut, ok := MSER5(make([]float64, 100))
	require.True(t, ok)
	require.Zero(t, cut, "nothing to cut from a constant")

	for i := range series {
		series[i] = float64(1 - 2*(i/mserBatch%2))
		if i < 50 {
			series[i] *= 1.05
		}
	}
	cut, ok = MSER5(series)
	require.True(t, ok)
	require.Zero(t, cut, "a little more noise is worth its observations")
}

func score(met, half float64) Score {
	return NewScore(slo(20, 10).Criteria()[0], Interval{Mean: met, Half: half}, 10000)
}

func TestVerdictOnOneCriterion(t *testing.T) {
	require.True(t, score(0.75, 0.1).Pass(), "exactly the share required")
	require.False(t, score(0.7499, 0.1).Pass())
	require.InDelta(t, 0.05, score(0.8, 0).Margin(), 1e-12)
	require.True(t, score(0.80, 0.04).Sure())
	require.False(t, score(0.80, 0.06).Sure())
	require.True(t, score(0.80, 0.019).Certain())
	require.False(t, score(0.80, 0.021).Certain(), "sure once, but not looked at again and again")
	require.False(t, score(0.75, 0.004).Certain())

	few := NewScore(slo(20, 10).Criteria()[1], Interval{Mean: 1}, 30)
	require.False(t, few.Sure(), "30 of 30 met leave 90 percent possible")
	require.False(t, few.Certain())
	require.True(t, NewScore(slo(20, 10).Criteria()[1], Interval{Mean: 1}, 151).Certain(), "2.5 times 3 in 151 is less than 5 %")
	none := NewScore(slo(20, 10).Criteria()[1], Interval{Half: math.Inf(1)}, 0)
	require.False(t, none.Pass())
	require.False(t, none.Certain())
	require.False(t, none.Sure())
}

func TestTheNearestToFailingIsTheLimit(t *testing.T) {
	criteria := slo(20, 10).Criteria()
	conclude := func(speed, ttft, half float64) Verdict {
		return Conclude(NewScore(criteria[0], Interval{speed, half}, 1e4), NewScore(criteria[1], Interval{ttft, half}, 1e4))
	}
	v := conclude(0.76, 0.99, 0.001)
	require.True(t, v.Pass)
	require.Zero(t, v.Tightest)
	v = conclude(0.9, 0.94, 0.001)
	require.False(t, v.Pass)
	require.Equal(t, 1, v.Tightest)
	v = conclude(0.79, 0.98, 0.001)
	require.Zero(t, v.Tightest, "0.04 of 75 percent is less than 0.03 of 95")
	require.True(t, conclude(0.76, 0.5, 0.05).Certain, "one certain failure decides")
	v = conclude(0.76, 0.999, 0.02)
	require.False(t, v.Certain)
	require.Equal(t, 0.02, v.Half)
}
