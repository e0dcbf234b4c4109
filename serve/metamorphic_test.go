package serve

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/metrics"
	"agentsim/models/step"
	"agentsim/trace"
)

// What must change, or not, when a cluster is changed. That better parts serve
// no call later is no law of clusters: another schedule may suit one call
// less. It is one of steps, and tested there. Here are the changes that hold
// whatever the schedule, and that of twice the workers, for whole quantiles.

func observe(t *testing.T, cfg Config, seconds float64) *Tally {
	t.Helper()
	w := watch(t, cfg)
	w.run(seconds)
	slices.Sort(w.sum.TTFT)
	slices.Sort(w.sum.Speed)
	return &w.sum
}

func hitRate(t *Tally) float64 { return float64(t.HitTokens) / float64(t.InputTokens) }

func TestWithoutAPrefixCacheEveryPromptIsComputedWhole(t *testing.T) {
	modes := map[string]func(*Config){"aggregated": func(*Config) {}, "disaggregated": disaggregated(1, 1)}
	for name, mode := range modes {
		with := observe(t, toy(play(chat), mode), 60)
		without := observe(t, toy(play(chat), mode, func(c *Config) { c.Deployment.Cache.Off = true }), 60)
		require.Greater(t, hitRate(with), 0.6, name)
		require.Zero(t, without.HitTokens, name)
		perCall := func(t *Tally) float64 { return float64(t.Prefilled) / float64(t.Calls) }
		require.Greater(t, perCall(without), 2*perCall(with), name)
		const edges = 0.05 // calls under way at the ends of the window
		require.InEpsilon(t, float64(without.InputTokens), float64(without.Prefilled), edges, name)
		require.InEpsilon(t, float64(with.InputTokens-with.HitTokens), float64(with.Prefilled), edges, name)
	}
}

// longAnswers is chat whose next prompts repeat all of longer answers.
func longAnswers(r *rand.Rand, out *trace.Session) {
	chat(r, out)
	grown := int32(0)
	for i := range out.Turns {
		t := &out.Turns[i]
		t.Input += grown
		if i > 0 {
			t.Prefix = out.Turns[i-1].Input
			t.Echo = out.Turns[i-1].Output
		}
		t.Output += 700
		grown += 700
	}
}

// A worker that generated the answer finds it in the next prompt, if the
// prompt repeats it. A prefill worker has not generated it.
func TestRepeatedAnswersAreFoundWhereTheyWereGenerated(t *testing.T) {
	long := play(longAnswers)
	generated := func(c *Config) { c.Replay = trace.ReplayGenerated }
	recorded := hitRate(observe(t, toy(long), 60))
	require.Greater(t, hitRate(observe(t, toy(long, generated), 60)), recorded+0.1)

	apart := hitRate(observe(t, toy(long, disaggregated(1, 1)), 60))
	require.InDelta(t, apart, hitRate(observe(t, toy(long, disaggregated(1, 1), generated), 60)), 1e-3)
	require.InDelta(t, recorded, apart, 0.03)
}

// Twice the workers, the same agents: at every threshold the share of calls
// that meet it is no lower.
func TestTwiceTheWorkersServeNoFewerCallsWell(t *testing.T) {
	twice := func(c *Config) {
		for _, p := range c.Deployment.Pools() {
			p.Spec.Workers *= 2
		}
	}
	for name, cfg := range map[string]Config{
		"aggregated":    toy(play(longChat), withAgents(32), maxBatch(8)),
		"disaggregated": toy(play(longChat), withAgents(32), disaggregated(1, 1), maxBatch(8)),
	} {
		one := observe(t, cfg, 120)
		twice(&cfg)
		two := observe(t, cfg, 120)
		for q := 0.02; q < 1; q += 0.02 {
			require.LessOrEqual(t, metrics.Quantile(two.TTFT, q), metrics.Quantile(one.TTFT, q), "%s %v", name, q)
			require.GreaterOrEqual(t, metrics.Quantile(two.Speed, q), metrics.Quantile(one.Speed, q), "%s %v", name, q)
		}
		require.Greater(t, two.Calls, one.Calls, name)
	}
}

// stretched doubles the gaps of other sessions.
type stretched struct{ Sessions }

func (s stretched) Session(agent, k int, out *trace.Session) error {
	err := s.Sessions.Session(agent, k, out)
	for i := range out.Turns {
		out.Turns[i].Gap *= 2
	}
	return err
}

// When everything takes twice as long, nothing else changes.
func TestTimeHasNoScale(t *testing.T) {
	slow := func(c *Config) {
		c.pricer = fixed{step: 2e-3, sequence: 2e-4, token: 2e-6}
		c.Ramp *= 2
		c.Sessions = stretched{c.Sessions}
		c.Engine.Host = step.HostCost{Ingress: 2 * c.Engine.Host.Ingress, PerPromptToken: 2 * c.Engine.Host.PerPromptToken}
		c.Engine.Handshake *= 2
		c.System.Accelerator.ScaleUp /= 2
		c.System.Accelerator.ScaleOut /= 2
		c.Kernels.Transfer.Floor *= 2
	}
	for name, cfg := range designs() {
		cfg.pricer = fixed{step: 1e-3, sequence: 1e-4, token: 1e-6}
		fast := build(t, cfg)
		require.NoError(t, fast.Run(20))
		slow(&cfg)
		long := build(t, cfg)
		require.NoError(t, long.Run(40))
		require.Equal(t, fast.Events(), long.Events(), name)
		a, b := fast.Window(), long.Window()
		require.Len(t, b.TTFT, len(a.TTFT))
		for i := range a.TTFT {
			require.InEpsilon(t, 2*a.TTFT[i], b.TTFT[i], 1e-5, name)
		}
	}
}
