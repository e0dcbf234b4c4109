// Package uncertainty says how far an answer may be off by what is not known
// of its inputs. It draws a Latin hypercube over them, evaluates every draw, and
// finds which input moves the answer most and what any one of them would have to
// be for the answer to meet a given figure.
//
// An input is one unknown (configs.Input): an entry of a preset's sources or of
// the scenario's uncertainty block. All numbers of an input share its factor,
// since what is not known of them is an error in one direction. Its distribution
// is the range of an assumed number, with the value in use as its mode, or the
// residual of a fit. Two inputs stand for the model as a whole, with the
// residuals of whole serving runs: kernels.efficiency for step times, and
// system.accelerator.power for watts.
//
// Read study.go for the order of things, sample.go for the draws, tornado.go
// for one input at a time, target.go for what would have to be true, and
// evaluate.go for how a draw becomes an answer; ahead.go begins an interval while its
// answer is still sought.
package uncertainty

import (
	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/metrics"
)

// How draws are evaluated.
const (
	// Analytic multiplies the simulated answer by what the analytic model says
	// of the draw over what it says of the scenario as it is.
	Analytic = "analytic"
	// Simulator searches the capacity of every draw with the simulator, under
	// the steady-state protocol. One input at a time, and what would have to be
	// true, stay with the analytic model.
	Simulator = "simulator"
)

// Scenario is a loaded scenario with its provenance, which says what is
// uncertain about it.
type Scenario struct {
	*configs.Scenario
	Provenance *configs.Provenance
}

// with sets every input to a draw.
func (s *Scenario) with(inputs []configs.Input, draws []float64) (*configs.Scenario, error) {
	return s.Scenario.With(s.Provenance, inputs, draws)
}

// Options are what a study takes besides its scenario.
type Options struct {
	Draws    int
	By       string // Analytic | Simulator
	Goals    []Goal
	Seed     uint64 // of the draws; those of the simulations are the scenario's
	Progress func(done, of int)
	Protocol *configs.Protocol  // of simulated draws
	Run      experiment.Options // of simulated draws
}

// Goal is a figure that the answer is held against.
type Goal struct {
	Metric string // PerAccelerator | PerMW | Agents
	Value  float64
}

// The metrics of a Goal, by their names in a result.
const (
	Agents         = "agents"
	PerAccelerator = "agents_per_accelerator"
	PerMW          = "agents_per_mw" // of accelerator power as drawn
)

// of is the metric of an answer.
func (g Goal) of(a metrics.Answer) float64 {
	switch g.Metric {
	case Agents:
		return a.Agents
	case PerMW:
		return a.PerMW.AcceleratorMeasured
	}
	return a.PerAccelerator
}
