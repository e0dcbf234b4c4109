package sweep

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/experiment/analytic"
	"agentsim/experiment/deploy"
	"agentsim/experiment/uncertainty"
	"agentsim/metrics"
	"agentsim/serve"
)

// Row is what came out of one point. It is a pure function of the plan, the
// number of the point and the version of the program.
type Row struct {
	Point       int       `json:"point"`
	Replication int       `json:"replication"`
	Seed        uint64    `json:"seed"`
	Status      string    `json:"status"`
	Error       string    `json:"error,omitempty"`      // of a point that failed or is infeasible
	Settings    []Setting `json:"settings"`             // one an axis
	Deployment  string    `json:"deployment,omitempty"` // found best, where the scenario leaves it open

	Result *metrics.Result `json:"result,omitempty"` // of a point that is done
}

// The states of a point.
const (
	Done       = "done"
	Infeasible = "infeasible" // no agent can be served: an answer, not a fault
	Failed     = "failed"     // no answer
)

// Setting is what a swept field was set to.
type Setting struct {
	Path    string  `json:"path"`
	Text    string  `json:"text"`
	Number  float64 `json:"number,omitempty"`
	Unit    string  `json:"unit,omitempty"`
	Numeric bool    `json:"numeric,omitempty"`
	Whole   bool    `json:"whole,omitempty"`
}

// Evaluator turns points of one plan into rows. It is safe for concurrent use.
type Evaluator struct {
	plan     *Plan
	version  string
	solver   analytic.Solver
	interval analytic.Solver                   // of intervals, which looks at few sessions
	accuracy func() (*configs.Accuracy, error) // how far predictions are off, read once
}

// NewEvaluator prepares the evaluation of a plan's points by a version of the
// program.
func NewEvaluator(p *Plan, version string) *Evaluator {
	return &Evaluator{plan: p, version: version, interval: analytic.Solver{Sessions: analytic.FewSessions},
		accuracy: sync.OnceValues(func() (*configs.Accuracy, error) {
			if p.accuracy != nil {
				return p.accuracy, nil
			}
			return configs.PublicAccuracy()
		})}
}

// Loaded is a point whose scenario has been read, or could not be.
type Loaded struct {
	Point
	// Key identifies the result: the digest of the scenario with its seed, the
	// traces, and how it is evaluated. Where the scenario is impossible it is empty.
	Key string

	scenario   *configs.Scenario
	provenance *configs.Provenance
	settings   []Setting
	err        error
}

// Load reads the scenario of a point.
func (e *Evaluator) Load(number int) *Loaded {
	l := &Loaded{Point: e.plan.Point(number)}
	var provenance *configs.Provenance
	l.scenario, provenance, l.err = e.plan.base.Load(l.Sets)
	if l.err != nil {
		provenance, _ = e.plan.base.Try(l.Sets)
	}
	l.settings, l.provenance = e.plan.settings(l.Sets, provenance), provenance
	if l.err == nil {
		sum := sha256.Sum256(fmt.Appendln(nil, provenance.Digest(), e.plan.trace[l.scenario.Workload.Trace],
			e.plan.Study.EvaluatedBy(), e.plan.Study.Interval == NoInterval, e.plan.known()))
		l.Key = hex.EncodeToString(sum[:])
	}
	return l
}

// settings reads the swept fields back. What is no single value, such as a
// whole pool, is told as it was written.
func (p *Plan) settings(sets []string, provenance *configs.Provenance) []Setting {
	list := make([]Setting, len(p.combo.axes))
	for i, x := range p.combo.axes {
		list[i] = Setting{Path: x.path}
		for _, set := range sets {
			if text, ok := cutPath(set, x.path); ok {
				list[i].Text = text
			}
		}
		if provenance == nil {
			continue
		}
		if v, err := provenance.Value(x.path); err == nil {
			list[i] = Setting{x.path, v.Text, v.Number, v.Unit, v.Numeric, v.Whole}
		}
	}
	return list
}

func cutPath(set, path string) (string, bool) {
	if len(set) > len(path) && set[:len(path)] == path && set[len(path)] == '=' {
		return set[len(path)+1:], true
	}
	return "", false
}

// Row evaluates a loaded point. A point that fails gives a row that says so;
// the only error is that of a context that ended.
func (e *Evaluator) Row(ctx context.Context, l *Loaded) (row *Row, err error) {
	row = &Row{Point: l.Number, Replication: l.Replication, Seed: l.Seed, Settings: l.settings}
	defer func() { // a fault of the program concerns one point, not the study
		if fault := recover(); fault != nil {
			row.Status, row.Error, row.Result, err = Failed, fmt.Sprintf("internal error: %v", fault), nil, nil
		}
	}()
	failed := l.err
	if failed == nil {
		row.Result, row.Deployment, failed = e.evaluate(ctx, l.scenario)
	}
	if failed == nil {
		failed = e.bound(ctx, l, row.Result)
	}
	switch {
	case failed == nil:
		row.Status = Done
		// Rows are equal wherever and whenever they are made, and small.
		row.Result.Version, row.Result.WallS, row.Result.Search = e.version, 0, nil
		return row, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(failed, metrics.ErrInfeasible):
		row.Status = Infeasible
	default:
		row.Status = Failed
	}
	row.Error, row.Result = failed.Error(), nil
	return row, nil
}

// bound adds where the answer lies by the errors of the model. What the analytic
// model cannot serve has no interval, and a warning says so.
func (e *Evaluator) bound(ctx context.Context, l *Loaded, r *metrics.Result) error {
	if e.plan.Study.Interval == NoInterval || l.scenario.Workload.ByTime() {
		return nil
	}
	known, err := e.accuracy()
	if err != nil {
		return err
	}
	about := &uncertainty.Scenario{Scenario: l.scenario, Provenance: l.provenance}
	r.Capacity.ModelInterval, err = uncertainty.Interval(ctx, about, r, known,
		uncertainty.IntervalOptions{Solver: &e.interval})
	if uncertainty.ErrNoInterval(err) {
		r.Warnings = append(r.Warnings, "no interval: "+err.Error())
		return nil
	}
	return err
}

// evaluate finds the capacity, and the deployment first where the scenario
// leaves that open: then the scenario has it, and its shape is returned too.
func (e *Evaluator) evaluate(ctx context.Context, s *configs.Scenario) (*metrics.Result, string, error) {
	open := s.Deployment.Mode == serve.Auto
	if e.plan.Study.EvaluatedBy() == Simulate {
		// Points are what runs side by side.
		o := experiment.Options{Version: e.version, Side: 1, Accuracy: e.plan.accuracy}
		if !open {
			r, err := e.solver.Search(ctx, s, o)
			return r, "", err
		}
		ranking, err := deploy.Choose(ctx, s, o)
		if err != nil {
			return nil, "", err
		}
		s.Deployment = ranking.List[0].Deployment
		return ranking.List[0].Simulated, deploy.Shape(&s.Deployment), nil
	}
	switch {
	case !open && e.plan.Study.EvaluatedBy() == Flows:
		r, err := e.solver.Flows(s)
		return r, "", err
	case !open:
		r, err := e.solver.Capacity(ctx, s)
		return r, "", err
	}
	r, d, err := deploy.Best(ctx, s, metrics.Aim{}, e.plan.accuracy)
	if err != nil {
		return nil, "", err
	}
	s.Deployment = *d
	return r, deploy.Shape(d), nil
}

// Failed is the row of a point that could not be evaluated.
func (e *Evaluator) Failed(number int, cause error) *Row {
	l := e.Load(number)
	return &Row{
		Point:       l.Number,
		Replication: l.Replication,
		Seed:        l.Seed,
		Settings:    l.settings,
		Status:      Failed,
		Error:       cause.Error(),
	}
}

// Row is the row of the point, given one with the same Key from another study.
func (l *Loaded) Row(known *Row) *Row {
	return &Row{
		Point:       l.Number,
		Replication: l.Replication,
		Seed:        l.Seed,
		Settings:    l.settings,
		Status:      known.Status,
		Error:       known.Error,
		Deployment:  known.Deployment,
		Result:      known.Result,
	}
}
