package compare

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/experiment/analytic"
	"agentsim/metrics"
	"agentsim/models/step"
	"agentsim/scenarios"
	"agentsim/serve"
	"agentsim/units"
)

func compared(t *testing.T, f *File, a, b *configs.Scenario, o Options) *metrics.Comparison {
	t.Helper()
	if f.Factors.Factors == nil {
		f.Factors = *factors(t, "")
	}
	if f.Per == "" {
		f.Per = PerMWMeasured
	}
	r, err := Run(context.Background(), f, a, b, o)
	require.NoError(t, err)
	logs := 0.0
	for _, x := range r.Factors {
		logs += x.LogShare
	}
	require.InDelta(t, r.LogRatio, logs, 1e-9, "shares add up")
	require.InDelta(t, math.Log(r.Ratio), r.LogRatio, 1e-12)
	return r
}

func share(t *testing.T, r *metrics.Comparison, name string) metrics.FactorShare {
	t.Helper()
	for _, f := range r.Factors {
		if f.Name == name {
			return f
		}
	}
	require.Fail(t, "no factor "+name)
	return metrics.FactorShare{}
}

// fast is a node with more of everything that the silicon has.
func fast(t *testing.T) *configs.Scenario {
	return scenario(t, node, "system.accelerator.hbm.bandwidth=9.6TB/s", "system.accelerator.compute.bf16=2PFLOPS",
		"system.accelerator.compute.fp8=4PFLOPS")
}

func TestAScenarioAgainstItself(t *testing.T) {
	r := compared(t, &File{}, scenario(t, node), scenario(t, node), Options{})
	require.InDelta(t, 1, r.Ratio, 1e-12)
	require.Len(t, r.Factors, 1, "only the deployments as given, which are the same")
	require.InDelta(t, 0, r.Factors[0].LogShare, 1e-12)
	require.Len(t, r.Unchanged, 10)
}

// The other way round every share has the other sign.
func TestThereAndBack(t *testing.T) {
	there := compared(t, &File{}, fast(t), scenario(t, node), Options{})
	back := compared(t, &File{}, scenario(t, node), fast(t), Options{})
	require.InEpsilon(t, there.Ratio, 1/back.Ratio, 1e-12)
	for _, f := range there.Factors {
		other := share(t, back, f.Name)
		require.InDelta(t, f.LogShare, -other.LogShare, 1e-9, f.Name)
		require.InEpsilon(t, f.OnB, 1/other.OffA, 1e-9, f.Name)
	}
	require.InEpsilon(t, there.Ratio, there.Ends.A.Value/there.Ends.B.Value, 1e-12)
	require.GreaterOrEqual(t, there.Ends.A.Best, there.Ends.A.Value*0.97, "the given deployment is among those to choose from")
}

func TestTheRatioIsThatOfTheScenarios(t *testing.T) {
	a, b := fast(t), scenario(t, node)
	x, err := new(analytic.Solver).Flows(a)
	require.NoError(t, err)
	y, err := new(analytic.Solver).Flows(b)
	require.NoError(t, err)
	published := []Published{{Per: PerAccelerator, A: 6, B: 2, Source: "invented"}}
	r := compared(t, &File{Published: published}, a, b, Options{})
	require.InEpsilon(t, x.Capacity.PerMW.AcceleratorMeasured/y.Capacity.PerMW.AcceleratorMeasured, r.Ratio, 1e-12)
	require.Nil(t, r.Residual, "published per accelerator, compared per megawatt")

	r = compared(t, &File{Published: published, Per: PerAccelerator}, a, b, Options{})
	require.InEpsilon(t, x.Capacity.PerAccelerator/y.Capacity.PerAccelerator, r.Ratio, 1e-12)
	require.InEpsilon(t, 3/r.Ratio, r.Residual.Multiplier, 1e-12)
	require.InEpsilon(t, 6/x.Capacity.PerAccelerator, r.Residual.A.Multiplier, 1e-12)
}

// A simulator that sees what the analytic model sees gives the same shares,
// without error; one that sees one factor differently moves that factor alone.
func TestSimulatedCorners(t *testing.T) {
	a, b := fast(t), scenario(t, node)
	exact := compared(t, &File{}, a, b, Options{})
	var solver analytic.Solver
	same := func(_ context.Context, s *configs.Scenario) (*metrics.Result, error) { return solver.Flows(s) }
	r := compared(t, &File{}, a, b, Options{Simulate: same, Permutations: 3})
	require.Equal(t, "simulator", r.Evaluated)
	require.Equal(t, 3, r.Corners.Permutations)
	require.Positive(t, r.Corners.Simulated)
	for _, f := range r.Factors {
		require.InDelta(t, share(t, exact, f.Name).LogShare, f.LogShare, 1e-9, f.Name)
		require.InDelta(t, 0, f.StandardError, 1e-9)
	}

	const more = 1.25
	keen := func(ctx context.Context, s *configs.Scenario) (*metrics.Result, error) {
		r, err := solver.Flows(s)
		if err == nil && s.System.Accelerator.HBM.Bandwidth > units.ByteRate(5e12) {
			r.Capacity.PerMW.AcceleratorMeasured *= more
		}
		return r, err
	}
	r = compared(t, &File{}, a, b, Options{Simulate: keen, Permutations: 3})
	require.InEpsilon(t, exact.Ratio*more, r.Ratio, 1e-9)
	for _, f := range r.Factors {
		want := share(t, exact, f.Name).LogShare
		if f.Name == "HBM bandwidth" {
			want += math.Log(more)
		}
		require.InDelta(t, want, f.LogShare, 1e-9, f.Name)
	}
}

func TestASimulationThatFailsEndsTheComparison(t *testing.T) {
	broken := func(context.Context, *configs.Scenario) (*metrics.Result, error) { return nil, fmt.Errorf("broken") }
	f := &File{Factors: *factors(t, ""), Per: PerMWMeasured}
	_, err := Run(context.Background(), f, fast(t), scenario(t, node), Options{Simulate: broken})
	require.ErrorContains(t, err, "broken")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = Run(ctx, f, fast(t), scenario(t, node), Options{})
	require.ErrorIs(t, err, context.Canceled)
}

// Kernels that compute in FP4 need an accelerator that does: without it the
// corner counts as the one without those kernels, and compute says that A's own
// deployment hangs on it.
func TestAFactorThatCannotBeUsedStaysUnused(t *testing.T) {
	a := scenario(t, rack, "deployment.precision.experts=nvfp4", "deployment.experts_path=nvfp4",
		"deployment.prefill.experts_path=nvfp4")
	own := factors(t, "{name: own, factors: [{name: format, fields: [kernels.experts, deployment.precision, "+
		"deployment.experts_path, deployment.prefill_experts_path]}, {name: compute, fields: [system.accelerator.compute]}]}")
	c, err := newCube(a, scenario(t, node, fullContext), own)
	require.NoError(t, err)
	require.Len(t, c.groups, 3, "and all others as one")
	b := newBench(c, PerMWMeasured)
	found, err := b.answers(context.Background(), []pools{scaled(c.givenA), scaled(c.givenB)}, nil)
	require.NoError(t, err)
	const format, compute = 0, 1
	for s := range c.full() + 1 {
		barred := s.has(format) && !s.has(compute)
		require.Equal(t, barred, found[s].reason != nil, "%b", s)
		if barred {
			require.Equal(t, found[s.without(format)].outcome.value, found[s].outcome.value)
		}
		require.Positive(t, found[s].outcome.value)
	}
	of := b.feasibility(compute)
	require.NotEmpty(t, of)
	require.Equal(t, "a", of[0].Of)
	require.Positive(t, of[0].Corners)
	require.Empty(t, b.feasibility(format), "without it another kernel serves")
}

// Weights that no listed worker holds go to wider ones.
func TestWiderWorkersWhereNoneFits(t *testing.T) {
	small := []string{"system.accelerator.hbm.capacity=70GB"}
	c, err := newCube(scenario(t, rack), scenario(t, rack, small...), factors(t, ""))
	require.NoError(t, err)
	b := newBench(c, PerMWMeasured)
	found, err := b.answers(context.Background(), []pools{scaled(c.givenA), scaled(c.givenB)}, nil)
	require.NoError(t, err)
	require.True(t, found[0].wider)
	require.Greater(t, found[0].pools.finish.Accelerators, 8)
	require.False(t, found[c.full()].wider)
	require.Equal(t, []string{"a", "b"}, []string{b.feasibility(0)[0].Of, b.feasibility(0)[1].Of})
	require.Contains(t, b.feasibility(0)[0].Reason, "does not fit")

	_, err = Run(context.Background(), &File{Factors: *factors(t, ""), Per: PerMWMeasured}, scenario(t, rack),
		scenario(t, rack, small...), Options{})
	require.ErrorIs(t, err, metrics.ErrInfeasible, "the given deployment of an end must work")
}

// The deployment of a scenario in mode auto is the best of a full ranking.
func TestAnOpenDeploymentIsChosenFirst(t *testing.T) {
	open := scenario(t, node, "deployment.mode=auto", "deployment.accelerators=8", "engine.cache.policy=ideal")
	settled, err := Settled(context.Background(), open, nil)
	require.NoError(t, err)
	require.Equal(t, serve.Auto, open.Deployment.Mode, "the scenario stays as it is")
	require.NotEqual(t, serve.Auto, settled.Deployment.Mode)
	require.LessOrEqual(t, settled.Deployment.Accelerators(), 8)
	written := scenario(t, node)
	settled, err = Settled(context.Background(), written, nil)
	require.NoError(t, err)
	require.Same(t, written, settled)
}

func TestBuiltInComparisonsLoad(t *testing.T) {
	source := Source{File: configs.Source{Name: "gb300-vs-h200", FS: scenarios.Comparisons()}, Scenarios: scenarios.FS}
	f, a, b, err := Load(source)
	require.NoError(t, err)
	require.Equal(t, rack, a.Name)
	require.Equal(t, node, b.Name)
	require.Equal(t, PerMWMeasured, f.Per)
	require.Len(t, f.Factors.Factors, 10)
	source.Per, source.Factors, source.SetA = PerMWIT, "layers", []string{"seed=4"}
	f, a, b, err = Load(source)
	require.NoError(t, err)
	require.Equal(t, PerMWIT, f.Per)
	require.Len(t, f.Factors.Factors, 4)
	require.Equal(t, []uint64{4, 0}, []uint64{a.Seed, b.Seed})
	c, err := newCube(b, scenario(t, rack, "protocol=steady-state"), &f.Factors)
	require.NoError(t, err)
	require.Len(t, c.groups, 4, "the layers hold every field, too")
}

// The fields that belong to no factor are those of the pools; the term of the
// deployments shows them.
func TestPoolsAreShown(t *testing.T) {
	p := pools{mode: serve.Aggregated, finish: serve.PoolSpec{Workers: 2, Shape: step.Shape{Accelerators: 8, TP: 8}}}
	q := p
	require.Equal(t, p, q)
	require.Equal(t, "2×8 tp8", p.words())
	require.Equal(t, 16, p.accelerators())

	q.finish.MaxBatchPerRank = 64
	require.Empty(t, poolChanges(&p, &p))
	require.Equal(t, []configs.Difference{{Path: "deployment.aggregated", A: "2×8 tp8, budget 0, batch 0",
		B: "2×8 tp8, budget 0, batch 64"}}, poolChanges(&p, &q))
	q.mode = serve.Disaggregated
	require.Len(t, poolChanges(&p, &q), 3)
}
