package analytic

import (
	"cmp"
	"context"
	"fmt"

	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/experiment/sessions"
	"agentsim/metrics"
	"agentsim/models/moe"
	"agentsim/trace"
)

// Solver estimates capacities. It remembers what takes longest and often
// stays the same from scenario to scenario: tables of expert groups and samples of
// workloads. The zero value is ready for use, by many goroutines at once.
type Solver struct {
	Sessions int         // of a workload that are looked at; 0 = 800
	Tables   *moe.Tables // of expert groups, shared with others; nil = its own

	own       moe.Tables
	workloads memo[string, *workload]
}

// Flows estimates the largest number of agents that meets the service level
// from mean flows alone. Scenarios that cannot work give metrics.ErrInfeasible.
func (v *Solver) Flows(s *configs.Scenario) (*metrics.Result, error) {
	return v.For(s).Flows(&s.Deployment)
}

// Answer is Flows in few words and less time, around what is likely.
func (v *Solver) Answer(s *configs.Scenario, about Estimate) (metrics.Answer, error) {
	e, err := v.For(s).EstimateNear(&s.Deployment, about)
	if err != nil {
		return metrics.Answer{}, err
	}
	agents := float64(e.Agents)
	each := agents / float64(s.Deployment.Accelerators())
	return metrics.Answer{Agents: agents, PerAccelerator: each, PerMW: e.Within}, nil
}

// Capacity estimates the largest number of agents that meets the service level
// from mean flows and a rehearsal around them. Scenarios that cannot work give
// metrics.ErrInfeasible; drafts of unknown acceptance a band, as
// experiment.Banded says.
func (v *Solver) Capacity(ctx context.Context, s *configs.Scenario) (*metrics.Result, error) {
	return experiment.Banded(ctx, s, func(ctx context.Context, s *configs.Scenario) (*metrics.Result, error) {
		return v.For(s).Capacity(ctx, &s.Deployment)
	})
}

func (v *Solver) tables() *moe.Tables {
	if v.Tables != nil {
		return v.Tables
	}
	return &v.own
}

// Search simulates the capacity, from where mean flows say that it lies. Where
// they serve nobody the search begins where the protocol says.
func (v *Solver) Search(ctx context.Context, s *configs.Scenario, o experiment.Options) (*metrics.Result, error) {
	if o.Near == 0 && s.Protocol.StopWhenCertain && !s.Workload.ByTime() {
		if r, err := v.Flows(s); err == nil {
			o.Near = float64(r.Capacity.Agents)
		}
	}
	o.Tabulate = v.tables().Tabulate
	return experiment.Capacity(ctx, s, o)
}

// Run estimates the service at a fixed number of agents.
func (v *Solver) Run(s *configs.Scenario, agents int) (*metrics.Result, error) {
	at := func(_ context.Context, s *configs.Scenario) (*metrics.Result, error) { return v.run(s, agents) }
	return experiment.Banded(context.Background(), s, at)
}

func (v *Solver) run(s *configs.Scenario, agents int) (*metrics.Result, error) {
	if agents < 1 {
		return nil, fmt.Errorf("agents: %d: want at least 1", agents)
	}
	n, err := v.For(s).network(&s.Deployment)
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

// workload samples the scenario's sessions, once for all scenarios that share
// them.
func (v *Solver) workload(s *configs.Scenario, c caching) (*workload, error) {
	pace := 0.0 // seconds a token, by which kinds of sessions last
	if len(s.Mix) > 0 {
		_, pace = s.SLO.Pace()
	}
	key := configs.Digest(struct {
		Workload  trace.Workload
		Mix       []configs.MixPart
		Pace      float64
		Limit     int
		Seed      uint64
		Off       bool
		Generated bool
		Block     int
		EndsOnly  bool
		Ranks     int
	}{s.Workload, s.Mix, pace, s.Model.MaxContext, s.Seed, c.off, c.generated, c.blockTokens, c.endsOnly, c.ranks})
	sampled := cmp.Or(v.Sessions, sessionsSampled)
	most := 16 * sessionsSampled / sampled // draws of an interval have workloads of their own: 80 MB in all
	return v.workloads.among(most, key, func() (*workload, error) {
		source, err := sessions.Open(s)
		if err != nil {
			return nil, err
		}
		return newWorkload(source, sampled, c, pace)
	})
}
