// Package sessions makes the source of trajectories that a scenario's
// workload names.
package sessions

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"

	"agentsim/configs"
	"agentsim/serve"
	"agentsim/sim"
	"agentsim/trace"
)

// Source is where the trajectories of a workload come from.
type Source struct {
	serve.Sessions
	Tools []string    // whose results calls answer, as far as the workload tells; see trace.Turn
	Notes []string    // what of the workload or its trace was left out or filled in
	Pool  *trace.Pool // sub-agents and arrivals by time, where the workload replays them; nil = none
}

// Open makes the source of trajectories of a workload: a profile to draw them
// from, or a trace to take them from. Prompts stay within the model's limit;
// answers are cut and prefixes made unique as the protocol says.
func Open(s *configs.Scenario) (*Source, error) {
	limits := Limits{
		Context:  s.Model.MaxContext,
		Output:   s.Protocol.OutputMax,
		Unshared: s.Protocol.RandomPrefix == configs.PrefixAtStart,
		Seconds:  float64(s.Protocol.Duration),
	}
	if len(s.Mix) > 0 {
		return mixed(s.Workloads(), limits, s.Seed)
	}
	return Of(s.Workload, limits, s.Seed)
}

// Limits are what the model and the protocol of a run leave of a workload.
type Limits struct {
	Context  int  // tokens that the model takes
	Output   int  // tokens; longer answers are cut; 0 = none
	Unshared bool // sessions have no prefix in common

	Seconds float64 // for which sessions come at the workload's rate, where it has one
}

// Of makes the source of a workload that stands by itself.
func Of(w trace.Workload, limits Limits, seed uint64) (*Source, error) {
	unshared := limits.Unshared
	if w.Trace == "" {
		w.Synthetic.ContextLimit = withinModel(w.Synthetic.ContextLimit, limits.Context)
		w.Synthetic.OutputLimit = limits.Output
		if unshared {
			w.Synthetic.SharedPrefix = trace.SharedPrefix{}
		}
		if w.Rate > 0 {
			return arriving(&w, limits.Seconds, seed)
		}
		return generated(&w, seed)
	}
	w.OutputMax = lower(w.OutputMax, limits.Output)
	w.InputMax = withinModel(w.InputMax, limits.Context)
	return fromTrace(&w, seed, unshared)
}

// treesDrawn is how many session trees a profile with sub-agents stands for: as
// many as the corpus of AgentX has (agent-workloads.md 1.1).
const treesDrawn = 400

// generated draws sessions from the profile of a workload. Sub-agents come with
// their sessions, out of a pool of trees; without lanes they are left out.
func generated(w *trace.Workload, seed uint64) (*Source, error) {
	profile := w.Synthetic
	source := &Source{Sessions: &drawn{profile: &profile, seed: seed}}
	switch {
	case profile.SubAgents == nil:
		return source, nil
	case w.Arrivals != trace.ArrivalsLanes:
		source.Notes = []string{"workload.sub_agents: left out, since workload.arrivals is not " + trace.ArrivalsLanes}
		return source, nil
	}
	options := w.PoolOptions()
	options.ContextLimit = profile.ContextLimit
	pool, err := trace.NewPool(trace.NewGenerator(&profile, seed, treesDrawn), options)
	if err != nil {
		return nil, fmt.Errorf("workload: %w", err)
	}
	return dealer(w, pool, seed)
}

// arriving draws sessions from the profile of a workload that begin at random at
// its rate, for as long as the protocol measures.
func arriving(w *trace.Workload, seconds float64, seed uint64) (*Source, error) {
	const most = 1 << 20
	sessions := math.Ceil(w.Rate * seconds)
	if sessions > most {
		return nil, fmt.Errorf("workload.rate: %v: %.0f sessions within protocol.duration of %.0f s, more than %d", w.Rate,
			sessions, seconds, most)
	}
	options := w.PoolOptions()
	options.ContextLimit = w.Synthetic.ContextLimit
	pool, err := trace.NewPool(trace.NewGenerator(&w.Synthetic, seed, int(max(1, sessions))).Arriving(w.Rate), options)
	if err != nil {
		return nil, fmt.Errorf("workload: %w", err)
	}
	return dealer(w, pool, seed)
}

// dealer deals out all sessions of a trace, or those of main agents where
// sub-agents come with them.
func dealer(w *trace.Workload, pool *trace.Pool, seed uint64) (*Source, error) {
	r := &recorded{pool: pool, seed: seed}
	if w.Arrivals == "" || w.Arrivals == trace.ArrivalsClosed {
		for i := range pool.Len() {
			r.choice = append(r.choice, int32(i))
		}
		return &Source{Sessions: r, Tools: pool.Tools()}, nil
	}
	for _, i := range pool.Roots() {
		if !pool.SubAgent(i) {
			r.choice = append(r.choice, i)
		}
	}
	if len(r.choice) == 0 && !w.ByTime() {
		return nil, &TraceError{fmt.Errorf("%s: no session of a main agent is left for arrivals: %s", w.Trace, w.Arrivals)}
	}
	return &Source{Sessions: r, Tools: pool.Tools(), Pool: pool}, nil
}

// lower is the lower of two limits of which 0 means none.
func lower(a, b int) int {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
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
	profile    *trace.Profile
	seed       uint64
	generators sync.Pool // of *generator
}

// generator is a source of random numbers that is keyed anew for every session.
type generator struct {
	source rand.PCG
	rand   *rand.Rand
}

// Session draws the k-th session of an agent.
func (d *drawn) Session(agent, k int, out *trace.Session) error {
	g, ok := d.generators.Get().(*generator)
	if !ok {
		g = new(generator)
		g.rand = rand.New(&g.source)
	}
	sim.Rekey(&g.source, d.seed, "session", uint64(agent), uint64(k))
	d.profile.Draw(g.rand, out)
	d.generators.Put(g)
	return nil
}

// recorded deals out the sessions of a trace: each agent gets an independent
// sequence of them, the same on every cluster.
type recorded struct {
	pool   *trace.Pool
	choice []int32 // sessions of the pool
	seed   uint64
}

// Session picks the k-th session of an agent.
func (r *recorded) Session(agent, k int, out *trace.Session) error {
	var source rand.PCG
	sim.Rekey(&source, r.seed, "recorded session", uint64(agent), uint64(k))
	r.pool.Session(int(r.choice[rand.New(&source).IntN(len(r.choice))]), out)
	return nil
}

// Set is so many sessions of a source, those of its agent 0, for a run with
// serve.Config.SessionsMax: where it takes more than there are, they come again,
// and what a second pass sends was all seen before. A session keeps its identity.
func Set(of serve.Sessions, sessions int) serve.Sessions { return &set{of: of, sessions: sessions} }

type set struct {
	of       serve.Sessions
	sessions int
}

// Session is the k-th session of a run, whoever takes it.
func (s *set) Session(_, k int, out *trace.Session) error {
	which := k % s.sessions
	if err := s.of.Session(0, which, out); err != nil {
		return err
	}
	out.ID, out.Replays = fmt.Sprintf("set-%d", which), int32(which)+1
	return nil
}

// TraceError is that of a trace that is missing or cannot be read.
type TraceError struct{ cause error }

// Error names the field.
func (e *TraceError) Error() string { return "workload.trace: " + e.cause.Error() }

// Unwrap returns what is wrong with the file.
func (e *TraceError) Unwrap() error { return e.cause }
