package experiment

import (
	"context"
	"fmt"
	"slices"

	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/serve"
)

// phase is one number of agents, simulated and measured.
type phase struct {
	agents       int
	accelerators []int // by worker
	criteria     []metrics.Criterion
	span         float64 // seconds measured
	sum          serve.Tally
	batches      [][]metrics.Ratio // calls that meet each criterion, slice of the window by slice
	events       uint64            // of the whole run
	phase        metrics.Phase
}

// runPhase simulates so many agents until the protocol is satisfied.
func runPhase(ctx context.Context, s *configs.Scenario, cfg serve.Config, agents int) (*phase, error) {
	cfg.Agents = agents
	c, err := serve.New(cfg)
	if err != nil {
		return nil, err
	}
	p := newPhase(s, agents)
	if err := c.Run(float64(s.Protocol.Ramp + s.Protocol.Warmup)); err != nil {
		return nil, infeasible(err)
	}
	sessionsBefore := c.Totals().Sessions
	slice := float64(s.Protocol.Duration) / float64(s.Protocol.Batches)
	for !p.enough(&s.Protocol, sessionsBefore) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c.OpenWindow()
		if err := c.Run(slice); err != nil {
			return nil, infeasible(err)
		}
		p.add(c.Window(), slice)
	}
	if err := c.Check(); err != nil {
		return nil, fmt.Errorf("a law is broken at %d agents: %w", agents, err)
	}
	p.conclude(s, c, sessionsBefore)
	return p, nil
}

func newPhase(s *configs.Scenario, agents int) *phase {
	criteria := s.SLO.Criteria()
	p := &phase{agents: agents, criteria: criteria, batches: make([][]metrics.Ratio, len(criteria))}
	for _, pool := range s.Deployment.Pools() {
		for range pool.Workers {
			p.accelerators = append(p.accelerators, pool.Spec.Shape.Accelerators)
		}
	}
	return p
}

// enough reports whether the phase may end: all minima are met, or its
// verdict is certain before.
func (p *phase) enough(protocol *configs.Protocol, sessionsBefore int64) bool {
	if p.span >= float64(protocol.DurationMax) {
		return true
	}
	if protocol.StopWhenCertain && len(p.batches[0]) >= protocol.Batches && p.certain() {
		return true
	}
	sessions := p.sum.Sessions - sessionsBefore
	return p.span >= float64(protocol.Duration)*(1-1e-9) && sessions >= int64(protocol.SessionsMin) &&
		float64(sessions) >= protocol.SessionsPerAgent*float64(p.agents) && p.sum.Calls >= int64(protocol.CallsMin)
}

func (p *phase) add(t *serve.Tally, seconds float64) {
	p.span += seconds
	p.sum.Merge(t)
	for i, c := range p.criteria {
		b := metrics.Ratio{}
		samples := t.TTFT
		if c.Measure == metrics.OutputSpeed {
			samples = t.Speed
		}
		for _, v := range samples {
			b.Below++
			if c.Meets(v) {
				b.Above++
			}
		}
		p.batches[i] = append(p.batches[i], b)
	}
}

// certain reports whether every condition holds, or one fails, by so much
// that no more of the same would change it.
func (p *phase) certain() bool {
	const halves = 2.5 // about five standard deviations: every batch is one more look
	all := true
	for i, c := range p.criteria {
		met := metrics.RatioOf(p.batches[i])
		margin := met.Mean - c.Share
		if margin < -halves*met.Half {
			return p.sum.Calls > 0
		}
		all = all && margin > halves*met.Half
	}
	return all && p.sum.Calls > 0
}

// conclude draws the verdict. The cluster, which is large, is not kept.
func (p *phase) conclude(s *configs.Scenario, c *serve.Cluster, sessionsBefore int64) {
	p.events = c.Events()
	slices.Sort(p.sum.TTFT)
	slices.Sort(p.sum.Speed)
	p.phase = metrics.Phase{Agents: p.agents, Pass: p.sum.Calls > 0,
		OutputSpeedP25: metrics.Quantile(p.sum.Speed, quarter), TTFTP95S: metrics.Quantile(p.sum.TTFT, ninetyFive),
		Calls: p.sum.Calls, Sessions: p.sum.Sessions - sessionsBefore, WindowS: p.span,
		PerAccelW: p.acceleratorWatts(s), Fingerprint: fmt.Sprintf("%016x", c.Fingerprint())}
	for i, k := range p.criteria {
		met := metrics.RatioOf(p.batches[i])
		held := metrics.Condition{Name: fmt.Sprintf("%s.p%g", k.Measure, k.Percent), Target: k.Target, Share: k.Share,
			Met: met.Mean, HalfWidth: min(met.Half, 1)} // infinite where there is too little to tell
		p.phase.Pass = p.phase.Pass && held.Margin() >= 0
		p.phase.Conditions = append(p.phase.Conditions, held)
	}
}

// The quantiles that results always show.
const (
	quarter    = 0.25
	half       = 0.5
	ninetyFive = 0.95
)
