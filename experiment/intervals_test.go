package experiment_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/experiment"
	"agentsim/metrics"
)

// laws reports whether the laws are to be tried in full.
func laws() bool { return os.Getenv("AGENTSIM_LAWS") != "" }

// Of the intervals that searches on different luck give, at least nine in ten
// hold the answer, which is the mean over all of them. In full: 60 seeds, two
// protocols and three scenarios, of whole numbers small and large.
func TestIntervalsHoldTheAnswer(t *testing.T) {
	seeds, least := 6, 0.6 // of so few seeds, more than two outside are no luck
	cases := []string{"slo.output_speed.p25=40tok/s"}
	protocols := []string{"steady-state"}
	if laws() {
		seeds, least = 60, 0.9
		cases = append(cases, "slo.output_speed.p25=20tok/s", "slo.output_speed.p25=10tok/s")
		protocols = append(protocols, "aa-agentperf")
	}
	for _, set := range cases {
		for _, protocol := range protocols {
			var low, high []float64
			mean := 0.0
			for seed := range seeds {
				r := capacity(t, scenario(t, "h200-agentperf-slo20", "protocol="+protocol, set,
					"deployment.aggregated.workers=4", fmt.Sprintf("seed=%d", seed+1)))
				mean += float64(r.Capacity.Agents) / float64(seeds)
				low, high = append(low, r.Capacity.AgentsLow), append(high, r.Capacity.AgentsHigh)
			}
			held := 0
			for i := range low {
				// Agents are whole: an interval holds what it holds rounded outwards.
				if math.Floor(low[i]) <= mean && mean <= math.Ceil(high[i]) {
					held++
				}
			}
			t.Logf("%s, %s: %d of %d intervals hold the mean of %.2f agents", protocol, set, held, seeds, mean)
			require.GreaterOrEqual(t, float64(held), least*float64(seeds), "%s, %s", protocol, set)
		}
	}
}

// So do those of searches by regression, which know about where the answer lies. In
// full: 60 seeds.
func TestIntervalsOfRegressionsHoldTheAnswer(t *testing.T) {
	seeds, least := 6, 0.6
	if laws() {
		seeds, least = 60, 0.85 // of which a few stop where luck says that enough is known
	}
	const about = 340 // agents, so that the search begins beside the answer
	var all []*metrics.Capacity
	mean := 0.0
	for seed := range seeds {
		s := scenario(t, "b300-agentperf-slo20", "protocol=steady-state", fmt.Sprintf("seed=%d", seed+1))
		r, err := experiment.Capacity(context.Background(), s, experiment.Options{Near: about})
		require.NoError(t, err)
		all = append(all, r.Capacity)
		mean += float64(r.Capacity.Agents) / float64(seeds)
	}
	held := 0
	for _, c := range all {
		if math.Floor(c.AgentsLow) <= mean && mean <= math.Ceil(c.AgentsHigh) {
			held++
		}
	}
	t.Logf("%d of %d intervals hold the mean of %.1f agents", held, seeds, mean)
	require.GreaterOrEqual(t, float64(held), least*float64(seeds))
}
