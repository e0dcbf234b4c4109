package experiment

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/serve"
	"agentsim/trace"
)

// phase is one number of agents, simulated and measured.
type phase struct {
	agents       int
	accelerators []int // by worker
	duration     duration
	warms        bool // it may begin unlike it goes on
	confirmed    bool // it was measured for as long as the failure above it
	window       *window
	cluster      *serve.Cluster // of one that may go on; nil = it will not
	span         float64        // seconds of the window that count: those after the warm-up
	sum          serve.Tally    // what happened in that span
	verdict      metrics.Verdict
	events       uint64 // of the whole run, warm-up included
	phase        metrics.Phase
}

// runPhase simulates so many agents until the protocol is satisfied.
// It is measured for so many seconds, at least.
func runPhase(ctx context.Context, s *configs.Scenario, base *setup, agents int, least float64) (*phase, error) {
	if err := base.allows(s); err != nil {
		return nil, err
	}
	c, err := start(base, agents, float64(s.Protocol.Ramp))
	if err != nil {
		return nil, err
	}
	if err := c.Run(float64(s.Protocol.Ramp + s.Protocol.Warmup)); err != nil {
		return nil, infeasible(err)
	}
	p := measure(s, base, c, agents)
	p.duration = base.duration(s, agents)
	p.duration.least = max(p.duration.least, least)
	p.duration.most = max(p.duration.most, p.duration.least)
	p.window.seconds = p.duration.least / slicesFirst
	p.warms = s.Protocol.MSER5 && !base.stationary()
	for p.phase.End == "" {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := p.slice(c); err != nil {
			return nil, err
		}
		p.look(&s.Protocol)
	}
	if err := c.Check(); err != nil {
		return nil, fmt.Errorf("a law is broken at %d agents: %w", agents, err)
	}
	p.conclude(s, c)
	return p, nil
}

// start begins a cluster of so many agents within a ramp, in seconds.
func start(base *setup, agents int, ramp float64) (*serve.Cluster, error) {
	cfg := base.Config
	cfg.Agents, cfg.Ramp = agents, ramp
	return serve.New(cfg)
}

// stationary reports whether agents begin as they go on.
func (b *setup) stationary() bool {
	return !b.Cold && (b.Arrivals == "" || b.Arrivals == trace.ArrivalsClosed)
}

// measure opens the window of a phase, whose slices are yet to be given a length.
func measure(s *configs.Scenario, base *setup, c *serve.Cluster, agents int) *phase {
	w := newWindow(s, c)
	w.session = base.mean.length()
	return &phase{agents: agents, accelerators: acceleratorsByWorker(s), window: w}
}

// slice measures the next slice of the window.
func (p *phase) slice(c *serve.Cluster) error {
	c.OpenWindow()
	if err := c.Run(p.window.seconds); err != nil {
		return infeasible(err)
	}
	p.window.add(c.Window(), c.Now())
	return nil
}

func acceleratorsByWorker(s *configs.Scenario) (list []int) {
	for _, pool := range s.Deployment.Pools() {
		for range pool.Workers {
			list = append(list, pool.Spec.Shape.Accelerators)
		}
	}
	return list
}

// lookEvery is how many slices pass between two looks at a phase.
const lookEvery = 5

// look decides whether the phase may end now, and notes why.
func (p *phase) look(protocol *configs.Protocol) {
	w := p.window
	if len(w.slices)%lookEvery != 0 {
		return
	}
	if p.warms {
		w.settle()
	}
	p.verdict = w.verdict()
	long := w.settled && w.span() >= p.duration.least*(1-rounding)
	missing := p.missing(protocol)
	switch {
	case long && p.verdict.Certain && (protocol.StopWhenCertain || protocol.Precision > 0 && missing == ""):
		p.phase.End = metrics.EndCertain
	case long && missing == "" && protocol.Precision == 0:
		p.phase.End = metrics.EndMinima
	case long && missing == "" && p.verdict.Half <= protocol.Precision:
		p.phase.End = metrics.EndPrecise
	case w.length() >= p.duration.most*(1-rounding):
		p.phase.End = metrics.EndDurationMax
		p.phase.Shortfall = cmp.Or(missing, p.unsettled(protocol))
	}
}

// rounding is the relative error that summing slices may leave in a duration.
const rounding = 1e-9

// missing says which minimum of the protocol is not met yet; empty if none.
func (p *phase) missing(protocol *configs.Protocol) string {
	sessions, calls := p.window.sessions(), p.window.calls()
	least := max(float64(protocol.SessionsMin), protocol.SessionsPerAgent*float64(p.agents))
	switch {
	case float64(sessions) < least:
		return fmt.Sprintf("%d of %.0f sessions", sessions, math.Ceil(least))
	case calls < int64(protocol.CallsMin):
		return fmt.Sprintf("%d of %d calls", calls, protocol.CallsMin)
	}
	return ""
}

// unsettled says what else a phase that ran for its longest time lacks.
func (p *phase) unsettled(protocol *configs.Protocol) string {
	switch {
	case !p.window.settled:
		return "no steady state"
	case p.window.span() < p.duration.least*(1-rounding):
		return fmt.Sprintf("%.0f of %.0f s of steady state", p.window.span(), p.duration.least)
	}
	return fmt.Sprintf("shares known to ± %.2g, not %.2g", min(p.verdict.Half, 1), protocol.Precision)
}

// conclude fills in the figures of the phase, after which the cluster is no
// longer needed: it is large, and a search has many phases.
func (p *phase) conclude(s *configs.Scenario, c *serve.Cluster) {
	p.span, p.sum, p.events = p.window.span(), p.window.sum(), c.Events()
	for _, values := range [][]float64{p.sum.TTFT, p.sum.Speed, p.sum.E2ESpeed} {
		slices.Sort(values)
	}
	p.phase.Agents, p.phase.Pass, p.phase.Certain = p.agents, p.verdict.Pass, p.verdict.Certain
	p.phase.OutputSpeedP25 = metrics.Quantile(p.sum.Speed, 0.25)
	p.phase.TTFTP95S = metrics.Quantile(p.sum.TTFT, 0.95)
	p.phase.Calls, p.phase.Sessions = p.sum.Calls, p.window.sessions()
	p.phase.WindowS, p.phase.DeletedS = p.span, p.window.length()-p.span
	p.phase.PerAccelW = p.acceleratorWatts(s)
	p.phase.Fingerprint = fmt.Sprintf("%016x", c.Fingerprint())
	for _, score := range p.verdict.Scores {
		p.phase.Conditions = append(p.phase.Conditions, metrics.ConditionOf(score))
	}
}
