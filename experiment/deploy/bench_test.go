package deploy_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/experiment/deploy"
)

func BenchmarkRank(b *testing.B) {
	for _, c := range []struct{ name, scenario, accelerators string }{
		{"gb300/32", "gb300-agentperf-slo20", "32"}, {"gb300/72", "gb300-agentperf-slo20", "72"},
		{"h200/8", "h200-agentperf-slo20", "8"}, {"h200/16", "h200-agentperf-slo20", "16"},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := auto(b, c.scenario, c.accelerators)
			b.ReportMetric(float64(len(deploy.Candidates(s))), "candidates")
			for b.Loop() {
				_, err := deploy.Rank(context.Background(), s)
				require.NoError(b, err)
			}
		})
	}
}
