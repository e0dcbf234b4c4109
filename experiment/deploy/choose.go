package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/experiment/analytic"
	"agentsim/metrics"
	"agentsim/serve"
)

// Ranked is a candidate with what the analytic model says of it.
type Ranked struct {
	Deployment serve.DeploymentSpec
	Estimate   *metrics.Result
	Simulated  *metrics.Result // of the best; nil = not tried
}

// PerMW is agents per megawatt of accelerator power, simulated where it was.
func (r *Ranked) PerMW() float64 {
	if r.Simulated != nil {
		return r.Simulated.Capacity.PerMW.AcceleratorMeasured
	}
	return r.Estimate.Capacity.PerMW.AcceleratorMeasured
}

// Rank estimates all candidates and returns those that work, best first.
func Rank(ctx context.Context, s *configs.Scenario) ([]Ranked, error) {
	candidates := Candidates(s)
	estimates := make([]*metrics.Result, len(candidates))
	errs := make([]error, len(candidates))
	var solver analytic.Solver
	forEach(len(candidates), func(i int) {
		if ctx.Err() != nil {
			return
		}
		scenario := *s
		scenario.Deployment = candidates[i]
		estimates[i], errs[i] = solver.Capacity(&scenario)
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var ranked []Ranked
	for i, e := range estimates {
		if e != nil {
			ranked = append(ranked, Ranked{Deployment: candidates[i], Estimate: e})
		}
	}
	if len(ranked) == 0 {
		return nil, fmt.Errorf("%w: none of %d deployments on %d accelerators meets the service level; the last: %w",
			metrics.ErrInfeasible, len(candidates), s.Deployment.Budget, errs[len(errs)-1])
	}
	slices.SortStableFunc(ranked, func(a, b Ranked) int { return cmp.Compare(b.PerMW(), a.PerMW()) })
	return ranked, nil
}

// forEach calls f for 0 … n-1 on all processors; results go by index, so that
// their order does not depend on how many there are.
func forEach(n int, f func(i int)) {
	var group sync.WaitGroup
	work := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for i := range work {
				f(i)
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	group.Wait()
}

// Choose ranks all deployments, simulates the best of them that differ in more
// than a limit, and returns the ranking with the winner first.
func Choose(ctx context.Context, s *configs.Scenario, o experiment.Options) ([]Ranked, error) {
	ranked, err := Rank(ctx, s)
	if err != nil {
		return nil, err
	}
	finalists := finalists(ranked)
	for _, i := range finalists {
		scenario := *s
		scenario.Deployment = ranked[i].Deployment
		r, err := experiment.Capacity(ctx, &scenario, o)
		if errors.Is(err, metrics.ErrInfeasible) {
			continue
		}
		if err != nil {
			return nil, err
		}
		ranked[i].Simulated = r
	}
	slices.SortStableFunc(ranked, func(a, b Ranked) int {
		switch {
		case a.Simulated != nil && b.Simulated == nil:
			return -1
		case a.Simulated == nil && b.Simulated != nil:
			return 1
		}
		return cmp.Compare(b.PerMW(), a.PerMW())
	})
	if ranked[0].Simulated == nil {
		return nil, fmt.Errorf("%w: none of the %d best deployments passes in the simulator", metrics.ErrInfeasible,
			len(finalists))
	}
	return ranked, nil
}

// finalists picks the best candidates of different shapes: those that differ
// from a better one by a batch limit or a budget alone are passed over.
func finalists(ranked []Ranked) []int {
	const most = 4
	var picked []int
	seen := map[string]bool{}
	for i := range ranked {
		key := Shape(&ranked[i].Deployment)
		if !seen[key] {
			seen[key] = true
			picked = append(picked, i)
		}
		if len(picked) == most {
			break
		}
	}
	return picked
}

// Shape names a deployment by its workers, as in "16×4 dep + 1×8 dep".
func Shape(d *serve.DeploymentSpec) string {
	text := ""
	for _, p := range d.Pools() {
		if text != "" {
			text += " + "
		}
		shape := p.Spec.Shape.Normalised()
		kind := fmt.Sprintf("tp%d", shape.TP)
		if shape.DPAttention {
			kind = "dp"
		}
		if shape.EP > 1 {
			kind += fmt.Sprintf(" ep%d", shape.EP)
		}
		text += fmt.Sprintf("%d×%d %s", p.Workers, shape.Accelerators, kind)
	}
	return text
}

// Table lists the ranking for a result: the best of every shape, with what it
// loses by against the winner.
func Table(ranked []Ranked) []metrics.Deployment {
	const most = 12
	var list []metrics.Deployment
	seen := map[string]bool{}
	best := ranked[0].PerMW()
	for i := range ranked {
		r := &ranked[i]
		shape := Shape(&r.Deployment)
		if seen[shape] || len(list) == most {
			continue
		}
		seen[shape] = true
		pools := r.Deployment.Pools()
		last := pools[len(pools)-1].Spec
		row := metrics.Deployment{Shape: shape, Mode: r.Deployment.Mode, Accelerators: r.Deployment.Accelerators(),
			MaxBatchPerRank: last.MaxBatchPerRank, DraftTokens: last.DraftTokens, TokenBudget: pools[0].Spec.TokenBudget,
			Estimated: r.Estimate.Capacity.PerMW.AcceleratorMeasured, Agents: r.Estimate.Capacity.Agents,
			Limit: r.Estimate.Limit, LosesBy: 1 - r.PerMW()/best}
		if r.Simulated != nil {
			row.Simulated, row.Agents, row.Limit = r.PerMW(), r.Simulated.Capacity.Agents, r.Simulated.Limit
		}
		list = append(list, row)
	}
	return list
}
