package experiment

import (
	"fmt"
	"slices"

	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/portable"
)

// Progress is told of every phase as it ends.
type Progress func(agents int, pass bool, low, high int)

// search finds the largest number of agents that passes: by doubling, then by
// bisection between the last pass and the first failure, as the benchmark does.
// Two numbers are always tried side by side, so that the path does not depend
// on how many processors there are; of a bisection, the middle and the middle
// that is likely to come next. The guess costs time where it is wrong, and never
// changes the answer.
type search struct {
	scenario *configs.Scenario
	try      func(agents int) (*phase, error)
	progress Progress
	phases   []*phase // by agents
	low      int      // largest number of agents known to pass; 0 = none
	high     int      // smallest number of agents above low known to fail; 0 = none
}

func (s *search) run() error {
	if err := s.double(); err != nil {
		return err
	}
	if s.low == 0 && s.high > 1 {
		if err := s.tryBoth(1, s.high/2); err != nil {
			return err
		}
		s.step(1)
	}
	if s.low == 0 {
		return s.infeasible()
	}
	for !s.close() {
		middle := s.low + (s.high-s.low)/2
		if s.tried(middle) == nil {
			if err := s.tryBoth(middle, s.next(middle)); err != nil {
				return err
			}
		}
		s.step(middle)
	}
	return nil
}

// close reports whether the bracket is within the tolerance.
func (s *search) close() bool { return s.high-s.low <= s.resolution() }

// resolution is the width of a bracket that is not cut any more.
func (s *search) resolution() int { return max(1, int(s.scenario.Protocol.Tolerance*float64(s.low))) }

// step narrows the bracket by the verdict on a number inside it.
func (s *search) step(agents int) {
	if s.tried(agents).phase.Pass {
		s.low = agents
	} else {
		s.high = agents
	}
}

// next is the number that bisection is likely to ask for after the middle of
// the bracket: on the side where the line between the margins of its ends
// crosses zero. 0 where it will ask for none.
func (s *search) next(middle int) int {
	if s.high-middle <= s.resolution() {
		return 0
	}
	passed, failed := s.tried(s.low).margin(), s.tried(s.high).margin()
	crossing := float64(s.low) + float64(s.high-s.low)*passed/(passed-failed)
	if crossing < float64(middle) {
		return s.low + (middle-s.low)/2
	}
	return middle + (s.high-middle)/2
}

// agentsMax bounds the search: no deployment in sight holds more.
const agentsMax = 1 << 20

func (s *search) double() error {
	for n := s.scenario.Protocol.StartAgents; ; n *= 2 {
		if n > agentsMax {
			return fmt.Errorf("%d agents still meet the service level: is it one?", s.low)
		}
		if s.tried(n) == nil {
			if err := s.tryBoth(n, 2*n); err != nil {
				return err
			}
		}
		if s.step(n); s.high > 0 {
			return nil
		}
	}
}

func (s *search) infeasible() error {
	p := s.phases[0].phase
	for _, c := range p.Conditions {
		if c.Margin() < 0 && p.Calls > 0 {
			return fmt.Errorf("%w: one agent already fails the service level: %s asks for %.0f %% of calls at %g, got %.1f %% "+
				"(output speed P25 %.1f tok/s, TTFT P95 %.2f s)", metrics.ErrInfeasible, c.Name, 100*c.Share, c.Target,
				100*c.Met, p.OutputSpeedP25, p.TTFTP95S)
		}
	}
	return fmt.Errorf("%w: no call finished within the measured %.0f s", metrics.ErrInfeasible, p.WindowS)
}

// tryBoth runs up to two phases side by side, those that were not yet.
func (s *search) tryBoth(numbers ...int) error {
	numbers = slices.Compact(slices.DeleteFunc(numbers, func(n int) bool { return n < 1 || s.tried(n) != nil }))
	results := make([]*phase, len(numbers))
	errs := make([]error, len(numbers))
	done := make(chan int)
	for i, n := range numbers {
		go func() {
			results[i], errs[i] = s.try(n)
			done <- i
		}()
	}
	for range numbers {
		i := <-done
		if s.progress != nil && errs[i] == nil {
			s.progress(numbers[i], results[i].phase.Pass, s.low, s.high)
		}
	}
	var failed error
	for i := range numbers {
		if errs[i] == nil {
			s.phases = append(s.phases, results[i])
		} else if failed == nil {
			failed = errs[i]
		}
	}
	slices.SortFunc(s.phases, func(a, b *phase) int { return a.agents - b.agents })
	return failed
}

// stopped is what the phases that ended say of the answer, for a search that
// was interrupted.
func (s *search) stopped(cause error) *StoppedError {
	e := &StoppedError{cause: cause, Known: metrics.Stopped{Scenario: s.scenario.Name, Question: s.scenario.Question,
		Seed: s.scenario.Seed, Stopped: true}}
	for _, p := range s.phases {
		e.Known.Search = append(e.Known.Search, p.phase)
		switch {
		case !p.phase.Pass && e.Known.Below == 0:
			e.Known.Below = p.agents
		case p.phase.Pass && e.Known.Below == 0:
			e.Known.AtLeast = p.agents
		}
	}
	return e
}

// StoppedError is that of a search whose context ended; it wraps the context's.
type StoppedError struct {
	Known metrics.Stopped
	cause error
}

// Error says why; what is known is a result of its own.
func (e *StoppedError) Error() string {
	return "stopped before the answer was found: " + e.cause.Error()
}

// Unwrap returns why the search ended.
func (e *StoppedError) Unwrap() error { return e.cause }

// tried is the phase of a number, or nil.
func (s *search) tried(n int) *phase {
	i := slices.IndexFunc(s.phases, func(p *phase) bool { return p.agents == n })
	if i < 0 {
		return nil
	}
	return s.phases[i]
}

// answer is the phase of the largest number that passes, failure that of the
// number above it that fails.
func (s *search) answer() *phase  { return s.tried(s.low) }
func (s *search) failure() *phase { return s.tried(s.high) }

// margin is by how much the tightest condition is met; negative where it fails.
func (p *phase) margin() float64 { return p.verdict.Scores[p.verdict.Tightest].Margin() }

// interval is the 95 % interval of the sampling error of the answer. Near
// it, the margin of the binding criterion is a line in the logarithm of the
// number of agents; the error of the margin over the slope of the line is the
// error of the crossing. It does not reach beyond the numbers whose verdicts
// are sure by themselves.
func (s *search) interval() (low, high float64) {
	binding := s.failure().verdict.Tightest
	var fit line
	for _, p := range s.phases {
		const near = 1.7 // phases within this factor of the answer bear on the line
		if r := float64(p.agents) / float64(s.low); r > near || r < 1/near {
			continue
		}
		fit.add(portable.Log(float64(p.agents)), p.verdict.Scores[binding].Margin())
	}
	low, high = s.sure()
	slope := fit.slope()
	if !(slope < 0) {
		return s.mixed(low, high)
	}
	n := float64(s.low)
	relative := min(1, s.answer().verdict.Scores[binding].Met.Half) / -slope
	return s.mixed(max(low, n*portable.Exp(-relative)), min(high, max(float64(s.high), n*portable.Exp(relative))))
}

// sure is the largest number that certainly passes and the smallest that
// certainly fails, or the ends of what was tried.
func (s *search) sure() (low, high float64) {
	low, high = float64(s.phases[0].agents), float64(s.phases[len(s.phases)-1].agents)
	for _, p := range s.phases {
		passes, fails := true, false
		for _, score := range p.verdict.Scores {
			passes = passes && score.Pass() && score.Sure()
			fails = fails || !score.Pass() && score.Sure()
		}
		if passes && p.agents <= s.low {
			low = float64(p.agents)
		}
		if fails && p.agents >= s.high {
			high = float64(p.agents)
			break
		}
	}
	return low, high
}

// mixed widens an interval to numbers whose verdicts are the other way round, as
// where a cluster may run well for long before it breaks down.
func (s *search) mixed(low, high float64) (float64, float64) {
	for _, p := range s.phases {
		switch n := float64(p.agents); {
		case p.agents < s.low && !p.phase.Pass:
			low = min(low, n)
		case p.agents > s.high && p.phase.Pass:
			high = max(high, n)
		}
	}
	return low, high
}

// line is a least-squares line.
type line struct{ n, x, y, xx, xy float64 }

func (l *line) add(x, y float64) {
	l.n++
	l.x += x
	l.y += y
	l.xx += x * x
	l.xy += x * y
}

func (l *line) slope() float64 {
	return (l.n*l.xy - l.x*l.y) / (l.n*l.xx - l.x*l.x)
}
