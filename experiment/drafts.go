package experiment

import (
	"context"
	"errors"

	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/models/step"
	"agentsim/serve"
)

// Banded answers a scenario. Where nobody knows how many draft tokens are
// accepted it answers at P10 and P90 of what is plausible as well, and the
// result says between what its figures lie. A capacity of nobody counts as 0
// there; in the middle it is the error that it always is.
func Banded(ctx context.Context, s *configs.Scenario,
	answer func(context.Context, *configs.Scenario) (*metrics.Result, error),
) (*metrics.Result, error) {
	pool, plausible, ok := unknownDrafts(s)
	if !ok {
		return answer(ctx, s)
	}
	r, err := answer(ctx, s)
	if err != nil {
		return nil, err
	}
	var ends [2]*metrics.Result
	for i, tokens := range []float64{plausible.Low, plausible.High} {
		if ends[i], err = answer(ctx, accepting(s, tokens)); errors.Is(err, metrics.ErrInfeasible) {
			ends[i], err = nobody(r), nil
		}
		if err != nil {
			return nil, err
		}
		r.Calls += ends[i].Calls
		r.Events += ends[i].Events
		r.WallS += ends[i].WallS
	}
	r.Drafts = band(ends[0], r, ends[1])
	r.Drafts.Pool, r.Drafts.Basis = pool, plausible.Basis
	r.Drafts.Tokens = metrics.Quantiles{P10: plausible.Low, P50: plausible.Middle, P90: plausible.High}
	return r, nil
}

// unknownDrafts is the pool that decodes with drafts of unknown acceptance, and
// what is plausible there.
func unknownDrafts(s *configs.Scenario) (pool string, plausible step.Acceptance, ok bool) {
	for _, p := range s.Deployment.Pools() {
		if p.Decodes() && p.Spec != nil && p.Spec.Draft.Unknown() {
			return p.Name, p.Spec.Draft.Plausible(&s.Model), true
		}
	}
	return "", plausible, false
}

// accepting is the scenario with so many tokens of a step wherever the number
// is unknown.
func accepting(s *configs.Scenario, tokens float64) *configs.Scenario {
	known := *s
	d := &known.Deployment
	for _, pool := range []**serve.PoolSpec{&d.Aggregated, &d.Prefill, &d.Decode} {
		if *pool == nil || !(*pool).Draft.Unknown() {
			continue
		}
		p := **pool
		p.Draft = p.Draft.WithAccepted(min(tokens, float64(p.Draft.Verified())))
		*pool = &p
	}
	return &known
}

// nobody is the answer where not one agent can be served.
func nobody(like *metrics.Result) *metrics.Result {
	if like.Capacity == nil {
		return &metrics.Result{}
	}
	return &metrics.Result{Capacity: &metrics.Capacity{Accelerators: like.Capacity.Accelerators}}
}

// band are the figures of three results, of ever more accepted tokens.
func band(low, middle, high *metrics.Result) *metrics.DraftBand {
	b := &metrics.DraftBand{}
	if l, m, h := low.Capacity, middle.Capacity, high.Capacity; m != nil {
		b.Capacity = &metrics.DraftCapacity{
			Agents:         metrics.Ordered(float64(l.Agents), float64(m.Agents), float64(h.Agents)),
			PerAccelerator: metrics.Ordered(l.PerAccelerator, m.PerAccelerator, h.PerAccelerator),
			PerMW: metrics.PerMWQuantiles{
				AcceleratorMeasured: metrics.Ordered(l.PerMW.AcceleratorMeasured, m.PerMW.AcceleratorMeasured,
					h.PerMW.AcceleratorMeasured),
				AcceleratorTDP: metrics.Ordered(l.PerMW.AcceleratorTDP, m.PerMW.AcceleratorTDP, h.PerMW.AcceleratorTDP),
				IT:             metrics.Ordered(l.PerMW.IT, m.PerMW.IT, h.PerMW.IT),
				Facility:       metrics.Ordered(l.PerMW.Facility, m.PerMW.Facility, h.PerMW.Facility),
				Provisioned:    metrics.Ordered(l.PerMW.Provisioned, m.PerMW.Provisioned, h.PerMW.Provisioned),
			},
		}
		return b
	}
	b.Figures = map[string]metrics.Quantiles{}
	few, many := low.Bounded(), high.Bounded()
	for key, value := range middle.Bounded() {
		b.Figures[key] = metrics.Ordered(few[key], value, many[key])
	}
	return b
}
