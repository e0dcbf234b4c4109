// Package experiment answers questions with simulations: one run, the
// capacity of a deployment, comparisons. It is the front door of the library:
// a Scenario goes in, a Result comes out, nothing is printed.
package experiment

import (
	"errors"
	"fmt"

	"agentsim/configs"
	"agentsim/experiment/sessions"
	"agentsim/metrics"
	"agentsim/models/moe"
	"agentsim/serve"
	"agentsim/trace"
)

// setup is what all simulations of a scenario share.
type setup struct {
	serve.Config
	mean   meanSession
	notes  []string // of the source of sessions: what it left out or filled in
	beyond float64  // what typical steps may be off beyond their tables; see extrapolated
}

// meanSession is the average of a sample of the workload's sessions. Times are
// in seconds.
type meanSession struct {
	turns   float64
	gaps    float64 // of tools and people, summed over the turns
	people  float64 // of the gaps, people's
	service float64 // of the turns at the pace that the service level allows
}

// length is the time that a session takes where the service level is just met.
func (m *meanSession) length() float64 { return m.gaps + m.service }

// prepare builds the setup of a scenario.
func prepare(s *configs.Scenario) (*setup, error) {
	b, err := unsampled(s, nil, nil)
	if err != nil || s.Workload.ByTime() {
		return b, err // sessions by time are dealt to no agents
	}
	return b, b.sample()
}

// prepareWith is prepare for several phases, with tables of expert groups and, where
// it is not nil, sessions from elsewhere: those that were drawn are kept for the next
// phase.
func prepareWith(s *configs.Scenario, tabulate func(moe.Spec) (*moe.Table, error), source *sessions.Source) (
	*setup, error) {
	b, err := unsampled(s, tabulate, source)
	if err != nil || s.Workload.ByTime() {
		return b, err
	}
	b.Sessions = sessions.Remember(b.Sessions)
	return b, b.sample()
}

// unsampled is a setup without the means of its sessions.
func unsampled(s *configs.Scenario, tabulate func(moe.Spec) (*moe.Table, error), source *sessions.Source) (
	*setup, error) {
	if source == nil {
		var err error
		if source, err = sessions.Open(s); err != nil {
			return nil, err
		}
	}
	ttft, tpot := s.SLO.Pace()
	b := &setup{Config: serve.Config{
		Deployment: s.Deployment,
		System:     s.System,
		LLM:        s.Model,
		Kernels:    s.Kernels,
		Engine:     s.Engine,
		Sessions:   source,
		Arrivals:   s.Workload.Arrivals,
		Lanes:      s.Protocol.Lanes,
		Pool:       source.Pool,
		Tools:      source.Tools,
		Replay:     s.Workload.Replay,
		Ramp:       float64(s.Protocol.Ramp),
		Pace:       serve.Pace{TTFT: ttft, TPOT: tpot},
		Cold:       s.Protocol.Start == configs.FreshStart,
		Seed:       s.Seed,
		MinOutput:  s.SLO.MinOutput(),
		Tabulate:   tabulate,
	}, notes: source.Notes}
	if err := b.Prepare(); err != nil {
		return nil, fmt.Errorf("%w: %w", metrics.ErrConfiguration, err)
	}
	return b, infeasible(b.Fit())
}

// sample averages the first sessions of some agents.
func (b *setup) sample() error {
	const sampled = 400 // the mean number of turns is then known to about 3 %
	var session trace.Session
	m := &b.mean
	for agent := range sampled {
		if err := b.Sessions.Session(agent, 0, &session); err != nil {
			return err
		}
		m.turns += float64(len(session.Turns)) / sampled
		for i := range session.Turns {
			t := &session.Turns[i]
			m.service += (b.Pace.TTFT + b.Pace.TPOT*float64(t.Output)) / sampled
			if i == 0 {
				continue // a session begins with a call
			}
			m.gaps += float64(t.Gap) / sampled
			if t.Kind == trace.User {
				m.people += float64(t.Gap) / sampled
			}
		}
	}
	return nil
}

// infeasible marks errors that say that something does not fit in memory.
func infeasible(err error) error {
	var memory *serve.ErrMemory
	if errors.As(err, &memory) {
		return fmt.Errorf("%w: %w", metrics.ErrInfeasible, err)
	}
	return err
}
