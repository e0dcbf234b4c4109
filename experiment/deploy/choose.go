package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/metrics"
)

// Choose ranks all deployments, simulates the best of them that differ in more
// than a limit, with those that the scenario writes down, and returns the
// ranking with the winner first.
func Choose(ctx context.Context, s *configs.Scenario, o experiment.Options) (*Ranking, error) {
	f, err := NewFinder(s)
	if err != nil {
		return nil, err
	}
	return f.Choose(ctx, o)
}

// Choose is the function of the same name.
func (f *Finder) Choose(ctx context.Context, o experiment.Options) (*Ranking, error) {
	ranking, err := f.Rank(ctx)
	if err != nil {
		return nil, err
	}
	finalists := finalists(ranking.List)
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
	slices.SortStableFunc(ranking.List, func(a, b Ranked) int {
		switch {
		case a.Simulated != nil && b.Simulated == nil:
			return -1
		case a.Simulated == nil && b.Simulated != nil:
			return 1
		}
		return cmp.Compare(b.PerMW(), a.PerMW())
	})
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
	return experiment.Capacity(ctx, &s, o)
}

// finalists picks the best candidates of different shapes: those that differ
// from a better one by a limit or a depth alone are passed over.
func finalists(ranked []Ranked) []int {
	const most = 4
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
