package main

import (
	"context"

	"agentsim/configs"
	"agentsim/experiment/uncertainty"
	"agentsim/metrics"
)

// accuracy is how far predictions of public runs were off.
func accuracy() (*configs.Accuracy, error) {
	a, _, err := configs.LoadPreset[configs.Accuracy](configs.Presets(), "accuracy", "serving", nil)
	return a, err
}

// bounded searches the capacity of a scenario and says where it lies by the
// errors of the model.
func bounded(ctx context.Context, a *app, s *configs.Scenario, p *configs.Provenance,
) (*metrics.Result, error) {
	r, err := a.capacity(ctx, s)
	if err != nil {
		return nil, err
	}
	return r, interval(ctx, s, p, r, false)
}

// interval adds the interval of the model to a capacity. What the analytic model
// cannot serve has none, and a note says so.
func interval(ctx context.Context, s *configs.Scenario, p *configs.Provenance, r *metrics.Result, parts bool) error {
	known, err := accuracy()
	if err != nil {
		return err
	}
	u := &uncertainty.Scenario{Scenario: s, Provenance: p}
	r.Capacity.ModelInterval, err = uncertainty.Interval(ctx, u, r, known, uncertainty.IntervalOptions{Parts: parts})
	if uncertainty.ErrNoInterval(err) {
		r.Warnings = append(r.Warnings, "no interval: "+err.Error())
		return nil
	}
	return err
}
