// Package analytic estimates the capacity of a scenario in a millisecond or
// two, without simulating: a closed network of agents, prefill and decode is
// solved for its mean flows (modelling.md 4.4), with the same step model that
// the simulator charges. Spread enters where a service level asks for a
// quantile.
//
// Read solver.go for the order of things, network.go for the balance of flows,
// then stations.go for the two stations.
package analytic

import (
	"agentsim/configs"
	"agentsim/metrics"
)

// Capacity estimates the largest number of agents that meets the service
// level. Scenarios that cannot work give metrics.ErrInfeasible.
func Capacity(s *configs.Scenario) (*metrics.Result, error) { return new(Solver).Capacity(s) }

// Uncomputed lists the figures of a Result, by their JSON paths, that are 0 in
// every estimate because only a simulation has them.
func Uncomputed() []string {
	return []string{"calls", "events", "metrics.e2e_speed_p25", "metrics.e2e_speed_p50",
		"metrics.share_in_gaps", "metrics.share_of_people", "metrics.slo_met_share",
		"metrics.tpot_mean_ms", "metrics.tpot_p90_ms", "metrics.tpot_p95_ms", "metrics.tpot_p99_ms", "metrics.ttft_mean_s",
		"metrics.ttft_p90_s", "metrics.ttft_p99_s"}
}
