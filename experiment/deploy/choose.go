package deploy

import (
	"context"
	"errors"
	"fmt"

	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/metrics"
)

// Choose ranks all deployments, rehearses and then simulates the best of them
// that differ in more than a limit, with those that the scenario writes down, and
// returns the ranking with the winner first.
func Choose(ctx context.Context, s *configs.Scenario, o experiment.Options) (*Ranking, error) {
	f, err := NewFinder(s)
	if err != nil {
		return nil, err
	}
	return f.Choose(ctx, o)
}

// Choose is the function of the same name.
func (f *Finder) Choose(ctx context.Context, o experiment.Options) (*Ranking, error) {
	ranking, err := f.Rehearsed(ctx)
	if err != nil {
		return nil, err
	}
	const most = 3
	finalists := contenders(ranking.List, most)
	for _, i := range finalists {
		r, err := f.simulate(ctx, &ranking.List[i], o)
		if errors.Is(err, metrics.ErrInfeasible) {
			continue
		}
		if err != nil {
			return nil, err
		}
		ranking.List[i].Simulated = r
	}
	ranking.sort()
	if ranking.List[0].Simulated == nil {
		return nil, fmt.Errorf("%w: none of the %d best deployments passes in the simulator", metrics.ErrInfeasible,
			len(finalists))
	}
	return ranking, nil
}

// simulate searches the capacity of a ranked deployment, from half of its
// estimate on.
func (f *Finder) simulate(ctx context.Context, r *Ranked, o experiment.Options) (*metrics.Result, error) {
	s := *f.scenario
	s.Deployment = r.Deployment
	s.Protocol.StartAgents = max(1, r.Estimate.Agents/2)
	o.Near = float64(r.Estimate.Agents)
	if r.Rehearsed != nil {
		s.Protocol.StartAgents = max(1, r.Rehearsed.Capacity.Agents/2)
		o.Near = float64(r.Rehearsed.Capacity.Agents)
	}
	return experiment.Capacity(ctx, &s, o)
}

// contenders picks the best candidates of at most so many different shapes:
// those that differ from a better one by a limit or a depth alone are passed
// over. What the scenario writes down is always among them.
func contenders(ranked []Ranked, most int) []int {
	var picked []int
	seen := map[string]bool{}
	for i := range ranked {
		key := Shape(&ranked[i].Deployment)
		if ranked[i].Written || len(picked) < most && !seen[key] {
			seen[key] = true
			picked = append(picked, i)
		}
	}
	return picked
}
