package trace

import (
	"errors"
	"io"
	"math"
)

// Examination is what a trace is good for: how much of it is known, and how it
// is best replayed.
type Examination struct {
	Summary *Summary `json:"summary"`

	Alone int64 `json:"calls_alone"`      // calls without a session
	Timed int64 `json:"calls_with_start"` // of which the instant is known
	Gaps  int64 `json:"known_gaps"`       // of calls after the first, with the time before them

	// PeopleShare is the share of recorded time that was spent waiting for
	// people: their gaps over all gaps and service.
	PeopleShare float64 `json:"people_share"`
	// GapMax is a limit for gaps that keeps nine tool gaps of ten, in seconds;
	// 0 = none is needed.
	GapMax   float64 `json:"gap_max_s,omitempty"`
	Arrivals string  `json:"arrivals"` // the replay that fits
	Why      string  `json:"why"`
}

// Examine reads a whole trace.
func Examine(r Reader) (*Examination, error) {
	x := &Examination{}
	var stats Stats
	var c Call
	for {
		err := r.Read(&c)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		stats.Add(&c)
		if c.Session == "" {
			x.Alone++
		}
		if c.Start >= 0 {
			x.Timed++
		}
	}
	x.Summary = stats.Summary()
	x.Gaps = x.Summary.ToolGap.N + x.Summary.UserGap.N
	x.weigh()
	return x, nil
}

// weigh finds the replay that fits.
func (x *Examination) weigh() {
	s := x.Summary
	people, tools, service := s.UserGap.Mean*float64(s.UserGap.N), s.ToolGap.Mean*float64(s.ToolGap.N),
		s.Service.Mean*float64(s.Service.N)
	if all := people + tools + service; all > 0 {
		x.PeopleShare = people / all
	}
	const shortest = 10 // seconds: AgentX keeps gaps up to that
	later := s.Calls - s.Sessions
	switch {
	case x.Alone == s.Calls && x.Timed > 0:
		x.Arrivals, x.Why = ArrivalsOpen, "calls belong to no sessions, but it is known when they came"
	case x.Alone == s.Calls:
		x.Arrivals = ArrivalsClosed
		x.Why = "calls belong to no sessions and have no times: every agent sends one after the other"
	case s.SubAgents > 0 && x.Timed > 0:
		x.Arrivals, x.Why = ArrivalsLanes, "sub-agents run beside their sessions"
	case later > 0 && x.Gaps == 0:
		x.Arrivals = ArrivalsClosed
		x.Why = "no gap between calls is known, so tools take no time: fewer agents than in truth fit"
	default:
		x.Arrivals, x.Why = ArrivalsClosed, "sessions with gaps between calls"
	}
	if x.PeopleShare > 0.5 && x.Arrivals == ArrivalsClosed {
		x.GapMax = max(math.Ceil(s.ToolGap.P90), shortest)
		x.Why += "; most of the time is people's, who are not waited for with gap_max"
	}
}
