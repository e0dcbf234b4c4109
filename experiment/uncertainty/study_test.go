package uncertainty

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/metrics"
)

// toy is a product of powers, 100 agents on 10 accelerators at 1 kW each.
func toy(powers map[string]float64, inputs []configs.Input) model {
	return func(_ context.Context, draws []float64) (metrics.Answer, error) {
		agents := 100.0
		for i, in := range inputs {
			agents *= math.Pow(draws[i], powers[in.Name])
		}
		return metrics.Answer{Agents: agents, PerAccelerator: agents / 10, PerMW: metrics.PerMW{
			AcceleratorMeasured: 100 * agents, AcceleratorTDP: 100 * agents, IT: 100 * agents, Facility: 100 * agents,
			Provisioned: 100 * agents}}, nil
	}
}

func studyOf(powers map[string]float64, draws int, inputs ...configs.Input) *study {
	s := &study{inputs: inputs, options: Options{Draws: draws, By: Analytic, Seed: 1}}
	s.estimate = toy(powers, inputs)
	s.draw = s.estimate
	s.central, _ = s.estimate(context.Background(), neutral(inputs))
	return s
}

func (s *study) mustRun(t *testing.T, goals ...Goal) *metrics.Uncertainty {
	t.Helper()
	s.options.Goals = goals
	u, err := s.run(context.Background())
	require.NoError(t, err)
	return u
}

func input(name, kind string, low, high float64) configs.Input {
	return configs.Input{Name: name, Kind: kind, Low: low, High: high}
}

// One uniform factor from 0 to 2: everything can be worked out by hand.
func TestByHand(t *testing.T) {
	s := studyOf(map[string]float64{"x": 1}, 10, input("x", configs.UniformSpread, 0, 2))
	u := s.mustRun(t, Goal{Agents, 50}, Goal{PerAccelerator, 25}, Goal{PerMW, 1e6})
	require.Equal(t, 1, u.Inputs)
	w := u.Tornado[0]
	require.InDelta(t, 0.2, w.Low.Factor, 1e-12)
	require.InDelta(t, 20, w.Low.Agents, 1e-9)
	require.InDelta(t, 180, w.High.Agents, 1e-9)
	require.InDelta(t, 1, w.RankPerAccelerator, 1e-12, "more is more, always")
	// Of ten draws one lies in each tenth: P10 is the lowest, P90 the second highest.
	require.True(t, u.Agents.P10 >= 0 && u.Agents.P10 <= 20, u.Agents.P10)
	require.True(t, u.Agents.P50 >= 80 && u.Agents.P50 <= 100, u.Agents.P50)
	require.True(t, u.Agents.P90 >= 160 && u.Agents.P90 <= 180, u.Agents.P90)

	half, more, far := u.Targets[0], u.Targets[1], u.Targets[2]
	require.InDelta(t, 0.5, half.Needs[0].Factor, 1e-3)
	require.InDelta(t, 25, half.Needs[0].Percentile, 0.1)
	require.True(t, half.Needs[0].Inside && half.Needs[0].Reached && half.Inside)
	require.InDelta(t, 2.5, more.Needs[0].Factor, 3e-3)
	require.Equal(t, 100.0, more.Needs[0].Percentile)
	require.True(t, more.Needs[0].Reached)
	require.False(t, more.Needs[0].Inside || more.Inside)
	require.False(t, far.Needs[0].Reached, "a hundred times is not looked for")
	require.Equal(t, 1.0, far.Below)
}

func TestZeroWidthGivesThePointAnswer(t *testing.T) {
	for _, kind := range []string{configs.UniformSpread, configs.LogUniformSpread, configs.TriangularSpread,
		configs.LogTriangularSpread, configs.LogNormalSpread} {
		s := studyOf(map[string]float64{"x": 2, "y": -1}, 16, input("x", kind, 1, 1), input("y", kind, 1, 1))
		u := s.mustRun(t, Goal{Agents, 100})
		require.Equal(t, metrics.Quantiles{P10: 100, P50: 100, P90: 100}, u.Agents)
		require.Equal(t, 2, u.Idle)
		require.Empty(t, u.Tornado)
	}
}

func several() []configs.Input {
	return []configs.Input{input("a", configs.LogNormalSpread, 0.5, 2), input("b", configs.LogUniformSpread, 0.8, 1.5),
		input("c", configs.LogTriangularSpread, 0.7, 1.2), input("d", configs.LogNormalSpread, 0.9, 1.1)}
}

func severalPowers() map[string]float64 {
	return map[string]float64{"a": 0.7, "b": -1.2, "c": 1, "d": 0.3}
}

func TestTheOrderOfInputsDoesNotMatter(t *testing.T) {
	want := studyOf(severalPowers(), 32, several()...).mustRun(t, Goal{Agents, 80})
	for seed := range uint64(5) {
		inputs := several()
		rand.New(rand.NewPCG(seed, 0)).Shuffle(len(inputs), func(i, j int) { inputs[i], inputs[j] = inputs[j], inputs[i] })
		got := studyOf(severalPowers(), 32, inputs...).mustRun(t, Goal{Agents, 80})
		require.InEpsilon(t, want.Agents.P10, got.Agents.P10, 1e-12, "products in another order differ in the last digit")
		require.InEpsilon(t, want.Agents.P90, got.Agents.P90, 1e-12)
		for i, w := range want.Tornado {
			require.Equal(t, w.Input, got.Tornado[i].Input)
			require.InEpsilon(t, w.Low.Agents, got.Tornado[i].Low.Agents, 1e-12)
			require.InDelta(t, w.RankPerMW, got.Tornado[i].RankPerMW, 1e-12)
		}
		for i, n := range want.Targets[0].Needs {
			require.Equal(t, n.Input, got.Targets[0].Needs[i].Input)
			require.InEpsilon(t, n.Factor, got.Targets[0].Needs[i].Factor, 1e-9)
		}
	}
	draws := sample(several(), 32, 1)
	alone := sample(several()[2:3], 32, 1)
	require.Equal(t, column(draws, 2), column(alone, 0), "an input's draws do not depend on the others")
}

// Wider ranges never shrink the interval.
func TestWiderIsWider(t *testing.T) {
	last := 0.0
	for _, width := range []float64{0, 0.25, 0.5, 1, 1.5} {
		inputs := several()
		for i := range inputs {
			inputs[i].Low, inputs[i].High = math.Pow(inputs[i].Low, width), math.Pow(inputs[i].High, width)
		}
		u := studyOf(severalPowers(), 64, inputs...).mustRun(t)
		interval := math.Log(u.Agents.P90 / u.Agents.P10)
		require.GreaterOrEqual(t, interval, last)
		last = interval
	}
	require.Positive(t, last)
	narrow := studyOf(severalPowers(), 256, several()...).mustRun(t)
	wide := several()
	wide[1].Low, wide[1].High = 0.4, 3
	one := studyOf(severalPowers(), 256, wide...).mustRun(t)
	require.Greater(t, one.Agents.P90/one.Agents.P10, narrow.Agents.P90/narrow.Agents.P10)
}

// Draws follow the distribution: one in each of as many equal parts.
func TestDrawsFillEveryPart(t *testing.T) {
	const n = 64
	for _, in := range several() {
		spread := spreadOf(&in)
		seen := make([]bool, n)
		for _, row := range sample([]configs.Input{in}, n, 3) {
			seen[int(spread.cdf(row[0])*n)] = true
		}
		require.NotContains(t, seen, false, in.Name)
	}
	ends := spreadOf(&several()[0])
	require.InDelta(t, 0.5, ends.quantile(0.05), 1e-9, "low and high of a lognormal are P5 and P95")
	require.InDelta(t, 2, ends.quantile(0.95), 1e-9)
	require.InDelta(t, 1, ends.quantile(0.5), 1e-9)
}

// A draw that serves nobody counts as 0, and is told.
func TestInfeasibleDraws(t *testing.T) {
	s := studyOf(map[string]float64{"x": 1}, 20, input("x", configs.UniformSpread, 0, 2))
	product := s.estimate
	s.draw = func(ctx context.Context, draws []float64) (metrics.Answer, error) {
		if draws[0] < 0.5 {
			return metrics.Answer{}, nil
		}
		return product(ctx, draws)
	}
	s.estimate = s.draw
	u := s.mustRun(t, Goal{Agents, 70}, Goal{Agents, 20})
	require.InDelta(t, 0.25, u.Infeasible, 1e-9)
	require.Zero(t, u.Agents.P10)
	require.InDelta(t, 0.7, u.Targets[0].Needs[0].Factor, 1e-3)
	require.False(t, u.Targets[1].Needs[0].Reached, "below it nobody is served")
	require.InDelta(t, 50, u.Targets[1].Needs[0].Gives, 0.2, "which is told")
}

func TestRanks(t *testing.T) {
	require.Equal(t, []float64{2, 0.5, 0.5, 3}, ranks([]float64{7, 1, 1, 9}))
	require.InDelta(t, -1, spearman([]float64{1, 2, 3}, []float64{9, 4, 1}), 1e-12)
	require.Zero(t, spearman([]float64{1, 2, 3}, []float64{5, 5, 5}))
}
