package compare

import (
	"cmp"
	"context"
	"math"
	"slices"

	"agentsim/metrics"
	"agentsim/serve"
)

// decomposition is what a comparison found.
type decomposition struct {
	*run
	givenA, givenB *outcome  // the scenarios as they stand
	y              []float64 // logarithms of all corners' values, by the analytic model
	shares, errors []float64 // of the factors, in logarithms
	log            func(s set) float64
	corners        int // that were simulated
	permutations   int
}

// simulate replaces analytic values by simulated ones: at the two ends, at the
// corners one factor away from them, and at the corners that the sampled orders
// of factors pass through.
func (d *decomposition) simulate(ctx context.Context) error {
	v := &simulated{
		bench:    d.bench,
		simulate: d.Simulate,
		list:     d.list,
		answers:  d.answers,
		known:    map[trial]*outcome{},
	}
	d.permutations = d.Permutations
	if d.permutations == 0 {
		d.permutations = PermutationsDefault
	}
	var err error
	if d.givenA, d.givenB, err = v.given(ctx, nil); err != nil {
		return err
	}
	list := d.near()
	var orders [][]int
	if m := len(d.groups); m > 0 {
		orders = permutations(m, d.permutations, d.a.Seed)
	}
	for _, order := range orders {
		list = append(list, passed(order)...)
	}
	if err := v.corners(ctx, list, d.stage("simulations")); err != nil {
		return err
	}
	d.log, d.corners = v.log, len(v.known)
	d.shares, d.errors = sampled(d.y, v.log, orders)
	return nil
}

func (d *decomposition) result() *metrics.Comparison {
	r := &metrics.Comparison{
		Name:         d.Name,
		Question:     d.Question,
		A:            d.a.Name,
		B:            d.b.Name,
		Metric:       string(d.Per),
		Counted:      d.Per.Words(),
		Evaluated:    "analytic",
		Ratio:        d.givenA.value / d.givenB.value,
		Unchanged:    d.same,
		Labels:       changes(d.labels),
		Corners:      d.summary(),
		Interactions: d.interactions(),
	}
	if d.Simulate != nil {
		r.Evaluated = "simulator"
	}
	r.LogRatio = math.Log(r.Ratio)
	r.Ends = metrics.Ends{A: d.end(d.givenA, d.full(), &d.bench.givenA), B: d.end(d.givenB, 0, &d.bench.givenB)}
	for i := range d.groups {
		r.Factors = append(r.Factors, d.factor(i))
	}
	r.Factors = append(r.Factors, d.deploymentFactor())
	for i := range r.Factors {
		f := &r.Factors[i]
		f.Multiplier = math.Exp(f.LogShare)
		f.Low, f.High = min(f.OnB, f.OffA), max(f.OnB, f.OffA)
		if r.LogRatio != 0 {
			f.Share = f.LogShare / r.LogRatio
		}
	}
	slices.SortStableFunc(r.Factors, func(x, y metrics.FactorShare) int {
		return cmp.Compare(math.Abs(y.LogShare), math.Abs(x.LogShare))
	})
	r.Residual = d.residual(r)
	r.Deployments = d.used()
	return r
}

func (d *decomposition) end(o *outcome, s set, given *pools) metrics.End {
	best := &d.answers[s]
	return metrics.End{
		Value:          o.value,
		Agents:         o.found.Agents,
		Accelerators:   o.found.Accelerators,
		PerAccelerator: o.found.PerAccelerator,
		PerMW:          o.found.PerMW,
		AcceleratorW:   o.watts,
		Limit:          o.limit,
		Deployment:     given.words(),
		Best:           math.Exp(d.log(s)),
		BestDeployment: best.pools.words(),
		BestLimit:      best.outcome.limit,
	}
}

func (d *decomposition) factor(i int) metrics.FactorShare {
	g := &d.groups[i]
	f := metrics.FactorShare{
		Name:        g.name,
		Kind:        metrics.DeclaredFactor,
		Explains:    g.explains,
		LogShare:    d.shares[i],
		OnB:         math.Exp(d.log(set(0).with(i)) - d.log(0)),
		OffA:        math.Exp(d.log(d.full()) - d.log(d.full().without(i))),
		Feasibility: d.feasibility(i),
		Paths:       changes(g.differences),
	}
	if g.name == Other {
		f.Kind = metrics.OtherFactor
	}
	if d.errors != nil {
		f.StandardError = d.errors[i]
	}
	return f
}

// deploymentFactor is what lies between the scenarios as they stand and the
// ends of the factors, which have the best deployments found.
func (d *decomposition) deploymentFactor() metrics.FactorShare {
	a, b := math.Log(d.givenA.value)-d.log(d.full()), math.Log(d.givenB.value)-d.log(0)
	return metrics.FactorShare{
		Name:     "deployments as given",
		Kind:     metrics.DeploymentFactor,
		LogShare: a - b,
		Explains: "how far each of the two stands behind the best deployment found for it",
		OnB:      math.Exp(-b),
		OffA:     math.Exp(a),
		Paths:    changes(poolChanges(&d.bench.givenA, &d.bench.givenB)),
	}
}

func (d *decomposition) interactions() []metrics.Interaction {
	list := []metrics.Interaction{}
	for i := range d.groups {
		for j := range i {
			x := interaction(d.y, i, j)
			list = append(list, metrics.Interaction{Factors: [2]string{d.groups[j].name, d.groups[i].name},
				Log: x, Multiplier: math.Exp(x)})
		}
	}
	slices.SortStableFunc(list, func(x, y metrics.Interaction) int {
		return cmp.Compare(math.Abs(y.Log), math.Abs(x.Log))
	})
	return list
}

func (d *decomposition) residual(r *metrics.Comparison) *metrics.Residual {
	i := slices.IndexFunc(d.Published, func(p Published) bool { return p.Per == d.Per })
	if i < 0 {
		return nil
	}
	p := d.Published[i]
	against := func(published, predicted float64) metrics.Against {
		return metrics.Against{Published: published, Predicted: predicted, Multiplier: published / predicted}
	}
	whole := against(p.A/p.B, r.Ratio)
	return &metrics.Residual{
		Published:  whole.Published,
		Predicted:  whole.Predicted,
		Multiplier: whole.Multiplier,
		A:          against(p.A, r.Ends.A.Value),
		B:          against(p.B, r.Ends.B.Value),
		Source:     p.Source,
	}
}

func (d *decomposition) summary() metrics.Corners {
	c := metrics.Corners{
		Count:        len(d.answers),
		Deployments:  len(d.list),
		Trials:       len(d.known),
		Simulated:    d.corners,
		Permutations: d.permutations,
		Infeasible:   []metrics.Infeasible{},
	}
	for s := range d.answers {
		a := &d.answers[s]
		if a.wider {
			c.Wider++
		}
		if a.reason == nil {
			continue
		}
		x := metrics.Infeasible{FromA: []string{}, Reason: a.reason.Error()}
		for i := range d.groups {
			if set(s).has(i) {
				x.FromA = append(x.FromA, d.groups[i].name)
			}
		}
		c.Infeasible = append(c.Infeasible, x)
	}
	return c
}

// used counts how many corners chose each deployment.
func (d *decomposition) used() []metrics.DeploymentUsed {
	var list []metrics.DeploymentUsed
	number := map[pools]int{}
	for s := range d.answers {
		p := d.answers[s].pools
		i, ok := number[p]
		if !ok {
			i = len(list)
			number[p] = i
			first := &p.finish
			if p.mode == serve.Disaggregated {
				first = &p.entry
			}
			list = append(list, metrics.DeploymentUsed{
				Deployment:      p.words(),
				Mode:            p.mode,
				Accelerators:    p.accelerators() * max(1, p.units),
				TokenBudget:     first.TokenBudget,
				MaxBatchPerRank: p.finish.MaxBatchPerRank,
				DraftTokens:     p.finish.DraftTokens,
			})
		}
		list[i].Corners++
	}
	slices.SortStableFunc(list, func(x, y metrics.DeploymentUsed) int { return cmp.Compare(y.Corners, x.Corners) })
	return list
}
