package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"

	"agentsim/configs"
	"agentsim/experiment/analytic"
	"agentsim/metrics"
	"agentsim/serve"
)

// Finder ranks the deployments of one scenario.
type Finder struct {
	scenario  *configs.Scenario
	solver    *analytic.Solver
	estimator *analytic.Estimator
	aim       metrics.Aim
	known     *known
	limits    []int // batch limits worth trying, rising

	choice metrics.Choice // what became of the workers; rankings add what became of deployments

	priced               [3][]option // workers that fit, by role: aggregated, prefill, decode
	whole, first, second []option    // the same roles, without the workers that others outdo
	all                  bool        // rank everything: shortlists leave nothing out
}

// NewFinder lists the deployments of at most the number of accelerators that
// the scenario gives to mode auto. Candidates are ranked by what is known of the
// errors of predictions; nil = what ships.
func NewFinder(s *configs.Scenario, accuracy *configs.Accuracy) (*Finder, error) {
	if budget := s.Deployment.Budget; budget > budgetMost {
		return nil, fmt.Errorf("%w: deployment.accelerators: %d: want %d or fewer", metrics.ErrConfiguration, budget,
			budgetMost)
	}
	k, err := newKnown(s, accuracy)
	if err != nil {
		return nil, err
	}
	solver := new(analytic.Solver)
	f := &Finder{
		scenario:  s,
		solver:    solver,
		estimator: solver.For(s),
		limits:    batchLimits(s),
		known:     k,
		aim:       metrics.Aim{Objective: metrics.PerMWDrawn},
	}
	if err := f.estimator.Check(&s.Deployment); err != nil {
		return nil, err
	}
	for i, role := range []string{aggregated, prefill, decode} {
		f.priced[i] = f.options(role)
	}
	f.sieveAll()
	return f, nil
}

// budgetMost bounds what a simulation holds in memory: over a thousand racks.
const budgetMost = 100_000

// Under returns a finder for another service level, which shares all else.
func (f *Finder) Under(slo metrics.SLO) *Finder {
	g := *f
	s := *f.scenario
	s.SLO.SLO = slo
	g.scenario, g.estimator = &s, f.estimator.Under(slo)
	g.sieveAll()
	return &g
}

// Ranked is a deployment with what the analytic model says of it.
type Ranked struct {
	Deployment serve.DeploymentSpec
	Estimate   analytic.Estimate
	Written    bool            // the scenario itself names it
	Rehearsed  *metrics.Result // what a rehearsal found; nil where mean flows alone ranked it
	Simulated  *metrics.Result // what the simulator found; nil where it did not try
	Protocol   string          // by which it was, where not by the scenario's own

	Value   float64 // of the objective, by the best that is known
	P25     float64 // of the same, which three in four such predictions hold
	Nearest *metrics.Nearest
	low     float64 // P25 over Value
}

// PerMW is agents per megawatt of accelerator power, by the best that is known.
func (r *Ranked) PerMW() float64 {
	switch {
	case r.Simulated != nil:
		return r.Simulated.Capacity.PerMW.AcceleratorMeasured
	case r.Rehearsed != nil:
		return r.Rehearsed.Capacity.PerMW.AcceleratorMeasured
	}
	return r.Estimate.PerMW
}

// known says how much is known of it: 2 = simulated, 1 = rehearsed.
func (r *Ranked) known() int {
	switch {
	case r.Simulated != nil:
		return 2
	case r.Rehearsed != nil:
		return 1
	}
	return 0
}

// Ranking is what became of all candidates.
type Ranking struct {
	aim    metrics.Aim
	List   []Ranked // those that work, best first, each at its best batch limit
	Choice metrics.Choice
}

// Rank estimates all candidates, by the errors that ship.
func Rank(ctx context.Context, s *configs.Scenario) (*Ranking, error) {
	f, err := NewFinder(s, nil)
	if err != nil {
		return nil, err
	}
	return f.Rank(ctx)
}

// Best estimates the deployment that is best for an aim, by what is known of the
// errors of predictions; nil = what ships.
func Best(ctx context.Context, s *configs.Scenario, aim metrics.Aim, known *configs.Accuracy) (
	*metrics.Result, *serve.DeploymentSpec, error) {
	f, err := NewFinder(s, known)
	if err != nil {
		return nil, nil, err
	}
	if f, err = f.Toward(aim); err != nil {
		return nil, nil, err
	}
	return f.Best(ctx)
}

// Best estimates the best deployment.
func (f *Finder) Best(ctx context.Context) (*metrics.Result, *serve.DeploymentSpec, error) {
	ranking, err := f.Rehearsed(ctx)
	if err != nil {
		return nil, nil, err
	}
	first := &ranking.List[0]
	return first.Rehearsed, &first.Deployment, nil
}

// Of so many kinds the best is rehearsed, and then so many more of the kind that
// did best: mean flows rank kinds with errors of their own, and shapes of one
// kind with about the same.
const kindsRehearsed, variantsRehearsed = 6, 2

// Rehearsed ranks all candidates, rehearses the best of each kind, with those
// that the scenario writes down, and then more of the best kind, and puts these
// first. Which are rehearsed does not depend on whether the aim is optimistic.
func (f *Finder) Rehearsed(ctx context.Context) (*Ranking, error) {
	ranking, err := f.Rank(ctx)
	if err != nil {
		return nil, err
	}
	tried := ranking.picks(func(list []Ranked) []int { return explored(list, kindsRehearsed) })
	if err := f.rehearse(ctx, ranking, tried); err != nil {
		return nil, err
	}
	if ranking.sort(); len(ranking.List) > 0 && ranking.List[0].known() > 0 {
		more := ranking.picks(func(list []Ranked) []int { return variants(list, variantsRehearsed) })
		if err := f.rehearse(ctx, ranking, more); err != nil {
			return nil, err
		}
		ranking.sort()
	}
	if len(ranking.List) == 0 || ranking.List[0].Rehearsed == nil {
		return nil, fmt.Errorf("%w: none of the %d best deployments passes in short phases of the simulator: %s",
			metrics.ErrInfeasible, len(tried), ranking.Choice.Failing.Example)
	}
	return ranking, nil
}

// picks picks from the ranking by the predictions themselves and from that by
// what most of them hold.
func (r *Ranking) picks(from func([]Ranked) []int) []int {
	as := r.aim
	var picked []int
	for _, optimistic := range []bool{true, false} {
		r.aim.Optimistic = optimistic
		order := r.order()
		sorted := make([]Ranked, len(order))
		for i, at := range order {
			sorted[i] = r.List[at]
		}
		for _, i := range from(sorted) {
			if !slices.Contains(picked, order[i]) {
				picked = append(picked, order[i])
			}
		}
	}
	r.aim = as
	return picked
}

// rehearse rehearses candidates of a ranking, by their places, and drops those
// that fail.
func (f *Finder) rehearse(ctx context.Context, ranking *Ranking, places []int) error {
	errs := make([]error, len(places))
	forEach(len(places), func(i int) {
		one := &ranking.List[places[i]]
		if one.Rehearsed, errs[i] = f.estimator.Capacity(ctx, &one.Deployment); errs[i] == nil {
			f.worth(one)
			f.lower(one)
		}
	})
	failed := map[int]bool{}
	for i, at := range places {
		switch {
		case errors.Is(errs[i], metrics.ErrInfeasible):
			failed[at] = true
			ranking.Choice.Failing.Add(errs[i])
		case errs[i] != nil:
			return errs[i]
		}
	}
	var list []Ranked
	for i := range ranking.List {
		if !failed[i] {
			list = append(list, ranking.List[i])
		}
	}
	ranking.List = list
	return nil
}

// sort puts what is known better before the rest, and the best first in each.
func (r *Ranking) sort() {
	sorted := make([]Ranked, 0, len(r.List))
	for _, i := range r.order() {
		sorted = append(sorted, r.List[i])
	}
	r.List = sorted
}

// order is the places of the list, what is known better and then the best first.
func (r *Ranking) order() []int {
	places := make([]int, len(r.List))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(i, j int) int {
		a, b := &r.List[i], &r.List[j]
		return cmp.Or(cmp.Compare(b.known(), a.known()), cmp.Compare(b.score(r.aim), a.score(r.aim)))
	})
	return places
}

// Rank estimates all candidates: those of the shortlists, and around the best
// of them those that differ by any one worker.
func (f *Finder) Rank(ctx context.Context) (*Ranking, error) {
	written := f.written()
	ranked, errs := f.estimate(written)
	for i := range ranked {
		ranked[i].Written = true
	}
	open := f.candidates()
	more, failed := f.tuneAll(ctx, open)
	ranked, errs = append(ranked, more...), append(errs, failed...)
	if !f.all {
		more, failed = f.tuneAll(ctx, f.around(ranked, errs))
		ranked, errs = append(ranked, more...), append(errs, failed...)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return f.order(ranked, errs)
}

// around lists the neighbours of the best few deployments.
func (f *Finder) around(ranked []Ranked, errs []error) []serve.DeploymentSpec {
	const few = 4
	known := map[identity]bool{}
	var order []int
	for i := range ranked {
		if !ranked[i].Written {
			known[identify(&ranked[i].Deployment)] = true
		}
		if errs[i] == nil {
			order = append(order, i)
		}
	}
	for _, i := range order {
		f.worth(&ranked[i])
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(ranked[b].score(f.aim), ranked[a].score(f.aim)) })
	var list []serve.DeploymentSpec
	for _, i := range order[:min(few, len(order))] {
		for _, d := range f.neighbours(&ranked[i].Deployment) {
			if id := identify(&d); !known[id] {
				known[id] = true
				list = append(list, d)
			}
		}
	}
	return list
}

// tuneAll estimates deployments at their best batch limits.
func (f *Finder) tuneAll(ctx context.Context, list []serve.DeploymentSpec) ([]Ranked, []error) {
	ranked, errs := make([]Ranked, len(list)), make([]error, len(list))
	forEach(len(list), func(i int) {
		if ctx.Err() == nil {
			ranked[i], errs[i] = f.tune(list[i])
		}
	})
	return ranked, errs
}

// estimate estimates deployments as they are.
func (f *Finder) estimate(list []serve.DeploymentSpec) ([]Ranked, []error) {
	ranked, errs := make([]Ranked, len(list)), make([]error, len(list))
	forEach(len(list), func(i int) {
		ranked[i].Deployment = list[i]
		ranked[i].Estimate, errs[i] = f.estimator.Estimate(&list[i])
	})
	return ranked, errs
}

// Order estimates the deployments given, as they are.
func (f *Finder) Order(ctx context.Context, list []serve.DeploymentSpec) (*Ranking, error) {
	ranked, errs := f.estimate(list)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return f.order(ranked, errs)
}

// order sorts what works, and counts what does not.
func (f *Finder) order(ranked []Ranked, errs []error) (*Ranking, error) {
	r := &Ranking{Choice: f.choice, aim: f.aim}
	r.Choice.Deployments, r.Choice.Objective, r.Choice.Optimistic = len(ranked), f.aim.Objective, f.aim.Optimistic
	for i := range ranked {
		if errs[i] == nil {
			f.worth(&ranked[i])
			r.List = append(r.List, ranked[i])
		} else {
			r.Choice.Failing.Add(errs[i])
		}
	}
	if len(r.List) == 0 {
		return nil, f.infeasible(&r.Choice)
	}
	r.sort()
	return r, nil
}

// tune finds the best batch limit of a deployment. Without a limit the batch
// grows until the service level breaks. The best limit lies beside this batch:
// calls then wait for a place rather than slow all others down.
func (f *Finder) tune(d serve.DeploymentSpec) (Ranked, error) {
	best := Ranked{Deployment: d}
	var err error
	if best.Estimate, err = f.estimator.Estimate(&d); err != nil {
		return best, err
	}
	at, _ := slices.BinarySearch(f.limits, int(math.Ceil(best.Estimate.Decodes)))
	at = min(at, len(f.limits)-1)
	if d.Mode == serve.Disaggregated && strings.HasSuffix(best.Estimate.Limit, "prefill") {
		best.Deployment = limited(d, f.limits[at]) // which is never met
		return best, nil
	}
	try := func(i int) bool {
		r := Ranked{Deployment: limited(d, f.limits[i])}
		if r.Estimate, err = f.estimator.EstimateNear(&r.Deployment, best.Estimate); err != nil {
			return false
		}
		worth := f.value(&d, r.Estimate.Agents, &r.Estimate.Within)
		so := f.value(&d, best.Estimate.Agents, &best.Estimate.Within)
		if worth < so {
			return false
		}
		better := worth > so
		best = r
		return better
	}
	rises := false
	for i := at; i < len(f.limits) && try(i); i++ {
		rises = i > at
	}
	for i := at - 1; !rises && i >= 0 && try(i); i-- {
	}
	return best, nil
}

// limited is the deployment with another batch limit.
func limited(d serve.DeploymentSpec, batch int) serve.DeploymentSpec {
	at := &d.Decode
	if d.Mode == serve.Aggregated {
		at = &d.Aggregated
	}
	p := **at
	p.MaxBatchPerRank = batch
	*at = &p
	return d
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

// infeasible says what would help where nothing works.
func (f *Finder) infeasible(c *metrics.Choice) error {
	budget := f.scenario.Deployment.Budget
	if c.Deployments == 0 {
		return fmt.Errorf("%w: no worker of %d accelerators or fewer can serve %s: %s", metrics.ErrInfeasible, budget,
			f.scenario.Model.Name, cmp.Or(c.Unfit.Example, c.Illegal.Example))
	}
	return fmt.Errorf("%w: none of %d deployments on %d accelerators meets the service level: %s",
		metrics.ErrInfeasible, c.Deployments, budget, c.Failing.Example)
}
