package compare

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"agentsim/metrics"
	"agentsim/models/step"
	"agentsim/serve"
)

// answer is the best that was found for a corner.
type answer struct {
	pools   pools
	outcome *outcome
	wider   bool  // nothing in the list works, only a worker wider than all of its workers
	reason  error // why nothing works at the corner; the other fields then are those of a corner with one factor less
}

// answers chooses a deployment of the list for every corner. Where none of
// them works, wider workers are tried; where nothing works at all, the factor
// that is in the way stays unused: the corner counts as the best of those that
// leave one more factor at b's level.
func (b *bench) answers(ctx context.Context, list []pools, done func(n, all int)) ([]answer, error) {
	if err := b.sweep(ctx, list, done); err != nil {
		return nil, err
	}
	found := make([]answer, b.full()+1)
	for s := range b.full() + 1 { // subsets come before what holds them
		a, err := b.answer(ctx, list, s)
		if err != nil {
			return nil, err
		}
		if a.outcome == nil && !b.fallBack(&a, found, s) {
			return nil, fmt.Errorf("%w: %s: no deployment works; the last: %w", metrics.ErrInfeasible, b.b.Name, a.reason)
		}
		found[s] = a
	}
	return found, nil
}

// fallBack gives a corner at which nothing works the answer of the best with
// one factor less at a's level, of those at which something works if there are
// any. False means that there is no corner below.
func (b *bench) fallBack(a *answer, found []answer, s set) bool {
	works := false
	for i := range b.groups {
		if !s.has(i) {
			continue
		}
		below := &found[s.without(i)]
		itself := below.reason == nil
		if a.outcome == nil || (itself && !works) || (itself == works && below.outcome.value > a.outcome.value) {
			a.pools, a.outcome, works = below.pools, below.outcome, itself
		}
	}
	return a.outcome != nil
}

// contendersMost is how many of the best deployments of a corner are tried at
// the corners beside it.
const contendersMost = 3

// sweep tries the list's deployments at all corners where they contend: all of
// it at the ends and one factor away from them, elsewhere the given ones and
// the best of the neighbouring corners, first those with one factor less at
// a's level, then those with one more.
func (b *bench) sweep(ctx context.Context, list []pools, done func(n, all int)) error {
	levels := make([][]set, len(b.groups)+1)
	for s := range b.full() + 1 {
		size := bits.OnesCount(uint(s))
		levels[size] = append(levels[size], s)
	}
	passes := 2 * len(levels)
	pass := func(n int, level []set, neighbour func(s set, i int) set) error {
		var trials []trial
		leaders := map[set][]pools{}
		for _, s := range level {
			for i := range b.groups {
				if next := neighbour(s, i); leaders[next] == nil {
					leaders[next] = b.leaders(list, next)
				}
			}
			for _, p := range b.contenders(list, s, func(i int) []pools { return leaders[neighbour(s, i)] }) {
				trials = append(trials, trial{p, s})
			}
		}
		if done != nil {
			done(n, passes)
		}
		return b.try(ctx, trials, nil)
	}
	for n, level := range levels {
		if err := pass(n, level, set.without); err != nil {
			return err
		}
	}
	for n, level := range slices.Backward(levels) {
		if err := pass(passes-1-n, level, set.with); err != nil {
			return err
		}
	}
	return nil
}

// contenders are the deployments of the list to try at a corner, given those
// that lead at its neighbours.
func (b *bench) contenders(list []pools, s set, leaders func(i int) []pools) []pools {
	if n := bits.OnesCount(uint(s)); n <= 1 || n >= len(b.groups)-1 {
		return list
	}
	chosen := slices.Clone(list[:2])
	for i := range b.groups {
		for _, p := range leaders(i) {
			if !slices.Contains(chosen, p) {
				chosen = append(chosen, p)
			}
		}
	}
	return chosen
}

// leaders are the best deployments of each mode among those that were tried at a corner.
func (b *bench) leaders(list []pools, s set) []pools {
	var trials []trial
	for _, p := range list {
		if t := (trial{p, s}); b.outcome(t) != nil {
			trials = append(trials, t)
		}
	}
	return slices.Concat(b.ranked(trials, serve.Aggregated, contendersMost),
		b.ranked(trials, serve.Disaggregated, contendersMost))
}

func (b *bench) answer(ctx context.Context, list []pools, s set) (answer, error) {
	if p, o, ok := b.best(list, s); ok {
		return answer{pools: p, outcome: o}, nil
	}
	var a answer
	for _, p := range b.wider() {
		t := trial{p, s}
		if err := b.try(ctx, []trial{t}, nil); err != nil {
			return a, err
		}
		o := b.outcome(t)
		if o.err == nil {
			return answer{pools: p, outcome: o, wider: true}, nil
		}
		a.reason = o.err
	}
	return a, nil
}

// widest is the largest worker that is tried where no smaller one works, in accelerators.
const widest = 1024

// wider lists aggregated deployments of a single worker, each twice as wide as
// the one before, beginning with the size of the menu's deployments. Experts
// are spread over all accelerators, attention is data-parallel.
func (b *bench) wider() []pools {
	like := b.givenA.finish
	var list []pools
	for n := menuSize; n <= widest; n *= 2 {
		p := pools{mode: serve.Aggregated}
		p.finish.Workers = 1
		p.finish.Shape = step.Shape{
			Accelerators: n,
			EP:           n,
			DPAttention:  true,
			TokenBudget: max(like.TokenBudget,
				b.givenA.entry.TokenBudget),
			MaxBatchPerRank: like.MaxBatchPerRank,
		}
		if x := b.a.Model.Experts; x == nil || x.Routed < n {
			p.finish.EP = 1
		}
		list = append(list, p)
	}
	return list
}

// logs are the logarithms of the answers' values.
func logs(list []answer) []float64 {
	y := make([]float64, len(list))
	for i := range list {
		y[i] = math.Log(list[i].outcome.value)
	}
	return y
}

// feasibility lists, for a factor, which of the given deployments works with
// it and not without it, and at how many corners.
func (b *bench) feasibility(i int) []metrics.Feasibility {
	var list []metrics.Feasibility
	for _, given := range []struct {
		of    string
		pools pools
	}{{"a", scaled(b.givenA)}, {"b", scaled(b.givenB)}} {
		f := metrics.Feasibility{Deployment: given.pools.words(), Of: given.of}
		first := set(0)
		for s := range b.full() + 1 {
			if s.has(i) {
				continue
			}
			f.All++
			without, with := b.outcome(trial{given.pools, s}), b.outcome(trial{given.pools, s.with(i)})
			if with.err != nil || without.err == nil {
				continue
			}
			if f.Corners == 0 || bits.OnesCount(uint(s)) > bits.OnesCount(uint(first)) {
				first, f.Reason = s, without.err.Error()
			}
			f.Corners++
		}
		if f.Corners > 0 {
			list = append(list, f)
		}
	}
	return list
}
