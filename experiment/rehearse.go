package experiment

import (
	"cmp"
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"agentsim/configs"
	"agentsim/experiment/power"
	"agentsim/experiment/sessions"
	"agentsim/metrics"
	"agentsim/models/moe"
	"agentsim/portable"
	"agentsim/serve"
)

// Rehearsal is a search by short phases, for estimates: where to begin, and
// what was made before.
type Rehearsal struct {
	Guess    float64                            // agents with which to begin
	Settled  bool                               // caches lose nothing, and need no time to fill
	Tabulate func(moe.Spec) (*moe.Table, error) // of expert groups; nil = moe.Tabulate
	Source   *sessions.Source                   // of the scenario's sessions, shared with others; nil = its own
}

// Rehearse estimates the capacity of a scenario with a few phases of a
// simulation, each of about a thousand calls, around a guess. Of every
// condition the share of calls that meet it falls with the number of agents; the
// answer is where the line through the phases near it says that the first
// condition is missed. Phases near it go on until that is known to some per cent,
// or would take as long as a search by the protocol.
func Rehearse(ctx context.Context, s *configs.Scenario, o Rehearsal) (*metrics.Result, error) {
	if err := byNumber(s); err != nil {
		return nil, err
	}
	unit := *s // units are equal and share nothing: one stands for all
	unit.Deployment.Units = 0
	base, err := prepareWith(&unit, o.Tabulate, o.Source)
	if err != nil {
		return nil, err
	}
	r := rehearsal{ctx: ctx, scenario: &unit, base: base, settled: o.Settled}
	units := max(1, s.Deployment.Units)
	if err := r.run(o.Guess / float64(units)); err != nil {
		return nil, err
	}
	return r.result(s, float64(units))
}

// rehearsal is the phases of one estimate, by agents.
type rehearsal struct {
	ctx      context.Context
	scenario *configs.Scenario
	base     *setup
	settled  bool
	phases   []*phase
	clusters map[*phase]*serve.Cluster // of the phases that can go on
}

const (
	rehearsed = 1500 // calls of a phase, at least
	// rounds is how many calls of each agent a phase has at least: those that
	// are under way when it begins are of an earlier time.
	rounds = 2
	// settling is how many calls of each agent pass before a phase counts, with
	// a bound on them: until those that were under way at the start are over.
	settling, settlingMost = 2, 5000
	// sharp is the half-width of an answer, in the logarithm of agents, at which
	// it is known well enough; phases go on for so many times their first calls, and
	// callsMost in all, to get there.
	sharp, longest, callsMost = 0.05, 16, 20_000
	// phasesMost bounds the phases of an estimate; bracket is the ratio of the
	// agents of a failure and a pass at which they are close enough for a line.
	phasesMost = 12
	bracket    = 1.12
	// A single agent that fails by more than so many half-widths does so for sure.
	unsure = 1
	// steepest and flattest bound the fall of a condition's margin, in standard
	// deviations a unit of the logarithm of agents.
	flattest, steepest = 0.1, 8
	// nearby is how far from the answer a phase counts, in the logarithm of agents.
	nearby = 0.35
	// unknown is a half-width, in the same, of an answer of which nothing is known.
	unknown = 3
)

func (r *rehearsal) run(guess float64) error {
	r.clusters = map[*phase]*serve.Cluster{}
	next, more := max(1, int(math.Round(guess))), true
	for {
		if more && (len(r.phases) < phasesMost || r.unmet()) {
			p, err := r.phase(next)
			if err != nil {
				return err
			}
			r.phases = append(r.phases, p)
			slices.SortFunc(r.phases, func(a, b *phase) int { return a.agents - b.agents })
		} else if more, err := r.sharpen(); !more || err != nil {
			return err
		}
		r.forget()
		next, more = r.next()
	}
}

// sharpen lets the phases on both sides of the answer go on for twice as long;
// false where it is known well enough, or has taken long enough.
func (r *rehearsal) sharpen() (bool, error) {
	low, high := r.ends()
	if half := r.halfWidth(); half <= sharp {
		return false, nil
	}
	gone := false
	for _, p := range []*phase{low, high} {
		if p == nil || r.clusters[p] == nil {
			continue
		}
		calls := 2 * float64(p.window.calls())
		if calls > longest*r.first(p.agents) || r.calls()+calls/2 > callsMost {
			continue
		}
		if err := r.goOn(p, calls); err != nil {
			return false, err
		}
		gone = true
	}
	return gone, nil
}

// halfWidth is that of the answer, in the logarithm of agents.
func (r *rehearsal) halfWidth() float64 {
	if low, high := r.ends(); low == nil && high.room() < -unsure*high.error() {
		return 0 // nobody is served, for sure
	} else if low == nil {
		return unknown
	}
	_, half := r.answer()
	return half
}

// answer is the number of agents of a unit at which the first condition is just
// met, and half of its 95 % interval in the logarithm of it.
func (r *rehearsal) answer() (at, half float64) {
	at = math.Inf(1)
	for i := range r.phases[0].verdict.Scores {
		if n, h := r.crossing(i); n < at {
			at, half = n, h
		}
	}
	return at, half
}

// calls is how many calls all phases have had.
func (r *rehearsal) calls() (n float64) {
	for _, p := range r.phases {
		n += float64(p.sum.Finished)
	}
	return n
}

// forget lets go of the clusters of phases that are not beside the answer.
func (r *rehearsal) forget() {
	low, high := r.ends()
	for p := range r.clusters {
		if p != low && p != high {
			delete(r.clusters, p)
		}
	}
}

// unmet says that no phase has passed, although fewer agents could.
func (r *rehearsal) unmet() bool { return r.phases[0].room() < 0 && r.phases[0].agents > 1 }

// next is the number of agents of another phase; false where enough is known.
func (r *rehearsal) next() (int, bool) {
	low, high := r.ends()
	switch {
	case low == nil && high.agents == 1:
		return 0, false
	case low == nil:
		fewer := float64(high.agents) * portable.Exp(max(high.room()/slope, -most))
		return max(1, min(high.agents-1, int(fewer))), true
	case high == nil:
		more := float64(low.agents) * portable.Exp(min(low.room()/slope, most))
		return max(low.agents+1, int(math.Ceil(more))), low.agents < agentsMax
	case high.agents-low.agents == 1, float64(high.agents) < bracket*float64(low.agents):
		return 0, false
	}
	// The line between the ends, away from them.
	const away = 0.2
	share := low.room() / (low.room() - high.room())
	share = min(max(share, away), 1-away)
	at := float64(low.agents) * portable.Pow(float64(high.agents)/float64(low.agents), share)
	return min(max(int(math.Round(at)), low.agents+1), high.agents-1), true
}

// slope is how fast margins fall where that is not known yet, in standard
// deviations; most is the largest step.
const slope, most = 2.5, 0.7

// ends are the largest phase that passes below the smallest that fails, and
// this one; nil where there is none.
func (r *rehearsal) ends() (low, high *phase) {
	for _, p := range r.phases {
		if p.room() < 0 {
			return low, p
		}
		low = p
	}
	return low, nil
}

// room is the least margin of the conditions, in standard deviations; negative
// where one is missed.
func (p *phase) room() float64 {
	least := math.Inf(1)
	for i := range p.verdict.Scores {
		least = min(least, deviations(&p.verdict.Scores[i]))
	}
	return least
}

// deviations is the margin of a condition on the scale on which shares of
// calls fall about evenly: that of normal deviations.
func deviations(s *metrics.Score) float64 {
	at := func(share float64) float64 {
		half := 0.5 / max(1, s.Requests)
		return distuv.UnitNormal.Quantile(min(max(share, half), 1-half))
	}
	return at(s.Met.Mean) - at(s.Criterion.Share)
}

// error is half of the 95 % interval of the least margin, in standard deviations.
func (p *phase) error() float64 {
	least, half := math.Inf(1), 0.0
	for i := range p.verdict.Scores {
		s := &p.verdict.Scores[i]
		if d := deviations(s); d < least {
			least, half = d, s.Met.Half/density(s)
		}
	}
	return half
}

// first is how many calls a phase of so many agents has at first.
func (r *rehearsal) first(agents int) float64 { return max(rehearsed, rounds*float64(agents)) }

// phase measures a number of agents.
func (r *rehearsal) phase(agents int) (*phase, error) {
	s := r.scenario
	n, cycle := float64(agents), r.cycle()
	c, err := start(r.base, agents, float64(s.Protocol.Ramp))
	if err != nil {
		return nil, err
	}
	warm := min(settling*n, settlingMost)
	if r.settled {
		warm = 0
	}
	step := float64(s.Protocol.Ramp+s.Protocol.Warmup) / 2
	for done := 0.0; done < 2*step || float64(c.Totals().Finished) < warm && done < slowest*warm/n*cycle; done += step {
		if err := cmp.Or(r.ctx.Err(), infeasible(c.Run(step))); err != nil {
			return nil, err
		}
	}
	p := measure(s, r.base, c, agents)
	const parts = 40 // slices
	p.window.seconds = r.first(agents) / n * cycle / parts
	r.clusters[p] = c
	return p, r.goOn(p, r.first(agents))
}

// slowest is how many times the cycle that the service level allows a call may
// take before its phase ends all the same.
const slowest = 4

// cycle is the time from call to call of an agent where the service level is
// just met, in seconds.
func (r *rehearsal) cycle() float64 { return r.base.mean.length() / r.base.mean.turns }

// goOn measures a phase until it has so many calls.
func (r *rehearsal) goOn(p *phase, calls float64) error {
	c := r.clusters[p]
	most := slowest * calls / float64(p.agents) * r.cycle()
	for float64(p.window.calls()) < calls && p.window.length() < most {
		if err := cmp.Or(r.ctx.Err(), p.slice(c)); err != nil {
			return err
		}
	}
	p.verdict = p.window.verdict()
	p.phase = metrics.Phase{}
	p.conclude(r.scenario, c)
	return nil
}

// crossing is the number of agents at which the line through the phases, those
// near the answer before others, says that a condition is just met, and half of
// its 95 % interval as a share of it.
func (r *rehearsal) crossing(condition int) (agents, half float64) {
	low, high := r.ends()
	if high == nil {
		high = low
	}
	centre := (portable.Log(float64(low.agents)) + portable.Log(float64(high.agents))) / 2
	var x, y, known []float64
	for _, p := range r.phases {
		score := &p.verdict.Scores[condition]
		off := portable.Log(float64(p.agents)) - centre
		x, y = append(x, off), append(y, deviations(score))
		known = append(known, portable.Exp(-off*off/(2*nearby*nearby))*score.Requests)
	}
	fall := float64(steepest)
	if len(x) > 1 {
		_, slope := stat.LinearRegression(x, y, known, false)
		fall = min(max(-slope, flattest), steepest)
	}
	score := &low.verdict.Scores[condition]
	share := floats.Sum(known) / score.Requests // phases that count as one
	at := stat.Mean(y, known)/fall + stat.Mean(x, known)
	return portable.Exp(centre + at), score.Met.Half / density(score) / fall / math.Sqrt(max(1, share))
}

// result is what the phases say of a scenario with so many units like theirs.
func (r *rehearsal) result(s *configs.Scenario, units float64) (*metrics.Result, error) {
	low, high := r.ends()
	if low == nil {
		s := search{phases: r.phases}
		return nil, s.infeasible()
	}
	at, half := r.answer()
	answer := low
	if high == nil {
		high = low
	} else if float64(high.agents)-at < at-float64(low.agents) {
		answer = high
	}
	agents := max(1, math.Floor(at*units))
	result := answer.result(r.scenario, r.base)
	draw := answer.account(s, r.base, result, agents, units)
	for _, rate := range []*float64{&result.Metrics.TurnsPerS, &result.Metrics.InputTokS, &result.Metrics.OutputTokS} {
		*rate *= units
	}
	accelerators := s.Deployment.Accelerators()
	breakdown := power.Breakdown(s, draw)
	result.Capacity = &metrics.Capacity{
		Agents:         int(agents),
		AgentsLow:      agents * portable.Exp(-half),
		AgentsHigh:     agents * portable.Exp(min(half, unknown)),
		Accelerators:   accelerators,
		PerAccelerator: agents / float64(accelerators),
		PerMW:          power.PerMW(agents, &breakdown),
	}
	phases := search{phases: r.phases, high: high.agents}
	result.Limit = phases.limit()
	for _, p := range r.phases {
		result.Calls += p.sum.Finished
		result.Events += p.events
	}
	return result, nil
}
