package main

import (
	"context"

	"agentsim/ask"
	"agentsim/configs"
	"agentsim/metrics"
)

// bounded searches the capacity of a scenario and says where it lies by the
// errors of the model.
func bounded(ctx context.Context, a *app, s *configs.Scenario, p *configs.Provenance,
) (*metrics.Result, error) {
	return ask.Bounded(ctx, s, p, a.options())
}
