package experiment

import (
	"fmt"
	"math"
	"slices"

	"agentsim/configs"
	"agentsim/metrics"
)

// Progress is told of every phase as it ends.
type Progress func(agents int, pass bool, low, high int)

// search finds the largest number of agents that passes: by doubling, then by
// cutting the bracket in three. Two numbers are always tried side by side, so
// that the path does not depend on how many processors there are.
type search struct {
	scenario *configs.Scenario
	try      func(agents int) (*phase, error)
	progress Progress
	phases   []*phase // by agents
	low      int      // largest number known to pass; 0 = none
	high     int      // smallest number above low known to fail; 0 = none
}

func (s *search) run() error {
	if err := s.double(); err != nil {
		return err
	}
	if s.low == 0 {
		return s.infeasible()
	}
	for s.high-s.low > max(1, int(s.scenario.Protocol.Tolerance*float64(s.low))) {
		gap := s.high - s.low
		a := s.low + max(1, gap/3)
		b := s.low + max(1, 2*gap/3)
		if err := s.tryBoth(a, b); err != nil {
			return err
		}
	}
	return nil
}

// agentsMax bounds the search: no deployment in sight holds more.
const agentsMax = 1 << 20

func (s *search) double() error {
	n := max(1, s.scenario.Protocol.StartAgents)
	for s.high == 0 {
		if n > agentsMax {
			return fmt.Errorf("%d agents still meet the service level: is it one?", s.low)
		}
		if err := s.tryBoth(n, 2*n); err != nil {
			return err
		}
		n *= 4
	}
	if s.low == 0 && s.high > 1 {
		return s.tryBoth(1, s.high/2)
	}
	return nil
}

func (s *search) infeasible() error {
	p := s.phases[0].phase
	for _, c := range p.Conditions {
		if c.Margin() < 0 {
			return fmt.Errorf("%w: one agent already fails the service level: %s asks for %.0f %% of calls at %g, got %.1f %% "+
				"(output speed P25 %.1f tok/s, TTFT P95 %.2f s)", metrics.ErrInfeasible, c.Name, percent*c.Share, c.Target,
				percent*c.Met, p.OutputSpeedP25, p.TTFTP95S)
		}
	}
	return fmt.Errorf("%w: no call finished within the measured %.0f s", metrics.ErrInfeasible, p.WindowS)
}

const percent = 100

// tryBoth runs up to two phases side by side and narrows the bracket.
func (s *search) tryBoth(numbers ...int) error {
	numbers = slices.Compact(slices.DeleteFunc(numbers, func(n int) bool { return n < 1 || s.tried(n) }))
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
	for i := range numbers {
		if errs[i] != nil {
			return errs[i]
		}
		s.phases = append(s.phases, results[i])
	}
	slices.SortFunc(s.phases, func(a, b *phase) int { return a.agents - b.agents })
	s.narrow()
	return nil
}

func (s *search) tried(n int) bool {
	return slices.ContainsFunc(s.phases, func(p *phase) bool { return p.agents == n })
}

// narrow sets the bracket: up to the first failure above the passes below it.
func (s *search) narrow() {
	s.low, s.high = 0, 0
	for _, p := range s.phases {
		if !p.phase.Pass {
			s.high = p.agents
			return
		}
		s.low = p.agents
	}
}

// answer is the phase of the largest number that passes.
func (s *search) answer() *phase {
	i := slices.IndexFunc(s.phases, func(p *phase) bool { return p.agents == s.low })
	return s.phases[i]
}

// interval is the 95 % interval of the sampling error of the answer. Near
// it, the margin of the binding criterion is a line in the logarithm of the
// number of agents; the error of the margin over the slope of the line is the
// error of the crossing. It does not reach beyond the numbers whose verdicts
// are sure by themselves.
func (s *search) interval() (low, high float64) {
	binding := s.binding()
	var fit line
	for _, p := range s.phases {
		const near = 1.7 // phases within this factor of the answer bear on the line
		if r := float64(p.agents) / float64(s.low); r > near || r < 1/near {
			continue
		}
		fit.add(math.Log(float64(p.agents)), p.phase.Conditions[binding].Margin())
	}
	low, high = s.sure()
	slope := fit.slope()
	if !(slope < 0) {
		return low, high
	}
	n := float64(s.low)
	relative := s.answer().phase.Conditions[binding].HalfWidth / -slope
	return max(low, n*math.Exp(-relative)), min(high, max(float64(s.high), n*math.Exp(relative)))
}

// sure is the largest number that certainly passes and the smallest that
// certainly fails, or the ends of what was tried.
func (s *search) sure() (low, high float64) {
	low, high = float64(s.phases[0].agents), float64(s.phases[len(s.phases)-1].agents)
	for _, p := range s.phases {
		passes, fails := true, false
		for _, c := range p.phase.Conditions {
			passes = passes && c.Margin() >= c.HalfWidth
			fails = fails || c.Margin() < -c.HalfWidth
		}
		if passes && p.agents <= s.low {
			low = float64(p.agents)
		}
		if fails && p.agents >= s.high {
			return low, float64(p.agents)
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
