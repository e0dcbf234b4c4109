package configs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"agentsim/fault"
	"agentsim/models/hardware"
	"agentsim/serve"
	"agentsim/units"
)

// Protocol says how a number of agents is tried: how agents begin, what of the
// run is measured, when a phase ends, and how the search for the largest
// number goes.
type Protocol struct {
	Name string `yaml:"name"`

	// Start says where agents begin: stationary (default) or fresh.
	Start string `yaml:"start,omitempty"`
	// RandomPrefix says where the unique part of a session's prompts begins:
	// after-shared (default) or start.
	RandomPrefix string        `yaml:"random_prefix,omitempty"`
	OutputMax    int           `yaml:"output_max,omitempty"` // tokens; longer answers are cut; 0 = none
	Ramp         units.Seconds `yaml:"ramp"`                 // first calls are spread over this
	Warmup       units.Seconds `yaml:"warmup"`               // discarded after the ramp
	MSER5        bool          `yaml:"mser5,omitempty"`      // warm-up after that is found and discarded, too

	Duration         units.Seconds `yaml:"duration"`            // measured at least
	SessionsMin      int           `yaml:"sessions_min"`        // trajectories completed at least
	SessionsPerAgent float64       `yaml:"sessions_per_agent"`  // and per agent at least
	CallsMin         int           `yaml:"calls_min,omitempty"` // calls measured at least
	DurationMax      units.Seconds `yaml:"duration_max"`        // measured at most
	// CyclesMin lengthens Duration, and DurationMax with it, where agents are slow:
	// turns that each agent has time for at the service level's pace, gaps
	// included. SessionsSeen lengthens DurationMax where they are few: sessions
	// that all of them together have time for.
	CyclesMin       float64 `yaml:"cycles_min,omitempty"`
	SessionsSeen    int     `yaml:"sessions_seen,omitempty"`
	Batches         int     `yaml:"batches"`           // of the window, for intervals
	StopWhenCertain bool    `yaml:"stop_when_certain"` // after Duration, whatever minima are not met
	// Precision lets a phase go on beyond its minima until its verdict is
	// certain or its shares are known to ± this; 0 = the minima suffice.
	Precision float64 `yaml:"precision,omitempty"`

	// Lanes says how lanes begin and what of their idle time is played
	// (workload.arrivals: lanes).
	Lanes serve.LanesSpec `yaml:"lanes,omitempty"`

	// Search says how the answer is found: by bisection (default), each phase judged
	// alone, or regression: from short phases at different moments of the agents'
	// sessions, judged together by the curve through them. It is bisection anyway
	// where mean flows say fewer than 100 agents, or so few that one is more than the
	// tolerance, or nothing; where agents do not begin stationary; and where phases all
	// pass, up to four times as many.
	Search      string           `yaml:"search,omitempty"`
	StartAgents int              `yaml:"start_agents"` // the search begins here and doubles
	Tolerance   float64          `yaml:"tolerance"`    // the search ends when pass and fail are this close, relatively
	Sources     hardware.Sources `yaml:"sources,omitempty"`
}

// Where agents begin.
const (
	StationaryStart = "stationary" // at random points of their sessions and answers, on warm caches
	FreshStart      = "fresh"      // at the first turn of their first sessions, on empty caches
)

// How the answer is found.
const (
	Bisection  = "bisection"
	Regression = "regression"
)

// Where the random prefix of a session stands. Either way no session finds
// what another left behind its prefix: not one of the same phase that plays the
// same trajectory, nor one of an earlier phase.
const (
	PrefixAtStart     = "start"        // sessions share nothing
	PrefixAfterShared = "after-shared" // behind tools and system prompt, which stay shared
)

// SteadyState is the preset that finds the same answer with the fewest calls.
const SteadyState = "steady-state"

// Paced is the protocol with the phases and the search of another. How agents begin
// and what they send stays.
func (p *Protocol) Paced(as *Protocol) Protocol {
	paced := *as
	paced.Start, paced.RandomPrefix, paced.OutputMax, paced.Lanes = p.Start, p.RandomPrefix, p.OutputMax, p.Lanes
	paced.Ramp, paced.Warmup, paced.StartAgents, paced.Tolerance = p.Ramp, p.Warmup, p.StartAgents, p.Tolerance
	return paced
}

// agentsMax bounds where a search may begin: no deployment in sight holds more.
const agentsMax = 1 << 20

// Validate returns every fault, joined; each is a *fault.Field.
func (p *Protocol) Validate() error {
	const batchesLeast = 10 // fewer say nothing about their spread
	const batchesMost = 60  // a window has no more slices
	const cyclesMost = 1000 // more would be sessions
	upTo := fmt.Sprintf("0s to %v", longest)
	var c fault.List
	oneOf(&c, "start", p.Start, StationaryStart, FreshStart)
	oneOf(&c, "random_prefix", p.RandomPrefix, PrefixAtStart, PrefixAfterShared)
	c.Check(p.OutputMax >= 0, "output_max", p.OutputMax, "0 (none) or more")
	c.Check(p.Ramp >= 0 && p.Ramp <= longest, "ramp", p.Ramp, upTo)
	c.Check(p.Warmup >= 0 && p.Warmup <= longest, "warmup", p.Warmup, upTo)
	c.Check(p.Duration > 0 && p.Duration <= longest, "duration", p.Duration,
		fmt.Sprintf("more than 0s and up to %v", longest))
	c.Check(p.DurationMax >= p.Duration && p.DurationMax <= longest, "duration_max", p.DurationMax,
		fmt.Sprintf("at least the duration of %v, and up to %v", p.Duration, longest))
	c.Check(p.SessionsMin >= 0, "sessions_min", p.SessionsMin, "0 or more")
	c.Check(p.SessionsPerAgent >= 0, "sessions_per_agent", p.SessionsPerAgent, "0 or more")
	c.Check(p.CyclesMin >= 0 && p.CyclesMin <= cyclesMost, "cycles_min", p.CyclesMin,
		fmt.Sprintf("0 (none) to %d", cyclesMost))
	c.Check(p.SessionsSeen >= 0 && p.SessionsSeen <= agentsMax, "sessions_seen", p.SessionsSeen,
		fmt.Sprintf("0 (none) to %d", agentsMax))
	c.Check(p.CallsMin >= 0, "calls_min", p.CallsMin, "0 or more")
	c.Check(p.Batches >= batchesLeast && p.Batches <= batchesMost, "batches", p.Batches,
		fmt.Sprintf("%d to %d", batchesLeast, batchesMost))
	c.Check(p.Start != FreshStart || !p.StopWhenCertain, "stop_when_certain", p.StopWhenCertain,
		"false with start fresh, whose first samples are all of short contexts")
	c.Check(p.Precision >= 0 && p.Precision < 1, "precision", p.Precision, "0 (none) to 1, such as 0.01")
	oneOf(&c, "search", p.Search, Bisection, Regression)
	c.Check(p.StartAgents >= 1 && p.StartAgents <= agentsMax, "start_agents", p.StartAgents,
		fmt.Sprintf("1 to %d", agentsMax))
	c.Check(p.Tolerance > 0 && p.Tolerance < 1, "tolerance", p.Tolerance, "a number between 0 and 1, such as 0.01")
	c.In("lanes", p.Lanes.Validate())
	return c.Err()
}

// longest is a bound on times: far longer than any phase, and short enough that
// the clock of a simulation can count it.
const longest = 100 * 24 * 3600 * units.Seconds(1)

// oneOf wants one of some names, or none.
func oneOf(c *fault.List, path, value string, known ...string) {
	c.Check(value == "" || slices.Contains(known, value), path, strconv.Quote(value), strings.Join(known, " or "))
}
