package experiment

import (
	"cmp"
	"fmt"
	"slices"

	"agentsim/configs"
	"agentsim/trace"
)

// warnings is what a reader of any result of the scenario must know.
func (b *setup) warnings(s *configs.Scenario) []string {
	return slices.Concat(s.Notes(), s.Warnings(), b.hangs(s), b.extrapolated(s), b.notes)
}

// hangs says what the answer from a trace hangs on.
func (b *setup) hangs(s *configs.Scenario) []string {
	w := &s.Workload
	if w.Trace == "" {
		return nil
	}
	var out []string
	if !w.ByTime() && b.mean.gaps > 0 {
		limit := "none"
		if w.GapMax > 0 {
			limit = fmt.Sprint(w.GapMax)
		}
		out = append(out, fmt.Sprintf("%.0f %% of the time between the trace's calls is people's: the answer hangs on "+
			"workload.gap_max (%s), workload.arrivals (%s) and protocol.start (%s)", 100*b.mean.people/b.mean.gaps, limit,
			cmp.Or(w.Arrivals, trace.ArrivalsClosed), cmp.Or(s.Protocol.Start, configs.StationaryStart)))
	}
	if b.mean.turns == 1 && !w.ByTime() {
		out = append(out, "the trace's calls belong to no sessions: every agent sends one after the other without a pause; "+
			"workload.arrivals: open sends them when they came")
	}
	return out
}
