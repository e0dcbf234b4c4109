package serve_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/scenarios"
	"agentsim/serve"
	"agentsim/sim"
	"agentsim/trace"
)

// drawn is a Sessions that draws from a profile.
type drawn struct{ profile trace.Profile }

func (d *drawn) Session(agent, k int, out *trace.Session) error {
	d.profile.Draw(sim.Stream(1, "session", uint64(agent), uint64(k)), out)
	return nil
}

// preset is the cluster of an embedded scenario.
func preset(t testing.TB, name string, agents int) serve.Config {
	t.Helper()
	s, _, err := configs.LoadScenario(configs.Source{Name: name, FS: scenarios.FS}, nil)
	require.NoError(t, err)
	cfg := serve.Config{Deployment: s.Deployment, System: s.System, LLM: s.Model, Kernels: s.Kernels, Engine: s.Engine,
		Sessions: &drawn{s.Workload.Synthetic}, Replay: s.Workload.Replay, Agents: agents, Ramp: 10, Seed: 1, MinOutput: 2}
	require.NoError(t, cfg.Prepare())
	require.NoError(t, cfg.Fit())
	return cfg
}

// The presets decode with drafts, on kernels whose time is not linear in the
// context. Runs of steps are priced at their ends only.
func TestPresetsAgreeWithSingleSteps(t *testing.T) {
	for name, agents := range map[string]int{"gb300-agentperf-slo20": 400, "h200-agentperf-slo20": 12} {
		cfg := preset(t, name, agents)
		fast := measure(t, cfg)
		serve.Naively(&cfg)
		slow := measure(t, cfg)
		const tolerance = 0.005
		require.InEpsilon(t, slow.OutputTokens, fast.OutputTokens, tolerance, name)
		require.InEpsilon(t, slow.Calls, fast.Calls, tolerance, name)
		for _, q := range []float64{0.1, 0.25, 0.5, 0.9} {
			require.InEpsilon(t, metrics.Quantile(slow.Speed, q), metrics.Quantile(fast.Speed, q), tolerance, name)
		}
		require.InEpsilon(t, metrics.Quantile(slow.TTFT, 0.5), metrics.Quantile(fast.TTFT, 0.5), tolerance, name)
		for i := range slow.Work {
			require.InEpsilon(t, slow.Work[i].Busy.Seconds(), fast.Work[i].Busy.Seconds(), tolerance, name)
			require.InEpsilon(t, slow.Work[i].Joules, fast.Work[i].Joules, tolerance, name)
		}
	}
}

// measure runs a cluster for two minutes and returns its books, sorted.
func measure(t testing.TB, cfg serve.Config) *serve.Tally {
	t.Helper()
	c, err := serve.New(cfg)
	require.NoError(t, err)
	require.NoError(t, c.Run(120))
	require.NoError(t, c.Check())
	tally := c.Window()
	slices.Sort(tally.TTFT)
	slices.Sort(tally.Speed)
	return tally
}

func BenchmarkSteadyState(b *testing.B) {
	for _, name := range []string{"gb300-agentperf-slo20", "h200-agentperf-slo20"} {
		b.Run(name, func(b *testing.B) {
			agents := 16
			if name[0] == 'g' {
				agents = 2048
			}
			c, err := serve.New(preset(b, name, agents))
			require.NoError(b, err)
			require.NoError(b, c.Run(60))
			before := c.Events()
			for b.Loop() {
				c.OpenWindow()
				require.NoError(b, c.Run(10))
			}
			b.ReportMetric(float64(c.Events()-before)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(b.Elapsed().Seconds()/float64(10*b.N), "s/simulated-s")
		})
	}
}
