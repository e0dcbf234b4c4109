package sweep

import (
	"errors"
	"strings"
	"time"

	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/serve"
)

// Preview is what can be said of a point without simulating.
type Preview struct {
	Point
	Settings []Setting
	Error    string        // of a point that cannot be: impossible or contradictory settings
	Verdict  string        // of one that likely serves no agent: why
	Agents   int           // estimated from mean flows
	Duration time.Duration // that its evaluation takes, roughly
}

// Preview estimates a point from mean flows.
func (e *Evaluator) Preview(number int) Preview {
	l := e.Load(number)
	p := Preview{Point: l.Point, Settings: l.settings}
	if l.err != nil {
		p.Error = l.err.Error()
		return p
	}
	if l.scenario.Deployment.Mode == serve.Auto { // ranking candidates takes longer than a preview may
		const finalists = 4
		p.Duration = deploymentsTried*flows + finalists*effort(&e.plan.Study.Design, &l.scenario.Protocol, nil)
		return p
	}
	r, err := e.solver.Flows(l.scenario)
	switch {
	case errors.Is(err, metrics.ErrInfeasible):
		p.Verdict = strings.TrimPrefix(err.Error(), metrics.ErrInfeasible.Error()+": ")
		p.Duration = effort(&e.plan.Study.Design, &l.scenario.Protocol, nil)
	case err != nil:
		p.Error = err.Error()
	default:
		p.Agents = r.Capacity.Agents
		p.Duration = effort(&e.plan.Study.Design, &l.scenario.Protocol, r)
	}
	return p
}

// deploymentsTried is about how many candidates mean flows rank where the
// deployment is left open, and flows what one takes.
const (
	deploymentsTried = 500
	flows            = 8 * time.Millisecond
)

// effort is how long one processor works on a point, measured on one core of a
// server of 2026 and good to a factor of two: a search simulates the protocol's
// window about eleven times, with the calls of the capacity it finds; the minima
// that the protocol sets for a phase count once where a phase may end when its
// verdict is certain.
func effort(d *Design, p *configs.Protocol, r *metrics.Result) time.Duration {
	const (
		estimate = 250 * time.Millisecond // five phases of a few thousand calls
		perCall  = 25 * time.Microsecond  // 14 on a large rack, 40 on a single node
		building = 50 * time.Millisecond
		phases   = 11
		turns    = 38 // of a session of the benchmark (agentperf.md 1.5), for protocols that count sessions
	)
	interval := 150 * time.Millisecond // 24 draws of mean flows
	if d.Interval == NoInterval {
		interval = 0
	}
	switch d.EvaluatedBy() {
	case Analytic:
		return estimate + interval
	case Flows:
		return flows + interval
	}
	if r == nil {
		return building
	}
	window := float64(p.Ramp+p.Warmup+p.Duration) * r.Metrics.TurnsPerS
	minima := max(float64(p.CallsMin), float64(p.SessionsMin)*turns, p.SessionsPerAgent*float64(r.Capacity.Agents)*turns)
	calls := phases*window + minima
	if !p.StopWhenCertain {
		calls = phases * max(window, minima)
	}
	return building + interval + time.Duration(calls)*perCall
}
