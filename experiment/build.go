// Package experiment answers questions with simulations: one run, the
// capacity of a deployment, comparisons. It is the front door of the library:
// a Scenario goes in, a Result comes out, nothing is printed.
package experiment

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"agentsim/configs"
	"agentsim/serve"
	"agentsim/sim"
	"agentsim/trace"
	"agentsim/trace/readers"
)

// ErrInfeasible marks scenarios that cannot work at all: a worker that does
// not fit in memory, or a service level that one agent already fails.
var ErrInfeasible = errors.New("infeasible")

// prepare builds what all simulations of a scenario share.
func prepare(s *configs.Scenario) (serve.Config, error) {
	sessions, err := openSessions(s)
	if err != nil {
		return serve.Config{}, err
	}
	cfg := serve.Config{Deployment: s.Deployment, System: s.System, LLM: s.Model, Kernels: s.Kernels, Engine: s.Engine,
		Sessions: sessions, Replay: s.Workload.Replay, Ramp: float64(s.Protocol.Ramp), Seed: s.Seed,
		MinOutput: s.SLO.MinOutput()}
	if err := cfg.Prepare(); err != nil {
		return cfg, err
	}
	return cfg, infeasible(cfg.Fit())
}

// infeasible marks errors that say that something does not fit in memory.
func infeasible(err error) error {
	var memory *serve.ErrMemory
	if errors.As(err, &memory) {
		return fmt.Errorf("%w: %w", ErrInfeasible, err)
	}
	return err
}

// openSessions makes the source of trajectories that a workload names.
func openSessions(s *configs.Scenario) (serve.Sessions, error) {
	w := s.Workload
	if w.Trace == "" {
		w.Synthetic.ContextLimit = withinModel(w.Synthetic.ContextLimit, s.Model.MaxContext)
		return &drawn{profile: &w.Synthetic, seed: s.Seed}, nil
	}
	r, err := readers.Open(w.Trace, w.Format)
	if err != nil {
		return nil, fmt.Errorf("workload.trace: %w", err)
	}
	defer r.Close()
	w.InputMax = withinModel(w.InputMax, s.Model.MaxContext)
	pool, err := trace.NewPool(r, w.PoolOptions())
	if err != nil {
		return nil, fmt.Errorf("workload.trace: %s: %w", w.Trace, err)
	}
	return &recorded{pool: pool, seed: s.Seed}, nil
}

// withinModel is a context limit, or the model's if that is lower.
func withinModel(limit, model int) int {
	if limit == 0 || limit > model {
		return model
	}
	return limit
}

// drawn generates sessions from a profile. It may serve several simulations
// at once: every session has a generator of its own.
type drawn struct {
	profile *trace.Profile
	seed    uint64
}

// Session draws the k-th session of an agent.
func (d *drawn) Session(agent, k int, out *trace.Session) error {
	var source rand.PCG
	sim.Rekey(&source, d.seed, "session", uint64(agent), uint64(k))
	d.profile.Draw(rand.New(&source), out)
	return nil
}

// recorded deals out the sessions of a trace: each agent gets an independent
// sequence of them, the same on every cluster.
type recorded struct {
	pool *trace.Pool
	seed uint64
}

// Session picks the k-th session of an agent.
func (r *recorded) Session(agent, k int, out *trace.Session) error {
	var source rand.PCG
	sim.Rekey(&source, r.seed, "recorded session", uint64(agent), uint64(k))
	r.pool.Session(rand.New(&source).IntN(r.pool.Len()), out)
	return nil
}
