package serve

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// Acceptance of 1.7, 2.2 and 2.5 tokens a step at depths 1 to 3: the first
// draft token is accepted in 0.7 of the steps, the second in 0.5, the third in
// 0.3, so that a step yields 1, 2, 3 or 4 tokens in 0.3, 0.2, 0.2, 0.3.
func TestYieldOfAStep(t *testing.T) {
	list := newYields([]float64{1.7, 2.2, 2.5})
	one := list[len(list)-1]
	require.Equal(t, 1, one.least)
	require.InDeltaSlice(t, []float64{0.3, 0.5, 0.7, 1}, one.chance, 1e-12)
	for u, want := range map[float64]int{0: 1, 0.29: 1, 0.31: 2, 0.51: 3, 0.71: 4, 0.9999: 4} {
		require.Equal(t, want, one.at(u))
	}
	for i, steps := range []int{64, 16, 4, 1} {
		y := list[i]
		require.Equal(t, steps, y.least)
		require.Equal(t, 4*steps, y.most())
		require.InDelta(t, 2.5*float64(steps), mean(&y), 1e-9)
		require.InDelta(t, math.Pow(0.3, float64(steps)), y.chance[0], 1e-15, "all steps yield one token")
	}
}

// mean is that of an accumulated yield.
func mean(y *yield) float64 {
	total, before := 0.0, 0.0
	for i, c := range y.chance {
		total += (c - before) * float64(y.least+i)
		before = c
	}
	return total
}

// Calls drawn in blocks of steps need as many as calls drawn step by step: the
// same mean and the same spread.
func TestBlocksOfStepsAreDrawnLikeSteps(t *testing.T) {
	const calls = 20000
	d := drafts{classes: []yields{newYields([]float64{1.7, 2.2, 2.5})}}
	r := rand.New(rand.NewPCG(1, 2))
	chances := []float64{0.7, 0.5 / 0.7, 0.3 / 0.5}
	for _, tokens := range []int{1, 3, 40, 65, 150, 700} {
		var drawn, stepped moments
		for i := range calls {
			drawn.add(float64(d.steps(&request{luck: int32(i)}, tokens)))
			stepped.add(float64(stepByStep(r, tokens, chances)))
		}
		error := 4 * math.Sqrt(2*stepped.variance()/calls)
		require.InDelta(t, stepped.mean(), drawn.mean(), error+1e-12, tokens)
		require.InDelta(t, stepped.variance(), drawn.variance(), 0.06*stepped.variance()+1e-12, tokens)
	}
}

// stepByStep plays one call: every draft token may be accepted once those
// before it were.
func stepByStep(r *rand.Rand, tokens int, chances []float64) (steps int) {
	for ; tokens > 0; steps++ {
		tokens--
		for _, chance := range chances {
			if r.Float64() >= chance {
				break
			}
			tokens--
		}
	}
	return steps
}

type moments struct{ n, sum, squares float64 }

func (m *moments) add(v float64) {
	m.n++
	m.sum += v
	m.squares += v * v
}

func (m *moments) mean() float64     { return m.sum / m.n }
func (m *moments) variance() float64 { return m.squares/m.n - m.mean()*m.mean() }

func TestWithoutDraftsEveryTokenTakesAStep(t *testing.T) {
	d := drafts{}
	require.EqualValues(t, 123, d.steps(&request{}, 123))
}
