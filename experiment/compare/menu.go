package compare

import (
	"slices"

	"agentsim/models/step"
	"agentsim/serve"
)

// menu is every deployment that may be tried, by the shapes of its workers:
// members of a family differ in how many of them there are and in limits.
type menu [][]pools

// menuSize is about the size of the menu's deployments, in accelerators.
// Smaller ones are copied to it, so that whole numbers of agents are fine
// enough to compare.
const menuSize = 32

// What is tried of each dimension besides what the two scenarios have: limits
// of published recipes (modelling.md section 5).
func batchLimits() []int { return []int{16, 64, 128, 256, 512} }

func tokenBudgets() []int { return []int{8192, 16384} }

// decodeParts are the eighths of the accelerators that a disaggregated
// deployment gives to decode.
func decodeParts() []int { return []int{1, 2, 3, 4, 5, 6} }

// newMenu lists deployments of both scenarios' model. Workers may be wider
// than a domain: at corners with a small one their traffic leaves it.
func (c *cube) newMenu() menu {
	batches, budgets := batchLimits(), tokenBudgets()
	drafts := []int{0}
	for _, given := range []*pools{&c.givenA, &c.givenB} {
		batches = append(batches, given.finish.MaxBatchPerRank)
		budgets = append(budgets, max(given.entry.TokenBudget, given.finish.TokenBudget))
		drafts = append(drafts, given.finish.DraftTokens)
	}
	limits := limits{compacted(batches), compacted(budgets), compacted(drafts)}
	var m menu
	shapes := c.shapes()
	for _, finish := range shapes {
		m = append(m, limits.aggregated(finish))
		for _, entry := range shapes {
			if family := limits.disaggregated(entry, finish); len(family) > 0 {
				m = append(m, family)
			}
		}
	}
	return m
}

func compacted(list []int) []int { return slices.Compact(slices.Sorted(slices.Values(list))) }

// shapes are the ways to spread a worker: attention tensor-parallel or
// data-parallel, experts spread or split.
func (c *cube) shapes() []step.Shape {
	const headsLeast = 8 // query heads a rank keeps under tensor parallelism: fewer are padded
	experts := 0
	if x := c.a.Model.Experts; x != nil {
		experts = x.Routed
	}
	list := []step.Shape{{Accelerators: 1}}
	for n := 2; n <= menuSize/2; n *= 2 { // a pool needs the other half
		if node := max(c.a.System.AcceleratorsPer, c.b.System.AcceleratorsPer); n <= node &&
			c.a.Model.Blocks[0].Attention.Heads/n >= headsLeast {
			list = append(list, step.Shape{Accelerators: n, TP: n})
			if experts >= n {
				list = append(list, step.Shape{Accelerators: n, TP: n, EP: n})
			}
		}
		if experts >= n {
			list = append(list, step.Shape{Accelerators: n, DPAttention: true, EP: n})
		}
	}
	return list
}

// limits are the values that deployments of one family differ in, rising.
type limits struct{ batches, budgets, drafts []int }

func (l *limits) aggregated(shape step.Shape) []pools {
	var family []pools
	p := pools{mode: serve.Aggregated}
	p.finish.Shape, p.finish.Workers = shape, menuSize/shape.Accelerators
	for _, p.finish.TokenBudget = range l.budgets {
		for _, p.finish.MaxBatchPerRank = range l.batches {
			for _, p.finish.DraftTokens = range l.drafts {
				family = append(family, p)
			}
		}
	}
	return family
}

// disaggregated pairs two shapes at several ratios. Prefill workers get the
// largest token budget: no sequence decodes there that long steps would hold up.
func (l *limits) disaggregated(entry, finish step.Shape) []pools {
	const eighths = 8
	var family []pools
	p := pools{mode: serve.Disaggregated}
	p.entry.Shape, p.finish.Shape = entry, finish
	p.entry.TokenBudget = l.budgets[len(l.budgets)-1]
	for _, part := range decodeParts() {
		workers := part * menuSize / eighths / finish.Accelerators
		if workers < 1 || workers == p.finish.Workers {
			continue
		}
		p.finish.Workers = workers
		if p.entry.Workers = (menuSize - workers*finish.Accelerators) / entry.Accelerators; p.entry.Workers < 1 {
			continue
		}
		for _, p.finish.MaxBatchPerRank = range l.batches {
			for _, p.finish.DraftTokens = range l.drafts {
				family = append(family, p)
			}
		}
	}
	return family
}
