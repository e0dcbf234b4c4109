package trace

import (
	"fmt"

	"agentsim/units"
)

// How the history of a replayed session relates to what the engine generates.
const (
	// ReplayRecorded sends the recorded history: what the engine generated is
	// thrown away, so only earlier prompts can be found in a cache.
	ReplayRecorded = "recorded"
	// ReplayGenerated sends on what was generated, so answers are cached too
	// (Turn.Echo).
	ReplayGenerated = "generated"
)

// Workload is what a scenario says about its agents: a profile to draw
// sessions from, or a trace to take them from. The profile's fields stand
// beside the others, so that each can be overridden as workload.tool_gap and
// so on; Preset names the preset they were taken from. A trace wins over a
// profile, its context_limit included.
type Workload struct {
	Preset    string  `yaml:"profile,omitempty"`
	Synthetic Profile `yaml:",inline"`

	Trace         string        `yaml:"trace,omitempty"`           // path of a trace
	Format        string        `yaml:"format,omitempty"`          // of the trace; empty = auto
	Replay        string        `yaml:"replay,omitempty"`          // recorded (default) | generated
	SessionsMax   int           `yaml:"sessions_max,omitempty"`    // of the trace; 0 = all
	InputMax      int           `yaml:"input_max,omitempty"`       // tokens; ends a session; 0 = the model's limit
	FirstInputMax int           `yaml:"first_input_max,omitempty"` // tokens; leaves out longer starts; 0 = none
	OutputMax     int           `yaml:"output_max,omitempty"`      // tokens; of the trace's answers; 0 = none
	GapMax        units.Seconds `yaml:"gap_max,omitempty"`         // of the trace; 0 = none
}

// Validate returns an error that begins with the field at fault. It does not
// open the trace.
func (w *Workload) Validate() error {
	switch w.Replay {
	case "", ReplayRecorded, ReplayGenerated:
	default:
		return fmt.Errorf("replay: unknown mode %q; want %s or %s", w.Replay, ReplayRecorded, ReplayGenerated)
	}
	for _, limit := range []struct {
		name  string
		value int
	}{
		{"sessions_max", w.SessionsMax}, {"input_max", w.InputMax}, {"first_input_max", w.FirstInputMax},
		{"output_max", w.OutputMax}, {"context_limit", w.Synthetic.ContextLimit},
	} {
		if limit.value < 0 {
			return fmt.Errorf("%s: %d; want 0 (none) or more", limit.name, limit.value)
		}
	}
	if !nonNegative(w.GapMax) {
		return fmt.Errorf("gap_max: %v; want 0 (none) or more", w.GapMax)
	}
	if w.Trace != "" {
		return nil
	}
	if w.Format != "" {
		return fmt.Errorf("format: %q without a trace; want trace: PATH beside it", w.Format)
	}
	if w.Synthetic.Name == "" && !w.Synthetic.Turns.Used() {
		return fmt.Errorf("profile: missing; want a workload profile or trace: PATH")
	}
	return w.Synthetic.Validate()
}

// PoolOptions returns how the trace becomes sessions.
func (w *Workload) PoolOptions() PoolOptions {
	return PoolOptions{
		ContextLimit:  w.InputMax,
		SessionsMax:   w.SessionsMax,
		FirstInputMax: w.FirstInputMax,
		OutputMax:     w.OutputMax,
		GapMax:        float64(w.GapMax),
	}
}
