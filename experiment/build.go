// Package experiment answers questions with simulations: one run, the
// capacity of a deployment, comparisons. It is the front door of the library:
// a Scenario goes in, a Result comes out, nothing is printed.
package experiment

import (
	"errors"
	"fmt"

	"agentsim/configs"
	"agentsim/experiment/sessions"
	"agentsim/metrics"
	"agentsim/serve"
)

// prepare builds what all simulations of a scenario share.
func prepare(s *configs.Scenario) (serve.Config, error) {
	source, err := sessions.Open(s)
	if err != nil {
		return serve.Config{}, err
	}
	cfg := serve.Config{Deployment: s.Deployment, System: s.System, LLM: s.Model, Kernels: s.Kernels, Engine: s.Engine,
		Sessions: source, Arrivals: s.Workload.Arrivals, Pool: source.Pool, Tools: source.Tools,
		Replay: s.Workload.Replay, Ramp: float64(s.Protocol.Ramp), Seed: s.Seed,
		MinOutput: s.SLO.MinOutput()}
	if err := cfg.Prepare(); err != nil {
		return cfg, fmt.Errorf("%w: %w", metrics.ErrConfiguration, err)
	}
	return cfg, infeasible(cfg.Fit())
}

// infeasible marks errors that say that something does not fit in memory.
func infeasible(err error) error {
	var memory *serve.ErrMemory
	if errors.As(err, &memory) {
		return fmt.Errorf("%w: %w", metrics.ErrInfeasible, err)
	}
	return err
}
