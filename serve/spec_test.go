package serve

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/fault"
	"agentsim/models/kvcache"
	"agentsim/models/step"
)

func TestImpossibleDeploymentsAreRefusedByField(t *testing.T) {
	type spec = *DeploymentSpec
	for want, change := range map[string]func(spec){
		`mode: "both": want aggregated, disaggregated or auto`: func(d spec) { d.Mode = "both" },
		"aggregated: mode aggregated needs a pool":             func(d spec) { d.Aggregated = nil },
		"prefill: mode disaggregated needs the pools":          func(d spec) { d.Mode = Disaggregated },
		"accelerators: mode auto needs the number":             func(d spec) { d.Mode = Auto },
		"aggregated.workers: 0: want 1 to ":                    func(d spec) { d.Aggregated.Workers = 0 },
		"aggregated.draft_tokens: 2, but draft.depth is 3":     withTwoDepths,
		`aggregated.draft.kind: "eagle": want one of none`:     withUnknownDraft,
		"aggregated.tp: 3 does not divide":                     func(d spec) { d.Aggregated.TP = 3 },
		"units: -1: want 1 to ":                                func(d spec) { d.Units = -1 },
		`router: "nearest": want one of conversation-affinity`: func(d spec) { d.Router = "nearest" },
		`prefill_order: "lifo": want fcfs or shortest-first`:   func(d spec) { d.PrefillOrder = "lifo" },
		`batching: "none": want mixed or prefill-priority`:     func(d spec) { d.Batching = "none" },
		"spill: -1: want 0 (never) or more":                    func(d spec) { d.Spill = -1 },
		"hold.poll: -1":                                        func(d spec) { d.Hold.Poll = -1 },
		"cache.reserve_tokens: -1: want 0 (= 1024) or more":    func(d spec) { d.Cache.ReserveTokens = -1 },
		`cache.write: is "never"`:                              func(d spec) { d.Cache.Write = "never" },
		`cache.eviction.policy: is "random"`:                   func(d spec) { d.Cache.Eviction.Policy = "random" },
		"cache.tiers[0].capacity: is 0":                        withEmptyTier,
		`experts.popularity.kind: "even": want one of uniform`: func(d spec) { d.Experts.Popularity.Kind = "even" },
		`experts.placement.kind: "best": want one of contig`:   func(d spec) { d.Experts.Placement.Kind = "best" },
	} {
		cfg := toy(play(chat))
		require.NoError(t, cfg.Deployment.Validate())
		change(&cfg.Deployment)
		refused := cfg.Deployment.Validate()
		if refused == nil {
			refused = cfg.Deployment.Limited()
		}
		require.ErrorContains(t, refused, want)
		require.ErrorContains(t, cfg.Prepare(), "deployment."+want)
		path, _, _ := strings.Cut(want, ":")
		for at, err := range map[string]error{path: refused, "deployment." + path: cfg.Prepare()} {
			var field *fault.Field
			require.ErrorAs(t, err, &field)
			require.Equal(t, at, field.Path)
		}
	}
}

func withTwoDepths(d *DeploymentSpec) {
	d.Aggregated.DraftTokens, d.Aggregated.Draft = 2, &step.DraftSpec{Depth: 3}
}

func withUnknownDraft(d *DeploymentSpec) {
	d.Aggregated.Draft = &step.DraftSpec{Kind: "eagle", Depth: 3}
}

// Limits may come from the engine's schedule; where they do not, the error names
// the pool's field.
func TestPoolsWithoutLimitsAreRefusedByField(t *testing.T) {
	for want, change := range map[string]func(*DeploymentSpec){
		"deployment.aggregated.token_budget: want the tokens":          func(d *DeploymentSpec) { d.Aggregated.TokenBudget = 0 },
		"deployment.aggregated.max_batch_per_rank: want the sequences": func(d *DeploymentSpec) { d.Aggregated.MaxBatchPerRank = 0 },
	} {
		cfg := toy(play(chat))
		change(&cfg.Deployment)
		require.ErrorContains(t, cfg.Prepare(), want)
		cfg.Engine.Schedule.Budget, cfg.Engine.Schedule.Slots = 512, 8
		require.NoError(t, cfg.Prepare())
	}
}

func withEmptyTier(d *DeploymentSpec) {
	d.Cache.Tiers = []kvcache.TierSpec{{Name: kvcache.Host, Rate: 1}}
}

func TestAutoIsNoDeploymentYet(t *testing.T) {
	cfg := toy(play(chat))
	cfg.Deployment.Mode, cfg.Deployment.Budget = Auto, 8
	require.NoError(t, cfg.Deployment.Validate())
	require.ErrorContains(t, cfg.Prepare(), "auto names no deployment yet")
	require.Equal(t, 8, cfg.Deployment.Accelerators())
	require.Empty(t, cfg.Deployment.Pools())
}

func TestPoolsCountTheirUnits(t *testing.T) {
	cfg := toy(play(chat), disaggregated(3, 1))
	d := &cfg.Deployment
	require.Equal(t, 3*1+1*2, d.Accelerators())
	d.Units = 4
	require.Equal(t, 4*5, d.Accelerators())
	require.Equal(t, 5, d.UnitAccelerators())
	require.Equal(t, []int{12, 4}, []int{d.Pools()[0].Workers, d.Pools()[1].Workers})
}

// Each worker is simulated, so that there is an end to them: a slip of the
// keyboard is refused, and neither fills the memory nor overflows.
func TestWorkersAndUnitsHaveAnEnd(t *testing.T) {
	for _, c := range []struct {
		workers, units int
		field          string
	}{
		{math.MaxInt, 1, "aggregated.workers"},
		{workersMost + 1, 1, "aggregated.workers"},
		{1, math.MaxInt, "units"},
		{3, workersMost / 2, "units"},
		{workersMost, 1, ""},
		{1000, 200, ""},
	} {
		cfg := toy(play(chat))
		cfg.Deployment.Aggregated.Workers, cfg.Deployment.Units = c.workers, c.units
		err := cfg.Deployment.Validate()
		if c.field == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, c.field)
		require.ErrorContains(t, err, "each is simulated")
	}
}
