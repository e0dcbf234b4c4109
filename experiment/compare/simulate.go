package compare

import (
	"context"
	"errors"
	"fmt"
	"math"

	"agentsim/configs"
	"agentsim/metrics"
)

// Simulator finds the capacity of a scenario by simulation.
type Simulator func(ctx context.Context, s *configs.Scenario) (*metrics.Result, error)

// simulated evaluates corners by simulation, with the deployment that the
// analytic model found best there, and with the best of those that something
// else limits: where the model errs, it errs on one limit. Corners that differ
// in nothing that bears on a deployment share one simulation. All draw the same
// sessions.
type simulated struct {
	*bench
	simulate Simulator
	list     []pools
	answers  []answer
	known    map[trial]*outcome
}

// run simulates all trials that are not known yet.
func (v *simulated) run(ctx context.Context, trials []trial, done func(n, all int)) error {
	var open []trial
	for _, t := range trials {
		t = v.reduced(t)
		if _, ok := v.known[t]; !ok {
			v.known[t] = nil
			open = append(open, t)
		}
	}
	outcomes := make([]*outcome, len(open))
	forEach(ctx, len(open), func(i int) {
		r, err := v.simulate(ctx, v.scenario(open[i]))
		if err != nil {
			outcomes[i] = &outcome{err: err}
			return
		}
		outcomes[i] = v.outcomeOf(r)
	}, done)
	if err := ctx.Err(); err != nil {
		return err
	}
	for i, t := range open {
		v.known[t] = outcomes[i]
		if err := outcomes[i].err; err != nil && !errors.Is(err, metrics.ErrInfeasible) {
			return err
		}
	}
	return nil
}

// scenario is what a trial simulates. Where the analytic model knows an answer
// the search begins below it: that saves phases of few agents.
func (v *simulated) scenario(t trial) *configs.Scenario {
	const below = 0.6
	s := v.at(t.set).scenario(t.pools)
	if o := v.outcome(t); o != nil && o.err == nil && t.pools != v.givenA && t.pools != v.givenB {
		s.Protocol.StartAgents = max(1, int(below*float64(o.found.Agents)))
	}
	return s
}

// trial is what is simulated for a corner.
func (v *simulated) trial(s set) trial {
	t := trial{v.answers[s].pools, s}
	for v.answers[t.set].reason != nil { // nothing works there: the corner below, whose answer it has
		for i := range v.groups {
			if below := t.set.without(i); t.set.has(i) && v.answers[below].outcome == v.answers[t.set].outcome {
				t.set = below
				break
			}
		}
	}
	return t
}

// trials are those of a corner: of its answer, and of a rival that is not far
// behind and has another limit.
func (v *simulated) trials(s set) []trial {
	const near = 0.8
	first := v.trial(s)
	best := v.answers[first.set].outcome
	terms := v.abilities(first.set)
	var rival *outcome
	list := []trial{first}
	for _, p := range v.list {
		t := trial{p, first.set}
		o := v.outcome(t)
		if o == nil || o.err != nil || !terms.allowed(&p) || o.limit == best.limit || o.value < near*best.value {
			continue
		}
		if rival == nil || o.value > rival.value {
			rival, list = o, []trial{first, t}
		}
	}
	return list
}

// corners simulates those of a list. Where the simulator finds that not one
// agent can be served, the corner keeps its analytic value.
func (v *simulated) corners(ctx context.Context, list []set, done func(n, all int)) error {
	var trials []trial
	for _, s := range list {
		trials = append(trials, v.trials(s)...)
	}
	return v.run(ctx, trials, done)
}

// log is the logarithm of a corner's simulated value: that of the better trial.
func (v *simulated) log(s set) float64 {
	best := 0.0
	for _, t := range v.trials(s) {
		if o := v.known[v.reduced(t)]; o.err == nil {
			best = max(best, o.value)
		}
	}
	if best == 0 {
		best = v.answers[s].outcome.value
	}
	return math.Log(best)
}

// given simulates the two scenarios as they stand.
func (v *simulated) given(ctx context.Context, done func(n, all int)) (a, b *outcome, err error) {
	ends := []trial{{v.givenA, v.full()}, {v.givenB, 0}}
	if err := v.run(ctx, ends, done); err != nil {
		return nil, nil, err
	}
	a, b = v.known[v.reduced(ends[0])], v.known[v.reduced(ends[1])]
	return a, b, errors.Join(named(v.a.Name, a.err), named(v.b.Name, b.err))
}

func named(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}
