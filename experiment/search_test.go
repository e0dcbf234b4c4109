package experiment

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/metrics"
)

// script is a search whose phases are made up: the margin of the one
// condition by number of agents, and the half-width of its error.
type script struct {
	search
	mutex sync.Mutex
	tried []int
}

func play(margin func(agents int) float64, halfWidth float64, protocol configs.Protocol) *script {
	s := &script{}
	s.scenario = &configs.Scenario{Protocol: protocol}
	s.try = func(ctx context.Context, agents int, _ float64) (*phase, error) {
		s.mutex.Lock()
		s.tried = append(s.tried, agents)
		s.mutex.Unlock()
		c := speedy[0]
		score := metrics.Score{Criterion: c, Met: metrics.Interval{Mean: c.Share + margin(agents), Half: halfWidth}, Requests: 1e6}
		p := &phase{agents: agents, verdict: metrics.Conclude(score)}
		p.phase = metrics.Phase{Agents: agents, Pass: score.Pass(), WindowS: 600, Calls: 1,
			Conditions: []metrics.Condition{metrics.ConditionOf(score)}}
		return p, nil
	}
	return s
}

// falling is a margin that crosses zero between capacity and capacity + 1.
func falling(capacity int) func(int) float64 {
	return func(agents int) float64 { return 0.2 * math.Log((float64(capacity)+0.5)/float64(agents)) }
}

func doubling(start int) configs.Protocol {
	return configs.Protocol{StartAgents: start, Tolerance: 0.01}
}

// checkBracket wants the answer to pass, the number above it to fail, and
// both within the tolerance; no number tried twice.
func (s *script) checkBracket(t *testing.T) {
	t.Helper()
	require.Less(t, s.low, s.high)
	require.LessOrEqual(t, s.high-s.low, max(1, s.low/100))
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(s.tried))), len(s.tried), "no number is tried twice")
	require.Len(t, s.phases, len(s.tried))
	require.True(t, s.answer().phase.Pass)
	require.False(t, s.failure().phase.Pass)
}

// bisected is the answer of the benchmark's procedure, one number at a time.
func bisected(margin func(int) float64, p configs.Protocol) (low, high int) {
	n := p.StartAgents
	for ; margin(n) >= 0; n *= 2 {
		low = n
	}
	high = n
	if low == 0 {
		low = 1
	}
	for high-low > max(1, int(p.Tolerance*float64(low))) {
		if middle := low + (high-low)/2; margin(middle) >= 0 {
			low = middle
		} else {
			high = middle
		}
	}
	return low, high
}

// Two numbers side by side never change the answer of plain bisection.
func TestSearchIsPlainBisection(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 300 {
		capacity, protocol := int(math.Exp(r.Float64()*math.Log(20000))), doubling(1+r.IntN(40))
		if capacity < protocol.StartAgents {
			protocol.StartAgents = 1
		}
		luck := map[int]float64{}
		for i := range 4 * capacity {
			luck[i] = 0.02 * r.NormFloat64()
		}
		luck[1] = 0
		margin := func(agents int) float64 { return falling(capacity)(agents) + luck[agents] }
		if margin(protocol.StartAgents) < 0 {
			continue
		}
		s := play(margin, 0.01, protocol)
		require.NoError(t, s.run(context.Background()))
		s.checkBracket(t)
		low, high := bisected(margin, protocol)
		require.Equal(t, [2]int{low, high}, [2]int{s.low, s.high})
	}
	require.Equal(t, 1840, bracketed(t, 1845), "1024 to 2048, 1536, 1792, 1920, 1856, 1824, 1840 (agentperf.md 1.4)")
}

func bracketed(t *testing.T, capacity int) int {
	t.Helper()
	s := play(falling(capacity), 0, doubling(2))
	require.NoError(t, s.run(context.Background()))
	return s.low
}

func TestSearchFindsTheCapacityInFewPhases(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		capacity := int(math.Exp(r.Float64() * math.Log(20000)))
		s := play(falling(capacity), 0, doubling(1+r.IntN(40)))
		require.NoError(t, s.run(context.Background()))
		s.checkBracket(t)
		require.LessOrEqual(t, s.low, capacity)
		require.Greater(t, s.high, capacity)
		// One a doubling and one too many; one a halving of the bracket to 1 %, and a wrong guess for each.
		bound := math.Ceil(math.Log2(float64(capacity)+2)) + 2 + 2*math.Ceil(math.Log2(100)) + 2
		require.LessOrEqual(t, float64(len(s.tried)), bound, "capacity %d: %v", capacity, s.tried)
		low, high := s.interval()
		require.Equal(t, [2]float64{float64(s.low), float64(s.high)}, [2]float64{low, high}, "nothing is in doubt")
	}
}

// Verdicts near the capacity that are partly luck, in no order.
func TestSearchSurvivesLuck(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 0))
		capacity, luck := 10+r.IntN(3000), map[int]float64{}
		for i := range 2 * capacity {
			luck[i] = 0.02 * r.NormFloat64()
		}
		margin := func(agents int) float64 { return falling(capacity)(agents) + luck[agents] }
		s := play(margin, 0.04, doubling(2))
		require.NoError(t, s.run(context.Background()))
		s.checkBracket(t)
		require.InEpsilon(t, float64(capacity), float64(s.low), 0.6)
		low, high := s.interval()
		require.LessOrEqual(t, low, float64(s.low))
		require.GreaterOrEqual(t, high, float64(s.high))
	}
}

func TestIntervalGrowsWithTheErrorAndStaysFinite(t *testing.T) {
	width := 0.0
	for _, half := range []float64{0.001, 0.01, 0.03, 0.1, 1} {
		s := play(falling(1000), half, doubling(2))
		require.NoError(t, s.run(context.Background()))
		low, high := s.interval()
		require.False(t, math.IsInf(high, 0) || math.IsNaN(high+low) || low < 1)
		require.LessOrEqual(t, low, float64(s.low))
		require.GreaterOrEqual(t, high, float64(s.high))
		require.Greater(t, high/low, width)
		width = high / low
	}
	s := play(falling(1000), 0.02, doubling(2))
	require.NoError(t, s.run(context.Background()))
	low, _ := s.interval()
	require.InEpsilon(t, 1000*math.Exp(-0.02/0.2), low, 0.02, "the error of the margin over its slope")

	cliff := func(agents int) float64 { return 0.1 - 0.2*float64(min(1, agents/1001)) }
	s = play(cliff, 0.02, doubling(2))
	require.NoError(t, s.run(context.Background()))
	low, high := s.interval()
	require.Equal(t, [2]float64{float64(s.low), float64(s.high)}, [2]float64{low, high}, "both verdicts are sure")
}

func TestSearchGivesUpWhereNothingFailsOrNothingPasses(t *testing.T) {
	s := play(func(int) float64 { return 0.1 }, 0, doubling(2))
	require.ErrorContains(t, s.run(context.Background()), "agents still meet the service level: is it one?")
	require.Less(t, len(s.tried), 25)

	for _, start := range []int{1, 2, 100} {
		s = play(func(int) float64 { return -0.1 }, 0, doubling(start))
		err := s.run(context.Background())
		require.ErrorIs(t, err, metrics.ErrInfeasible)
		require.ErrorContains(t, err, "one agent already fails the service level: output_speed.p25 asks for "+
			"75 % of calls at 20, got 65.0 %")
		require.Contains(t, s.tried, 1)
	}
}

func TestSearchPassesErrorsOn(t *testing.T) {
	torn := errors.New("the trace is torn")
	s := play(falling(100), 0, doubling(2))
	whole := s.try
	s.try = func(ctx context.Context, agents int, _ float64) (*phase, error) {
		if agents > 60 {
			return nil, torn
		}
		return whole(ctx, agents, 0)
	}
	require.ErrorIs(t, s.run(context.Background()), torn)
}

// What runs beside the path, and when it ends, changes nothing in the result.
func TestSearchTakesTheSamePathOnAnyNumberOfProcessors(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 3))
		capacity, near := 2+r.IntN(3000), 0.0
		if seed%2 > 0 {
			near = float64(capacity) * math.Exp(0.3*r.NormFloat64())
		}
		var paths [5][]int
		for side := 1; side < len(paths); side++ {
			runtime.GOMAXPROCS(side)
			s := play(falling(capacity), 0.005, doubling(3))
			s.near, s.side = near, side
			whole := s.try
			s.try = func(ctx context.Context, agents int, _ float64) (*phase, error) {
				for range (agents * 7919) % 50 {
					runtime.Gosched()
				}
				return whole(ctx, agents, 0)
			}
			require.NoError(t, s.run(context.Background()))
			for _, p := range s.phases {
				paths[side] = append(paths[side], p.agents)
			}
			require.Equal(t, paths[1], paths[side], "%d side by side", side)
		}
	}
}

// Wherever the answer is thought to lie, it is that of the whole doubling, as
// long as luck keeps to the errors that phases say they have; a thought that is
// right saves most of the phases.
func TestSearchFindsTheAnswerOfTheWholeDoublingFromAnyPlace(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for range 600 {
		capacity, half := int(math.Exp(r.Float64()*math.Log(20000))), 0.02*r.Float64()
		luck := map[int]float64{}
		for i := range 4 * capacity {
			luck[i] = 0.7 * half * (2*r.Float64() - 1)
		}
		margin := func(agents int) float64 { return falling(capacity)(agents) + luck[agents] }
		whole := play(margin, half, doubling(2))
		failed := whole.run(context.Background())
		for _, off := range []float64{1, 0.95, 1.2, 0.5, 3, 1e-9, 1e4} {
			s := play(margin, half, doubling(2))
			s.near, s.side = float64(capacity)*off, 1+r.IntN(3)
			err := s.run(context.Background())
			if failed != nil {
				require.EqualError(t, err, failed.Error())
				continue
			}
			require.NoError(t, err)
			require.Equal(t, [2]int{whole.low, whole.high}, [2]int{s.low, s.high}, "from %g times %d", off, capacity)
			require.True(t, s.answer().phase.Pass)
			require.False(t, s.failure().phase.Pass)
			if off == 1 && half < 0.001 && capacity > 200 {
				require.LessOrEqual(t, 2*len(s.phases), len(whole.phases)+1, "%d", capacity)
			}
		}
	}
}

// A search that is interrupted keeps the numbers that were decided.
func TestAStoppedSearchKeepsItsBracket(t *testing.T) {
	for _, most := range []int{0, 1, 2, 5, 8} {
		s := play(falling(100), 0.001, doubling(8))
		try, ended := s.try, 0
		s.try = func(ctx context.Context, agents int, _ float64) (*phase, error) {
			p, err := try(ctx, agents, 0)
			s.mutex.Lock()
			defer s.mutex.Unlock()
			if ended >= most {
				return nil, context.Canceled
			}
			ended++
			return p, err
		}
		err := s.run(context.Background())
		require.ErrorIs(t, err, context.Canceled)
		stopped := s.stopped(err)
		require.ErrorIs(t, stopped, context.Canceled)
		require.True(t, stopped.Known.Stopped)
		require.Len(t, stopped.Known.Search, ended)
		require.LessOrEqual(t, stopped.Known.AtLeast, 100)
		if stopped.Known.Below > 0 {
			require.Greater(t, stopped.Known.Below, 100)
		}
		for _, p := range s.phases {
			if p.phase.Pass {
				require.LessOrEqual(t, p.agents, stopped.Known.AtLeast)
			} else {
				require.GreaterOrEqual(t, p.agents, stopped.Known.Below)
			}
		}
	}
}
