package experiment_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/scenarios"
)

// Whatever is overridden, a scenario is refused or explained.
func FuzzOverrides(f *testing.F) {
	for _, set := range []string{
		"system.domain=1", "system.accelerator.hbm.capacity=1GB", "system.accelerator.scale_out=1B/s",
		"deployment.prefill.pp=2", "deployment.prefill.pp=-4", "deployment.decode.tp=0x8", "deployment.decode.ep=384",
		"deployment.decode={workers: 1, accelerators: 16, pp: 4, max_batch_per_rank: 1}",
		"deployment.decode.two_batch_from=64", "deployment.decode.draft_tokens=9", "deployment.units=1000000000",
		"deployment.experts.popularity={kind: zipf, exponent: 1e9}", "deployment.experts.placement.redundant=-1",
		"deployment.experts.popularity.file=/dev/null", "deployment.cache.tiers=[{name: host, capacity: 1TB}]",
		"deployment.cache.eviction={policy: ttl, ttl: {tool: 1s}}", "deployment.decode_order=first-token",
		"model=gpt-oss-120b", "model.blocks[0].count=0", "model.hidden=1", "engine.graphs=[0, -1]", "engine.efficiency=0",
		"kernels.small.floor=-1s", "workload.turns.median=.nan", "deployment.mode=aggregated", "precision=fp8",
	} {
		f.Add(set)
	}
	base := configs.NewBase[configs.Scenario](configs.Presets(),
		configs.Source{Name: "gb300-agentperf-slo20", FS: scenarios.FS})
	f.Fuzz(func(t *testing.T, set string) {
		s, _, err := base.Load([]string{set})
		if err != nil {
			return
		}
		// What is merely large takes long: no fault, but no use here.
		const most = 4096
		for _, p := range s.Deployment.Pools() {
			if p.Spec.Accelerators > most || p.Spec.TokenBudget > most*most || p.Spec.Workers > most {
				return
			}
		}
		e, err := experiment.Explain(s)
		if err != nil {
			return
		}
		for _, account := range e.Steps {
			require.GreaterOrEqual(t, account.Seconds, 0.0, set)
		}
		_, err = experiment.ExplainExperts(s)
		require.NoError(t, err, set)
	})
}
