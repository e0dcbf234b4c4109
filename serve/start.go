package serve

import (
	"fmt"

	"agentsim/sim"
	"agentsim/trace"
)

// Pace is what a turn is expected to take, which decides where in their
// sessions and calls agents are found at the start. Zero values count all turns
// alike, and nobody is in the middle of a gap or an answer.
type Pace struct {
	TTFT float64 // seconds to the first token
	TPOT float64 // seconds a token after it
}

// stationary starts closed agents as whoever looks at a run that has gone on for
// long would find them: somewhere inside their sessions, their gaps and their
// answers. Caches hold what the calls before then have left there: history.
type stationary struct {
	*closed
	sample sampled
	found  []foundAt // by agent
}

// sampled is what some sessions take, and write into caches.
type sampled struct {
	longest float64 // seconds of the longest: from there on all are found alike
	seconds float64 // of all
	turns   float64 // of all
	tokens  float64 // of all that no call before had written
}

// foundAt is where in its session an agent is found at the start.
type foundAt struct {
	session   int     // number among those of the agent; before 0
	turn      int     // that is under way
	elapsed   float64 // seconds since the session began
	since     float64 // seconds since the turn before it ended
	left      float64 // seconds of its gap that are still to come; 0 = its call is due
	answering bool    // it is in the middle of an answer
	rest      int32   // tokens that are left to generate
}

func (s *stationary) begin() error {
	if err := s.look(); err != nil {
		return err
	}
	s.found = make([]foundAt, len(s.list))
	for i := range s.list {
		if err := s.enterSession(int32(i)); err != nil {
			return err
		}
	}
	past := history{stationary: s}
	if err := past.play(); err != nil {
		return err
	}
	for i := range s.list {
		if err := s.settle(int32(i)); err != nil {
			return err
		}
	}
	return nil
}

// look takes a sample of sessions.
func (s *stationary) look() error {
	const sessions = 256
	var one trace.Session
	for i := range sessions {
		if err := s.cfg.Sessions.Session(i, -1, &one); err != nil {
			return fmt.Errorf("session %d of agent %d: %w", -1, i, err)
		}
		seconds := s.cfg.Pace.session(&one)
		s.sample.longest = max(s.sample.longest, seconds)
		s.sample.seconds += seconds
		s.sample.turns += float64(len(one.Turns))
		s.sample.tokens += s.written(&one)
	}
	return nil
}

// written is how many tokens of a session no call before had written.
func (s *stationary) written(one *trace.Session) (tokens float64) {
	generated := s.cfg.Deployment.Mode == Aggregated
	for i := range one.Turns {
		t := &one.Turns[i]
		tokens += float64(int(t.Input) - s.fleet.common(t))
		if generated {
			tokens += float64(t.Output)
		}
	}
	return tokens
}

// sessionsTried bounds the sessions from which an agent's first one is chosen.
const sessionsTried = 64

// enterSession finds the session and the turn that an agent is in. A session is
// found under way in proportion to the time it takes, so candidates are accepted
// with a probability proportional to that time; where none is, one of them is
// chosen in that proportion.
func (s *stationary) enterSession(id int32) error {
	a := &s.list[id]
	chosen, sum, total := 0, 0.0, 0.0
	for try := range sessionsTried {
		if err := s.beginSession(id, -1-try); err != nil { // sessions before the run have negative numbers
			return err
		}
		total = s.cfg.Pace.session(&a.session)
		sum += total
		if s.draws.uniform("chosen session", id, a.k)*sum < total {
			chosen = a.k
		}
		if s.draws.uniform("first session", id, a.k)*s.sample.longest < total {
			chosen = a.k
			break
		}
	}
	if a.k != chosen {
		if err := s.beginSession(id, chosen); err != nil {
			return err
		}
		total = s.cfg.Pace.session(&a.session)
	}
	s.found[id] = s.cfg.Pace.locate(&a.session, s.draws.uniform("first turn", id, 0)*total)
	s.found[id].session = chosen
	return nil
}

// settle puts an agent where it was found.
func (s *stationary) settle(id int32) error {
	a, at := &s.list[id], &s.found[id]
	if a.k != at.session || len(a.session.Turns) == 0 {
		if err := s.beginSession(id, at.session); err != nil {
			return err
		}
	}
	a.k, a.turn = 0, at.turn
	if at.answering {
		// What it has said is left out of its context: as part of the prompt it
		// would be where the cache keeps windows and states, and not the end of
		// the real prompt, on which the next turn builds.
		turn := a.current()
		a.said = turn.Output - at.rest
		turn.Prefix, turn.Echo, turn.Output = turn.Input, 0, at.rest
	}
	s.toolEnds.At(s.firstCall(id)+sim.Ticks(at.left), id)
	return nil
}

// session is the expected time of a whole session.
func (p Pace) session(s *trace.Session) (seconds float64) {
	for i := range s.Turns {
		_, _, whole := p.spent(s, i)
		seconds += whole
	}
	return seconds
}

// spent is the expected time of a turn, and the parts of it: the gap before its
// call, and up to its answer. A session begins with a call.
func (p Pace) spent(s *trace.Session, turn int) (gap, before, whole float64) {
	if p == (Pace{}) {
		return 1, 1, 1
	}
	t := &s.Turns[turn]
	if turn > 0 {
		gap = float64(t.Gap)
	}
	before = gap + p.TTFT
	return gap, before, before + p.TPOT*float64(t.Output)
}

// locate finds the turn of a session that is under way so long after it began,
// where in it, and the tokens that are then left to generate.
// Long gaps and long answers are under way more often than short ones: a start
// without them would take as long as the longest to become stationary.
func (p Pace) locate(s *trace.Session, elapsed float64) foundAt {
	at := foundAt{elapsed: elapsed}
	last := len(s.Turns) - 1
	for ; at.turn < last; at.turn++ {
		_, _, whole := p.spent(s, at.turn)
		if elapsed < whole {
			break
		}
		elapsed -= whole
	}
	at.since = elapsed
	output := s.Turns[at.turn].Output
	gap, before, whole := p.spent(s, at.turn)
	switch {
	case p == (Pace{}):
	case elapsed < before:
		at.left = max(0, gap-elapsed)
	default:
		at.rest = min(1+int32(max(0, whole-elapsed)/p.TPOT), output)
		at.answering = at.rest < output
	}
	return at
}
