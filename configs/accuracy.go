package configs

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"

	"agentsim/fault"
	"agentsim/models/hardware"
	"agentsim/portable"
)

// Accuracy is how far predictions of whole serving runs were off, fitted to
// public runs by stack. All errors are natural logarithms of predicted over
// measured, with the kernel presets' own efficiency in force: they say what it
// leaves, and nothing else holds the same fact.
type Accuracy struct {
	Name       string           `yaml:"name"`
	Date       string           `yaml:"date"` // of the fit, as in 2026-11-30
	Early      Early            `yaml:"early"`
	First      []FirstRun       `yaml:"first,omitempty"`
	Quantities []Quantity       `yaml:"quantities"`
	Sources    hardware.Sources `yaml:"sources,omitempty"`
}

// Early is software within weeks of a new model or accelerator.
type Early struct {
	Days   float64 `yaml:"days"`   // younger than that, and without a run of its stack
	Slower float64 `yaml:"slower"` // times as slow as predicted, at the low end
	Worst  float64 `yaml:"worst"`  // and at the high end: the 10th and the 90th percentile
}

// FirstRun is the earliest public run of a model or an accelerator: the
// latest that it can have been released.
type FirstRun struct {
	Of   string `yaml:"of"`
	Date string `yaml:"date"`
}

// Quantity is the hierarchy of errors of one thing that is predicted, under one
// kind of load: fixed (requests of fixed length), draft (the same with
// speculative decoding of unknown depth) or agents.
type Quantity struct {
	Of     string      `yaml:"of"`     // such as agents.decode
	Rows   int         `yaml:"rows"`   // runs
	Centre float64     `yaml:"centre"` // of all stacks
	Error  float64     `yaml:"error"`  // standard deviation of the centre
	Levels []float64   `yaml:"levels"` // standard deviation between children, by level of StackLevels
	Within float64     `yaml:"within"` // standard deviation of runs of one stack
	Seen   float64     `yaml:"seen"`   // P10 and P90 in standard deviations, where the stack has runs
	Unseen float64     `yaml:"unseen"` // and where it has none
	Nodes  []StackNode `yaml:"nodes"`
}

// StackNode is one place of a hierarchy: its centre, shrunk towards that of the
// place above it.
type StackNode struct {
	Stack  string  `yaml:"stack"` // path, such as sglang/blackwell/deepseek-r1/b200
	Rows   int     `yaml:"rows"`
	Centre float64 `yaml:"centre"`
	Error  float64 `yaml:"error"` // standard deviation

	// Within is the standard deviation of the runs of a stack, shrunk towards that
	// of all stacks; 0 above and below a stack of its own.
	Within float64 `yaml:"within,omitempty"`
}

// StackLevels names the levels of a stack, from the widest to the narrowest. A
// stack has runs of its own where its accelerator has.
func StackLevels() []string {
	return []string{"engine", "generation", "model family", "accelerator", "release"}
}

// ownLevel is how many levels make a stack: all but the release.
const ownLevel = 4

// Stack is what a deployment runs on, by level.
type Stack struct {
	Engine      string // family
	Accelerator *hardware.Accelerator
	Model       string
	Date        string // of the software: 2026-05-20, 2026-05, or empty
}

// Stack is what the scenario runs on, under the names that public runs have.
func (s *Scenario) Stack() *Stack {
	return &Stack{
		Engine:      s.Engine.Family,
		Accelerator: &s.System.Accelerator,
		Model:       cmp.Or(s.Model.Release, s.Model.Name),
		Date:        s.Engine.Date,
	}
}

// Path is the stack level by level; it ends before what is not known.
func (s *Stack) Path() []string {
	path := []string{s.Engine, s.Accelerator.Family(), ModelFamily(s.Model), s.Accelerator.Served()}
	if when, ok := day(s.Date); ok {
		const months = 3 // of a quarter
		path = append(path, fmt.Sprintf("%d-q%d", when.Year(), (int(when.Month())-1)/months+1))
	}
	return path
}

// Own is the part of a path that makes a stack of its own.
func (s *Stack) Own() string { return strings.Join(s.Path()[:ownLevel], "/") }

// ModelFamily is a model's name up to its first number: deepseek-v4 of
// deepseek-v4.1-flash.
func ModelFamily(model string) string {
	const digits = "0123456789"
	first := strings.IndexAny(model, digits)
	if first < 0 {
		return model
	}
	return model[:len(model)-len(strings.TrimLeft(model[first:], digits))]
}

func day(date string) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02", "2006-01"} {
		if when, err := time.Parse(layout, date); err == nil {
			return when, true
		}
	}
	return time.Time{}, false
}

// StackError is what is known of the error of a quantity on a stack, as a
// normal distribution of the logarithm.
type StackError struct {
	Centre float64
	Spread float64 // half of the distance from P10 to P90
	Level  string  // the narrowest level that has runs; empty = none
	Rows   int     // runs there
	Own    bool    // the stack itself has runs
	Early  bool    // software within weeks of a new model or accelerator
}

// At is the error at so many half-widths from the centre: -1 is P10, 1 is P90.
func (e *StackError) At(z float64) float64 { return e.Centre + z*e.Spread }

// Of is the error of a quantity on a stack; false where nothing is known of the
// quantity at all. What the stack has no runs of it takes from the level above,
// with the spread between the stacks of that level.
func (a *Accuracy) Of(quantity string, s *Stack) (StackError, bool) {
	q := a.quantity(quantity)
	if q == nil {
		return StackError{}, false
	}
	path := s.Path()
	e := StackError{Centre: q.Centre, Rows: q.Rows}
	variance, depth := q.Error*q.Error, 0
	for d := len(path); d > 0; d-- {
		if n := q.node(strings.Join(path[:d], "/")); n != nil {
			e.Centre, e.Rows, e.Level = n.Centre, n.Rows, StackLevels()[d-1]
			variance, depth = n.Error*n.Error, d
			break
		}
	}
	for _, between := range q.Levels[depth:] {
		variance += between * between
	}
	e.Own = depth >= ownLevel
	width := q.Unseen
	if e.Own {
		width = q.Seen
	}
	within := q.Within
	if n := q.node(s.Own()); n != nil {
		within = n.Within
	}
	e.Spread = width * math.Sqrt(variance+within*within)
	if e.Own && q.node(s.Own()).Rows >= RunsKnown {
		e.Spread = min(e.Spread, WidestHalf())
	}
	if !e.Own && a.early(s) && strings.HasSuffix(quantity, Decode) {
		e.Early = true
		low, high := portable.Log(a.Early.Slower), portable.Log(a.Early.Worst)
		e.Centre, e.Spread = -(low+high)/2, math.Hypot(e.Spread, (high-low)/2)
	}
	return e, true
}

// RunsKnown is how many runs of a stack bound the width of its intervals.
const RunsKnown = 5

// WidestHalf is half of the logarithm from P10 to P90 that an interval spans at
// most where RunsKnown runs of the stack are known: a factor of 4. A wider one
// says nothing. Coverage is counted with it.
func WidestHalf() float64 {
	const widest = 4.
	return portable.Log(widest) / 2
}

// Decode ends the names of the quantities that are times of decode steps.
const Decode = ".decode"

// quantity is that of a name; where too few runs tell of it under its kind of
// load, that of requests of fixed length.
func (a *Accuracy) quantity(name string) *Quantity {
	_, what, _ := strings.Cut(name, ".")
	for _, of := range []string{name, "fixed." + what} {
		for i := range a.Quantities {
			if a.Quantities[i].Of == of {
				return &a.Quantities[i]
			}
		}
	}
	return nil
}

func (q *Quantity) node(path string) *StackNode {
	for i := range q.Nodes {
		if q.Nodes[i].Stack == path {
			return &q.Nodes[i]
		}
	}
	return nil
}

// early reports whether the software of a stack is younger than Early.Days: so
// long ago the first run of its model or its accelerator was published. What
// never ran in public has no age.
func (a *Accuracy) early(s *Stack) bool {
	when, ok := day(s.Date)
	if !ok {
		return false
	}
	for _, f := range a.First {
		first, ok := day(f.Date)
		if !ok || f.Of != s.Model && f.Of != s.Accelerator.Served() {
			continue
		}
		const hours = 24
		if age := when.Sub(first).Hours() / hours; age >= 0 && age < a.Early.Days {
			return true
		}
	}
	return false
}

// Validate reports figures that cannot be.
func (a *Accuracy) Validate() error {
	var faults fault.List
	faults.Check(a.Early.Slower >= 1, "early.slower", a.Early.Slower, "1 or more times")
	faults.Check(a.Early.Worst >= a.Early.Slower, "early.worst", a.Early.Worst, "early.slower or more")
	for i := range a.Quantities {
		q, at := &a.Quantities[i], fmt.Sprintf("quantities[%d].", i)
		faults.Check(len(q.Levels) == len(StackLevels()), at+"levels", len(q.Levels),
			fmt.Sprintf("a spread for each of %v", StackLevels()))
		for _, x := range append([]float64{q.Error, q.Within, q.Seen, q.Unseen}, q.Levels...) {
			faults.Check(x >= 0 && !math.IsInf(x, 0), at+"of "+q.Of, x, "spreads of 0 or more")
		}
	}
	return faults.Err()
}
