package metrics

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func lognormal(n int, seed uint64) []float64 {
	random := rand.New(rand.NewPCG(seed, 1))
	values := make([]float64, n)
	for i := range values {
		values[i] = math.Exp(2 * random.NormFloat64())
	}
	return values
}

func filled(values []float64) *Histogram {
	h := &Histogram{}
	for _, v := range values {
		h.Add(v)
	}
	return h
}

func TestQuantileIsTheNearestRank(t *testing.T) {
	values := []float64{10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120, 130, 140, 150, 160, 170, 180, 190, 200}
	for q, want := range map[float64]float64{
		0: 10, 0.05: 10, 0.051: 20, 0.25: 50, 0.5: 100, 0.55: 110, 0.95: 190, 0.951: 200, 1: 200,
	} {
		require.Equal(t, want, Quantile(values, q), "quantile %v", q)
	}
	require.Zero(t, Quantile(nil, 0.5))

	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(i + 1)
	}
	require.Equal(t, 7.0, Quantile(hundred, 0.07), "0.07·100 is a little above 7 in binary")
}

func TestHistogramQuantilesAreWithinHalfABin(t *testing.T) {
	values := lognormal(20000, 7)
	h := filled(values)
	slices.Sort(values)
	for _, q := range []float64{0.001, 0.05, 0.25, 0.5, 0.95, 0.99, 0.9999} {
		require.InEpsilon(t, Quantile(values, q), h.Quantile(q), 0.0026, "quantile %v", q)
	}
	require.Equal(t, values[0], h.Quantile(0))
	require.Equal(t, values[len(values)-1], h.Quantile(1))
	require.InEpsilon(t, sum(values)/20000, h.Mean(), 1e-12)
}

func sum(values []float64) (s float64) {
	for _, v := range values {
		s += v
	}
	return s
}

func TestHistogramKeepsValuesBeyondItsBins(t *testing.T) {
	h := filled([]float64{0, -3, 1e-9, 1e9, math.NaN()})
	require.EqualValues(t, 4, h.Count(), "NaN is no value")
	require.Equal(t, -3.0, h.Min())
	require.Equal(t, 1e9, h.Max())
	require.Equal(t, -3.0, h.Quantile(0))
	require.Equal(t, 1e9, h.Quantile(1))
	h.Add(math.Inf(1))
	require.Equal(t, math.Inf(1), h.Max())
}

func TestMergedHistogramsAreOneOfAll(t *testing.T) {
	values := lognormal(3000, 9)
	whole := filled(values)
	a, b := filled(values[:1000]), filled(values[1000:])
	a.Merge(b)
	a.Merge(&Histogram{})
	require.Equal(t, whole.bins, a.bins)
	require.Equal(t, whole.count, a.count)
	require.Equal(t, []float64{whole.Min(), whole.Max()}, []float64{a.Min(), a.Max()})

	empty := &Histogram{}
	empty.Merge(whole)
	require.Equal(t, whole, empty)
	empty.Reset()
	require.Equal(t, &Histogram{}, empty)
	require.Zero(t, empty.Quantile(0.5))
	require.Zero(t, empty.Mean())
}

func TestCountingARequestAllocatesNothing(t *testing.T) {
	h := &Histogram{}
	judge, err := NewJudge(slo(20, 10), 0, 1)
	require.NoError(t, err)
	flow, energy := NewFlow(0), NewEnergy(0, "accelerators", "hosts")
	now := 0.0
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		now++
		h.Add(now)
		flow.Issue(now)
		judge.Observe(now, Outcome{TTFTSeconds: now, DecodeSeconds: 3, OutputTokens: 90})
		flow.Finish(now+0.5, now)
		energy.SetWatts(now, 0, now)
		energy.Work(1, now)
	}))
}
