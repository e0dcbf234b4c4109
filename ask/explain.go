package ask

import (
	"context"
	"slices"

	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/metrics"
)

// ExplainQuestion asks where time, memory and watts go.
type ExplainQuestion struct {
	Question
	Rest bool `json:"rest,omitempty" doc:"also what the step times and the interval rest on; some seconds more"`
}

// Explanation is one with what it is about, as explain -o json prints it.
type Explanation struct {
	Inputs *metrics.Inputs `json:"inputs"`
	*metrics.Explanation
}

// Explain says where the time of typical steps, the memory of a rank and the
// watts of an accelerator go. Nothing is simulated.
func (d *Desk) Explain(ctx context.Context, q *ExplainQuestion) (*Explanation, error) {
	s, p, err := d.load(&q.Question)
	if err != nil {
		return nil, err
	}
	if err := Chosen(ctx, s); err != nil {
		return nil, err
	}
	e, err := experiment.Explain(s)
	if err != nil {
		return nil, err
	}
	if q.Rest {
		if err := d.rest(ctx, q, s, p, e); err != nil {
			return nil, err
		}
	}
	return &Explanation{Inputs: d.inputs(s, p, q.Set), Explanation: e}, nil
}

func (d *Desk) rest(ctx context.Context, q *ExplainQuestion, s *configs.Scenario, p *configs.Provenance,
	e *metrics.Explanation) error {
	source, err := d.sourceOf(&q.Question)
	if err != nil {
		return err
	}
	base := configs.NewBase[configs.Scenario](configs.Presets(), source)
	same := func(sets []string) (*configs.Scenario, error) { // with the deployment that was chosen
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		other, _, err := base.Load(slices.Concat(q.Set, sets))
		if err == nil {
			other.Deployment = s.Deployment
		}
		return other, err
	}
	if err := experiment.Rest(e, p.Fields(), same); err != nil {
		return err
	}
	e.Interval, err = Estimated(ctx, s, p)
	return err
}
