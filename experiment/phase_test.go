package experiment

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/scenarios"
	"agentsim/serve"
)

// batched is a phase of 20 batches of 100 calls, of which alternately a few
// more and a few less than the mean share meet the one criterion.
func batched(mean, scatter float64) *phase {
	p := &phase{criteria: []metrics.Criterion{{Measure: metrics.OutputSpeed, Percent: 25, Target: 20, Share: 0.75}},
		batches: make([][]metrics.Ratio, 1), sum: serve.Tally{Calls: 2000}}
	for i := range 20 {
		sign := float64(1 - 2*(i%2))
		p.batches[0] = append(p.batches[0], metrics.Ratio{Above: 100 * (mean + sign*scatter), Below: 100})
	}
	return p
}

// A verdict is certain when the margin is 2.5 times the half-width, which for
// 20 batches that scatter by s is 2.09·s·1.026/√20 = 0.48·s.
func TestPhasesEndEarlyOnlyWhenTheVerdictIsCertain(t *testing.T) {
	require.True(t, batched(0.95, 0.05).certain(), "surely passes")
	require.True(t, batched(0.40, 0.05).certain(), "surely fails")
	require.False(t, batched(0.76, 0.05).certain())
	require.False(t, batched(0.74, 0.05).certain())
	require.True(t, batched(0.75+1.25*0.05, 0.05).certain())
	require.False(t, batched(0.75+1.15*0.05, 0.05).certain())

	both := batched(0.95, 0.05)
	both.criteria = append(both.criteria, metrics.Criterion{Measure: metrics.TTFT, Share: 0.95})
	both.batches = append(both.batches, batched(0.96, 0.03).batches[0])
	require.False(t, both.certain(), "a pass needs all criteria")
	both.batches[1] = batched(0.5, 0.05).batches[0]
	require.True(t, both.certain(), "one failure is enough")

	short := batched(0.95, 0)
	short.batches[0] = short.batches[0][:5]
	require.False(t, short.certain(), "five batches say nothing about their scatter")
	none := batched(0.95, 0)
	none.sum.Calls = 0
	require.False(t, none.certain())
}

func load(t *testing.T, sets ...string) *configs.Scenario {
	t.Helper()
	s, _, err := configs.LoadScenario(configs.Source{Name: "h200-agentperf-slo20", FS: scenarios.FS}, sets)
	require.NoError(t, err)
	return s
}

// A phase runs until all minima of the protocol are met, or its longest time
// is over.
func TestPhasesRunAsTheProtocolSays(t *testing.T) {
	base := []string{"protocol=steady-state", "protocol.ramp=5s", "protocol.warmup=5s", "protocol.duration=24s",
		"protocol.batches=12", "protocol.stop_when_certain=false", "protocol.duration_max=2400s"}
	for set, enough := range map[string]func(p *phase) bool{
		"protocol.calls_min=0":           func(p *phase) bool { return p.phase.WindowS == 24 },
		"protocol.calls_min=200":         func(p *phase) bool { return p.phase.Calls >= 200 && p.phase.Calls < 220 },
		"protocol.sessions_min=5":        func(p *phase) bool { return p.phase.Sessions == 5 },
		"protocol.sessions_per_agent=1":  func(p *phase) bool { return p.phase.Sessions >= 4 && p.phase.Sessions < 6 },
		"protocol.sessions_min=10000000": func(p *phase) bool { return p.phase.WindowS == 2400 },
	} {
		s := load(t, append(base, "protocol.calls_min=0", set)...)
		cfg, err := prepare(s)
		require.NoError(t, err)
		p, err := runPhase(context.Background(), s, cfg, 4)
		require.NoError(t, err)
		require.True(t, enough(p), "%s: %+v", set, p.phase)
		require.Zero(t, int(p.phase.WindowS+0.5)%2, "whole batches")
		require.Len(t, p.sum.TTFT, int(p.phase.Calls))
	}
}

// Where there was no call the shares are unknown, which JSON has no word for.
func TestPhasesWithoutCallsFailAndCanBeWritten(t *testing.T) {
	s := load(t, "protocol=steady-state", "protocol.ramp=100s", "protocol.warmup=0s", "protocol.duration=1ms",
		"protocol.duration_max=1ms")
	cfg, err := prepare(s)
	require.NoError(t, err)
	p, err := runPhase(context.Background(), s, cfg, 2)
	require.NoError(t, err)
	require.Zero(t, p.phase.Calls)
	require.False(t, p.phase.Pass)
	_, err = json.Marshal(p.phase)
	require.NoError(t, err)
}
