package compare

import (
	"cmp"
	"context"
	"math"
	"slices"

	"agentsim/serve"
)

// scaled copies a small deployment to about the size of the menu's.
func scaled(p pools) pools {
	p.units = max(1, p.units) * max(1, menuSize/(p.accelerators()*max(1, p.units)))
	return p
}

// shortlist is the deployments among which corners choose: the two given ones,
// and what a search of the menu finds best at the ends and one factor away from
// them.
func (b *bench) shortlist(ctx context.Context, done func(n, all int)) ([]pools, error) {
	list := []pools{scaled(b.givenA), scaled(b.givenB)}
	m := b.newMenu()
	corners := b.near()
	for i, s := range corners {
		if done != nil {
			done(i, len(corners))
		}
		best, err := b.screen(ctx, m, s)
		if err != nil {
			return nil, err
		}
		for _, p := range best {
			if !slices.Contains(list, p) {
				list = append(list, p)
			}
		}
	}
	return list, nil
}

// near are the ends and the corners one factor away from them.
func (c *cube) near() []set {
	list := []set{0, c.full()}
	for i := range c.groups {
		list = append(list, set(0).with(i), c.full().without(i))
	}
	return list
}

// familiesBest is how many families of a mode are looked at more closely.
const familiesBest = 2

// screen finds the best deployments of each mode at a corner: one of each
// family is tried, then the members of the best families, one dimension after
// another.
func (b *bench) screen(ctx context.Context, m menu, s set) ([]pools, error) {
	terms := b.abilities(s)
	var firsts []trial
	family := map[pools][]pools{}
	for _, members := range m {
		allowed := slices.DeleteFunc(slices.Clone(members), func(p pools) bool { return !terms.allowed(&p) })
		if len(allowed) == 0 {
			continue
		}
		p := slices.MinFunc(allowed, func(p, q pools) int { return cmp.Compare(p.oddity(), q.oddity()) })
		firsts = append(firsts, trial{p, s})
		family[p] = allowed
	}
	if err := b.try(ctx, firsts, nil); err != nil {
		return nil, err
	}
	var best []pools
	for _, mode := range []string{serve.Aggregated, serve.Disaggregated} {
		for _, p := range b.ranked(firsts, mode, familiesBest) {
			p, err := b.refine(ctx, family[p], p, s)
			if err != nil {
				return nil, err
			}
			best = append(best, p)
		}
	}
	return best, nil
}

// oddity is how far a deployment is from what speaks for its family: a third
// of the accelerators decode, in large batches with deep speculation.
func (p *pools) oddity() float64 {
	const decodes, batch, depth = 1. / 3, 256, 8
	share := float64(p.finish.Workers*p.finish.Accelerators) / float64(p.accelerators())
	return math.Abs(math.Log(share/decodes)) + math.Abs(math.Log(float64(p.finish.MaxBatchPerRank)/batch)) +
		float64(depth-p.finish.DraftTokens)/depth
}

// refine improves a deployment within its family at a corner, one dimension
// after another.
func (b *bench) refine(ctx context.Context, family []pools, best pools, s set) (pools, error) {
	for _, dimension := range []func(p *pools, from *pools){
		func(p, from *pools) { p.entry.Workers, p.finish.Workers = from.entry.Workers, from.finish.Workers },
		func(p, from *pools) { p.finish.DraftTokens = from.finish.DraftTokens },
		func(p, from *pools) { p.finish.MaxBatchPerRank = from.finish.MaxBatchPerRank },
		func(p, from *pools) {
			p.entry.TokenBudget, p.finish.TokenBudget = from.entry.TokenBudget, from.finish.TokenBudget
		},
	} {
		var trials []trial
		for _, p := range family {
			moved := best
			dimension(&moved, &p)
			if t := (trial{p, s}); moved == p && !slices.Contains(trials, t) {
				trials = append(trials, t)
			}
		}
		if err := b.try(ctx, trials, nil); err != nil {
			return best, err
		}
		best = b.ranked(trials, best.mode, 1)[0]
	}
	return best, nil
}

// ranked are the deployments of a mode that hold most, of trials that were
// made.
func (b *bench) ranked(trials []trial, mode string, most int) []pools {
	type scored struct {
		pools pools
		value float64
	}
	var list []scored
	for _, t := range trials {
		if o := b.outcome(t); t.pools.mode == mode && o.err == nil {
			list = append(list, scored{t.pools, o.value})
		}
	}
	slices.SortStableFunc(list, func(x, y scored) int { return cmp.Compare(y.value, x.value) })
	best := []pools{}
	for _, x := range list[:min(most, len(list))] {
		best = append(best, x.pools)
	}
	return best
}
