package experiment_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/metrics"
)

// recorded is a trace of sessions of two calls, one session a second.
func recorded(t testing.TB) string {
	t.Helper()
	var b strings.Builder
	path := filepath.Join(t.TempDir(), "trace.jsonl")
	for i := range 40 {
		row := `{"timestamp": START, "input_length": 4000, "output_length": 50, "session_id": "sNUMBER"}` + "\n" +
			`{"delay": 2000, "input_length": 500, "output_length": 100, "session_id": "sNUMBER"}` + "\n"
		b.WriteString(strings.NewReplacer("START", strconv.Itoa(1000*i), "NUMBER", strconv.Itoa(i)).Replace(row))
	}
	require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o600))
	return path
}

func replay(t testing.TB, s *configs.Scenario) *metrics.Result {
	t.Helper()
	r, err := experiment.Replay(context.Background(), s, experiment.Options{Version: "test"})
	require.NoError(t, err)
	return r
}

func TestReplayMakesTheCallsOfTheTrace(t *testing.T) {
	trace := "workload.trace=" + recorded(t)
	slow := replay(t, quick(t, trace, "workload.arrivals=partly-open"))
	require.EqualValues(t, 80, slow.Calls)
	require.Equal(t, "partly-open", slow.Arrivals.Mode)
	require.EqualValues(t, 40, slow.Arrivals.Sessions)
	require.EqualValues(t, 80, slow.Arrivals.Calls)
	require.InDelta(t, 39, slow.Arrivals.LastArrivalS, 1e-9)
	require.Greater(t, slow.Arrivals.SpanS, 39.0+2)
	require.InEpsilon(t, (4000+4000+50+500)/2.0, slow.Metrics.MeanInput, 0.01)
	require.Greater(t, slow.Arrivals.Agents, slow.Arrivals.InFlight)

	fast := replay(t, quick(t, trace, "workload.arrivals=partly-open", "workload.speedup=4", "engine.cache.policy=ideal"))
	require.InDelta(t, 39.0/4, fast.Arrivals.LastArrivalS, 1e-9)
	require.Greater(t, fast.Arrivals.CallsPerS, slow.Arrivals.CallsPerS)
	require.Greater(t, fast.Arrivals.Agents, 2*slow.Arrivals.Agents, "more agents at a time")
	require.GreaterOrEqual(t, fast.Metrics.TTFTP95S, slow.Metrics.TTFTP95S)

	calm := replay(t, quick(t, trace, "workload.arrivals=partly-open", "workload.speedup=0.25"))
	hasty := replay(t, quick(t, trace, "workload.arrivals=partly-open", "workload.speedup=0.25", "workload.gap_scale=0.1"))
	require.Less(t, hasty.Time.CycleS, calm.Time.CycleS-0.5, "where nobody waits for others")
}

func TestReplayIsRepeatable(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	s := quick(t, "workload.trace="+recorded(t), "workload.arrivals=open")
	runtime.GOMAXPROCS(1)
	first := replay(t, s)
	runtime.GOMAXPROCS(2)
	require.Equal(t, first, replay(t, s))
}

func TestLanesAreANumberOfAgents(t *testing.T) {
	s := quick(t, "workload.trace="+recorded(t), "workload.arrivals=lanes")
	r, err := experiment.Run(context.Background(), s, 6, experiment.Options{})
	require.NoError(t, err)
	require.Equal(t, 6, r.Agents)
	require.InDelta(t, 6, r.Metrics.TurnsPerS*r.Time.CycleS, 0.01, "Little's law: no sub-agents here")
	drawn := quick(t, "workload.arrivals=lanes")
	r, err = experiment.Run(context.Background(), drawn, 6, experiment.Options{})
	require.NoError(t, err, "lanes of drawn sessions")
	require.Positive(t, r.Calls)
}

func TestArrivalsByTimeHaveNoNumberOfAgents(t *testing.T) {
	open := quick(t, "workload.trace="+recorded(t), "workload.arrivals=open")
	_, err := experiment.Run(context.Background(), open, 3, experiment.Options{})
	require.ErrorIs(t, err, metrics.ErrConfiguration)
	require.ErrorContains(t, err, "workload.arrivals: open leaves the number of agents to the trace")
	_, err = experiment.Capacity(context.Background(), open, experiment.Options{})
	require.ErrorIs(t, err, metrics.ErrConfiguration)
	_, err = experiment.Replay(context.Background(), quick(t), experiment.Options{})
	require.ErrorContains(t, err, "want open or partly-open")
}
