package analytic

import (
	"fmt"
	"math"

	"agentsim/configs"
	"agentsim/experiment/sessions"
	"agentsim/metrics"
	"agentsim/models/moe"
	"agentsim/models/step"
	"agentsim/serve"
	"agentsim/trace"
)

// Solver estimates capacities. It remembers what takes longest and often
// stays the same from scenario to scenario: tables of expert groups and
// samples of workloads. The zero value is ready for use, by many goroutines
// at once.
type Solver struct {
	tables    memo[moe.Spec, *moe.Table]
	workloads memo[string, *workload]
}

// Capacity estimates the largest number of agents that meets the service
// level. Scenarios that cannot work give metrics.ErrInfeasible.
func (v *Solver) Capacity(s *configs.Scenario) (*metrics.Result, error) {
	n, err := v.network(s)
	if err != nil {
		return nil, err
	}
	agents, limit, err := n.capacity()
	if err != nil {
		return nil, err
	}
	f, _ := n.at(float64(agents))
	r := n.result(&f)
	n.addCapacity(r, &f, agents, limit)
	return r, nil
}

// Run estimates the service at a fixed number of agents.
func (v *Solver) Run(s *configs.Scenario, agents int) (*metrics.Result, error) {
	if agents < 1 {
		return nil, fmt.Errorf("agents: %d: want at least 1", agents)
	}
	n, err := v.network(s)
	if err != nil {
		return nil, err
	}
	f, ok := n.at(float64(agents))
	if !ok {
		return nil, fmt.Errorf("%w: prefill cannot keep up with %d agents", metrics.ErrInfeasible, agents)
	}
	r := n.result(&f)
	r.Agents = agents
	return r, nil
}

// network builds the step models and prices of a scenario.
func (v *Solver) network(s *configs.Scenario) (*network, error) {
	cfg := serve.Config{Deployment: s.Deployment, System: s.System, LLM: s.Model, Kernels: s.Kernels, Engine: s.Engine,
		Seed: s.Seed, Tabulate: v.tabulate}
	if err := cfg.Prepare(); err != nil {
		return nil, err
	}
	if err := cfg.Fit(); err != nil {
		return nil, fmt.Errorf("%w: %w", metrics.ErrInfeasible, err)
	}
	work, err := v.workload(s)
	if err != nil {
		return nil, err
	}
	n := &network{scenario: s, work: work, mixed: s.Deployment.Mode == serve.Aggregated, tokens: tokens{mean: 1},
		tabled: map[float64]*prices{}}
	pools := s.Deployment.Pools()
	n.entry = n.pool(pools[0], cfg.Models()[0])
	n.finish = n.pool(pools[len(pools)-1], cfg.Models()[len(pools)-1])
	if n.finish.slots < 1 {
		return nil, fmt.Errorf("%w: deployment.%s: not one sequence of %.0f tokens fits in the cache of a rank",
			metrics.ErrInfeasible, n.finish.name, work.decodeContext)
	}
	if depth := n.finish.spec.DraftTokens; depth > 0 {
		n.tokens = newTokens(s.Model.Acceptance[:depth])
	}
	n.steps = work.meanSteps(n.tokens)
	n.ingress = float64(s.Engine.Host.Ingress) + float64(s.Engine.Host.PerPromptToken)*work.mean.input
	return n, nil
}

func (v *Solver) tabulate(s moe.Spec) (*moe.Table, error) {
	return v.tables.get(s, func() (*moe.Table, error) { return moe.Tabulate(s) })
}

// workload samples the scenario's sessions, once for all scenarios that share
// them.
func (v *Solver) workload(s *configs.Scenario) (*workload, error) {
	d := &s.Deployment
	c := caching{off: d.Cache.Off, blockTokens: s.Engine.Memory.BlockTokens,
		generated: s.Workload.Replay == serve.Generated && (d.Mode == serve.Aggregated || d.Cache.DecodeRetains)}
	key := configs.Digest(struct {
		Workload  trace.Workload
		Limit     int
		Seed      uint64
		Off       bool
		Generated bool
		Block     int
	}{s.Workload, s.Model.MaxContext, s.Seed, c.off, c.generated, c.blockTokens})
	return v.workloads.get(key, func() (*workload, error) {
		source, err := sessions.Open(s)
		if err != nil {
			return nil, err
		}
		return newWorkload(source, c)
	})
}

func (n *network) pool(p serve.NamedPool, m *step.Model) pool {
	shape := m.Config().Shape
	o := pool{name: p.Name, spec: p.Spec, model: m, workers: float64(p.Workers), ranks: float64(shape.Ranks())}
	cache := &n.scenario.Deployment.Cache
	fits := newMemory(m, cache).sequences(n.work.decodeContext + reserveTokens(cache))
	perRank := min(float64(shape.MaxBatchPerRank), fits)
	o.slots = perRank * o.ranks
	if !n.mixed && p.Name != "prefill" {
		o.prices = newPrices(m, nil, n.work.decodeContext, false)
	}
	return o
}

// pricesFor tabulates the entry pool when a share of the calls finds its cache.
func (n *network) pricesFor(kept float64) *prices {
	const steps = 64 // shares are told apart to about 1.5 %
	kept = math.Round(kept*steps) / steps
	if t := n.tabled[kept]; t != nil {
		return t
	}
	shape := n.entry.model.Config().Shape
	const half = 2
	decoding := min(shape.MaxBatchPerRank/half*n.entry.model.TokensPerSequence(), shape.TokenBudget/half)
	room := shape.TokenBudget
	if n.mixed {
		room -= decoding
	}
	p := n.work.cutPrompts(cut{kept, max(1, room), n.scenario.Seed})
	t := newPrices(n.entry.model, p, n.work.decodeContext, n.mixed)
	if !n.mixed {
		t.sequences = axis{0}
	}
	n.tabled[kept] = t
	return t
}
