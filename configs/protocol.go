package configs

import (
	"fmt"

	"agentsim/models/hardware"
	"agentsim/units"
)

// Protocol says how a number of agents is tried: when measurement begins,
// how much is measured, and how the search for the largest number goes.
type Protocol struct {
	Name string `yaml:"name"`

	Ramp             units.Seconds `yaml:"ramp"`                // first calls are spread over this
	Warmup           units.Seconds `yaml:"warmup"`              // discarded after the ramp
	Duration         units.Seconds `yaml:"duration"`            // measured at least
	SessionsMin      int           `yaml:"sessions_min"`        // trajectories completed at least
	SessionsPerAgent float64       `yaml:"sessions_per_agent"`  // and per agent at least
	CallsMin         int           `yaml:"calls_min,omitempty"` // calls measured at least
	DurationMax      units.Seconds `yaml:"duration_max"`        // measured at most
	Batches          int           `yaml:"batches"`             // of the window, for intervals
	StopWhenCertain  bool          `yaml:"stop_when_certain"`   // end a phase early once its verdict cannot change

	StartAgents int              `yaml:"start_agents"` // the search begins here and doubles
	Tolerance   float64          `yaml:"tolerance"`    // the search ends when pass and fail are this close, relatively
	Sources     hardware.Sources `yaml:"sources,omitempty"`
}

// Validate reports the first field that cannot be.
func (p *Protocol) Validate() error {
	const batchesLeast = 10 // fewer say nothing about their spread
	checks := []struct {
		ok      bool
		path    string
		problem string
	}{
		{p.Ramp >= 0, "ramp", fmt.Sprintf("%v: want 0s or more", p.Ramp)},
		{p.Warmup >= 0, "warmup", fmt.Sprintf("%v: want 0s or more", p.Warmup)},
		{p.Duration > 0, "duration", fmt.Sprintf("%v: want more than 0s", p.Duration)},
		{p.DurationMax >= p.Duration, "duration_max", fmt.Sprintf("%v: is below duration %v", p.DurationMax, p.Duration)},
		{p.SessionsMin >= 0, "sessions_min", fmt.Sprintf("%d: want 0 or more", p.SessionsMin)},
		{p.SessionsPerAgent >= 0, "sessions_per_agent", fmt.Sprintf("%g: want 0 or more", p.SessionsPerAgent)},
		{p.CallsMin >= 0, "calls_min", fmt.Sprintf("%d: want 0 or more", p.CallsMin)},
		{p.Batches >= batchesLeast, "batches", fmt.Sprintf("%d: want %d or more", p.Batches, batchesLeast)},
		{p.StartAgents >= 1, "start_agents", fmt.Sprintf("%d: want 1 or more", p.StartAgents)},
		{p.Tolerance > 0 && p.Tolerance < 1, "tolerance", fmt.Sprintf("%g: want between 0 and 1, such as 0.01", p.Tolerance)},
	}
	for _, c := range checks {
		if !c.ok {
			return &hardware.FieldError{Path: c.path, Problem: c.problem}
		}
	}
	return nil
}
