package experiment

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"agentsim/metrics"
	"agentsim/portable"
)

// regression searches by short phases that are judged together. Each finds the
// same agents at another moment of their sessions, so what two phases err by has
// hardly anything in common, and a line through all of them errs by less than each.
// The answer is where it crosses the level.
//
// Two phases beside the place that is thought of begin, and others follow until a
// pass and a failure are near each other. Then one on either side of the crossing
// goes on until it is known well enough, and a phase of the answer's own follows.
// What is measured next follows from the phases alone, in rounds of two that run
// side by side, so that the result is the same on any number of processors.
type regression struct {
	*search
	measure func(ctx context.Context, t *task) (*phase, error)
	bounds  func(agents int) duration

	moments int  // phases begun
	placed  bool // a pass and a failure have been neighbours
	late    int  // phases begun because the crossing had moved
}

// task is a phase to be measured until it has been for so many seconds.
type task struct {
	agents  int
	moment  int // of their sessions, at which they are found
	seconds float64
	phase   *phase // that goes on, or nil; then the one that was measured
	err     error
}

const (
	// apart is the ratio of a failure and a pass from which on the line between them
	// says where the crossing is.
	apart = 1.3
	// Where all phases pass, or fail, the next two are around closer beyond the place
	// where the line crosses, by closest or a third of the way there.
	closer, closest = 0.05, 0.03
	// astride is how far on either side of the crossing phases go on, in the logarithm
	// of agents.
	astride = 0.035
	// hidden is by how much the error of a phase is larger than its batch means
	// show: load comes and goes over longer than a batch, and sessions differ. It was
	// 1.3 to 1.9 for windows of a tenth of a session to seven (docs/VALIDATION.md).
	hidden = 1.75
	// vague is how many times the tolerance a half-width is where the crossing may
	// yet move away from phases near it.
	vague = 3
	// lateMost bounds the phases that are begun because the crossing moved.
	lateMost = 4
)

func (r *regression) run(ctx context.Context) error {
	for {
		tasks, err := r.next()
		if err != nil {
			return err
		}
		if len(tasks) == 0 {
			break
		}
		if err := r.round(ctx, tasks); err != nil {
			return err
		}
		r.forget()
		if r.astray() {
			r.phases = nil
			return r.search.run(ctx)
		}
	}
	return r.conclude()
}

// astray reports whether all phases pass, up to far more agents than mean flows say:
// they may be too short for whoever fails to end a call.
func (r *regression) astray() bool {
	const far = 4
	pass, fail := r.extremes()
	return fail == nil && float64(pass.agents) > far*r.near
}

// round measures phases side by side.
func (r *regression) round(ctx context.Context, tasks []*task) error {
	ended, free := make(chan *task), make(chan struct{}, r.places())
	pass, fail := r.extremes()
	for _, t := range tasks {
		go func() {
			free <- struct{}{}
			t.phase, t.err = r.measure(ctx, t)
			<-free
			ended <- t
		}()
	}
	for range tasks {
		if t := <-ended; t.err == nil && r.progress != nil {
			r.progress(t.agents, t.phase.phase.Pass, number(pass), number(fail))
		}
	}
	var failed error
	for _, t := range tasks {
		if t.err == nil && !slices.Contains(r.phases, t.phase) {
			r.phases = append(r.phases, t.phase)
		}
		failed = cmp.Or(failed, t.err)
	}
	slices.SortFunc(r.phases, func(a, b *phase) int { return a.agents - b.agents })
	return failed
}

// number is that of a phase's agents, or 0.
func number(p *phase) int {
	if p == nil {
		return 0
	}
	return p.agents
}

// next is what is to be measured next; nothing where the answer is known.
func (r *regression) next() ([]*task, error) {
	if !r.placed && !r.enclosed() && len(r.phases) < 3*phasesMost {
		return r.beside()
	}
	r.placed = true
	c := r.crossing()
	seconds := r.lacking(c)
	if seconds > 0 {
		return r.sharpen(c, seconds), nil
	}
	below, above := r.sides(c.at)
	switch {
	case r.late >= lateMost:
	case !r.close(c.at, below):
		r.late++
		return r.tasks(0, whole(c.at)), nil
	case above == nil:
		r.late++
		return r.tasks(0, 1+int(beside*portable.Exp(c.at))), nil
	}
	return nil, nil
}

// sharpen goes on for so many seconds with a phase on either side of the crossing,
// or begins it: so far away that both together say how fast shares fall there, and
// so near that they fall evenly.
func (r *regression) sharpen(c cross, seconds float64) []*task {
	if c.half > vague*r.scenario.Protocol.Tolerance {
		seconds = 0 // the crossing may yet move away
	}
	below := max(1, int(portable.Exp(c.at-astride)))
	above := max(below+1, int(math.Ceil(portable.Exp(c.at+astride))))
	return r.tasks(seconds/2, r.goesOn(below, 1, whole(c.at)), r.goesOn(above, whole(c.at)+1, agentsMax))
}

// goesOn is the number, between two others, of the phase that can go on and is the
// nearest to a number, if it is near; else that number, or one beside it that has
// not been measured.
func (r *regression) goesOn(agents, low, high int) int {
	best, full := 0, len(r.phases) >= phasesMost
	off := func(n int) float64 { return math.Abs(portable.Log(float64(n) / float64(agents))) }
	for _, p := range r.phases {
		if p.cluster == nil || p.agents < low || p.agents > high || !full && off(p.agents) > astride/2 {
			continue
		}
		if best == 0 || off(p.agents) < off(best) {
			best = p.agents
		}
	}
	for i := 0; best == 0 && i < agents; i++ {
		for _, n := range []int{agents - i, agents + i} {
			if best == 0 && find(r.phases, n) == nil {
				best = n
			}
		}
	}
	return max(1, best)
}

// step is how far below the crossing the answer may be.
func (r *regression) step(agents float64) float64 {
	return math.Floor(max(1, r.scenario.Protocol.Tolerance*agents))
}

// enclosed reports whether there is a phase not far on each side of the crossing.
func (r *regression) enclosed() bool {
	if pass, fail := r.extremes(); pass == nil || fail == nil {
		return false
	}
	below, above := r.sides(r.crossing().at)
	return below != nil && above != nil &&
		(above.agents-below.agents == 1 || float64(above.agents) <= apart*float64(below.agents))
}

// extremes are the largest number that passes and the smallest that fails.
func (r *regression) extremes() (pass, fail *phase) {
	for _, p := range r.phases {
		if p.phase.Pass {
			pass = p
		} else if fail == nil {
			fail = p
		}
	}
	return pass, fail
}

// sides are the phases next to a place.
func (r *regression) sides(at float64) (below, above *phase) {
	for _, p := range r.phases {
		if p.agents > whole(at) {
			return below, p
		}
		below = p
	}
	return below, nil
}

// beside are numbers from which to learn where the crossing is. None where one
// agent fails for sure.
func (r *regression) beside() ([]*task, error) {
	around := func(at, off float64, low, high int) []*task {
		number := func(at float64) int {
			return int(math.Round(min(max(float64(low), portable.Exp(at)), float64(high))))
		}
		return r.tasks(0, number(at-off), number(at+off))
	}
	if len(r.phases) == 0 {
		return around(portable.Log(min(r.near, agentsMax/4)), portable.Log(beside), 1, agentsMax), nil
	}
	at := r.crossing().at
	pass, fail := r.extremes()
	switch {
	case fail == nil && pass.agents >= agentsMax:
		return nil, tooMany(pass.agents)
	case fail == nil:
		off := min(max(at-portable.Log(float64(pass.agents)), 0), most)
		return around(portable.Log(float64(pass.agents))+off+closer, max(closest, off/3), pass.agents+1, agentsMax), nil
	case pass == nil && fail.agents == 1:
		longest := r.bounds(1).most
		if fail.verdict.Certain || fail.span >= longest*(1-rounding) {
			return nil, nil
		}
		return r.tasks(longest, 1), nil
	case pass == nil:
		off := min(max(portable.Log(float64(fail.agents))-at, 0), most)
		return around(portable.Log(float64(fail.agents))-off-closer, max(closest, off/3), 1, fail.agents-1), nil
	}
	below, above := r.sides(at)
	low, high := 1, agentsMax
	if below != nil {
		low = below.agents + 1
	}
	if above != nil {
		high = above.agents - 1
	}
	return around(at, portable.Log(beside)/2, low, high), nil
}

// tasks begin phases of some numbers, or go on with those that there are for so
// many seconds more, for as long again at most.
func (r *regression) tasks(seconds float64, numbers ...int) (list []*task) {
	for i, n := range numbers {
		least := r.least(n)
		t := &task{agents: n, seconds: min(max(seconds, least), 2*least), phase: find(r.phases, n)}
		switch {
		case slices.Contains(numbers[:i], n):
			continue
		case t.phase == nil:
			t.moment = r.moments
			r.moments++
		case t.phase.cluster == nil:
			continue
		default:
			t.seconds = t.phase.span + min(max(seconds, least/4), t.phase.span)
		}
		list = append(list, t)
	}
	return list
}

// forget lets go of the clusters of phases that will hardly go on: they are large.
func (r *regression) forget() {
	const kept = 16_000 // agents of all that are
	pass, fail := r.extremes()
	at := r.crossing().at
	near := func(p *phase) float64 { return math.Abs(portable.Log(float64(p.agents)) - at) }
	agents := 0
	nearer := func(a, b *phase) int { return cmp.Compare(near(a), near(b)) }
	for _, p := range slices.SortedStableFunc(slices.Values(r.phases), nearer) {
		agents += p.agents
		if !r.placed && p != pass && p != fail || r.placed && (agents > kept || near(p) > about) {
			p.cluster = nil
		}
	}
}

// whole is the largest number of agents up to a place.
func whole(at float64) int { return max(1, int(portable.Exp(at))) }

// close reports whether a phase is as near below a place as the tolerance.
func (r *regression) close(at float64, below *phase) bool {
	return below != nil && float64(whole(at)-below.agents) < r.step(float64(below.agents))
}

// least is how long a phase lasts at least, in seconds: until it has seen so many
// sessions that its errors are those that hidden says.
func (r *regression) least(agents int) float64 {
	const part = 6
	d := r.bounds(agents)
	return max(d.least, d.seen/part)
}

// lacking is how many seconds are yet to be measured until the crossing is known
// well enough, or the phases near it together have taken as long as one may.
func (r *regression) lacking(c cross) float64 {
	protocol := &r.scenario.Protocol
	seen, calls, sessions := r.seen(c.at)
	left := r.bounds(whole(c.at)).most - seen
	if left <= rounding*seen {
		return 0
	}
	of := min(c.half/protocol.Tolerance, c.share/protocol.Precision)
	most := of * of // times as long
	if protocol.CallsMin > 0 {
		most = max(most, float64(protocol.CallsMin)/max(1, calls))
	}
	if least := r.sessionsLeast(whole(c.at)); least > 0 {
		most = max(most, least/max(1, sessions))
	}
	return max(0, min(left, (most-1)*seen))
}

func (r *regression) sessionsLeast(agents int) float64 {
	return max(float64(r.scenario.Protocol.SessionsMin), r.scenario.Protocol.SessionsPerAgent*float64(agents))
}

// seen is how long the phases near a place were measured together, and what
// ended in that time. The further one is away, the less it counts.
func (r *regression) seen(at float64) (seconds, calls, sessions float64) {
	width := r.width(at, about)
	for _, p := range r.phases {
		weight := kernel((portable.Log(float64(p.agents)) - at) / width)
		seconds += weight * p.span
		calls += weight * float64(p.phase.Calls)
		sessions += weight * float64(p.phase.Sessions)
	}
	return seconds, calls, sessions
}

// conclude judges all phases by the line through them.
func (r *regression) conclude() error {
	if pass, _ := r.extremes(); pass == nil {
		return r.infeasible()
	}
	c := r.crossing()
	under := 0
	for _, p := range r.phases {
		if p.cluster = nil; p.agents <= whole(c.at) {
			under++
		}
	}
	under = min(max(under, 1), len(r.phases)-1)
	r.low, r.high = r.phases[under-1].agents, r.phases[under].agents
	low, high := min(float64(r.low), portable.Exp(c.at-c.half)), max(float64(r.low+1), portable.Exp(c.at+c.half))
	r.within = &[2]float64{low, high}
	short := r.short(c)
	for _, p := range r.phases {
		n := float64(p.agents)
		p.verdict.Pass, p.verdict.Certain = p.agents <= r.low, n < low || n > high
		p.phase.Pass, p.phase.Certain, p.phase.End = p.verdict.Pass, p.verdict.Certain, metrics.EndTogether
		if short != "" && p.agents == r.low {
			p.phase.End, p.phase.Shortfall = metrics.EndDurationMax, short
		}
	}
	return nil
}

// short says what the phases near the answer lack together; empty if nothing.
func (r *regression) short(c cross) string {
	protocol := &r.scenario.Protocol
	_, calls, sessions := r.seen(c.at)
	switch {
	case sessions < r.sessionsLeast(whole(c.at)):
		return fmt.Sprintf("%.0f of %.0f sessions of all phases near it", sessions, r.sessionsLeast(whole(c.at)))
	case calls < float64(protocol.CallsMin):
		return fmt.Sprintf("%.0f of %d calls of all phases near it", calls, protocol.CallsMin)
	case c.half > protocol.Tolerance && c.share > protocol.Precision:
		return fmt.Sprintf("shares known to ± %.2g by all phases near it, not %.2g", c.share, protocol.Precision)
	}
	return ""
}
