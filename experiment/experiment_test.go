package experiment_test

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/metrics"
	"agentsim/scenarios"
)

func scenario(t testing.TB, name string, sets ...string) *configs.Scenario {
	t.Helper()
	s, _, err := configs.LoadScenario(configs.Source{Name: name, FS: scenarios.FS}, sets)
	require.NoError(t, err)
	return s
}

// quick is the smaller of the scenarios, measured for two minutes.
func quick(t testing.TB, sets ...string) *configs.Scenario {
	t.Helper()
	short := []string{"protocol=steady-state", "protocol.ramp=10s", "protocol.warmup=20s", "protocol.duration=120s",
		"protocol.calls_min=0", "protocol.duration_max=240s", "protocol.cycles_min=0", "protocol.sessions_seen=0"}
	return scenario(t, "h200-agentperf-slo20", append(short, sets...)...)
}

func capacity(t testing.TB, s *configs.Scenario) *metrics.Result {
	t.Helper()
	r, err := experiment.Capacity(context.Background(), s, experiment.Options{Version: "test"})
	require.NoError(t, err)
	return r
}

// The same scenario and seed give the same result, to the last digit, on one
// processor and on two.
func TestResultsAreRepeatable(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var results []*metrics.Result
	for _, processors := range []int{1, 2, 2} {
		runtime.GOMAXPROCS(processors)
		results = append(results, capacity(t, quick(t)))
	}
	require.Equal(t, results[0], results[1])
	require.Equal(t, results[0], results[2])
	require.NotEqual(t, results[0].Fingerprint, capacity(t, quick(t, "seed=2")).Fingerprint)
}

// A capacity is a run at that number of agents that passes, and the next
// number tried fails.
func TestCapacityIsWhatARunConfirms(t *testing.T) {
	s := quick(t)
	c := capacity(t, s)
	agents := c.Capacity.Agents
	require.Greater(t, agents, 1)
	require.LessOrEqual(t, c.Capacity.AgentsLow, float64(agents))
	require.GreaterOrEqual(t, c.Capacity.AgentsHigh, float64(agents+1))
	require.NotEmpty(t, c.Limit)
	r, err := experiment.Run(context.Background(), s, agents, experiment.Options{Version: "test"})
	require.NoError(t, err)
	require.Equal(t, c.Fingerprint, r.Fingerprint)
	require.Equal(t, c.Metrics, r.Metrics)
	require.NotEmpty(t, r.Power.Series)
	r.Power.Series = nil // of a run alone
	require.Equal(t, c.Power, r.Power)
	calls := int64(0)
	for _, p := range c.Search {
		require.Equal(t, p.Agents <= agents, p.Pass)
		calls += p.Calls
	}
	require.Greater(t, c.Calls, calls, "calls of the warm-up count, too")

	cycle := 0.0
	for _, seconds := range r.Time.ByState {
		cycle += seconds
	}
	require.InEpsilon(t, r.Time.CycleS, cycle, 1e-9)
	require.InEpsilon(t, float64(agents), r.Metrics.TurnsPerS*cycle, 1e-9, "Little's law")
	require.InEpsilon(t, r.Power.AcceleratorW/r.Metrics.OutputTokS, r.Power.JoulesPerOutputToken, 1e-9)
	require.InEpsilon(t, float64(c.Capacity.Agents)/r.Power.FacilityW*1e6, c.Capacity.PerMW.Facility, 1e-9)
	watts := 0.0
	for _, part := range r.Power.ByComponent {
		watts += part
	}
	require.InEpsilon(t, r.Power.ITW, watts, 1e-9)
}

// The cheap protocol finds the answer of the benchmark's, to the letter, within
// the intervals of both. Where agents are not few it needs half of the calls and
// events, or less.
func TestTheCheapProtocolAgreesWithTheBenchmarks(t *testing.T) {
	sets := []string{"slo.output_speed.p25=40tok/s"}
	const toTheLetter = "protocol.stop_when_certain=false"
	letter := capacity(t, scenario(t, "h200-agentperf-slo20", append(sets, toTheLetter)...))
	early := capacity(t, scenario(t, "h200-agentperf-slo20", sets...))
	require.Equal(t, letter.Capacity.Agents, early.Capacity.Agents, "only certain phases end early")
	require.Less(t, early.Calls, letter.Calls)

	if testing.Short() {
		return
	}
	sets = append(sets, "deployment.aggregated.workers=16")
	cheap := capacity(t, scenario(t, "h200-agentperf-slo20", append(sets, "protocol=steady-state")...))
	letter = capacity(t, scenario(t, "h200-agentperf-slo20", append(sets, toTheLetter)...))
	require.LessOrEqual(t, cheap.Capacity.AgentsLow, letter.Capacity.AgentsHigh)
	require.GreaterOrEqual(t, cheap.Capacity.AgentsHigh, letter.Capacity.AgentsLow)
	t.Logf("%d and %d agents, %d and %d calls, %d and %d events", letter.Capacity.Agents, cheap.Capacity.Agents, letter.Calls,
		cheap.Calls, letter.Events, cheap.Events)
	require.Greater(t, letter.Calls, 2*cheap.Calls)
	require.Greater(t, letter.Events, 2*cheap.Events)
	for _, p := range letter.Search {
		require.Equal(t, metrics.EndMinima, p.End)
		require.GreaterOrEqual(t, p.WindowS, 600.0)
		require.GreaterOrEqual(t, p.Sessions, int64(max(30, 3*p.Agents)))
	}
}

// A random prefix at the start leaves nothing to share: first prompts are
// computed whole. Behind the shared part they are not.
func TestARandomPrefixAtTheStartSharesNothing(t *testing.T) {
	hits := func(sets ...string) *metrics.Result {
		r, err := experiment.Run(context.Background(), quick(t, append(sets, "engine.cache.policy=ideal")...), 48, experiment.Options{})
		require.NoError(t, err)
		return r
	}
	after, start := hits(), hits("protocol.random_prefix=start")
	require.Less(t, start.Metrics.PrefixHitRate, after.Metrics.PrefixHitRate)
	require.InEpsilon(t, after.Metrics.MeanInput, start.Metrics.MeanInput, 0.1, "prompts are as long")
}

// The protocol caps answers whatever the workload says.
func TestTheProtocolCapsAnswers(t *testing.T) {
	r, err := experiment.Run(context.Background(), quick(t, "workload.output={kind: constant, value: 900}",
		"protocol.output_max=50"), 8, experiment.Options{})
	require.NoError(t, err)
	require.Equal(t, 50.0, r.Metrics.MeanOutput)
}

// End-to-end speed counts the wait for the first token, and a service level
// may ask for it.
func TestEndToEndSpeed(t *testing.T) {
	r, err := experiment.Run(context.Background(), quick(t), 8, experiment.Options{})
	require.NoError(t, err)
	require.Less(t, r.Metrics.E2ESpeedP25, r.Metrics.OutputSpeedP25)
	require.Positive(t, r.Metrics.E2ESpeedP25)
	loose := capacity(t, quick(t, "slo={e2e_speed: {p25: 8tok/s}}"))
	tight := capacity(t, quick(t, fmt.Sprintf("slo={e2e_speed: {p25: %gtok/s}}", 1.1*r.Metrics.E2ESpeedP25)))
	require.Less(t, tight.Capacity.Agents, loose.Capacity.Agents)
	require.Contains(t, tight.Limit, "e2e_speed.p25")
}

func TestMoreAgentsThanFitMeetNothing(t *testing.T) {
	s := quick(t)
	c := capacity(t, s)
	r, err := experiment.Run(context.Background(), s, 4*c.Capacity.Agents, experiment.Options{})
	require.NoError(t, err)
	require.Less(t, r.Metrics.OutputSpeedP25, 20.0)
	require.Nil(t, r.Capacity)
	require.Empty(t, r.Search)
}

func TestWhatCannotWorkIsInfeasible(t *testing.T) {
	for want, set := range map[string]string{
		"one agent already fails the service level: output_speed.p25": "slo.output_speed={p25: 5000tok/s}",
		"one agent already fails the service level: ttft.p95":         "slo.ttft={p95: 1ms}",
		"does not fit: each accelerator needs":                        "system.accelerator.hbm.capacity=100GB",
		"tokens with 1024 to generate does not fit in a cache of ":    leaving(t, 10000),
	} {
		_, err := experiment.Capacity(context.Background(), quick(t, set), experiment.Options{})
		require.ErrorIs(t, err, metrics.ErrInfeasible, set)
		require.ErrorContains(t, err, want)
	}
}

// leaving reserves so much of the memory that about so many tokens of cache
// are left.
func leaving(t *testing.T, tokens float64) string {
	t.Helper()
	r, err := experiment.Run(context.Background(), quick(t), 1, experiment.Options{})
	require.NoError(t, err)
	m := r.Memory[0]
	return fmt.Sprintf("engine.memory.reserved=%.0fB", m.Reserved+m.Cache*(1-tokens/m.CacheTokens))
}

func TestRunWantsAgents(t *testing.T) {
	_, err := experiment.Run(context.Background(), quick(t), 0, experiment.Options{})
	require.ErrorContains(t, err, "agents: 0: want 1 to 1048576")
}

// A search that is cancelled begins no further phase.
func TestCancellationEndsTheSearch(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	phases := 0
	_, err := experiment.Capacity(ctx, quick(t), experiment.Options{Progress: func(int, bool, int, int) {
		phases++
		cancel()
	}})
	require.ErrorIs(t, err, context.Canceled)
	require.LessOrEqual(t, phases, 2, "two phases run side by side")

	_, err = experiment.Run(ctx, quick(t), 5, experiment.Options{})
	require.ErrorIs(t, err, context.Canceled)
}

func BenchmarkPhase(b *testing.B) {
	s := scenario(b, "gb300-agentperf-slo20", "protocol=steady-state")
	events := uint64(0)
	for b.Loop() {
		r, err := experiment.Run(context.Background(), s, 2048, experiment.Options{})
		require.NoError(b, err)
		events += r.Events
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
}

// encode is a result as JSON.
func encode(t testing.TB, r *metrics.Result) []byte {
	t.Helper()
	text, err := json.Marshal(r)
	require.NoError(t, err)
	return text
}
