package experiment

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"

	"agentsim/configs"
	"agentsim/experiment/power"
	"agentsim/metrics"
	"agentsim/models/kvcache/prefix"
	"agentsim/models/moe"
	"agentsim/models/step"
	"agentsim/serve"
)

// Options are what a run takes besides its scenario.
type Options struct {
	Version  string
	Progress Progress
	Clock    func() time.Time // for wall_s; nil = 0
	Observer serve.Observer   // of a run at a fixed number; nil = none

	// Near is where the capacity is thought to lie: the search begins there, and
	// verdicts far away are taken for granted, unless the protocol is kept to the
	// letter. 0 = nobody says.
	Near float64
	// Side is how many phases of a search run at once; 0 = as many as there are
	// processors, up to four. The result does not depend on it.
	Side int

	Tabulate func(moe.Spec) (*moe.Table, error) // of expert groups, for a search; nil = moe.Tabulate

	Accuracy *configs.Accuracy // how far predictions are off, for intervals; nil = as shipped
	Aim      metrics.Aim       // what mode auto looks for
}

// Run simulates a fixed number of agents, as Banded does.
func Run(ctx context.Context, s *configs.Scenario, agents int, o Options) (*metrics.Result, error) {
	return Banded(ctx, s, o.onlyMiddle(func(ctx context.Context, s *configs.Scenario, o Options) (*metrics.Result, error) {
		return run(ctx, s, agents, o)
	}))
}

// onlyMiddle has an observer watch the first answer alone: at the ends of a band
// the run is another.
func (o Options) onlyMiddle(answer func(context.Context, *configs.Scenario, Options) (*metrics.Result, error),
) func(context.Context, *configs.Scenario) (*metrics.Result, error) {
	return func(ctx context.Context, s *configs.Scenario) (*metrics.Result, error) {
		r, err := answer(ctx, s, o)
		o.Observer = nil
		return r, err
	}
}

// countable refuses numbers of agents that no machine holds.
func countable(agents int) error {
	if agents < 1 || agents > agentsMax {
		return fmt.Errorf("%w: agents: %d: want 1 to %d", metrics.ErrConfiguration, agents, agentsMax)
	}
	return nil
}

func run(ctx context.Context, s *configs.Scenario, agents int, o Options) (*metrics.Result, error) {
	if err := countable(agents); err != nil {
		return nil, err
	}
	if err := byNumber(s); err != nil {
		return nil, err
	}
	begun := o.now()
	base, err := prepare(s)
	if err != nil {
		return nil, err
	}
	base.Observer = o.Observer
	p, err := runPhase(ctx, s, base, agents, 0)
	if err != nil {
		return nil, err
	}
	r := p.result(s, base)
	r.Agents, r.Power.Series = agents, p.series(s)
	r.Prompts.Series = p.promptSeries()
	r.Warnings = slices.Concat(p.warnings(), base.warnings(s))
	r.Extrapolated = base.beyond
	r.Version, r.Calls, r.Events = o.Version, p.sum.Finished, p.events
	r.WallS = o.now().Sub(begun).Seconds()
	return r, nil
}

// Capacity searches the largest number of agents that meets the service level.
// Where ctx ends first the error is a *StoppedError, which holds what is known.
// Drafts of unknown acceptance give a band, as Banded says.
func Capacity(ctx context.Context, s *configs.Scenario, o Options) (*metrics.Result, error) {
	return Banded(ctx, s, o.onlyMiddle(capacity))
}

func capacity(ctx context.Context, s *configs.Scenario, o Options) (*metrics.Result, error) {
	if err := byNumber(s); err != nil {
		return nil, err
	}
	begun := o.now()
	base, err := prepareWith(s, o.Tabulate, nil)
	if err != nil {
		return nil, err
	}
	search := search{scenario: s, progress: o.Progress, side: o.side(),
		try: func(ctx context.Context, agents int, least float64) (*phase, error) {
			return runPhase(ctx, s, base, agents, least)
		}}
	if s.Protocol.StopWhenCertain {
		search.near = o.Near
	}
	if err := search.by(base)(ctx); err != nil {
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			stopped := search.stopped(err)
			stopped.Known.Version = o.Version
			err = stopped
		}
		return nil, err
	}
	r := search.result(base)
	r.Version = o.Version
	r.WallS = o.now().Sub(begun).Seconds()
	return r, nil
}

// by is how the search goes. A regression wants to know about where the answer lies,
// phases that begin as they go on, and more agents than make one of them less than
// the tolerance: with fewer, neighbouring numbers are soon told apart, and it is the
// sessions of few agents that phases err by.
func (s *search) by(base *setup) func(context.Context) error {
	const few = 100 // agents, however coarse the tolerance
	protocol := &s.scenario.Protocol
	if protocol.Search != configs.Regression || !base.stationary() || s.near < few || s.near*protocol.Tolerance < 1 {
		return s.run
	}
	r := regression{search: s,
		measure: func(ctx context.Context, t *task) (*phase, error) { return measureAt(ctx, s.scenario, base, t) },
		bounds:  func(agents int) duration { return base.duration(s.scenario, agents) },
	}
	return r.run
}

// side is how many phases run at once. Each keeps a cluster in memory, and what
// is tried ahead of four is rarely asked for.
func (o *Options) side() int {
	const most = 4
	if o.Side > 0 {
		return o.Side
	}
	return min(most, runtime.GOMAXPROCS(0))
}

func (o *Options) now() time.Time {
	if o.Clock == nil {
		return time.Time{}
	}
	return o.Clock()
}

func (s *search) result(base *setup) *metrics.Result {
	answer := s.answer()
	r := answer.result(s.scenario, base)
	low, high := s.interval()
	n := float64(answer.agents)
	accelerators := s.scenario.Deployment.Accelerators()
	breakdown := power.Breakdown(s.scenario, answer.draw(s.scenario, answer.sum.Work, answer.span))
	r.Capacity = &metrics.Capacity{
		Agents:         answer.agents,
		AgentsLow:      low,
		AgentsHigh:     high,
		Accelerators:   accelerators,
		PerAccelerator: n / float64(accelerators),
		PerMW:          power.PerMW(n, &breakdown),
	}
	r.Limit = s.limit()
	r.Warnings = slices.Concat(s.warnings(), base.warnings(s.scenario))
	r.Extrapolated = base.beyond
	for _, p := range s.phases {
		r.Search = append(r.Search, p.phase)
		r.Calls += p.sum.Finished
		r.Events += p.events
	}
	return r
}

// limit names the condition that stands in the way of more agents, and the
// longest part of what it is about.
func (s *search) limit() string {
	failed := s.failure()
	condition := failed.phase.Conditions[failed.verdict.Tightest]
	t := &failed.sum
	if !strings.HasPrefix(condition.Name, string(metrics.TTFT)) {
		return condition.Name + ": decode steps"
	}
	n := max(1, float64(t.Calls))
	parts := []struct {
		name    string
		seconds float64
	}{
		{"waiting for prefill", t.Queue / n},
		{"prefill", t.Fill / n},
		{"transfer and waiting for a decode slot", t.Hand / n},
	}
	worst := parts[0]
	for _, p := range parts[1:] {
		if p.seconds > worst.seconds {
			worst = p
		}
	}
	return condition.Name + ": " + worst.name
}

// warnings tells of the phases at the edge of the bracket that are no verdicts
// of the protocol.
func (s *search) warnings() []string {
	if len(s.answer().duration.notes) > 0 {
		return slices.Concat(s.answer().warnings(), s.failure().ended())
	}
	return slices.Concat(s.answer().warnings(), s.failure().warnings())
}

// warnings says where the phase departs from the protocol: it was measured for
// longer, or ran for its longest time without what the protocol asks for.
func (p *phase) warnings() []string {
	return append(p.ended(), p.duration.notes...)
}

// ended says that the phase ran for its longest time without what the protocol
// asks for.
func (p *phase) ended() []string {
	if p.phase.End != metrics.EndDurationMax {
		return nil
	}
	return []string{fmt.Sprintf("the phase of %d agents ended at protocol.duration_max with %s: "+
		"its verdict is a best guess", p.agents, p.phase.Shortfall)}
}

// result is what one phase found.
func (p *phase) result(s *configs.Scenario, base *setup) *metrics.Result {
	r := &metrics.Result{
		Scenario:    s.Name,
		Question:    s.Question,
		Seed:        s.Seed,
		Fingerprint: p.phase.Fingerprint,
		Metrics:     p.figures(&base.mean),
		Time:        p.time(s),
	}
	p.account(s, base, r, float64(p.agents), 1)
	r.Prompts = p.prompts(s, &base.Config)
	r.Memory = memories(&base.Config, r.Metrics.MeanInput)
	return r
}

// figures are those of service. Gaps of people are told from those of tools by
// the workload's means.
func (p *phase) figures(session *meanSession) metrics.Figures {
	t := &p.sum
	for _, values := range [][]float64{t.TTFT, t.Speed, t.E2ESpeed} {
		slices.Sort(values)
	}
	calls := max(1, float64(t.Calls))
	f := metrics.Figures{
		OutputSpeedP25: p.phase.OutputSpeedP25,
		OutputSpeedP50: metrics.Quantile(t.Speed, 0.5),
		E2ESpeedP25:    metrics.Quantile(t.E2ESpeed, 0.25),
		E2ESpeedP50:    metrics.Quantile(t.E2ESpeed, 0.5),
		TTFTP50S:       metrics.Quantile(t.TTFT, 0.5),
		TTFTP95S:       p.phase.TTFTP95S,
		TurnsPerS:      float64(t.Calls) / p.span,
		InputTokS:      float64(t.InputTokens) / p.span,
		OutputTokS:     float64(t.OutputTokens) / p.span,
		PrefixHitRate:  float64(t.HitTokens) / max(1, float64(t.InputTokens)),
		MeanInput:      float64(t.InputTokens) / calls,
		MeanOutput:     float64(t.OutputTokens) / calls,
	}
	if t.InputTokens > 0 {
		lost := prefixLost(t.Missed, t.InputTokens)
		f.PrefixLost = &lost
	}
	all := 0.0
	for _, spent := range t.InState {
		all += spent.Seconds()
	}
	if all > 0 {
		f.ShareInGaps = t.InState[serve.InTool].Seconds() / all
		f.ShareOfPeople = f.ShareInGaps * session.people / max(session.gaps, math.SmallestNonzeroFloat64)
	}
	p.spread(&f)
	return f
}

// spread fills in the means and the quantiles that public runs are reported by,
// and the share of calls that meet the service level.
func (p *phase) spread(f *metrics.Figures) {
	t := &p.sum
	f.TTFTMeanS = average(t.TTFT)
	f.TTFTP90S, f.TTFTP99S = metrics.Quantile(t.TTFT, 0.9), metrics.Quantile(t.TTFT, 0.99)
	if f.OutputSpeedP50 > 0 {
		const milli = 1e3
		slowest := func(share float64) float64 { return milli / metrics.Quantile(t.Speed, share) }
		f.TPOTP50MS, f.TPOTP90MS, f.TPOTP95MS, f.TPOTP99MS = slowest(0.5), slowest(0.1), slowest(0.05), slowest(0.01)
		spans := 0.0
		for _, speed := range t.Speed {
			spans += milli / speed
		}
		f.TPOTMeanMS = spans / float64(len(t.Speed))
	}
	f.LevelMet = p.met()
}

// met is the share of calls that meet the condition which fewest meet; 1 where
// nothing is asked.
func (p *phase) met() float64 {
	share := 1.0
	for _, score := range p.verdict.Scores {
		share = min(share, score.Met.Mean)
	}
	return share
}

func average(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / max(1, float64(len(values)))
}

func (p *phase) time(s *configs.Scenario) metrics.Time {
	t := metrics.Time{ByState: map[string]float64{}, Busy: map[string]float64{}}
	calls := max(1, float64(p.sum.Calls))
	for i, spent := range p.sum.InState {
		t.ByState[serve.State(i).String()] = spent.Seconds() / calls
		t.CycleS += spent.Seconds() / calls
	}
	worker := 0
	steps, sequences := 0.0, 0.0
	for _, pool := range s.Deployment.Pools() {
		busy := 0.0
		for range pool.Workers {
			w := p.sum.Work[worker]
			busy += w.Busy.Seconds()
			if w.Steps > 0 {
				steps += float64(w.Steps)
				sequences += w.Sequences / float64(pool.Spec.Shape.Normalised().Ranks())
			}
			worker++
		}
		t.Busy[pool.Name] = busy / p.span / float64(pool.Workers)
	}
	if steps > 0 {
		t.Batch = sequences / steps
	}
	return t
}

// memories is the memory of a rank of every pool, with prompts of so many tokens.
func memories(cfg *serve.Config, tokens float64) []metrics.Pool {
	specs, err := cfg.CacheSpecs()
	var all []metrics.Pool
	for i, pool := range cfg.Deployment.Pools() {
		m := Memory(pool.Name, cfg.Models()[i])
		if err == nil { // else no run came about
			m.Pools = cachePools(&specs[i], int(tokens))
		}
		all = append(all, m)
	}
	return all
}

// cachePools is the budget of a rank's cache.
func cachePools(s *prefix.Spec, tokens int) []metrics.CachePool {
	var pools []metrics.CachePool
	for _, b := range s.Budget(tokens).Pools {
		p := metrics.CachePool{
			Pool:     b.Pool,
			Bytes:    float64(b.Bytes),
			Reserved: float64(b.Reserved + b.InFlight),
			Tokens:   float64(b.Tokens),
		}
		if b.Idle > 0 {
			p.Sessions, p.Latest = float64(b.Sessions), float64(b.Latest)
		}
		var names []string
		for _, c := range b.Components {
			names = append(names, c.Component)
			p.Parts = append(p.Parts, metrics.CachePart{
				Component:  c.Component,
				Kind:       string(c.Kind),
				PerToken:   float64(c.PerToken),
				Checkpoint: float64(c.Checkpoint),
				Running:    float64(c.Running),
				Idle:       float64(c.Idle),
			})
		}
		p.Component = strings.Join(names, ", ")
		pools = append(pools, p)
	}
	return pools
}

// Memory is what one accelerator of a pool holds.
func Memory(pool string, m *step.Model) metrics.Pool {
	b := m.Budget()
	perToken, _, _ := m.CacheBytes()
	return metrics.Pool{
		Pool:        pool,
		HBM:         float64(b.HBM),
		Unused:      float64(b.Unused),
		Experts:     float64(b.Experts),
		Dense:       float64(b.Dense),
		Embeddings:  float64(b.Embeddings),
		Reserved:    float64(b.Reserved),
		Activations: float64(b.Activations),
		Cache:       float64(b.Cache),
		CacheTokens: float64(b.Cache) / perToken,
	}
}
