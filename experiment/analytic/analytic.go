// Package analytic estimates the capacity of a scenario. A closed network of
// agents, prefill and decode is solved for its mean flows (modelling.md 4.4) in
// a few milliseconds, with the same step model that the simulator charges;
// spread enters where a service level asks for a quantile. That is enough to rank
// deployments and to say by what factor an input moves an answer. Where the
// answer itself is asked for, it is rehearsed: a few short phases of the simulator
// around the number that the flows give (experiment.Rehearse).
//
// Read solver.go for the order of things, network.go for the balance of flows,
// then stations.go for the two stations.
package analytic

import (
	"context"

	"agentsim/configs"
	"agentsim/metrics"
)

// Capacity estimates the largest number of agents that meets the service
// level. Scenarios that cannot work give metrics.ErrInfeasible.
func Capacity(s *configs.Scenario) (*metrics.Result, error) {
	return new(Solver).Capacity(context.Background(), s)
}
