package experiment

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"

	"agentsim/configs"
	"agentsim/experiment/power"
	"agentsim/experiment/sessions"
	"agentsim/metrics"
	"agentsim/serve"
	"agentsim/trace"
	"agentsim/units"
)

// How a day is sampled, in seconds. The number of agents changes slowly against a
// call, so a window stands for the span around it; failures and repairs are
// simulated from before them until things have settled.
const (
	eventBefore = 120
	eventAfter  = 600
	eventSlice  = 30
)

// Day simulates a day of at most so many agents.
func Day(ctx context.Context, s *configs.Scenario, agents int, o Options) (*metrics.Day, error) {
	if err := countable(agents); err != nil {
		return nil, err
	}
	if a := s.Workload.Arrivals; a != "" && a != trace.ArrivalsClosed {
		return nil, fmt.Errorf("%w: workload.arrivals: %s: want %s: the day says how many agents there are",
			metrics.ErrConfiguration, a, trace.ArrivalsClosed)
	}
	begun := o.now()
	base, err := prepareWith(s, nil, nil)
	if err != nil {
		return nil, err
	}
	d := &day{scenario: s, base: base, spec: s.Day.Full(), agents: agents}
	if err := d.curve(); err != nil {
		return nil, err
	}
	if err := d.locate(); err != nil {
		return nil, err
	}
	parts := d.parts()
	if err := d.simulate(ctx, parts); err != nil {
		return nil, err
	}
	r := d.result(parts)
	r.Warnings = append(r.Warnings, base.warnings(s)...)
	r.Version, r.WallS = o.Version, o.now().Sub(begun).Seconds()
	return r, nil
}

// day is a day under way.
type day struct {
	scenario *configs.Scenario
	base     *setup
	spec     configs.DaySpec
	agents   int
	failures []serve.Failure // by the clock of the day
}

// dayPart is a span of the day and what was simulated of it.
type dayPart struct {
	from, to   float64 // of the day that it stands for
	begin, end float64 // what is measured
	slice      float64
	times      []metrics.DayTime
	events     uint64
	like       *dayPart // simulated in its place, since nothing is different; nil = itself
}

// curve reads the curve of a day off a trace.
func (d *day) curve() error {
	if d.spec.Trace == "" {
		return nil
	}
	pool, err := sessions.Trees(d.spec.Trace)
	if err != nil {
		return fmt.Errorf("%w: day.trace: %w", metrics.ErrConfiguration, err)
	}
	every := float64(d.spec.Every)
	counts := make([]float64, int(math.Ceil(float64(d.spec.Length)/every)))
	most := 0.
	for _, i := range pool.Roots() {
		if start, _ := pool.Start(i); start >= 0 {
			at := int(math.Mod(start, float64(d.spec.Length)) / every)
			counts[at]++
			most = max(most, counts[at])
		}
	}
	if most == 0 {
		return fmt.Errorf("%w: day.trace: %s: no session has a time", metrics.ErrConfiguration, d.spec.Trace)
	}
	const middle = 2
	for i, n := range counts {
		d.spec.Agents = append(d.spec.Agents, configs.DayPoint{At: d.spec.Every*units.Seconds(i) + d.spec.Every/middle,
			Share: n / most})
	}
	return nil
}

// locate finds the workers that each failure stops.
func (d *day) locate() error {
	system, deployment := &d.scenario.System, &d.scenario.Deployment
	for i, f := range d.spec.Failures {
		size := map[string]int{configs.FailsAccelerator: 1, configs.FailsNode: system.AcceleratorsPer,
			configs.FailsRack: system.Accelerators}[f.Of]
		workers := deployment.WorkersOn(f.Number*size, (f.Number+1)*size, system.Accelerators)
		if len(workers) == 0 {
			return fmt.Errorf("%w: day.failures[%d].number: %d: no worker needs %s %d; the deployment has %d accelerators, "+
				"%d in a node and %d in a rack", metrics.ErrConfiguration, i, f.Number, f.Of, f.Number, deployment.Accelerators(),
				system.AcceleratorsPer, system.Accelerators)
		}
		d.failures = append(d.failures, serve.Failure{At: float64(f.At), Repair: float64(f.Repair), Retry: float64(f.Retry),
			Workers: workers})
	}
	return nil
}

// alive is the number of agents at an instant of the day.
func (d *day) alive(at float64) int {
	return int(math.Round(float64(d.agents) * d.spec.Share(min(max(at, 0), float64(d.spec.Length)))))
}

// parts cuts the day: events with what is around them, and the spans between.
func (d *day) parts() (parts []*dayPart) {
	length := float64(d.spec.Length)
	for _, f := range d.failures {
		for _, at := range []float64{f.At, f.At + f.Repair} {
			if from, to := max(0, at-eventBefore), min(length, at+eventAfter); at < length {
				parts = append(parts, &dayPart{
					from:  from,
					to:    to,
					begin: from,
					end:   to,
					slice: d.eventSlice(),
				})
			}
		}
	}
	slices.SortFunc(parts, func(a, b *dayPart) int { return cmp.Compare(a.from, b.from) })
	for i := 1; i < len(parts); {
		if before := parts[i-1]; parts[i].from <= before.to {
			before.to = max(before.to, parts[i].to)
			before.end = before.to
			parts = slices.Delete(parts, i, i+1)
			continue
		}
		i++
	}
	events := slices.Clone(parts)
	quiet := func(from, to float64) {
		window := min(float64(d.spec.Window), to-from)
		middle := (from + to) / 2
		parts = append(parts, &dayPart{
			from:  from,
			to:    to,
			begin: middle - window/2,
			end:   middle + window/2,
			slice: window,
		})
	}
	for from := 0.; from < length; from += float64(d.spec.Every) {
		at, to := from, min(length, from+float64(d.spec.Every))
		for _, e := range events {
			if e.to <= at || e.from >= to {
				continue
			}
			if e.from > at {
				quiet(at, e.from)
			}
			at = min(e.to, to)
		}
		if at < to {
			quiet(at, to)
		}
	}
	slices.SortFunc(parts, func(a, b *dayPart) int { return cmp.Compare(a.from, b.from) })
	return parts
}

// simulate runs the parts side by side: each begins anew where it begins.
func (d *day) simulate(ctx context.Context, parts []*dayPart) error {
	errs := make([]error, len(parts))
	next := make(chan int)
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(parts)) {
		group.Go(func() {
			for i := range next {
				errs[i] = d.run(ctx, parts[i])
			}
		})
	}
	known := map[string]*dayPart{}
	for i, p := range parts {
		key := d.steady(p)
		if p.like = known[key]; p.like != nil {
			continue
		}
		if key != "" {
			known[key] = p
		}
		next <- i
	}
	close(next)
	group.Wait()
	for i, p := range parts {
		if errs[i] != nil {
			return errs[i]
		}
		if p.like != nil {
			t := p.like.times[0]
			t.FromS, t.ToS = p.from, p.to
			p.times = []metrics.DayTime{t}
		}
	}
	return nil
}

// eventSlice is how long a span around an event is: with calls enough to tell
// whether the level holds, if agents take as long for a turn as it allows.
func (d *day) eventSlice() float64 {
	const calls = 200
	turn := d.base.mean.length() / d.base.mean.turns
	return min(max(eventSlice, calls*turn/float64(d.agents)), eventBefore)
}

// steady names what a window in which nothing changes depends on; empty where
// something does.
func (d *day) steady(p *dayPart) string {
	zero := p.begin - d.lead()
	if p.slice < p.end-p.begin || d.alive(zero) != d.alive(p.end) || d.alive(p.begin) != d.alive(p.end) {
		return ""
	}
	key := fmt.Sprint(d.alive(zero), p.end-p.begin)
	for i, f := range d.failures {
		switch from, to := f.At, f.At+f.Repair; {
		case to <= zero || from >= p.end:
		case from < zero && to > p.end:
			key += fmt.Sprint(" failure ", i)
		default:
			return ""
		}
	}
	return key
}

// lead is how long a simulation runs before it is measured, in seconds.
func (d *day) lead() float64 {
	return float64(d.scenario.Protocol.Ramp + d.scenario.Protocol.Warmup)
}

// run simulates one part.
func (d *day) run(ctx context.Context, p *dayPart) error {
	lead := d.lead()
	zero := p.begin - lead // the time of day at which the simulation begins
	cfg := d.base.Config
	cfg.Agents = d.alive(zero)
	for second := 1.; second <= p.end-zero; second++ {
		if by := d.alive(zero+second) - d.alive(zero+second-1); by != 0 {
			cfg.Population = append(cfg.Population, serve.Change{At: second, By: by})
		}
	}
	cfg.Failures = nil
	for _, f := range d.failures {
		const after = 1e-6 // s: what happens at the edge of two windows is in the later one
		if f.At += after - zero; f.At < p.end-zero && f.At+f.Repair > 0 {
			cfg.Failures = append(cfg.Failures, f)
		}
	}
	if err := cfg.Prepare(); err != nil {
		return fmt.Errorf("%w: %w", metrics.ErrConfiguration, err)
	}
	c, err := serve.New(cfg)
	if err != nil {
		return err
	}
	if err := c.Run(lead); err != nil {
		return infeasible(err)
	}
	for at := p.begin; at < p.end-rounding; {
		if err := ctx.Err(); err != nil {
			return err
		}
		seconds := min(p.slice, p.end-at)
		c.OpenWindow()
		if err := c.Run(seconds); err != nil {
			return infeasible(err)
		}
		t := d.look(c, seconds)
		t.FromS, t.ToS = at, at+seconds
		at += seconds
		p.times = append(p.times, t)
	}
	p.events = c.Events()
	p.times[0].FromS, p.times[len(p.times)-1].ToS = p.from, p.to // a window stands for what is around it
	for i := range p.times {
		p.times[i].Down = d.down(p.times[i].FromS, p.times[i].ToS)
	}
	if err := c.Check(); err != nil {
		return fmt.Errorf("a law is broken: %w", err)
	}
	return nil
}

// look reads what a window has measured.
func (d *day) look(c *serve.Cluster, seconds float64) metrics.DayTime {
	w := c.Window()
	t := metrics.DayTime{
		MeasuredS: seconds,
		Agents:    c.Alive(),
		Holds:     true,
		TurnsPerS: float64(w.Calls) / seconds,
		Lost:      w.Failed,
	}
	for _, criterion := range d.scenario.SLO.Criteria() {
		values := samples(w, criterion.Measure)
		met := 0.
		for _, v := range values {
			if criterion.Meets(v) {
				met++
			}
		}
		share := 1. // of no call none fails
		if len(values) > 0 {
			share = met / float64(len(values))
		} else if c.InFlight() > 0 && w.Calls == 0 {
			share = 0 // all wait
		}
		score := metrics.NewScore(criterion, metrics.Interval{Mean: share}, float64(len(values)))
		t.Holds = t.Holds && score.Pass()
		t.Conditions = append(t.Conditions, metrics.ConditionOf(score))
	}
	if len(w.Speed) > 0 {
		slices.Sort(w.Speed)
		v := metrics.Quantile(w.Speed, 0.25)
		t.SpeedP25 = &v
	}
	if len(w.TTFT) > 0 {
		slices.Sort(w.TTFT)
		v := metrics.Quantile(w.TTFT, 0.95)
		t.TTFTP95S = &v
	}
	p := phase{accelerators: acceleratorsByWorker(d.scenario)}
	b := power.Breakdown(d.scenario, p.draw(d.scenario, w.Work, seconds))
	t.AcceleratorW, t.ITW, t.FacilityW = float64(b.Accelerator), float64(b.IT), float64(b.Facility)
	return t
}

// down counts the accelerators of workers that are out of service for most of a span.
func (d *day) down(from, to float64) (n int) {
	middle := (from + to) / 2
	each := acceleratorsByWorker(d.scenario)
	for w := range each {
		if slices.ContainsFunc(d.failures, func(f serve.Failure) bool {
			return f.At <= middle && middle < f.At+f.Repair && slices.Contains(f.Workers, w)
		}) {
			n += each[w]
		}
	}
	return n
}

// result puts the parts together.
func (d *day) result(parts []*dayPart) *metrics.Day {
	s := d.scenario
	r := &metrics.Day{
		Scenario: s.Name,
		Question: s.Question,
		Agents:   d.agents,
		LengthS:  float64(d.spec.Length),
		Failures: []metrics.DayLoss{},
	}
	for _, p := range parts {
		r.Times = append(r.Times, p.times...)
		r.Events += p.events
	}
	const (
		joulesPerKWh = 3.6e6
		hour         = 3600
	)
	for i := range r.Times {
		t := &r.Times[i]
		span := t.ToS - t.FromS
		if t.Holds {
			r.ShareHeld += span / r.LengthS
		}
		r.Turns += span * t.TurnsPerS
		r.AgentHours += span * float64(t.Agents) / hour
		r.Energy.AcceleratorKWh += span * t.AcceleratorW / joulesPerKWh
		r.Energy.ITKWh += span * t.ITW / joulesPerKWh
		r.Energy.FacilityKWh += span * t.FacilityW / joulesPerKWh
		end := metrics.DayEnd{AtS: t.FromS, Agents: t.Agents, FacilityW: t.FacilityW}
		if i == 0 || t.Agents > r.Peak.Agents {
			r.Peak = end
		}
		if i == 0 || t.Agents < r.Trough.Agents {
			r.Trough = end
		}
	}
	const kilo = 1e3
	if r.AgentHours > 0 {
		r.Energy.PerAgentHourWh = r.Energy.FacilityKWh * kilo / r.AgentHours
	}
	if price := &s.Price; price.AcceleratorHour > 0 || price.ElectricityKWh > 0 {
		cost := price.AcceleratorHour*float64(s.Deployment.Accelerators())*r.LengthS/hour +
			price.ElectricityKWh*r.Energy.FacilityKWh
		r.Cost = &metrics.DayCost{Currency: price.Currency, Day: cost, PerAgentHour: cost / max(1, r.AgentHours)}
	}
	for i := range d.failures {
		r.Failures = append(r.Failures, d.loss(i, r.Times))
	}
	if length := d.base.mean.length(); length > float64(d.spec.Every) {
		r.Warnings = append(r.Warnings, fmt.Sprintf("sessions last %.0f s on average, longer than day.every: who is there "+
			"at one span still sits there in the next, which windows that begin anew do not see", length))
	}
	return r
}

// loss is what a failure did, up to ten minutes after its repair: the level broke
// where a span does not hold although the one before the failure did, and holds
// again after the last span that does not.
func (d *day) loss(i int, times []metrics.DayTime) metrics.DayLoss {
	f, spec := &d.failures[i], d.spec.Failures[i]
	l := metrics.DayLoss{
		Of:      spec.Of,
		Number:  spec.Number,
		AtS:     f.At,
		RepairS: f.Repair,
		Down:    d.downWith(f),
	}
	before, last := true, metrics.DayTime{Holds: true}
	for _, t := range times {
		switch {
		case t.ToS <= f.At:
			before = t.Holds
			continue
		case t.FromS >= f.At+f.Repair+eventAfter:
		default:
			l.Lost += t.Lost
			last = t
			if before && !t.Holds {
				l.Broke = true
				again := t.ToS - f.At
				l.AgainS = &again
			}
			if t.TTFTP95S != nil && (l.WorstTTFT == nil || *t.TTFTP95S > *l.WorstTTFT) {
				l.WorstTTFT = t.TTFTP95S
			}
		}
	}
	if !last.Holds {
		l.AgainS = nil
	}
	return l
}

func (d *day) downWith(f *serve.Failure) (n int) {
	each := acceleratorsByWorker(d.scenario)
	for _, w := range f.Workers {
		n += each[w]
	}
	return n
}
