package experiment

import (
	"fmt"
	"time"

	"agentsim/configs"
	"agentsim/metrics"
)

// duration is how long a phase of some number of agents is to be measured, in
// seconds.
type duration struct {
	least, most float64
	seen        float64  // until the sessions have been seen that the protocol asks for
	notes       []string // what differs from the protocol, and why
}

// duration fits the durations of the protocol to the workload: a phase lasts at
// least as many cycles as the protocol asks for, and the most it may last grows
// with that, and for few agents to the sessions that they need. A trace is as slow as those who
// were recorded, so there the longest duration grows to what the minima need.
func (b *setup) duration(s *configs.Scenario, agents int) duration {
	p, n := &s.Protocol, float64(agents)
	d := duration{least: float64(p.Duration), most: float64(p.DurationMax)}
	cycle := b.mean.length() / b.mean.turns
	if least := p.CyclesMin * cycle; least > d.least {
		const undecided = 5 // times as long where the verdict is not certain by then
		d.least, d.most = least, max(d.most, undecided*least)
	}
	d.seen = float64(p.SessionsSeen) / n * b.mean.length()
	d.most = max(d.most, d.seen)
	const margin = 1.25 // sessions end when they end
	need := margin * b.sessionsNeeded(p, n) * b.mean.length()
	if s.Workload.Trace != "" && need > d.most {
		long := time.Duration(need * float64(time.Second)).Round(time.Second)
		d.notes = append(d.notes, fmt.Sprintf("protocol.duration_max grew to %v: the minima of the protocol are %.3g "+
			"sessions of each of %d agents, and those of the trace last %.0f s (%s)", long,
			b.sessionsNeeded(p, n), agents, b.mean.length(), b.mean.causes()))
		d.most = need
	}
	return d
}

// sessionsNeeded is how many sessions of each of n agents the minima of a
// protocol ask for.
func (b *setup) sessionsNeeded(p *configs.Protocol, n float64) float64 {
	return max(p.SessionsPerAgent, float64(p.SessionsMin)/n, float64(p.CallsMin)/b.mean.turns/n)
}

// causes says what of a session's time is no service.
func (m *meanSession) causes() string {
	return fmt.Sprintf("%.0f %% of it gaps, %.0f %% people", 100*m.gaps/m.length(), 100*m.people/m.length())
}

// allows refuses a protocol whose minima no number of agents can reach within
// its longest duration, however fast they are served: tools and people alone
// take longer.
func (b *setup) allows(s *configs.Scenario) error {
	const manyAgents = agentsMax // who see enough sessions at once
	p := &s.Protocol
	least := p.SessionsPerAgent * b.mean.gaps
	if s.Workload.Trace != "" || least <= b.duration(s, manyAgents).most {
		return nil
	}
	who := "tools"
	if 2*b.mean.people > b.mean.gaps {
		who = "people"
	}
	return fmt.Errorf("%w: protocol.duration_max: %v: the minima of the protocol are %.3g sessions of each agent, "+
		"whose %s alone take %.0f s; want a longer duration_max, shorter gaps (workload.gap_max of a trace, tool_gap and "+
		"user_turn.gap of a profile), protocol: steady-state, which waits for no whole sessions, or workload.arrivals: lanes",
		metrics.ErrConfiguration, p.DurationMax, p.SessionsPerAgent, who, least)
}
