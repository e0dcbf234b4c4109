package deploy_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/experiment/deploy"
	"agentsim/metrics"
)

// The same candidates are looked at under either order: the optimistic pick
// predicts no less, the other holds no less.
func TestOptimistsPickMoreAndOthersHoldMore(t *testing.T) {
	shared, err := deploy.NewFinder(load(t, "b300-agentperf-slo20", "deployment.mode=auto", "deployment.accelerators=8"), nil)
	require.NoError(t, err)
	pick := func(aim metrics.Aim) *deploy.Ranked {
		f, err := shared.Toward(aim)
		require.NoError(t, err)
		r, err := f.Rehearsed(context.Background())
		require.NoError(t, err)
		return &r.List[0]
	}
	careful, optimist := pick(metrics.Aim{}), pick(metrics.Aim{Optimistic: true})
	require.GreaterOrEqual(t, optimist.Value, careful.Value)
	require.GreaterOrEqual(t, careful.P25, optimist.P25)
	require.LessOrEqual(t, careful.P25, careful.Value)
	require.Less(t, optimist.P25, optimist.Value)
	require.NotEqual(t, deploy.Shape(&careful.Deployment), deploy.Shape(&optimist.Deployment),
		"the shape with most agents is one that nobody published, and falls behind where steps are slower")
}

// Of what an objective asks for, its own pick has no less than that of another,
// by the same estimates.
func TestEveryObjectiveIsBestAtItself(t *testing.T) {
	s := auto(t, "b300-agentperf-slo20", "8", "price.accelerator_hour=4", "price.electricity_kwh=0.1")
	best := map[string]*deploy.Ranked{}
	lists := map[string][]deploy.Ranked{}
	shared, err := deploy.NewFinder(s, nil)
	require.NoError(t, err)
	for _, objective := range metrics.Objectives() {
		f, err := shared.Toward(metrics.Aim{Objective: objective, Optimistic: true})
		require.NoError(t, err)
		r, err := f.Rank(context.Background())
		require.NoError(t, err)
		best[objective], lists[objective] = &r.List[0], r.List
		require.Equal(t, objective, r.Choice.Objective)
	}
	most := 0
	for i := range lists[metrics.AgentsInAll] {
		most = max(most, lists[metrics.AgentsInAll][i].Estimate.Agents)
	}
	require.Equal(t, most, best[metrics.AgentsInAll].Estimate.Agents)
	require.GreaterOrEqual(t, best[metrics.AgentsInAll].Estimate.Agents, best[metrics.PerMWDrawn].Estimate.Agents)
	require.GreaterOrEqual(t, best[metrics.PerMWDrawn].Estimate.PerMW, best[metrics.AgentsInAll].Estimate.PerMW)

	// By hand: 8 accelerators at 4 an hour and the building's power at 0.1 a kWh.
	one := best[metrics.AgentsForCost]
	n := float64(one.Estimate.Agents)
	kilowatts := n / one.Estimate.Within.Facility * 1e3
	require.InEpsilon(t, n/(8*4+0.1*kilowatts), one.Value, 1e-9)
}

func TestAimsThatCannotBe(t *testing.T) {
	f, err := deploy.NewFinder(auto(t, "h200-agentperf-slo20", "8"), nil)
	require.NoError(t, err)
	_, err = f.Toward(metrics.Aim{Objective: "fame"})
	require.ErrorIs(t, err, metrics.ErrConfiguration)
	require.ErrorContains(t, err, `objective "fame": want per-mw, per-mw-it`)
	_, err = f.Toward(metrics.Aim{Objective: metrics.AgentsForCost})
	require.ErrorContains(t, err, "want price.accelerator_hour")
}

// The worker of a public run is at no distance from it; by hand, a batch of
// half as many again as the most is log2(1.5) doublings away.
func TestDistancesToPublicRuns(t *testing.T) {
	d := load(t, "h200-agentperf-slo20").Deployment
	f, err := deploy.NewFinder(auto(t, "h200-agentperf-slo20", "8"), nil)
	require.NoError(t, err)
	n := f.NearestTo(&d, 8)
	require.True(t, n.Published)
	require.Equal(t, "vllm deepseek-v4 h200 8 tp8 ep8", n.Run)
	require.Empty(t, n.Level)
	require.Zero(t, n.Spread)

	const doubling, kind = 0.047, 0.193 // of configs/runs/public.yaml
	far := f.NearestTo(&d, 12)          // half a doubling and a bit
	require.Equal(t, n.Run, far.Run)
	require.InDelta(t, math.Log2(1.5), far.Batch, 1e-9)
	require.InDelta(t, doubling*math.Sqrt(math.Log2(1.5)), far.Spread, 1e-9)
	require.NotEqual(t, n.Run, f.NearestTo(&d, 16).Run, "another accelerator at this batch is nearer than twice the batch")

	pool := *d.Aggregated
	pool.PP, pool.TP = 2, 4
	d.Aggregated = &pool
	n = f.NearestTo(&d, 8)
	require.False(t, n.Published, "no public run has stages")
	require.GreaterOrEqual(t, n.Spread, kind)
}

// The farther from public runs, the less is held.
func TestWhatIsFartherHoldsLess(t *testing.T) {
	f, err := deploy.NewFinder(auto(t, "h200-agentperf-slo20", "8"), nil)
	require.NoError(t, err)
	before := math.Inf(1)
	for _, spread := range []float64{0, 0.1, 0.2, 0.4} {
		now := f.LowerAt(spread)
		require.Less(t, now, before)
		before = now
	}
}

// What a model and an accelerator are called says nothing: renamed they stand
// where they stood beside public runs.
func TestANameDoesNotMoveACandidateAwayFromPublicRuns(t *testing.T) {
	first := func(sets ...string) deploy.Ranked {
		ranking, err := deploy.Rank(t.Context(), auto(t, "h200-agentperf-slo20", "8", sets...))
		require.NoError(t, err)
		return ranking.List[0]
	}
	named, renamed := first(), first("model.name=model-x", "system.accelerator.name=part-x")
	require.NotEmpty(t, named.Nearest.Run)
	require.Equal(t, named.Nearest, renamed.Nearest)
	require.Equal(t, named.P25, renamed.P25)
}

// What is known of errors decides how much of a candidate is believed.
func TestCandidatesAreBelievedByTheErrorsGiven(t *testing.T) {
	low := func(of *configs.Accuracy) float64 {
		f, err := deploy.NewFinder(auto(t, "h200-agentperf-slo20", "8"), of)
		require.NoError(t, err)
		r, err := f.Rank(context.Background())
		require.NoError(t, err)
		return r.List[0].P25 / r.List[0].Value
	}
	shipped, err := configs.PublicAccuracy()
	require.NoError(t, err)
	slower := *shipped
	slower.Quantities = slices.Clone(shipped.Quantities)
	for i := range slower.Quantities {
		q := &slower.Quantities[i]
		q.Nodes, q.Centre = nil, -1 // predicted over measured times: all is far slower than predicted
	}
	require.Less(t, low(&slower), 0.9*low(nil))
}
