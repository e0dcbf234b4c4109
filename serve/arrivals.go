package serve

import "agentsim/trace"

// arrivals decides when agents come and when their calls go out.
type arrivals interface {
	// begin brings the first agents to life.
	begin() error
	// next schedules what follows a finished turn: the agent's next call, its
	// next session, or its end.
	next(id int32) error
	// drained reports whether all agents have gone and nobody comes any more.
	drained() bool
}

// newArrivals is the kind of arrivals that the workload names.
func newArrivals(g *agents) arrivals {
	switch g.cfg.Arrivals {
	case trace.ArrivalsOpen, trace.ArrivalsPartlyOpen:
		return newOpen(g)
	case trace.ArrivalsLanes:
		return newLanes(g)
	}
	return &closed{agents: g}
}
