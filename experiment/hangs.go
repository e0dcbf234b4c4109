package experiment

import (
	"cmp"
	"fmt"
	"math"
	"time"

	"agentsim/configs"
	"agentsim/trace"
	"agentsim/units"
)

// granted returns the protocol that a phase of so many agents follows. The
// sessions of a trace take as long as they do, so the longest duration grows to
// what the minima need at the pace that the service level allows; it says so.
// For drawn sessions a protocol whose minima cannot be reached is refused.
func (b *setup) granted(s *configs.Scenario, agents int) (p configs.Protocol, note string, err error) {
	p = s.Protocol
	if s.Workload.Trace == "" {
		return p, "", b.allows(&p, agents)
	}
	need := b.sessionsNeeded(&p, agents) * (b.mean.gaps + b.mean.service)
	if need <= float64(p.DurationMax) {
		return p, "", nil
	}
	p.DurationMax = units.Seconds(math.Ceil(need))
	long := time.Duration(float64(p.DurationMax) * float64(time.Second)).Round(time.Second)
	return p, fmt.Sprintf("protocol.duration_max grew to %v: the minima of the protocol are %.3g sessions of each of %d "+
		"agents, and those of the trace last %.0f s", long, b.sessionsNeeded(&p, agents), agents,
		b.mean.gaps+b.mean.service), nil
}

// hangs says what the answer from a trace hangs on, and what of the trace was
// left out.
func (b *setup) hangs(s *configs.Scenario) []string {
	w := &s.Workload
	if w.Trace == "" {
		return nil
	}
	var out []string
	if !w.ByTime() && b.mean.gaps > 0 {
		limit := "none"
		switch {
		case w.GapMax > 0:
			limit = fmt.Sprint(w.GapMax)
		case w.Arrivals == trace.ArrivalsLanes:
			limit = fmt.Sprintf("%gs", w.PoolOptions().GapMax)
		}
		out = append(out, fmt.Sprintf("%.0f %% of the time between the trace's calls is people's: the answer hangs on "+
			"workload.gap_max (%s), workload.arrivals (%s) and protocol.start (%s)", 100*b.mean.people/b.mean.gaps, limit,
			cmp.Or(w.Arrivals, trace.ArrivalsClosed), cmp.Or(s.Protocol.Start, configs.StationaryStart)))
	}
	if b.mean.turns == 1 && !w.ByTime() {
		out = append(out, "the trace's calls belong to no sessions: every agent sends one after the other without a pause; "+
			"workload.arrivals: open sends them when they came")
	}
	return append(out, b.notes...)
}
