//go:build !js || readers

package ask

import (
	"context"
	"fmt"

	"agentsim/configs"
	"agentsim/experiment/sweep"
	"agentsim/scenarios"
)

// Bounds of a study that is answered at once; larger ones are agentsim sweep's.
const (
	estimatedPoints = 2000
	simulatedPoints = 24
)

// SweepQuestion asks for a study of one scenario at many points.
type SweepQuestion struct {
	Study    string   `json:"study,omitempty" maxLength:"200" doc:"a built-in one, such as generations; or yaml"`
	YAML     string   `json:"yaml,omitempty" maxLength:"262144" doc:"text of a study: scenario, axes, evaluate, …"`
	Set      []string `json:"set,omitempty" maxItems:"200" doc:"overrides of its scenario, path=value"`
	Evaluate string   `json:"evaluate,omitempty" enum:"analytic,simulate" doc:"instead of the study's"`
}

// SweepAnswer is a study with what its table says.
type SweepAnswer struct {
	*Table
	Summary *sweep.Summary `json:"summary,omitempty"`
}

// Sweep evaluates a small study.
func (d *Desk) Sweep(ctx context.Context, q *SweepQuestion, progress Progress) (*SweepAnswer, error) {
	if (q.Study == "") == (q.YAML == "") {
		return nil, fmt.Errorf("study %q, yaml: want one of them", shown(q.Study))
	}
	source := sweep.Source{
		Study:     configs.Source{Name: q.Study, FS: scenarios.Studies(), ReadFile: d.source("").ReadFile},
		Scenarios: scenarios.FS,
		PointsMax: estimatedPoints,
		Set:       q.Set,
		Evaluate:  q.Evaluate,
		Accuracy:  d.Accuracy,
	}
	if q.YAML != "" {
		source.Study.Name, source.Study.Text = "study.yaml", []byte(q.YAML)
	}
	p, err := sweep.NewPlan(source)
	if err != nil {
		return nil, err
	}
	if most := simulatedPoints; p.Study.Evaluate == sweep.Simulate && p.Len() > most {
		return nil, fmt.Errorf("study: %d points to simulate; want at most %d here, or evaluate: analytic", p.Len(), most)
	}
	e := sweep.NewEvaluator(p, d.Version)
	rows := make([]*sweep.Row, p.Len())
	for i := range rows {
		if rows[i], err = e.Row(ctx, e.Load(i)); err != nil {
			return nil, err
		}
		progress.tell(Step{Stage: "points", Done: i + 1, All: len(rows)})
	}
	t := sweep.Tabulate(p, d.Version, rows)
	a := &SweepAnswer{Table: tabulated(t)}
	if len(t.Objectives) > 0 {
		const best = 10
		if a.Summary, err = t.Summarise(best); err != nil {
			return nil, err
		}
	}
	return a, nil
}
