package experiment

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"

	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/scenarios"
	"agentsim/serve"
	"agentsim/sim"
	"agentsim/trace"
)

// made is a search by regression whose phases are made up: the margin of the one
// condition by number of agents, in normal deviates, and its error after a second.
type made struct {
	regression
	mutex   sync.Mutex
	seconds float64 // that were measured
	walks   map[*phase]*walk
}

// walk is the luck of a made phase up to now, which adds up as it goes on.
type walk struct {
	source rand.PCG
	sum    float64
}

// mostSeconds is the longest time of made phases, together.
const mostSeconds = 1000

func makeUp(seed uint64, margin func(agents int) float64, luck float64) *made {
	m := &made{walks: map[*phase]*walk{}}
	protocol := configs.Protocol{Tolerance: 0.01, Precision: 0.01, StopWhenCertain: true, StartAgents: 2}
	m.search = &search{scenario: &configs.Scenario{Protocol: protocol}}
	m.bounds = func(int) duration { return duration{least: 60, most: mostSeconds} }
	m.measure = func(_ context.Context, t *task) (*phase, error) {
		m.mutex.Lock()
		defer m.mutex.Unlock()
		p := t.phase
		if p == nil {
			p = &phase{agents: t.agents, cluster: &serve.Cluster{}}
			m.walks[p] = &walk{}
			sim.Rekey(&m.walks[p].source, seed, "luck", uint64(t.moment))
		}
		c, w := speedy[0], m.walks[p]
		more := t.seconds - p.span
		m.seconds += more
		level := distuv.UnitNormal.Quantile(c.Share)
		second := luck * distuv.UnitNormal.Prob(level) // the error after one
		w.sum += second * math.Sqrt(more) * rand.New(&w.source).NormFloat64()
		met := min(max(distuv.UnitNormal.CDF(level+margin(t.agents))+w.sum/t.seconds, 0), 1)
		score := metrics.NewScore(c, metrics.Interval{Mean: met, Half: 1.96 * second / math.Sqrt(t.seconds)}, 10*t.seconds)
		p.span, p.verdict = t.seconds, metrics.Conclude(score)
		p.phase = metrics.Phase{Agents: t.agents, Pass: score.Pass(), WindowS: t.seconds, Calls: int64(10 * t.seconds),
			Conditions: []metrics.Condition{metrics.ConditionOf(score)}}
		return p, nil
	}
	m.try = func(ctx context.Context, agents int, least float64) (*phase, error) {
		return m.measure(ctx, &task{agents: agents, seconds: max(least, mostSeconds)})
	}
	return m
}

// dropping is a margin that crosses zero at a number of agents.
func dropping(at, fall float64) func(int) float64 {
	return func(agents int) float64 { return fall * math.Log(at/float64(agents)) }
}

// Without luck the answer is where the margin crosses zero, within the tolerance,
// from any place.
func TestRegressionFindsTheCrossing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 7))
	for range 300 {
		at, fall := math.Exp(0.3+r.Float64()*math.Log(20000)), 1+15*r.Float64()
		for _, off := range []float64{1, 0.9, 1.3, 0.4, 5} {
			m := makeUp(1, dropping(at, fall), 1e-6)
			m.search.near = at * off
			require.NoError(t, m.run(context.Background()))
			resolution := max(1, math.Ceil(0.01*at))
			require.LessOrEqual(t, float64(m.low), 1.001*at, "from %g times %g", off, at)
			require.Greater(t, float64(m.low)+resolution+1, at, "from %g times %g", off, at)
			require.Greater(t, 1.001*float64(m.high), at)
			require.NotNil(t, m.answer())
			for _, p := range m.phases {
				require.Equal(t, p.agents <= m.low, p.phase.Pass)
				require.Nil(t, p.cluster, "clusters are large")
			}
			require.LessOrEqual(t, len(m.phases), 40)
		}
	}
}

// Answers of a search scatter by no more than the errors of all phases near it
// explain, around the crossing; their intervals hold it, and all of it takes little
// longer than one phase may.
func TestRegressionIsAsGoodAsItSays(t *testing.T) {
	const at, fall, luck, seeds = 2000, 5, 1.2, 300
	held, seconds, mean, squares := 0, 0.0, 0.0, 0.0
	for seed := range uint64(seeds) {
		m := makeUp(seed, dropping(at, fall), luck)
		m.search.near = at * 1.1
		require.NoError(t, m.run(context.Background()))
		if low, high := m.interval(); low <= at && at <= high {
			held++
		}
		off := math.Log(float64(m.low) / at)
		mean, squares = mean+off/seeds, squares+off*off/seeds
		seconds += m.seconds / seeds
	}
	spread := math.Sqrt(squares - mean*mean)
	t.Logf("off by %.4f ± %.4f, %d of %d intervals hold the crossing, %.0f s", mean, spread, held, seeds, seconds)
	require.InDelta(t, -0.005, mean, 0.003, "an answer is up to the tolerance below the crossing")
	require.Less(t, spread, 0.014)
	require.GreaterOrEqual(t, held, seeds*9/10)
	require.Less(t, seconds, 1.5*mostSeconds)
}

// What runs side by side changes nothing in the result.
func TestRegressionTakesTheSamePathOnAnyNumberOfProcessors(t *testing.T) {
	for seed := range uint64(10) {
		var paths [4][]metrics.Phase
		for side := 1; side < len(paths); side++ {
			m := makeUp(seed, dropping(700, 4), 2)
			m.search.side, m.search.near = side, 500+20*float64(seed)
			require.NoError(t, m.run(context.Background()))
			for _, p := range m.phases {
				paths[side] = append(paths[side], p.phase)
			}
			require.Equal(t, paths[1], paths[side])
		}
	}
}

func TestRegressionGivesUpWhereNothingFailsOrNothingPasses(t *testing.T) {
	m := makeUp(1, func(int) float64 { return 1 }, 0.01)
	m.search.near = 100
	require.ErrorContains(t, m.run(context.Background()), "agents still meet the service level: is it one?")
	require.Less(t, len(m.phases), 50)
	for _, near := range []float64{1, 50, 3000} {
		m = makeUp(1, func(int) float64 { return -0.5 }, 0.01)
		m.search.near = near
		require.ErrorIs(t, m.run(context.Background()), metrics.ErrInfeasible)
		require.NotNil(t, m.tried(1))
	}
}

// A search that is interrupted keeps what was measured.
func TestAStoppedRegressionKeepsItsPhases(t *testing.T) {
	m := makeUp(1, dropping(100, 5), 0.01)
	m.search.near = 105
	measure, begun := m.measure, 0
	m.measure = func(ctx context.Context, t *task) (*phase, error) {
		m.mutex.Lock()
		begun++
		late := begun > 2
		m.mutex.Unlock()
		if late {
			return t.phase, context.Canceled
		}
		return measure(ctx, t)
	}
	err := m.run(context.Background())
	require.ErrorIs(t, err, context.Canceled)
	known := m.stopped(err).Known
	require.Len(t, known.Search, 2)
	require.Equal(t, 94, known.AtLeast)
	require.Equal(t, 118, known.Below)
	require.True(t, errors.Is(m.stopped(err), context.Canceled))
}

// At another moment agents have the same sessions before the run, and others later;
// runs differ, and each repeats itself.
func TestMomentsAreOfTheSameAgents(t *testing.T) {
	s := load(t, "protocol=steady-state", "protocol.ramp=5s", "protocol.warmup=5s")
	base, err := prepareWith(s, nil, nil)
	require.NoError(t, err)
	var prints []string
	for _, moment := range []int{0, 1, 2, 1} {
		p, err := measureAt(context.Background(), s, base, &task{agents: 6, moment: moment, seconds: 60})
		require.NoError(t, err)
		prints = append(prints, p.phase.Fingerprint)
	}
	require.Equal(t, prints[1], prints[3])
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(prints))), 3)
	var here, there trace.Session
	for k := -3; k <= 3; k++ {
		require.NoError(t, base.Sessions.Session(5, k, &here))
		require.NoError(t, base.at(1).Sessions.Session(5, k, &there))
		require.Equal(t, k <= 0, slices.Equal(here.Turns, there.Turns), k)
	}
}

// Where there are few agents, or nobody says where the answer lies,
// the search goes by bisection.
func TestRegressionIsForManyAgents(t *testing.T) {
	s := load(t, "protocol=steady-state", "deployment.aggregated.workers=8", "protocol.sessions_seen=0", "protocol.cycles_min=0")
	for near, moments := range map[float64]bool{0: false, 20: false, 120: true} {
		r, err := Capacity(context.Background(), s, Options{Near: near})
		require.NoError(t, err)
		together := slices.ContainsFunc(r.Search, func(p metrics.Phase) bool { return p.End == metrics.EndTogether })
		require.Equal(t, moments, together, "near %g: %d agents", near, r.Capacity.Agents)
	}
}

// Phases too short for whoever fails to end a call all pass: the search does not
// follow them to ever more agents.
func TestRegressionsDoNotGoAstray(t *testing.T) {
	short := []string{"protocol=steady-state", "protocol.warmup=0s", "protocol.ramp=1s", "protocol.duration=5s", "protocol.batches=10",
		"protocol.cycles_min=0", "protocol.sessions_seen=0", "protocol.tolerance=0.5", "protocol.duration_max=60s"}
	s, _, err := configs.LoadScenario(configs.Source{Name: "b300-agentperf-slo20", FS: scenarios.FS}, short)
	require.NoError(t, err)
	r, err := Capacity(context.Background(), s, Options{Near: 330})
	require.NoError(t, err)
	require.Less(t, r.Capacity.Agents, 4*330)
	require.False(t, slices.ContainsFunc(r.Search, func(p metrics.Phase) bool { return p.Agents > 20*330 }))

	r, err = Capacity(context.Background(), load(t, append(short, "protocol.duration=2s")...), Options{Near: 12})
	require.NoError(t, err)
	require.False(t, math.IsNaN(float64(r.Capacity.AgentsLow)) || math.IsNaN(float64(r.Capacity.AgentsHigh)))
}
