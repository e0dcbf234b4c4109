package experiment

import (
	"context"
	"fmt"
	"slices"

	"agentsim/configs"
	"agentsim/metrics"
)

// Progress is told of every phase as it ends.
type Progress func(agents int, pass bool, low, high int)

// search finds the largest number of agents that passes. Its path says which
// numbers to try, one after the other; numbers that it is likely to ask for
// later run beside, as many as there are places. What ran and was never
// asked for is left out of the result, so that the result does not depend on how
// many there are.
type search struct {
	scenario *configs.Scenario
	try      func(ctx context.Context, agents int, least float64) (*phase, error) // for so many seconds, at least
	progress Progress
	near     float64  // where the answer is thought to lie; 0 = nobody says
	side     int      // phases at once, at least 1
	phases   []*phase // of the path, by agents
	low      int      // largest number of agents known to pass; 0 = none
	high     int      // smallest number of agents above low known to fail; 0 = none

	within *[2]float64 // interval of the answer, where it is that of a regression; nil = of its phases
}

// ran is a phase that ended, or why it did not.
type ran struct {
	agents int
	phase  *phase
	err    error
}

// running is a phase under way.
type running struct {
	cancel  context.CancelFunc
	dropped bool // for one that is wanted more
}

func (s *search) run(ctx context.Context) error {
	known, now := map[int]*ran{}, map[int]*running{}
	ended := make(chan *ran)
	defer func() {
		for _, r := range now {
			r.cancel()
		}
		for range now {
			<-ended
		}
	}()
	for {
		wanted, err := s.follow(known)
		if err != nil {
			return err
		}
		if len(wanted) == 0 {
			longer, err := s.confirm(ctx)
			if err != nil {
				return err
			}
			if longer == nil {
				break
			}
			known[longer.agents] = &ran{agents: longer.agents, phase: longer}
			continue
		}
		s.staff(ctx, wanted, now, ended)
		one := <-ended
		r := now[one.agents]
		r.cancel()
		delete(now, one.agents)
		if one.err == nil || !r.dropped || ctx.Err() != nil {
			known[one.agents] = one
		}
		if one.err == nil && s.progress != nil {
			s.progress(one.agents, one.phase.phase.Pass, s.low, s.high)
		}
	}
	if s.low == 0 {
		return s.infeasible()
	}
	return nil
}

// confirm tries the answer again for as long as the failure above it was
// measured, unless it was: a phase that ends as soon as it seems certain may have
// been lucky. Nil where there is nothing to confirm.
func (s *search) confirm(ctx context.Context) (*phase, error) {
	if s.low == 0 || !s.scenario.Protocol.StopWhenCertain {
		return nil, nil
	}
	most := s.failure().span
	if s.answer().span >= most*(1-rounding) || s.answer().confirmed {
		return nil, nil
	}
	p, err := s.try(ctx, s.low, most)
	if err == nil {
		p.confirmed = true
	}
	return p, err
}

// staff gives places to the numbers that are wanted, if need be those of others.
func (s *search) staff(ctx context.Context, wanted []int, now map[int]*running, ended chan<- *ran) {
	for _, n := range wanted {
		if now[n] != nil {
			continue
		}
		if len(now) < s.places() {
			now[n] = s.start(ctx, n, ended)
			continue
		}
		for other, r := range now {
			if !slices.Contains(wanted, other) {
				r.dropped = true
				r.cancel()
			}
		}
	}
}

func (s *search) places() int { return max(1, s.side) }

// follow walks the path through the phases that are known, and returns the
// numbers that are wanted: the one that it waits for, and those that it is likely
// to ask for after that. None where the bracket is closed.
func (s *search) follow(known map[int]*ran) ([]int, error) {
	p := &path{protocol: &s.scenario.Protocol, near: s.near}
	n, err := p.follow(known)
	s.phases = slices.SortedFunc(slices.Values(p.phases), func(a, b *phase) int { return a.agents - b.agents })
	s.low, s.high = p.low, p.high
	if err != nil || n == 0 {
		return nil, err
	}
	pass, fail := p.ends()
	if s.low = 0; pass != nil {
		s.low = pass.agents
	}
	if s.high = 0; fail != nil {
		s.high = fail.agents
	}
	return p.ahead(n, known, s.places()), nil
}

// start runs a phase beside the others.
func (s *search) start(ctx context.Context, agents int, ended chan<- *ran) *running {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		p, err := s.try(ctx, agents, 0)
		ended <- &ran{agents, p, err}
	}()
	return &running{cancel: cancel}
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
func (s *search) tried(n int) *phase { return find(s.phases, n) }

// find is the phase of a number among some, or nil.
func find(phases []*phase, n int) *phase {
	i := slices.IndexFunc(phases, func(p *phase) bool { return p.agents == n })
	if i < 0 {
		return nil
	}
	return phases[i]
}

// answer is the phase of the largest number that passes, failure that of the
// number above it that fails.
func (s *search) answer() *phase  { return s.tried(s.low) }
func (s *search) failure() *phase { return s.tried(s.high) }
