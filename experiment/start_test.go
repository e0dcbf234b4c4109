package experiment_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/experiment"
	"agentsim/metrics"
)

// A start inside gaps of any length is stationary: its answer is that of a run
// that is measured after twenty cycles of a turn, within the intervals of both.
func TestTheStartIsStationaryForGapsOfAnyLength(t *testing.T) {
	gaps := []float64{0, 100}
	protocols := []string{"steady-state"}
	if laws() {
		gaps = append(gaps, 10, 30, 300, 1000, 3600)
		protocols = append(protocols, "aa-agentperf")
	}
	for _, protocol := range protocols {
		for _, gap := range gaps {
			if sessions := 3 * 40 * gap; protocol == "aa-agentperf" && sessions > 14400 {
				continue // three sessions of each agent do not fit
			}
			sets := []string{"protocol=" + protocol, fmt.Sprintf("workload.tool_gap={kind: constant, value: %gs}", gap)}
			start := capacity(t, scenario(t, "h200-agentperf-slo20", sets...))
			const service = 27 // seconds of a turn at the service level's pace
			sets = append(sets, fmt.Sprintf("protocol.warmup=%gs", 20*(gap+service)))
			long := capacity(t, scenario(t, "h200-agentperf-slo20", sets...))
			t.Logf("%s, gaps of %g s: %d (%.1f to %.1f) against %d (%.1f to %.1f)", protocol, gap, start.Capacity.Agents,
				start.Capacity.AgentsLow, start.Capacity.AgentsHigh, long.Capacity.Agents, long.Capacity.AgentsLow, long.Capacity.AgentsHigh)
			require.LessOrEqual(t, start.Capacity.AgentsLow, long.Capacity.AgentsHigh)
			require.GreaterOrEqual(t, start.Capacity.AgentsHigh, long.Capacity.AgentsLow)
		}
	}
}

// What caches hold at the start is what they hold later: as much is found in
// the first minute as after ten, where windows are kept at the ends of prompts only.
func TestCachesAreStationaryFromTheStart(t *testing.T) {
	found := func(warmup string) float64 {
		s := scenario(t, "gb300-agentperf-slo20", "protocol=steady-state", "protocol.mser5=false", "protocol.ramp=5s",
			"protocol.warmup="+warmup, "protocol.duration=60s", "protocol.duration_max=60s", "workload.output.median=400")
		const agents = 250
		r, err := experiment.Run(context.Background(), s, agents, experiment.Options{})
		require.NoError(t, err)
		return r.Metrics.PrefixHitRate
	}
	now, later := found("0s"), found("600s")
	t.Logf("%.3f of prompts found at once, %.3f after ten minutes", now, later)
	require.InDelta(t, later, now, 0.01)
}

// Gaps are a share of the agents' time, those of people apart.
func TestTheResultSaysHowMuchOfTheTimeIsGaps(t *testing.T) {
	r := capacity(t, scenario(t, "h200-agentperf-slo20", "protocol=steady-state", "workload={profile: claude-code}",
		"protocol.sessions_seen=10"))
	require.Greater(t, r.Metrics.ShareInGaps, 0.5)
	require.InDelta(t, r.Time.ByState["tool"]/r.Time.CycleS, r.Metrics.ShareInGaps, 1e-9)
	require.Greater(t, r.Metrics.ShareOfPeople, 0.3*r.Metrics.ShareInGaps)
	require.Less(t, r.Metrics.ShareOfPeople, r.Metrics.ShareInGaps)
	r = capacity(t, quick(t))
	require.Less(t, r.Metrics.ShareInGaps, 0.2)
	require.Zero(t, r.Metrics.ShareOfPeople)
}

// Answers of one token have no speed, and a level that asks for one is judged
// by what else it asks for.
func TestAnswersOfOneTokenHaveNoSpeed(t *testing.T) {
	r := capacity(t, quick(t, "workload.output={kind: constant, value: 1}"))
	require.Positive(t, r.Capacity.Agents)
	require.Contains(t, r.Limit, "ttft.p95")
	text := string(encode(t, r))
	require.Contains(t, text, `"output_speed_p25":null`)
	require.Contains(t, text, `"tpot_p50_ms":null`)
	require.NotContains(t, text, `"output_speed_p25":0`)
}

// One request alone is replayed to its end under every protocol and preset: a
// second without events is no sign of anything.
func TestOneRequestIsReplayed(t *testing.T) {
	trace := filepath.Join(t.TempDir(), "one.jsonl")
	row := `{"timestamp": 0, "input_length": 512, "output_length": 512}` + "\n"
	require.NoError(t, os.WriteFile(trace, []byte(row), 0o600))
	twice := filepath.Join(t.TempDir(), "apart.jsonl")
	later := `{"timestamp": 7200000, "input_length": 512, "output_length": 512}` + "\n"
	require.NoError(t, os.WriteFile(twice, []byte(row+later), 0o600))
	names := []string{"h200-agentperf-slo20", "gb300-claude-code"}
	if !testing.Short() {
		names = append(names, "gb300-agentperf-slo20")
	}
	for _, name := range names {
		for _, protocol := range []string{"steady-state", "aa-agentperf", "agentx"} {
			for _, arrivals := range []string{"open", "partly-open"} {
				for file, calls := range map[string]int64{trace: 1, twice: 2} {
					r := replay(t, scenario(t, name, "protocol="+protocol, "workload.trace="+file, "workload.arrivals="+arrivals))
					require.Equal(t, calls, r.Calls, "%s, %s, %s", name, protocol, arrivals)
					require.Equal(t, 512.0, r.Metrics.MeanOutput)
				}
			}
		}
	}
}

// A trace is as slow as those who were recorded: the longest duration grows to
// what the protocol's minima need, and the result says so.
func TestTheLongestDurationGrowsToATracesNeeds(t *testing.T) {
	trace := "workload.trace=" + recorded(t)
	s := scenario(t, "h200-agentperf-slo20", trace, "workload.gap_scale=100", "protocol.duration=20s", "protocol.duration_max=100s",
		"protocol.cycles_min=0", "protocol.stop_when_certain=false", "protocol.ramp=1s", "protocol.warmup=1s")
	r := capacity(t, s)
	require.Contains(t, r.Warnings[0], "protocol.duration_max grew to ")
	require.Contains(t, r.Warnings[0], "the minima of the protocol are ")
	for _, p := range r.Search {
		require.Equal(t, metrics.EndMinima, p.End)
	}
}

// What of a scenario is hardly meant is said with every result.
func TestResultsCarryTheScenariosWarnings(t *testing.T) {
	s := quick(t, "workload.tool_gap={kind: lognormal, median: 120s, sigma: 1, max: 5s}")
	for _, r := range []*metrics.Result{capacity(t, s)} {
		require.Contains(t, r.Warnings, "workload.tool_gap: its median 120s is above its max 5s: most values are the max")
	}
}

// Sub-agents of a profile come with their sessions in lanes; elsewhere they are
// left out, and the result says so.
func TestSubAgentsOfAProfile(t *testing.T) {
	sets := []string{"workload={profile: agentx-256k}", "protocol.ramp=10s", "protocol.warmup=60s", "protocol.duration=300s",
		"protocol.duration_max=300s"}
	run := func(more ...string) *metrics.Result {
		s := scenario(t, "h200-agentperf-slo20", append(append([]string{"protocol=agentx"}, sets...), more...)...)
		r, err := experiment.Run(context.Background(), s, 4, experiment.Options{})
		require.NoError(t, err)
		return r
	}
	lanes, closed := run(), run("workload.arrivals=closed")
	const leftOut = "workload.sub_agents: left out, since workload.arrivals is not lanes"
	require.NotContains(t, lanes.Warnings, leftOut)
	require.Contains(t, closed.Warnings, leftOut)
	require.Greater(t, lanes.Metrics.TurnsPerS*lanes.Time.CycleS, 4.5, "Little's law: more agents than lanes")
	require.InDelta(t, 4, closed.Metrics.TurnsPerS*closed.Time.CycleS, 0.1)
}
