package deploy_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"agentsim/experiment/analytic"
	"agentsim/experiment/deploy"
	"agentsim/serve"
)

// BenchmarkRank ranks from nothing, and reports how much longer the ranked
// deployments take when each is estimated alone.
func BenchmarkRank(b *testing.B) {
	for _, c := range []struct{ name, scenario, accelerators string }{
		{"gb300/32", "gb300-agentperf-slo20", "32"}, {"gb300/72", "gb300-agentperf-slo20", "72"},
		{"h200/8", "h200-agentperf-slo20", "8"}, {"h200/16", "h200-agentperf-slo20", "16"},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := auto(b, c.scenario, c.accelerators)
			var list []deploy.Ranked
			for b.Loop() {
				r, err := deploy.Rank(context.Background(), s)
				require.NoError(b, err)
				list = r.List
			}
			ranked := b.Elapsed() / time.Duration(b.N)
			const sampled = 8
			begun := time.Now()
			for i := range sampled {
				alone := *s
				alone.Deployment = list[i*len(list)/sampled].Deployment
				_, err := new(analytic.Solver).Flows(&alone)
				require.NoError(b, err)
			}
			each := time.Since(begun) / sampled
			b.ReportMetric(float64(len(list)), "deployments")
			b.ReportMetric(float64(each)*float64(len(list))/float64(ranked), "times-faster")
		})
	}
}

// BenchmarkOrder ranks a list that is given.
func BenchmarkOrder(b *testing.B) {
	f, err := deploy.NewFinder(auto(b, "h200-agentperf-slo20", "8"), nil)
	require.NoError(b, err)
	r, err := f.Rank(context.Background())
	require.NoError(b, err)
	var list []serve.DeploymentSpec
	for i := range r.List {
		list = append(list, r.List[i].Deployment)
	}
	for b.Loop() {
		_, err := f.Order(context.Background(), list)
		require.NoError(b, err)
	}
}
