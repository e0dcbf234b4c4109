package ask

import (
	"context"
	"errors"

	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/experiment/analytic"
	"agentsim/experiment/deploy"
	"agentsim/experiment/uncertainty"
	"agentsim/metrics"
	"agentsim/models/moe"
	"agentsim/serve"
)

// Answer is a result with what it is about, as -o json prints it.
type Answer struct {
	Inputs *metrics.Inputs `json:"inputs"`
	*metrics.Result

	Playback *Playback `json:"playback,omitempty" doc:"of a run, where asked for"`
}

// EstimateQuestion asks for the capacity by the analytic model.
type EstimateQuestion struct {
	Question
	Interval bool `json:"interval,omitempty" doc:"where the answer lies by the errors of the model; a second more"`
	Parts    bool `json:"parts,omitempty" doc:"what each kind of doubt does alone; some seconds more"`
}

// Estimate answers how many agents by mean flows, in milliseconds, or, where it
// is to say where the answer lies, by short phases of the simulator too.
func (d *Desk) Estimate(ctx context.Context, q *EstimateQuestion) (*Answer, error) {
	s, p, err := d.load(&q.Question)
	if err != nil {
		return nil, err
	}
	open := s.Deployment.Mode == serve.Auto
	if err := Chosen(ctx, s, d.Accuracy); err != nil {
		return nil, err
	}
	var solver analytic.Solver
	answers := func(ctx context.Context, s *configs.Scenario) (*metrics.Result, error) {
		return experiment.Banded(ctx, s, func(_ context.Context, s *configs.Scenario) (*metrics.Result, error) {
			return solver.Flows(s)
		})
	}
	if q.Interval || q.Parts {
		answers = solver.Capacity
	}
	r, err := answers(ctx, s)
	if err != nil {
		return nil, err
	}
	r.Version = d.Version
	if (q.Interval || q.Parts) && !open && !s.Workload.ByTime() {
		if err := Interval(ctx, &uncertainty.Scenario{Scenario: s, Provenance: p}, r, d.Accuracy, q.Parts); err != nil {
			return nil, err
		}
	}
	return &Answer{Inputs: d.inputs(s, p, q.Set), Result: r}, nil
}

// Capacity answers how many agents by simulation, with the interval of the
// model. A search that was interrupted gives an experiment.StoppedError.
func (d *Desk) Capacity(ctx context.Context, q *Question, progress Progress) (*Answer, error) {
	s, p, err := d.load(q)
	if err != nil {
		return nil, err
	}
	r, err := Bounded(ctx, s, p, d.options(progress))
	if err != nil {
		return nil, err
	}
	return &Answer{Inputs: d.inputs(s, p, q.Set), Result: r}, nil
}

// Bounded searches the capacity of a scenario and says where it lies by the
// errors of the model. A deployment that was open is the one found afterwards.
func Bounded(ctx context.Context, s *configs.Scenario, p *configs.Provenance, o experiment.Options,
) (*metrics.Result, error) {
	var tables moe.Tables
	r, err := search(ctx, s, &analytic.Solver{Tables: &tables}, o)
	if err != nil {
		return nil, err
	}
	about := uncertainty.IntervalOptions{Tables: &tables}
	return r, bound(ctx, &uncertainty.Scenario{Scenario: s, Provenance: p}, r, o.Accuracy, about)
}

func search(ctx context.Context, s *configs.Scenario, solver *analytic.Solver, o experiment.Options,
) (*metrics.Result, error) {
	if s.Deployment.Mode != serve.Auto {
		return solver.Search(ctx, s, o)
	}
	ranking, err := deploy.Choose(ctx, s, o)
	if err != nil {
		return nil, err
	}
	r := ranking.List[0].Simulated
	s.Deployment = ranking.List[0].Deployment
	r.Deployments, r.Choice = ranking.Table(), &ranking.Choice
	return r, nil
}

// Interval adds the interval of the model to a capacity. What the analytic model
// cannot serve has none, and a note says so.
func Interval(ctx context.Context, u *uncertainty.Scenario, r *metrics.Result, known *configs.Accuracy,
	parts bool) error {
	return bound(ctx, u, r, known, uncertainty.IntervalOptions{Parts: parts})
}

func bound(ctx context.Context, u *uncertainty.Scenario, r *metrics.Result, known *configs.Accuracy,
	o uncertainty.IntervalOptions) (err error) {
	if known == nil {
		if known, err = configs.PublicAccuracy(); err != nil {
			return err
		}
	}
	r.Capacity.ModelInterval, err = uncertainty.Interval(ctx, u, r, known, o)
	if uncertainty.ErrNoInterval(err) {
		r.Warnings = append(r.Warnings, "no interval: "+err.Error())
		return nil
	}
	return err
}

// Chosen gives a scenario that leaves its deployment open the one that the
// analytic model ranks first, by what is known of errors; nil = what ships.
func Chosen(ctx context.Context, s *configs.Scenario, known *configs.Accuracy) error {
	if s.Deployment.Mode != serve.Auto {
		return nil
	}
	_, best, err := deploy.Best(ctx, s, metrics.Aim{}, known)
	if err != nil {
		return err
	}
	s.Deployment = *best
	return nil
}

// Estimated is the interval of a capacity by the analytic model, with its parts;
// nil where that serves nobody, or the deployment is still to be chosen.
func Estimated(ctx context.Context, s *configs.Scenario, p *configs.Provenance, known *configs.Accuracy) (
	*metrics.ModelInterval, error) {
	if s.Deployment.Mode == serve.Auto || s.Workload.ByTime() {
		return nil, nil
	}
	var err error
	if known == nil {
		if known, err = configs.PublicAccuracy(); err != nil {
			return nil, err
		}
	}
	var tables moe.Tables
	u := &uncertainty.Scenario{Scenario: s, Provenance: p}
	about := uncertainty.IntervalOptions{Parts: true, Tables: &tables}
	about.Ahead = uncertainty.Begin(ctx, u, known, about)
	defer about.Ahead.End()
	solver := analytic.Solver{Tables: &tables}
	r, err := solver.Capacity(ctx, s)
	if errors.Is(err, metrics.ErrInfeasible) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	err = bound(ctx, u, r, known, about)
	return r.Capacity.ModelInterval, err
}
