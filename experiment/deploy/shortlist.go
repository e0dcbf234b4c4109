package deploy

import (
	"cmp"
	"slices"

	"agentsim/serve"
)

// shortlisted is how many workers of one size go on from each role, each at its
// best draft depth.
const shortlisted = 3

// shortlists are the workers that are combined with each other: those of each
// size that do best in a deployment whose other half is the same for all. What
// prefill and decode take in time and energy adds up, so that a worker which
// falls behind beside one partner does so beside another.
func (f *Finder) shortlists() (whole, first, second []option) {
	if f.all {
		return f.whole, f.first, f.second
	}
	first, second = f.first, f.second
	whole = f.best(f.whole, func(o *option) []serve.DeploymentSpec { return f.join(nil, f.copies(), o) })
	filler := f.partner(first)
	if filler == nil {
		return whole, nil, nil
	}
	second = f.best(second, func(o *option) []serve.DeploymentSpec { return f.pair(nil, f.copies(), filler, o) })
	decoder := f.partner(second)
	if decoder == nil {
		return whole, nil, nil
	}
	first = f.best(first, func(o *option) []serve.DeploymentSpec { return f.pair(nil, f.copies(), o, decoder) })
	return whole, first, second
}

// copies is the number of units that shortlists are made for.
func (f *Finder) copies() int { return f.units()[0] }

// partner is the worker with the highest throughput of an accelerator among
// the smallest, which combine with all.
func (f *Finder) partner(list []option) *option {
	if len(list) == 0 {
		return nil
	}
	slowness := func(o *option) float64 { return o.curve.Loads[f.top(o)].Seconds }
	least := slices.MinFunc(list, func(a, b option) int {
		return cmp.Or(cmp.Compare(a.pool.Shape.Accelerators, b.pool.Shape.Accelerators),
			cmp.Compare(slowness(&a), slowness(&b)))
	})
	return &least
}

// best keeps the workers of each size whose best deployment does best.
func (f *Finder) best(list []option, in func(*option) []serve.DeploymentSpec) []option {
	scores := make([]float64, len(list))
	forEach(len(list), func(i int) {
		for _, d := range in(&list[i]) {
			if e, err := f.estimator.Estimate(&d); err == nil {
				scores[i] = max(scores[i], f.value(&d, e.Agents, &e.Within))
			}
		}
	})
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	taken := map[int]int{}
	seen := map[serve.PoolSpec]bool{}
	var kept []option
	for _, i := range order {
		kind := list[i].pool
		kind.DraftTokens, kind.Draft = 0, nil
		if size := kind.Accelerators; scores[i] > 0 && taken[size] < shortlisted && !seen[kind] {
			taken[size]++
			seen[kind] = true
			kept = append(kept, list[i])
		}
	}
	return kept
}

// neighbours are the deployments that differ from a given one by the workers
// of one role, which take the same accelerators.
func (f *Finder) neighbours(d *serve.DeploymentSpec) []serve.DeploymentSpec {
	var list []serve.DeploymentSpec
	swap := func(options []option, at func(*serve.DeploymentSpec) **serve.PoolSpec) {
		old := *at(d)
		for i := range options {
			p := options[i].pool
			all := old.Workers * old.Accelerators
			if p.Workers = all / p.Accelerators; p.Workers*p.Accelerators == all && p.TokenBudget == old.TokenBudget {
				other := *d
				*at(&other) = &p
				list = append(list, other)
			}
		}
	}
	if d.Mode == serve.Aggregated {
		swap(f.whole, func(d *serve.DeploymentSpec) **serve.PoolSpec { return &d.Aggregated })
		return list
	}
	swap(f.first, func(d *serve.DeploymentSpec) **serve.PoolSpec { return &d.Prefill })
	swap(f.second, func(d *serve.DeploymentSpec) **serve.PoolSpec { return &d.Decode })
	for i := range list {
		if list[i].Prefill != d.Prefill {
			list[i] = limited(list[i], f.limits[len(f.limits)-1])
		}
	}
	return list
}

// identity tells deployments apart, whatever their batch limits.
type identity struct {
	units         int
	first, second serve.PoolSpec
}

func identify(d *serve.DeploymentSpec) identity {
	pools := d.Pools()
	id := identity{d.Units, *pools[0].Spec, *pools[len(pools)-1].Spec}
	id.first.MaxBatchPerRank, id.second.MaxBatchPerRank = 0, 0
	return id
}
