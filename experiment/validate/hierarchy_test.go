package validate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// drawnTree draws runs from a hierarchy of known spreads.
func drawnTree(seed uint64, levels []float64, within float64, children, runs int) []sample {
	r := rand.New(rand.NewPCG(seed, 1))
	var list []sample
	var grow func(path []string, centre float64)
	grow = func(path []string, centre float64) {
		if len(path) == len(levels) {
			for range runs {
				list = append(list, sample{path: slices.Clone(path), value: centre + within*r.NormFloat64()})
			}
			return
		}
		for c := range children {
			grow(append(slices.Clone(path), fmt.Sprint(c)), centre+levels[len(path)]*r.NormFloat64())
		}
	}
	grow(nil, 0.3)
	return list
}

// One level, by hand: groups {1, 1} and {3} with variance 1 within and 1
// between: their means have precision 1/(1/2 + 1) and 1/(1 + 1), so the centre
// is (1·2/3 + 3·1/2) / (2/3 + 1/2) = 13/7.
func TestCentresByHand(t *testing.T) {
	samples := []sample{{path: []string{"a"}, value: 1}, {path: []string{"a"}, value: 1}, {path: []string{"b"}, value: 3}}
	root := solve(plant(samples), &spreads{levels: []float64{1}, within: 1})
	require.InDelta(t, 13./7, root.here.mean(), 1e-12)
	require.InDelta(t, 7./6, root.here.precision, 1e-12)
	// The other group's mean, widened twice, is the prior of a: centre 3,
	// variance 1 + 1 + 1; its own runs say 1 with variance 1/2.
	a := root.children[0]
	require.InDelta(t, (1*2+3./3)/(2+1./3), a.here.mean(), 1e-12)
	centre, deviation := root.predict([]string{"c"}, &spreads{levels: []float64{1}, within: 1})
	require.InDelta(t, 13./7, centre, 1e-12, "unseen: the parent's centre")
	require.InDelta(t, math.Sqrt(6./7+1+1), deviation, 1e-12, "and the spread between")
}

// The likelihood is that of the joint normal distribution: the difference
// between two spreads, by hand for two runs in two groups.
func TestLikelihoodByHand(t *testing.T) {
	samples := []sample{{path: []string{"a"}, value: 0}, {path: []string{"b"}, value: 2}}
	up := func(between float64) float64 {
		return plant(samples).up(&spreads{levels: []float64{between}, within: 1}, 0)
	}
	// With a flat centre only the difference of the two counts: normal with
	// variance 2(1 + between).
	direct := func(between float64) float64 {
		v := 2 * (1 + between)
		return -math.Log(v)/2 - 4/(2*v)
	}
	require.InDelta(t, direct(3)-direct(0.5), up(3)-up(0.5), 1e-12)
}

// Spreads that runs were drawn with are found again.
func TestSpreadsAreFoundAgain(t *testing.T) {
	samples := drawnTree(4, []float64{0.5, 0.2}, 0.1, 12, 6)
	v, err := estimate(plant(samples), 2, 0.3)
	require.NoError(t, err)
	require.InEpsilon(t, 0.5, math.Sqrt(v.levels[0]), 0.4)
	require.InEpsilon(t, 0.2, math.Sqrt(v.levels[1]), 0.2)
	require.InEpsilon(t, 0.1, math.Sqrt(v.within), 0.1)
}

// The less runs a group has, the nearer its centre lies to that of all.
func TestCentresShrink(t *testing.T) {
	v := &spreads{levels: []float64{0.04}, within: 0.04}
	off := func(runs int) float64 {
		samples := []sample{}
		for i := range 20 {
			samples = append(samples, sample{path: []string{fmt.Sprint("other", i)}})
		}
		for range runs {
			samples = append(samples, sample{path: []string{"one"}, value: 1})
		}
		root := solve(plant(samples), v)
		centre, _ := root.predict([]string{"one"}, v)
		return centre
	}
	require.Greater(t, off(1), 0.3)
	require.Greater(t, off(4), off(1))
	require.Greater(t, off(30), off(4))
	require.Less(t, off(30), 1.)
}

// Intervals of runs that were left out hold the share that they shall.
func TestIntervalsHold(t *testing.T) {
	samples := drawnTree(0, []float64{0.2, 0.1, 0.2, 0.1, 0.05}, 0.15, 2, 3)
	f, err := fit(samples)
	require.NoError(t, err)
	inside := 0.
	for i, s := range samples {
		root := without(f.clipped, &f.spreads, func(k int) bool { return k == i })
		centre, deviation := root.predict(s.path, &f.spreads)
		if math.Abs(s.value-centre) <= f.width(f.seen())*deviation {
			inside++
		}
	}
	require.InDelta(t, 0.82, inside/float64(len(samples)), 0.05)
}

// A run whose queue collapsed does not move its stack far.
func TestRunsFarOutAreDrawnIn(t *testing.T) {
	samples := drawnTree(1, []float64{0.1, 0.1, 0.1, 0.1, 0.1}, 0.1, 2, 2)
	samples[0].value = -8
	f, err := fit(samples)
	require.NoError(t, err)
	require.Greater(t, f.clipped[0].value, -2.)
	require.Equal(t, -8., f.samples[0].value, "widths are counted with what was measured")
}

// What is left out says nothing of where it lies: five runs of a stack that are
// alike and one that is twice as far off, which its own run would have held.
func TestFiguresAreHeldAgainstTheOtherRuns(t *testing.T) {
	r := &Result{}
	add := func(id, system string, predicted float64) {
		r.Cases = append(r.Cases, Comparison{ID: id, Metric: TPOT.String(), Measured: 10, Predicted: predicted, Load: fixedLoad,
			Engine: "vllm", System: system, Mode: aggregated, Model: "deepseek-r1", Date: "2026-05-01"})
	}
	const runs = 30
	for i := range runs {
		add(fmt.Sprint("near ", i), "hgx-h200", 10+0.01*float64(i%3))
		add(fmt.Sprint("other ", i), "hgx-b200", 10+0.01*float64(i%5))
	}
	add("far", "hgx-h200", 30)
	_, left, err := Folds([]*Result{r})
	require.NoError(t, err)
	require.Len(t, left, 1)
	require.Equal(t, fixedLoad, left[0].Load)
	require.Equal(t, TPOT.String(), left[0].Metric)
	require.Equal(t, 2*runs+1, left[0].Run.N)
	require.Less(t, left[0].Run.Inside, 1.0, "the far run lies outside")
	require.GreaterOrEqual(t, left[0].Run.Inside, 0.8)
	require.LessOrEqual(t, left[0].Widest, 4.0001)
	require.Equal(t, 2*runs+1, left[0].Stack.N)
}
