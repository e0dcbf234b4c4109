// Package sweep runs studies: one scenario at many points, spread over axes.
// A study file becomes a Plan, whose points are pure functions of the plan and
// their number; an Evaluator turns a point into a Row; rows become a Table,
// which can be summarised and judged.
//
// How points are handed out and results collected is in sweep/queue, how
// tables are stored in sweep/results, how they are drawn in sweep/figure.
// Read study.go first, then plan.go and evaluate.go.
package sweep

import (
	"fmt"
	"regexp"
	"slices"

	"agentsim/fault"
)

// Study is a question to be asked at many points.
type Study struct {
	Name     string `yaml:"name"`
	Question string `yaml:"question,omitempty"`
	Design   `yaml:",inline"`

	// Thresholds are conditions on results, such as agents_per_mw.it >= 20000,
	// which must hold at every point, or max(agents_per_mw.it) >= 20000.
	Thresholds []string `yaml:"thresholds,omitempty"`
	// Objectives say what is good, the most important first; by default many
	// agents per megawatt as drawn, then a high output speed.
	Objectives []Objective `yaml:"objectives,omitempty"`
	// Outputs are what is written beside results.parquet, which show and merge
	// read: jsonl, csv, figures; by default the first two.
	Outputs []string `yaml:"outputs,omitempty"`
}

// The outputs of a study.
const (
	Parquet = "parquet"
	JSONL   = "jsonl"
	CSV     = "csv"
	Figures = "figures"
)

// Written lists the outputs of a study, results.parquet always among them.
func (s *Study) Written() []string {
	if s.Outputs == nil {
		return []string{Parquet, JSONL, CSV}
	}
	rest := slices.DeleteFunc(slices.Clone(s.Outputs), func(o string) bool { return o == Parquet })
	return append([]string{Parquet}, rest...)
}

// Design is the part of a study that decides what its points are.
type Design struct {
	Scenario string   `yaml:"scenario"`           // name or path of the base scenario
	Set      []string `yaml:"set,omitempty"`      // overrides of the base, path=value
	Evaluate string   `yaml:"evaluate,omitempty"` // simulate (default) | analytic | flows
	Interval string   `yaml:"interval,omitempty"` // model (default) | none: where each answer lies by the model's errors

	Combine string             `yaml:"combine,omitempty"` // grid (default) | zip | list | latin-hypercube | halton
	Points  int                `yaml:"points,omitempty"`  // of the last two
	Axes    []Axis             `yaml:"axes,omitempty"`
	List    []map[string]Value `yaml:"list,omitempty"` // of combine: list; values by path

	// Constraints drop points: only those stay at which all hold, such as
	// deployment.prefill.workers * 4 + 8 <= system.domain.
	Constraints  []string `yaml:"constraints,omitempty"`
	Replications int      `yaml:"replications,omitempty"` // of every point, with seeds that follow each other; 0 = 1
	Seed         uint64   `yaml:"seed,omitempty"`         // of the first replication; 0 = the scenario's
}

// The ways to evaluate a point.
const (
	Simulate = "simulate" // search the capacity by simulation
	Analytic = "analytic" // estimate it from mean flows and short phases, in a fraction of a second
	Flows    = "flows"    // from mean flows alone, in some milliseconds, for a first look at many points
)

// What is said of where an answer lies.
const (
	ModelInterval = "model" // P10, P50 and P90 by the errors of the model
	NoInterval    = "none"
)

// The ways to combine axes.
const (
	Grid           = "grid" // every value of each with every value of the others
	Zip            = "zip"  // first with first, second with second, …
	List           = "list" // points as written
	LatinHypercube = "latin-hypercube"
	Halton         = "halton"
)

// Axis is a field of the scenario and the values it takes: exactly one of the
// lists.
type Axis struct {
	Path     string  `yaml:"path"`
	Values   []Value `yaml:"values,omitempty"`
	Range    *Range  `yaml:"range,omitempty"`     // evenly spaced
	LogRange *Range  `yaml:"log_range,omitempty"` // by equal factors
	Presets  []Value `yaml:"presets,omitempty"`   // names, or patterns such as gb300-* or *
}

// Range is an interval with both ends.
type Range struct {
	From  Value `yaml:"from"`
	To    Value `yaml:"to"`
	Steps int   `yaml:"steps,omitempty"` // values; not needed where points are sampled
}

// Objective is a column of the results and which way is better.
type Objective struct {
	Metric string `yaml:"metric"`
	Goal   string `yaml:"goal,omitempty"` // max (default) | min
}

// Value is a single value as written: a number, a quantity or a name.
type Value string

// UnmarshalText takes any single value.
func (v *Value) UnmarshalText(text []byte) error {
	*v = Value(text)
	return nil
}

// MarshalText writes the value as it was written.
func (v Value) MarshalText() ([]byte, error) { return []byte(v), nil }

// folderName is a name that stays inside the folder it is used in.
var folderName = regexp.MustCompile(`^[A-Za-z0-9][\w.-]*$`)

// Validate reports the first field that cannot be.
func (s *Study) Validate() error {
	if !folderName.MatchString(s.Name) {
		return fault.New("name", "%q: want letters, digits, dots, dashes and underscores, from which the folder of the "+
			"results gets its name", s.Name)
	}
	if err := s.Design.validate(); err != nil {
		return err
	}
	for i, t := range s.Thresholds {
		if _, err := parseCondition(t); err != nil {
			return fault.New(fmt.Sprintf("thresholds[%d]", i), "%v", err)
		}
	}
	for i, o := range s.Objectives {
		if o.Metric == "" {
			return fault.New(fmt.Sprintf("objectives[%d].metric", i), "want a column of the results, such as agents_per_mw.it")
		}
		if o.Goal != "" && o.Goal != goalMax && o.Goal != goalMin {
			return fault.New(fmt.Sprintf("objectives[%d].goal", i), "%q: want %s or %s", o.Goal, goalMax, goalMin)
		}
	}
	for i, o := range s.Outputs {
		if !slices.Contains([]string{Parquet, JSONL, CSV, Figures}, o) {
			return fault.New(fmt.Sprintf("outputs[%d]", i), "%q: want %s, %s, %s or %s", o, Parquet, JSONL, CSV, Figures)
		}
	}
	return nil
}

// The goals of an objective.
const (
	goalMax = "max"
	goalMin = "min"
)

// goals are the objectives, or those by default.
func (s *Study) goals() []Objective {
	if len(s.Objectives) > 0 {
		return s.Objectives
	}
	return []Objective{{"agents_per_mw.accelerator_measured", goalMax}, {"metrics.output_speed_p25", goalMax}}
}

func (d *Design) validate() error {
	if d.Scenario == "" {
		return fault.New("scenario", "want the name or the path of the scenario that the study varies")
	}
	switch d.Evaluate {
	case "", Simulate, Analytic, Flows:
	default:
		return fault.New("evaluate", "%q: want %s, %s or %s", d.Evaluate, Simulate, Analytic, Flows)
	}
	if d.Interval != "" && d.Interval != ModelInterval && d.Interval != NoInterval {
		return fault.New("interval", "%q: want %s or %s", d.Interval, ModelInterval, NoInterval)
	}
	if d.Replications < 0 || d.Replications > replicationsMax {
		return fault.New("replications", "%d: want 1 to %d", d.Replications, replicationsMax)
	}
	for i, c := range d.Constraints {
		if _, err := parseCondition(c); err != nil {
			return fault.New(fmt.Sprintf("constraints[%d]", i), "%v", err)
		}
	}
	return d.validateCombination()
}

func (d *Design) validateCombination() error {
	sampled := d.Combine == LatinHypercube || d.Combine == Halton
	switch {
	case d.Combine == List:
		if len(d.List) == 0 {
			return fault.New("list", "combine: list wants the points here, as mappings of paths to values")
		}
		if len(d.Axes) > 0 {
			return fault.New("axes", "combine: list takes its points from list alone")
		}
		for i, point := range d.List {
			if _, ok := point[seedPath]; ok {
				return seedFault(fmt.Sprintf("list[%d]", i))
			}
		}
		return nil
	case d.Combine != "" && d.Combine != Grid && d.Combine != Zip && !sampled:
		return fault.New("combine", "%q: want %s, %s, %s, %s or %s", d.Combine, Grid, Zip, List, LatinHypercube, Halton)
	case len(d.List) > 0:
		return fault.New("list", "goes with combine: list")
	case len(d.Axes) == 0:
		return fault.New("axes", "want at least one axis: a path and its values")
	case sampled && d.Points < 1:
		return fault.New("points", "combine: %s wants the number of points to sample", d.Combine)
	case !sampled && d.Points != 0:
		return fault.New("points", "goes with combine: %s or %s", LatinHypercube, Halton)
	}
	for i := range d.Axes {
		if err := d.Axes[i].validate(fmt.Sprintf("axes[%d]", i), sampled); err != nil {
			return err
		}
		for j := range i {
			if d.Axes[j].Path == d.Axes[i].Path {
				return fault.New(fmt.Sprintf("axes[%d].path", i), "%s: is that of axes[%d] too", d.Axes[i].Path, j)
			}
		}
	}
	return nil
}

func (a *Axis) validate(at string, sampled bool) error {
	given := 0
	for _, is := range []bool{a.Values != nil, a.Range != nil, a.LogRange != nil, a.Presets != nil} {
		if is {
			given++
		}
	}
	switch {
	case a.Path == "":
		return fault.New(at+".path", "want the path of a field, such as system.domain")
	case a.Path == seedPath:
		return seedFault(at + ".path")
	case given != 1:
		return fault.New(at, "%s: want exactly one of values, range, log_range and presets", a.Path)
	case a.Values != nil && len(a.Values) == 0:
		return fault.New(at+".values", "%s: is empty, want at least one value", a.Path)
	case a.Presets != nil && len(a.Presets) == 0:
		return fault.New(at+".presets", "%s: is empty, want at least one name or pattern", a.Path)
	case a.Range != nil:
		return a.Range.validate(at+".range", sampled)
	case a.LogRange != nil:
		return a.LogRange.validate(at+".log_range", sampled)
	}
	return nil
}

// seedPath is what no axis can vary.
const seedPath = "seed"

// seedFault refuses an axis over seeds: each point has its own already.
func seedFault(at string) error {
	return fault.New(at, "seed: is no axis: want replications, whose seeds follow that of the study")
}

func (r *Range) validate(at string, sampled bool) error {
	const ends = 2
	switch {
	case r.From == "" || r.To == "":
		return fault.New(at, "want from and to")
	case r.Steps < ends && !sampled, r.Steps < 0:
		return fault.New(at+".steps", "want the number of values, 2 or more, both ends included")
	}
	return nil
}

// EvaluatedBy is the way points are evaluated.
func (d *Design) EvaluatedBy() string {
	if d.Evaluate == "" {
		return Simulate
	}
	return d.Evaluate
}

// replicationsMax is more than any interval needs.
const replicationsMax = 1_000_000

// replications is their number.
func (d *Design) replications() int { return max(1, d.Replications) }
