package experiment

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/scenarios"
)

func load(t *testing.T, sets ...string) *configs.Scenario {
	t.Helper()
	s, _, err := configs.LoadScenario(configs.Source{Name: "h200-agentperf-slo20", FS: scenarios.FS}, sets)
	require.NoError(t, err)
	return s
}

// ended runs a phase of a small protocol and returns it.
func ended(t *testing.T, agents int, sets ...string) *phase {
	t.Helper()
	base := []string{"protocol=aa-agentperf", "protocol.ramp=5s", "protocol.warmup=5s", "protocol.duration=24s",
		"protocol.sessions_min=0", "protocol.sessions_per_agent=0", "protocol.stop_when_certain=false",
		"protocol.duration_max=2400s", "protocol.cycles_min=0", "protocol.sessions_seen=0"}
	s := load(t, append(base, sets...)...)
	b, err := prepare(s)
	require.NoError(t, err)
	p, err := runPhase(context.Background(), s, b, agents, 0)
	require.NoError(t, err)
	require.LessOrEqual(t, len(p.sum.TTFT), int(p.phase.Calls), "answers under way at the start have no first token")
	require.InDelta(t, p.window.length(), p.phase.WindowS+p.phase.DeletedS, 1e-9)
	return p
}

// A phase runs until all minima of the protocol are met, or its longest time
// is over, which is no verdict and says so.
func TestPhasesRunAsTheProtocolSays(t *testing.T) {
	p := ended(t, 4)
	require.Less(t, p.phase.WindowS, 60.0, "sessions of minutes are not waited for")
	require.Equal(t, metrics.EndMinima, p.phase.End)

	p = ended(t, 4, "protocol.calls_min=200")
	require.GreaterOrEqual(t, p.phase.Calls, int64(200))
	require.Less(t, p.phase.Calls, int64(260), "it ends at the next look")

	p = ended(t, 4, "protocol.sessions_min=5")
	require.GreaterOrEqual(t, p.phase.Sessions, int64(5))
	require.Equal(t, metrics.EndMinima, p.phase.End)
	p = ended(t, 4, "protocol.sessions_per_agent=1")
	require.GreaterOrEqual(t, p.phase.Sessions, int64(4))

	p = ended(t, 4, "protocol.sessions_min=16", "protocol.duration_max=240s")
	require.Equal(t, 240.0, p.phase.WindowS)
	require.Equal(t, metrics.EndDurationMax, p.phase.End)
	require.Contains(t, p.phase.Shortfall, "of 16 sessions")
	require.Contains(t, p.warnings()[0], "the phase of 4 agents ended at protocol.duration_max with ")
}

// A phase ends early only where its verdict is certain, never before its
// duration; with a precision it goes on to that.
func TestPhasesEndEarlyOnlyWhenTheVerdictIsCertain(t *testing.T) {
	p := ended(t, 256, "protocol.sessions_min=30", "protocol.stop_when_certain=true", "engine.cache.policy=ideal")
	require.Equal(t, metrics.EndCertain, p.phase.End)
	require.True(t, p.phase.Certain)
	require.False(t, p.phase.Pass)
	require.Less(t, p.phase.WindowS, 60.0, "sessions of minutes are not waited for")

	p = ended(t, 17, "protocol.precision=0.12", "engine.cache.policy=ideal")
	require.Contains(t, []metrics.PhaseEnd{metrics.EndPrecise, metrics.EndCertain}, p.phase.End)
	if p.phase.End == metrics.EndPrecise {
		require.LessOrEqual(t, p.verdict.Half, 0.12)
	}
	p = ended(t, 18, "protocol.precision=0.000001", "protocol.duration_max=120s", "engine.cache.policy=ideal")
	require.Equal(t, metrics.EndDurationMax, p.phase.End)
	require.Contains(t, p.phase.Shortfall, "shares known to ± ")
}

// Minima that no number of agents could meet, however fast they are served, are
// the protocol's fault.
func TestImpossibleMinimaAreRefused(t *testing.T) {
	impossible := []string{"protocol.duration_max=700s", "protocol.sessions_per_agent=1000"}
	s := load(t, impossible...)
	_, err := Capacity(context.Background(), s, Options{})
	require.ErrorIs(t, err, metrics.ErrConfiguration)
	require.ErrorContains(t, err, "protocol.duration_max: 700s: the minima of the protocol are 1e+03 sessions of each agent, whose tools")
	for _, remedy := range []string{"workload.gap_max", "protocol: steady-state", "workload.arrivals: lanes"} {
		require.ErrorContains(t, err, remedy)
	}
	_, err = Capacity(context.Background(), load(t, append(impossible, "workload.profile=claude-code")...), Options{})
	require.ErrorContains(t, err, "whose people alone take")
}

// Minima that the agents at hand are too few for do not end a search: such
// phases are no verdicts of the protocol, and say so.
func TestTooFewAgentsForTheMinimaEndNoSearch(t *testing.T) {
	for _, set := range []string{"protocol.sessions_min=100000", "protocol.calls_min=100000000"} {
		s := load(t, "protocol.duration=60s", "protocol.duration_max=700s", "protocol.cycles_min=0", "protocol.sessions_seen=0", set)
		r, err := Capacity(context.Background(), s, Options{})
		require.NoError(t, err)
		require.Positive(t, r.Capacity.Agents)
		if r.Search[len(r.Search)-1].End == metrics.EndDurationMax {
			require.NotEmpty(t, r.Warnings)
		}
	}
}

// Where agents are slow or few, phases last as many cycles and see as many
// sessions as the protocol asks for.
func TestPhasesLastForTheWorkload(t *testing.T) {
	s := load(t, "protocol=steady-state", "workload.tool_gap={kind: constant, value: 600s}", "workload.turns={kind: constant, value: 10}",
		"workload.output={kind: constant, value: 400}", "protocol.cycles_min=4", "protocol.sessions_seen=100")
	b, err := prepare(s)
	require.NoError(t, err)
	const session = 9*600 + 10*(10+400*0.05)
	const cycle = session / 10
	require.InDelta(t, session, b.mean.length(), 1)
	for _, agents := range []int{1, 10, 100, 10_000} {
		d := b.duration(s, agents)
		require.InEpsilon(t, 4*cycle, d.least, 1e-3, "%d agents", agents)
		require.InEpsilon(t, max(900, 5*4*cycle, 100*session/float64(agents)), d.most, 1e-3, "%d agents", agents)
		require.Empty(t, d.notes)
	}
	short := load(t, "protocol=steady-state", "workload.tool_gap={kind: constant, value: 0s}", "workload.turns={kind: constant, value: 10}",
		"workload.output={kind: constant, value: 2}", "slo.ttft={p95: 1s}", "protocol.sessions_seen=10")
	b, err = prepare(short)
	require.NoError(t, err)
	d := b.duration(short, 10)
	require.Equal(t, [2]float64{60, 900}, [2]float64{d.least, d.most}, "as the protocol says")
}

// Where there was no call the shares are unknown, which JSON has no word for.
func TestPhasesWithoutCallsFailAndCanBeWritten(t *testing.T) {
	p := ended(t, 2, "protocol.ramp=100s", "protocol.warmup=0s", "protocol.duration=1ms", "protocol.duration_max=1ms")
	require.Zero(t, p.phase.Calls)
	require.False(t, p.phase.Pass)
	_, err := json.Marshal(p.phase)
	require.NoError(t, err)
}

// A fresh start has short contexts and cold caches, which the benchmark's
// three sessions per agent average away.
func TestAFreshStartBeginsAtFirstTurns(t *testing.T) {
	short := []string{"protocol.duration_max=24s"}
	fresh, stationary := ended(t, 8, append(short, "protocol.start=fresh")...), ended(t, 8, short...)
	mean := func(p *phase) float64 { return float64(p.sum.InputTokens) / float64(p.sum.Calls) }
	require.Less(t, mean(fresh), 0.75*mean(stationary))
}
