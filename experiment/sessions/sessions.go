// Package sessions makes the source of trajectories that a scenario's
// workload names.
package sessions

import (
	"fmt"
	"math/rand/v2"

	"agentsim/configs"
	"agentsim/serve"
	"agentsim/sim"
	"agentsim/trace"
	"agentsim/trace/readers"
)

// Open makes the source of trajectories of a workload: a profile to draw them
// from, or a trace to take them from. Prompts stay within the model's limit.
func Open(s *configs.Scenario) (serve.Sessions, error) {
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
