// Package compare says why one scenario holds more agents than another: it
// shares the logarithm of their ratio out to named factors, by Shapley values
// (modelling.md section 8). A factor is a group of fields, declared as data;
// every subset of the factors makes a corner, a mixture of the two scenarios,
// for which the deployment is chosen anew.
//
// Read these files first: terms.go (how two scenarios are made mixable),
// corner.go (how they are mixed), shortlist.go (what a corner may choose from),
// shapley.go (how the ratio is shared out).
package compare

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"agentsim/configs"
	"agentsim/experiment/deploy"
	"agentsim/metrics"
	"agentsim/serve"
)

// Options are what a comparison takes besides its scenarios.
type Options struct {
	// Simulate evaluates the corners on sampled permutations; nil: the analytic
	// model evaluates all of them.
	Simulate     Simulator
	Permutations int // sampled; 0 = 10

	Accuracy *configs.Accuracy // how far predictions are off, where a deployment is to be chosen; nil = as shipped
	Version  string
	Clock    func() time.Time               // for wall_s; nil = 0
	Progress func(stage string, n, all int) // nil = none
}

// PermutationsDefault is how many permutations are sampled unless said
// otherwise: with ten factors each then stands once at every place.
const PermutationsDefault = 10

// Run compares scenario a with scenario b. Two scenarios without a path
// between them are a *configs.Error; one that cannot work is
// metrics.ErrInfeasible. Where a deployment is open it is chosen as Settled does.
func Run(ctx context.Context, f *File, a, b *configs.Scenario, o Options) (*metrics.Comparison, error) {
	begun := o.now()
	for _, s := range []**configs.Scenario{&a, &b} {
		settled, err := Settled(ctx, *s, o.Accuracy)
		if err != nil {
			return nil, err
		}
		*s = settled
	}
	c, err := newCube(a, b, &f.Factors)
	if err != nil {
		return nil, err
	}
	r := run{File: f, Options: o, bench: newBench(c, f.Per)}
	result, err := r.compare(ctx)
	if err != nil {
		return nil, err
	}
	result.Seed, result.Version = a.Seed, o.Version
	result.WallS = o.now().Sub(begun).Seconds()
	return result, nil
}

func (o *Options) now() time.Time {
	if o.Clock == nil {
		return time.Time{}
	}
	return o.Clock()
}

// Settled is a scenario with the best deployment where it leaves that open; known is
// how far predictions are off, nil = as shipped.
func Settled(ctx context.Context, s *configs.Scenario, known *configs.Accuracy) (*configs.Scenario, error) {
	if s.Deployment.Mode != serve.Auto {
		return s, nil
	}
	_, d, err := deploy.Best(ctx, s, metrics.Aim{}, known)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	settled := *s
	settled.Deployment = *d
	return &settled, nil
}

// run is one comparison under way.
type run struct {
	*File
	Options
	*bench
	list    []pools
	answers []answer
}

func (r *run) stage(name string) func(n, all int) {
	if r.Progress == nil {
		return nil
	}
	return func(n, all int) { r.Progress(name, n, all) }
}

func (r *run) compare(ctx context.Context) (*metrics.Comparison, error) {
	givenA, givenB, err := r.given(ctx)
	if err != nil {
		return nil, err
	}
	var checked *metrics.Checked
	var failed error
	var beside sync.WaitGroup // the scenarios as they stand are rehearsed while corners are estimated
	if r.Simulate == nil {
		beside.Go(func() { checked, failed = r.check(ctx, givenA, givenB) })
	}
	defer beside.Wait()
	if r.list, err = r.shortlist(ctx, r.stage("deployments")); err != nil {
		return nil, err
	}
	if r.answers, err = r.bench.answers(ctx, r.list, r.stage("corners")); err != nil {
		return nil, err
	}
	y := logs(r.answers)
	d := decomposition{
		run:    r,
		givenA: givenA,
		givenB: givenB,
		y:      y,
		shares: shapley(y),
	}
	d.log = func(s set) float64 { return y[s] }
	if r.Simulate != nil {
		if err := d.simulate(ctx); err != nil {
			return nil, err
		}
	}
	result := d.result()
	beside.Wait()
	result.Checked = checked
	return result, failed
}

// check rehearses the two scenarios as they stand.
func (r *run) check(ctx context.Context, givenA, givenB *outcome) (*metrics.Checked, error) {
	var simulated [2]float64
	for i, t := range []trial{{r.givenA, r.full()}, {r.givenB, 0}} {
		answer, err := r.solver.Capacity(ctx, r.at(t.set).scenario(t.pools))
		if errors.Is(err, metrics.ErrInfeasible) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		simulated[i] = r.per.of(answer.Capacity)
	}
	c := metrics.NewChecked([]float64{givenA.value, givenB.value}, simulated[:])
	if c != nil {
		c.Ratio = simulated[0] / simulated[1]
	}
	return c, nil
}
