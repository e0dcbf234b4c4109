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
	require.InDelta(t, 0.5-i.Half, i.Low(), 1e-15)
	require.InDelta(t, 0.5+i.Half, i.High(), 1e-15)
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
		b := NewBatches(0, 1)
		met := 0.0
		for i := range calls {
			if random.Float64() < 0.1 { // clumps of ten on average
				met = 0
				if random.Float64() < truth {
					met = 1
				}
			}
			b.Add(float64(i), met, 1)
		}
		if b.Ratio(calls).Contains(truth) {
			held++
		}
	}
	require.InDelta(t, 0.95, float64(held)/runs, 0.03)
}

func TestBucketsMergeWithoutLosingAnything(t *testing.T) {
	b := NewBatches(100, 0.5)
	for i := range 10000 {
		b.Add(100+float64(i), float64(i%2), 1)
	}
	series := b.Series(10100, nil)
	require.Len(t, series, 78, "buckets of 128 s")
	for _, v := range series {
		require.Equal(t, 0.5, v)
	}
	require.Equal(t, 0.5, b.Ratio(10100).Mean)
	var grouped [batchesMost]Ratio
	batches := b.group(78, grouped[:0])
	require.Len(t, batches, 26)
	require.Len(t, b.group(77, grouped[:0]), 25)
	for _, batch := range b.group(77, grouped[:0]) {
		require.Equal(t, 3*128.0, batch.Below, "the odd buckets are left out at the start")
	}
}

func TestDiscardedBucketsAreWarmUp(t *testing.T) {
	b := NewBatches(0, 1)
	for i := range 60 {
		b.Add(float64(i), min(float64(i)/10, 1), 1)
	}
	cut, ok := MSER5(b.Series(60, nil))
	require.True(t, ok)
	require.Equal(t, 10, cut)
	b.Discard(cut)
	require.Equal(t, 10.0, b.Start())
	require.Equal(t, 1.0, b.Ratio(60).Mean)
	require.Len(t, b.Series(60, nil), 50)
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
	require.True(t, score(0.80, 0.04).Certain())
	require.False(t, score(0.80, 0.06).Certain())
	require.True(t, score(0.75, 0.004).Certain(), "nothing to gain from more runs")

	few := NewScore(slo(20, 10).Criteria()[1], Interval{Mean: 1}, 30)
	require.False(t, few.Certain(), "30 of 30 met leave 90 percent possible")
	none := NewScore(slo(20, 10).Criteria()[1], Interval{Half: math.Inf(1)}, 0)
	require.False(t, none.Pass())
	require.False(t, none.Certain())
}

func TestTheNearestToFailingIsTheLimit(t *testing.T) {
	criteria := slo(20, 10).Criteria()
	conclude := func(speed, ttft, half float64) Verdict {
		return Conclude(NewScore(criteria[0], Interval{speed, half}, 1e4), NewScore(criteria[1], Interval{ttft, half}, 1e4))
	}
	v := conclude(0.76, 0.99, 0.001)
	require.True(t, v.Pass)
	require.Equal(t, OutputSpeed, v.Limit)
	v = conclude(0.9, 0.94, 0.001)
	require.False(t, v.Pass)
	require.Equal(t, TTFT, v.Limit)
	v = conclude(0.79, 0.98, 0.001)
	require.Equal(t, OutputSpeed, v.Limit, "0.04 of 75 percent is less than 0.03 of 95")
	require.True(t, conclude(0.76, 0.5, 0.05).Certain, "one certain failure decides")
	require.False(t, conclude(0.76, 0.999, 0.02).Certain)
}

func TestJudgeAppliesTheServiceLevel(t *testing.T) {
	j, err := NewJudge(slo(20, 10), 0, 1)
	require.NoError(t, err)
	j.Observe(0, Outcome{TTFTSeconds: 60, DecodeSeconds: 1, OutputTokens: 2})
	j.Restart(0, 1)
	for i := range 400 {
		o := Outcome{TTFTSeconds: 9, DecodeSeconds: 5, OutputTokens: 101} // 20 tok/s
		switch i % 4 {
		case 0:
			o.OutputTokens = 100
		case 1:
			o.OutputTokens = 1 // has no speed
		}
		j.Observe(float64(i), o)
	}
	v := j.Verdict(400)
	require.InDelta(t, 2.0/3, v.Scores[0].Met.Mean, 1e-12)
	require.Equal(t, 300.0, v.Scores[0].Requests)
	require.Equal(t, 1.0, v.Scores[1].Met.Mean)
	require.Equal(t, 400.0, v.Scores[1].Requests)
	require.False(t, v.Pass)
	require.Equal(t, OutputSpeed, v.Limit)
}
