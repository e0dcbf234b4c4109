package analytic_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/experiment/analytic"
)

// The quick search gives what asking at one number of agents after another
// does, over what binds: steps, slots, prefill, caches that outgrow memory.
func TestTheQuickSearchIsTheExhaustiveOne(t *testing.T) {
	for _, c := range []struct {
		scenario string
		sets     []string
	}{
		{"h200-agentperf-slo20", nil},
		{"h200-agentperf-slo20", []string{"slo.output_speed.p25=10tok/s"}},
		{"h200-agentperf-slo20", []string{"slo.e2e_speed.p25=8tok/s"}},
		{"h200-agentperf-slo20", []string{"deployment.batching=prefill-priority"}},
		{"h200-agentperf-slo20", []string{"deployment.cache.off=true", "slo.output_speed.p25=5tok/s", "slo.ttft.p95=60s"}},
		{"h200-agentperf-slo20", []string{"deployment.router=least-loaded"}},
		{"gb300-agentperf-slo20", nil},
		{"gb300-agentperf-slo20", []string{"slo.output_speed.p25=60tok/s"}},
		{"gb300-agentperf-slo20", []string{"deployment.prefill.workers=2"}},
		{"gb300-agentperf-slo20", []string{"system.accelerator.hbm.capacity=280GB"}},
	} {
		s := load(t, c.scenario, c.sets...)
		e := new(analytic.Solver).For(s)
		want, err := e.ExhaustiveCapacity(&s.Deployment)
		require.NoError(t, err, "%v", c)
		got, err := e.Estimate(&s.Deployment)
		require.NoError(t, err, "%v", c)
		require.InDelta(t, want, got.Agents, max(1, 1e-4*float64(want)), "%v", c)
		whole, err := e.Flows(&s.Deployment)
		require.NoError(t, err)
		require.Equal(t, got.Agents, whole.Capacity.Agents)
		require.InEpsilon(t, whole.Capacity.PerMW.AcceleratorMeasured, got.PerMW, 1e-9)
		require.Equal(t, whole.Limit, got.Limit)
		for _, off := range []float64{0.02, 0.5, 0.98, 1.01, 1.5, 40} {
			about := analytic.Estimate{Agents: int(math.Ceil(off * float64(got.Agents))), Decodes: off * got.Decodes}
			near, err := e.EstimateNear(&s.Deployment, about)
			require.NoError(t, err)
			require.InDelta(t, want, near.Agents, max(1, 1e-4*float64(want)), "%v from %g of it", c, off)
		}
	}
}

func TestRootIsWhatBisectionFinds(t *testing.T) {
	for name, f := range map[string]func(float64) float64{
		"line":     func(x float64) float64 { return 3 - x },
		"steep":    func(x float64) float64 { return 1 - math.Exp(3*(x-7)) },
		"jump":     func(x float64) float64 { return math.Copysign(1, 2.5-x) },
		"flat":     func(x float64) float64 { return 0.05 - 1/(1+math.Exp(40*(4-x))) },
		"infinite": func(x float64) float64 { return map[bool]float64{true: math.Inf(-1), false: 6 - x}[x > 5] },
		"never":    func(float64) float64 { return 1 },
		"at once":  func(float64) float64 { return -1 },
		"at zero":  func(x float64) float64 { return -x },
	} {
		calls := 0
		got := analytic.Root(0, 10, 1e-6, func(x float64) float64 { calls++; return f(x) })
		want := analytic.Bisect(0, 10, 1e-6, func(x float64) bool { return f(x) >= 0 })
		require.InDelta(t, want, got, 3e-5, name)
		require.True(t, f(got) >= 0 || got == 0, name)
		require.Less(t, calls, 220, name)
	}
	calls := 0
	analytic.Root(0, 10, 1e-6, func(x float64) float64 { calls++; return 3 - x*x })
	require.Less(t, calls, 12, "smooth functions take few")
}
