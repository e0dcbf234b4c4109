package trace

import (
	"fmt"
	"slices"
	"strings"

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

// Where the prefix of a recorded prompt comes from, if the trace tells only
// what its provider's cache returned.
const (
	// PrefixAppended takes all of the prompt before as the prefix of one that
	// has something appended. It is the default.
	PrefixAppended = "appended"
	// PrefixProvider takes what the provider's cache returned, with all that it
	// had dropped meanwhile.
	PrefixProvider = "provider"
)

// Who calls when.
const (
	// ArrivalsClosed keeps a number of agents alive, each of which takes the
	// next session when one ends. It is the default.
	ArrivalsClosed = "closed"
	// ArrivalsLanes keeps a number of session trees alive, as SemiAnalysis
	// AgentX does (AIPerf's inferencex-agentx-mvp): sub-agents run beside their
	// session and a lane takes the next one when the whole tree is done. A
	// lane's first session begins at an instant drawn uniformly from its
	// recorded time, with the call before it; nothing is found of other sessions.
	// Recorded gaps stay, but for time in which no call of the whole run is under
	// way. The rest is said by the protocol (protocol.lanes).
	ArrivalsLanes = "lanes"
	// ArrivalsOpen sends every call at its recorded instant, or when what it
	// waits for is done if that is later. Only the trace says how many agents
	// there are at a time.
	ArrivalsOpen = "open"
	// ArrivalsPartlyOpen begins sessions at their recorded instants; within
	// one, calls follow by their gaps, as agents on a faster or slower system
	// would send them (Schroeder et al., NSDI 2006).
	ArrivalsPartlyOpen = "partly-open"
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
	SkipBad       int           `yaml:"skip_bad,omitempty"`        // bad records that are passed over; 0 = none
	Prefix        string        `yaml:"prefix,omitempty"`          // of its prompts: appended (default) | provider
	BlockTokens   int           `yaml:"block_tokens,omitempty"`    // of a trace that does not tell; 0 = found out
	Replay        string        `yaml:"replay,omitempty"`          // recorded (default) | generated
	SessionsMax   int           `yaml:"sessions_max,omitempty"`    // of the trace; 0 = all
	InputMax      int           `yaml:"input_max,omitempty"`       // tokens; ends a session; 0 = the model's limit
	FirstInputMax int           `yaml:"first_input_max,omitempty"` // tokens; leaves out longer starts; 0 = none
	OutputMax     int           `yaml:"output_max,omitempty"`      // tokens; of the trace's answers; 0 = none
	GapMax        units.Seconds `yaml:"gap_max,omitempty"`         // of the trace; 0 = none

	Arrivals string  `yaml:"arrivals,omitempty"` // closed (default) | lanes | open | partly-open
	Speedup  float64 `yaml:"speedup,omitempty"`  // of open arrivals: recorded time passes so many times as fast; 0 = 1
	// Rate is how many sessions of the profile begin a second, at random and for as
	// long as protocol.duration: an open loop without a trace, with arrivals:
	// partly-open; 0 = none.
	Rate     float64 `yaml:"rate,omitempty"`
	GapScale float64 `yaml:"gap_scale,omitempty"` // factor on the trace's gaps, before gap_max; 0 = 1
}

// ByTime reports whether the trace says when sessions begin, not a number of agents.
func (w *Workload) ByTime() bool {
	return w.Arrivals == ArrivalsOpen || w.Arrivals == ArrivalsPartlyOpen
}

// Validate returns an error that begins with the field at fault. It does not
// open the trace.
func (w *Workload) Validate() error {
	switch w.Replay {
	case "", ReplayRecorded, ReplayGenerated:
	default:
		return fmt.Errorf("replay: unknown mode %q; want %s or %s", w.Replay, ReplayRecorded, ReplayGenerated)
	}
	switch w.Prefix {
	case "", PrefixAppended, PrefixProvider:
	default:
		return fmt.Errorf("prefix: unknown source %q; want %s or %s", w.Prefix, PrefixAppended, PrefixProvider)
	}
	for _, limit := range []struct {
		name  string
		value int
	}{
		{"sessions_max", w.SessionsMax}, {"input_max", w.InputMax}, {"first_input_max", w.FirstInputMax},
		{"output_max", w.OutputMax}, {"context_limit", w.Synthetic.ContextLimit}, {"skip_bad", w.SkipBad},
		{"block_tokens", w.BlockTokens},
	} {
		if limit.value < 0 {
			return fmt.Errorf("%s: %d; want 0 (none) or more", limit.name, limit.value)
		}
	}
	if !nonNegative(w.GapMax) {
		return fmt.Errorf("gap_max: %v; want 0 (none) or more", w.GapMax)
	}
	if err := w.validateArrivals(); err != nil {
		return err
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

func (w *Workload) validateArrivals() error {
	modes := []string{"", ArrivalsClosed, ArrivalsLanes, ArrivalsOpen, ArrivalsPartlyOpen}
	switch {
	case !slices.Contains(modes, w.Arrivals):
		return fmt.Errorf("arrivals: unknown mode %q; want %s", w.Arrivals, strings.Join(modes[1:], ", "))
	case !nonNegative(w.Rate):
		return fmt.Errorf("rate: %v; want 0 (none) or so many sessions a second", w.Rate)
	case w.Rate > 0 && (w.Trace != "" || w.Arrivals != ArrivalsPartlyOpen):
		return fmt.Errorf("rate: %v; want a profile and arrivals: %s beside it: a trace has times of its own", w.Rate,
			ArrivalsPartlyOpen)
	case w.ByTime() && w.Trace == "" && w.Rate == 0:
		return fmt.Errorf("arrivals: %s without a trace; want trace: PATH beside it, with times, or with %s a rate",
			w.Arrivals, ArrivalsPartlyOpen)
	case !nonNegative(w.Speedup):
		return fmt.Errorf("speedup: %v; want a factor above 0, such as 2 for twice the load", w.Speedup)
	case w.Speedup != 0 && !w.ByTime():
		return fmt.Errorf("speedup: %v without arrivals by time; want arrivals: %s or %s beside it, or gap_scale", w.Speedup,
			ArrivalsOpen, ArrivalsPartlyOpen)
	case !nonNegative(w.GapScale):
		return fmt.Errorf("gap_scale: %v; want a factor above 0, such as 0.5 for tools twice as fast", w.GapScale)
	case w.GapScale != 0 && w.Trace == "":
		return fmt.Errorf("gap_scale: %v without a trace; want tool_gap of the profile, or trace: PATH beside it", w.GapScale)
	}
	return nil
}

// PoolOptions returns how the trace becomes sessions.
func (w *Workload) PoolOptions() PoolOptions {
	return PoolOptions{
		ContextLimit:  w.InputMax,
		SessionsMax:   w.SessionsMax,
		FirstInputMax: w.FirstInputMax,
		OutputMax:     w.OutputMax,
		GapMax:        float64(w.GapMax),
		GapScale:      w.GapScale,
		Speedup:       w.Speedup,
		Trees:         w.Arrivals == ArrivalsLanes || w.ByTime(),
	}
}
