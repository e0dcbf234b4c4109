package experiment

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/serve"
	"agentsim/trace"
)

// byNumber refuses scenarios in which no number of agents can be asked for.
func byNumber(s *configs.Scenario) error {
	if !s.Workload.ByTime() {
		return nil
	}
	return fmt.Errorf("%w: workload.arrivals: %s leaves the number of agents to the trace; want %s or %s, or run"+
		" without --agents", metrics.ErrConfiguration, s.Workload.Arrivals, trace.ArrivalsClosed, trace.ArrivalsLanes)
}

// Replay simulates the sessions of a trace that come at their recorded
// instants (workload.arrivals: open or partly-open), from the first one to the
// last answer. All of that is measured, from empty caches on; of the protocol
// only the length of batches counts. Drafts of unknown acceptance give a band, as
// Banded says.
func Replay(ctx context.Context, s *configs.Scenario, o Options) (*metrics.Result, error) {
	return Banded(ctx, s, o.onlyMiddle(replay))
}

func replay(ctx context.Context, s *configs.Scenario, o Options) (*metrics.Result, error) {
	if !s.Workload.ByTime() {
		return nil, fmt.Errorf("%w: workload.arrivals: want %s or %s to replay a trace by its times",
			metrics.ErrConfiguration, trace.ArrivalsOpen, trace.ArrivalsPartlyOpen)
	}
	begun := o.now()
	base, err := prepare(s)
	if err != nil {
		return nil, err
	}
	base.Observer = o.Observer
	c, err := serve.New(base.Config)
	if err != nil {
		return nil, fmt.Errorf("%w: workload.%w", metrics.ErrConfiguration, err)
	}
	p := &phase{accelerators: acceleratorsByWorker(s), window: newWindow(s, c)}
	p.window.seconds = float64(s.Protocol.Duration) / slicesFirst
	if err := p.replay(ctx, c); err != nil {
		return nil, err
	}
	p.conclude(s, c)
	r := p.result(s, base)
	r.Arrivals, r.Warnings = p.arrivals(s, base.Pool), base.warnings(s)
	r.Extrapolated = base.beyond
	r.Power.Series, r.Prompts.Series = p.series(s), p.promptSeries()
	r.Version, r.Calls, r.Events = o.Version, p.sum.Finished, p.events
	r.WallS = o.now().Sub(begun).Seconds()
	return r, nil
}

// replay advances a cluster until all sessions have come and gone.
func (p *phase) replay(ctx context.Context, c *serve.Cluster) error {
	for !c.Drained() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if c.Stuck() {
			return errors.New("the cluster is stuck: calls are under way and nothing is left to happen")
		}
		c.OpenWindow()
		if err := c.Run(p.window.seconds); err != nil {
			return infeasible(err)
		}
		p.window.add(c.Window(), c.Now())
	}
	if err := c.Check(); err != nil {
		return fmt.Errorf("a law is broken: %w", err)
	}
	p.verdict = p.window.verdict()
	return nil
}

func (p *phase) arrivals(s *configs.Scenario, pool *trace.Pool) *metrics.Arrivals {
	a := &metrics.Arrivals{
		Mode:      s.Workload.Arrivals,
		Speedup:   cmp.Or(s.Workload.Speedup, 1),
		Sessions:  p.sum.Sessions,
		Calls:     p.sum.Calls,
		SpanS:     p.span,
		CallsPerS: float64(p.sum.Calls) / p.span,
	}
	for _, i := range pool.Roots() {
		start, _ := pool.Start(i)
		a.LastArrivalS = max(a.LastArrivalS, start)
	}
	for state, spent := range p.sum.InState {
		a.Agents += spent.Seconds() / p.span
		if serve.State(state) != serve.InTool {
			a.InFlight += spent.Seconds() / p.span
		}
	}
	return a
}
