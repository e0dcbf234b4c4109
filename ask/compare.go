//go:build !js || readers

package ask

import (
	"context"
	"fmt"
	"io/fs"

	"agentsim/configs"
	"agentsim/experiment/compare"
	"agentsim/experiment/uncertainty"
	"agentsim/metrics"
	"agentsim/scenarios"
)

// CompareQuestion asks why one scenario holds more agents than another.
type CompareQuestion struct {
	Comparison string    `json:"comparison,omitempty" maxLength:"200" doc:"as gb300-vs-h200; or a and b"`
	A          *Question `json:"a,omitempty" doc:"the ratio is a over b"`
	B          *Question `json:"b,omitempty"`
	Per        string    `json:"per,omitempty" maxLength:"40" doc:"accelerator_measured (default), it, facility, …"`
}

// Comparison is one with what it is about.
type Comparison struct {
	Inputs *metrics.Inputs `json:"inputs"`
	*metrics.Comparison
}

// Compare shares the ratio of two scenarios out to factors, by the analytic
// model.
func (d *Desk) Compare(ctx context.Context, q *CompareQuestion, progress Progress) (*Comparison, error) {
	source, err := d.comparison(q)
	if err != nil {
		return nil, err
	}
	file, a, b, err := compare.Load(source)
	if err != nil {
		return nil, err
	}
	for _, side := range []**configs.Scenario{&a, &b} {
		if err := d.allowTrace(*side); err != nil {
			return nil, err
		}
		if *side, err = compare.Settled(ctx, *side, d.Accuracy); err != nil {
			return nil, err
		}
	}
	o := compare.Options{Accuracy: d.Accuracy, Version: d.Version, Clock: d.Clock}
	o.Progress = func(stage string, n, all int) { progress.tell(Step{Stage: stage, Done: n, All: all}) }
	r, err := compare.Run(ctx, file, a, b, o)
	if err != nil {
		return nil, err
	}
	if err := BoundEnds(ctx, file, d.Accuracy, [2]*configs.Scenario{a, b}, r); err != nil {
		return nil, err
	}
	ofA, ofB := file.Provenance()
	about := d.about(nil)
	about.Scenarios = []metrics.Inputs{*d.inputs(a, ofA, file.SetA), *d.inputs(b, ofB, file.SetB)}
	return &Comparison{Inputs: about, Comparison: r}, nil
}

// comparison is where one comes from.
func (d *Desk) comparison(q *CompareQuestion) (compare.Source, error) {
	s := compare.Source{Scenarios: scenarios.FS, Per: compare.Metric(q.Per)}
	switch {
	case q.Comparison != "" && (q.A != nil || q.B != nil):
		return s, fmt.Errorf("comparison %q with a or b: want one of them", shown(q.Comparison))
	case q.Comparison != "":
		s.File = configs.Source{Name: q.Comparison, FS: scenarios.Comparisons()}
		return s, nil
	case q.A == nil || q.B == nil:
		return s, fmt.Errorf("a, b: missing; want two scenarios, or comparison")
	}
	texts := named{FS: scenarios.FS, texts: map[string][]byte{}}
	name := func(q *Question, as string) (string, error) {
		if _, err := d.sourceOf(q); err != nil || q.YAML == "" {
			return q.Scenario, err
		}
		texts.texts[as+".yaml"] = []byte(q.YAML)
		return as, nil
	}
	a, err := name(q.A, "side-a")
	if err != nil {
		return s, fmt.Errorf("a: %w", err)
	}
	b, err := name(q.B, "side-b")
	if err != nil {
		return s, fmt.Errorf("b: %w", err)
	}
	s.Scenarios, s.File, s.SetA, s.SetB = texts, compare.Two(a, b), q.A.Set, q.B.Set
	return s, nil
}

// named adds texts by name to the scenarios that ship.
type named struct {
	fs.FS
	texts map[string][]byte
}

// ReadFile returns a text, or a file of the scenarios that ship.
func (n named) ReadFile(name string) ([]byte, error) {
	if text, ok := n.texts[name]; ok {
		return text, nil
	}
	return fs.ReadFile(n.FS, name)
}

// BoundEnds adds the intervals of the model to both ends of a comparison and to
// their ratio, by what is known of errors; nil = what ships.
func BoundEnds(ctx context.Context, file *compare.File, known *configs.Accuracy, ends [2]*configs.Scenario,
	r *metrics.Comparison) error {
	ofA, ofB := file.Provenance()
	for _, side := range []struct {
		scenario   *configs.Scenario
		provenance *configs.Provenance
		end        *metrics.End
	}{{ends[0], ofA, &r.Ends.A}, {ends[1], ofB, &r.Ends.B}} {
		c := &metrics.Capacity{
			Agents:         side.end.Agents,
			Accelerators:   side.end.Accelerators,
			PerAccelerator: side.end.PerAccelerator,
			PerMW:          side.end.PerMW,
		}
		u := &uncertainty.Scenario{Scenario: side.scenario, Provenance: side.provenance}
		if err := Interval(ctx, u, &metrics.Result{Capacity: c}, known, false); err != nil {
			return err
		}
		side.end.ModelInterval = c.ModelInterval
	}
	r.RatioInterval = uncertainty.Ratio(r.Ends.A.ModelInterval, r.Ends.B.ModelInterval)
	return nil
}
