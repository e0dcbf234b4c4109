package ask

import (
	"context"
	"errors"

	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/metrics"
)

// The kinds of failures.
const (
	KindScenario   = "scenario"   // something in the scenario's text or overrides
	KindInfeasible = "infeasible" // the scenario cannot serve an agent
	KindStopped    = "stopped"    // whoever asked went away, or time was up
	KindFailure    = "failure"
)

// Failure is an answer that did not come about.
type Failure struct {
	Kind    string  `json:"kind" enum:"scenario,infeasible,stopped,failure"`
	Message string  `json:"message" doc:"as the command line says it"`
	Faults  []Fault `json:"faults,omitempty" doc:"of the scenario, each with its place"`

	Known *metrics.Stopped `json:"known,omitempty" doc:"what an interrupted search knew"`
}

// Fault is one thing that is wrong with a scenario.
type Fault struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Set     string `json:"set,omitempty" doc:"the override, where the fault is in one"`
	Path    string `json:"path,omitempty" doc:"of the field"`
	Value   string `json:"value,omitempty" doc:"as written"`
	Problem string `json:"problem" doc:"what would be right"`
}

// FailureOf says of an error what kind it is and where its faults are.
func FailureOf(err error) *Failure {
	f := &Failure{Kind: KindFailure, Message: err.Error(), Faults: faults(err)}
	if stopped, ok := errors.AsType[*experiment.StoppedError](err); ok {
		f.Known = &stopped.Known
	}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		f.Kind = KindStopped
	case errors.Is(err, metrics.ErrInfeasible):
		f.Kind = KindInfeasible
	case len(f.Faults) > 0, errors.Is(err, metrics.ErrConfiguration):
		f.Kind = KindScenario
	}
	return f
}

// faults lists those of a configuration that an error holds.
func faults(err error) []Fault {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var all []Fault
		for _, one := range many.Unwrap() {
			all = append(all, faults(one)...)
		}
		return all
	}
	if f, ok := err.(*configs.Error); ok {
		return []Fault{{File: f.At.File, Line: f.At.Line, Column: f.At.Column, Set: f.At.Set, Path: f.Path, Value: f.Value,
			Problem: f.Problem}}
	}
	if inner := errors.Unwrap(err); inner != nil {
		return faults(inner)
	}
	return nil
}
