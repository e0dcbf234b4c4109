package scenarios_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/metrics"
	"agentsim/scenarios"
)

// small is a protocol that decides a phase within a few per cent.
func small() []string {
	return []string{"protocol=steady-state", "protocol.calls_min=1500", "protocol.duration=40s", "protocol.warmup=40s",
		"protocol.duration_max=14400s", "protocol.tolerance=0.05"}
}

// ideal takes what an engine's cache loses out of an answer about something else.
const ideal = "engine.cache.policy=ideal"

func load(t testing.TB, name string, sets ...string) *configs.Scenario {
	t.Helper()
	s, _, err := configs.LoadScenario(configs.Source{Name: name, FS: scenarios.FS}, sets)
	require.NoError(t, err, name)
	return s
}

// capacities keeps what was found, since many what-ifs have one base.
type capacities struct {
	mu    sync.Mutex
	found map[string]*metrics.Result
}

func (c *capacities) of(t *testing.T, name string, sets ...string) *metrics.Result {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	key := name + " " + strings.Join(sets, " ")
	if r := c.found[key]; r != nil {
		return r
	}
	r, err := experiment.Capacity(context.Background(), load(t, name, append(small(), sets...)...), experiment.Options{})
	require.NoError(t, err, name)
	c.found[key] = r
	return r
}

// Every scenario loads, says what it asks, and runs with a few agents.
func TestEveryScenarioRuns(t *testing.T) {
	for _, name := range configs.NamesIn(scenarios.FS) {
		t.Run(name, func(t *testing.T) {
			s := load(t, name, "protocol=steady-state", "protocol.duration=30s", "protocol.calls_min=0")
			require.Equal(t, name, s.Name, "is called like its file")
			require.True(t, strings.HasSuffix(s.Question, "?"), s.Question)
			run := func() (*metrics.Result, error) {
				return experiment.Run(context.Background(), s, 4, experiment.Options{})
			}
			if s.Workload.ByTime() {
				run = func() (*metrics.Result, error) {
					return experiment.Replay(context.Background(), s, experiment.Options{})
				}
			}
			r, err := run()
			require.NoError(t, err)
			require.Positive(t, r.Calls)
		})
	}
}

// An open loop does not wait: at four times the rate there are more than four
// times as many conversations, and first tokens come later.
// A prompt divided over a node is computed in a part of the time at equal load.
func TestPromptsDividedOverANodeComeSooner(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates two nodes twice")
	}
	run := func(name string) *metrics.Result {
		r, err := experiment.Run(context.Background(), load(t, name, small()...), 16, experiment.Options{})
		require.NoError(t, err)
		return r
	}
	alone, divided := run("b200-kimi-split"), run("what-if/prefill-context-parallel")
	require.Less(t, divided.Time.ByState["prefill"], 0.4*alone.Time.ByState["prefill"])
	require.Less(t, divided.Metrics.TTFTP95S, 0.5*alone.Metrics.TTFTP95S)
	require.InEpsilon(t, alone.Metrics.OutputSpeedP25, divided.Metrics.OutputSpeedP25, 0.1, "decode is the same")
}

func TestAnOpenLoopDoesNotWait(t *testing.T) {
	replay := func(sets ...string) *metrics.Result {
		s := load(t, "h200-open-loop", append([]string{"protocol.duration=800s"}, sets...)...)
		require.NotEmpty(t, s.Answer)
		r, err := experiment.Replay(context.Background(), s, experiment.Options{})
		require.NoError(t, err)
		return r
	}
	few, many := replay(), replay("workload.rate=0.04")
	require.Equal(t, int64(8), few.Arrivals.Sessions)
	require.Equal(t, int64(32), many.Arrivals.Sessions)
	require.Greater(t, many.Metrics.TTFTP95S, 2*few.Metrics.TTFTP95S)
	require.Less(t, many.Metrics.OutputSpeedP25, few.Metrics.OutputSpeedP25)
	require.Greater(t, many.Arrivals.Agents, 2*few.Arrivals.Agents)
}
