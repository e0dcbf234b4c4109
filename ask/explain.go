package ask

import (
	"context"

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
	if err := Chosen(ctx, s, d.Accuracy); err != nil {
		return nil, err
	}
	e, err := experiment.Explain(s)
	if err != nil {
		return nil, err
	}
	if q.Rest {
		if err := experiment.Rest(e, s, p); err != nil {
			return nil, err
		}
		if e.Interval, err = Estimated(ctx, s, p, d.Accuracy); err != nil {
			return nil, err
		}
	}
	return &Explanation{Inputs: d.inputs(s, p, q.Set), Explanation: e}, nil
}
