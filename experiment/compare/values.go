package compare

import (
	"cmp"
	"context"
	"errors"
	"math/bits"
	"runtime"
	"slices"
	"sync"

	"agentsim/experiment/analytic"
	"agentsim/metrics"
	"agentsim/serve"
)

// outcome is what a deployment holds at a corner.
type outcome struct {
	value float64 // of the metric
	found *metrics.Capacity
	watts float64 // of one accelerator
	limit string
	err   error // why it holds nothing; then value is 0

	estimate analytic.Estimate
}

// trial is a deployment at a corner.
type trial struct {
	pools pools
	set   set
}

// bench tries deployments at corners with the analytic model, each once.
type bench struct {
	*cube
	per    Metric
	solver analytic.Solver

	mu      sync.Mutex
	terms   map[set]*Terms
	bearing map[pools]set
	known   map[trial]*outcome
	works   map[pools][]set // of a deployment the corners at which it was found to work
	recent  []corner        // the last one last
}

func newBench(c *cube, per Metric) *bench {
	return &bench{
		cube:    c,
		per:     per,
		terms:   map[set]*Terms{},
		bearing: map[pools]set{},
		known:   map[trial]*outcome{},
		works:   map[pools][]set{},
	}
}

// at returns the corner of a set.
func (b *bench) at(s set) *Terms {
	b.mu.Lock()
	known := b.terms[s]
	b.mu.Unlock()
	if known != nil {
		return known
	}
	made := b.corner(s)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.terms[s] = &made
	return &made
}

// reduced leaves out of a trial the factors that cannot change its outcome.
func (b *bench) reduced(t trial) trial {
	b.mu.Lock()
	defer b.mu.Unlock()
	mask, ok := b.bearing[t.pools]
	if !ok {
		mask = b.cube.bearing(&t.pools, b.per)
		b.bearing[t.pools] = mask
	}
	t.set &= mask
	return t
}

// outcome returns what is known of a trial; nil if it was not made.
func (b *bench) outcome(t trial) *outcome {
	t = b.reduced(t)
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.known[t]
}

// try makes all trials that are not known yet, side by side.
func (b *bench) try(ctx context.Context, trials []trial, done func(n, all int)) error {
	var open []trial
	seen := map[trial]bool{}
	for _, t := range trials {
		t = b.reduced(t)
		if !seen[t] && b.outcome(t) == nil {
			seen[t] = true
			open = append(open, t)
		}
	}
	slices.SortStableFunc(open, func(x, y trial) int { return cmp.Compare(x.set, y.set) })
	outcomes := make([]*outcome, len(open))
	forEach(ctx, len(open), func(i int) { outcomes[i] = b.solve(open[i]) }, done)
	if err := ctx.Err(); err != nil {
		return err
	}
	for i, t := range open {
		b.known[t] = outcomes[i]
		if outcomes[i].err == nil {
			b.works[t.pools] = append(b.works[t.pools], t.set)
		}
	}
	return nil
}

func (b *bench) solve(t trial) *outcome {
	e, deployment := b.estimator(t)
	r, err := e.EstimateNear(deployment, b.likely(t))
	if err != nil {
		return &outcome{err: err}
	}
	found := r.Capacity()
	return &outcome{value: b.per.of(found), found: found, watts: r.Watts, limit: r.Limit, estimate: r}
}

// likely is what the deployment of a trial holds at the known corner that differs by
// the fewest factors: about as many, as far as that goes.
func (b *bench) likely(t trial) analytic.Estimate {
	known := b.works[t.pools]
	if len(known) == 0 {
		return analytic.Estimate{}
	}
	differ := func(s set) int { return bits.OnesCount(uint(s ^ t.set)) }
	nearest := slices.MinFunc(known, func(x, y set) int { return cmp.Compare(differ(x), differ(y)) })
	return b.known[trial{t.pools, nearest}].estimate
}

// estimator is that of a trial's corner, with its deployment. Those of the corners
// that were asked for last are kept, since deployments of one corner share what the
// steps of their pools cost.
func (b *bench) estimator(t trial) (*analytic.Estimator, *serve.DeploymentSpec) {
	const most = 8
	s := b.at(t.set).scenario(t.pools)
	b.mu.Lock()
	defer b.mu.Unlock()
	at := slices.IndexFunc(b.recent, func(c corner) bool { return c.set == t.set })
	c := corner{t.set, nil}
	if at >= 0 {
		c = b.recent[at]
		b.recent = slices.Delete(b.recent, at, at+1)
	} else {
		c.Estimator = b.solver.For(s)
		b.recent = b.recent[max(0, len(b.recent)+1-most):]
	}
	b.recent = append(b.recent, c)
	return c.Estimator, &s.Deployment
}

// corner is a mixture with what was estimated there.
type corner struct {
	set set
	*analytic.Estimator
}

func (b *bench) outcomeOf(r *metrics.Result) *outcome {
	return &outcome{value: b.per.of(r.Capacity), found: r.Capacity, watts: r.Power.PerAcceleratorW, limit: r.Limit}
}

// best is the deployment of a list that holds most at a corner, of those that
// were tried there; false if none holds anything.
func (b *bench) best(list []pools, s set) (pools, *outcome, bool) {
	terms := b.abilities(s)
	var found *outcome
	var chosen pools
	for _, p := range list {
		if !terms.allowed(&p) {
			continue
		}
		if o := b.outcome(trial{p, s}); o != nil && o.err == nil && (found == nil || o.value > found.value) {
			found, chosen = o, p
		}
	}
	return chosen, found, found != nil
}

// forEach calls f for 0 … n-1 on all processors until the context ends, and
// done after each.
func forEach(ctx context.Context, n int, f func(i int), done func(n, all int)) {
	var group sync.WaitGroup
	var mu sync.Mutex
	next, finished := 0, 0
	take := func() int {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next - 1
	}
	for range min(n, runtime.GOMAXPROCS(0)) {
		group.Go(func() {
			for i := take(); i < n && ctx.Err() == nil; i = take() {
				f(i)
				mu.Lock()
				finished++
				if done != nil {
					done(finished, n)
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
}

// given evaluates the two scenarios as they stand.
func (b *bench) given(ctx context.Context) (atA, atB *outcome, err error) {
	ends := []trial{{b.givenA, b.full()}, {b.givenB, 0}}
	if err := b.try(ctx, ends, nil); err != nil {
		return nil, nil, err
	}
	atA, atB = b.outcome(ends[0]), b.outcome(ends[1])
	return atA, atB, errors.Join(named(b.a.Name, atA.err), named(b.b.Name, atB.err))
}
