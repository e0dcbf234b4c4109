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
	"agentsim/serve"
	"agentsim/trace"
)

// setup is what all simulations of a scenario share.
type setup struct {
	serve.Config
	mean  meanSession
	notes []string // of the trace's reader
}

// meanSession is the average of a sample of the workload's sessions.
type meanSession struct {
	turns   float64
	gaps    float64 // seconds of tools and people, summed over the turns
	people  float64 // seconds of the gaps that are people's
	service float64 // seconds of the turns at the pace that the service level allows
}

// prepare builds the setup of a scenario.
func prepare(s *configs.Scenario) (*setup, error) {
	source, err := sessions.Open(s)
	if err != nil {
		return nil, err
	}
	ttft, tpot := s.SLO.Pace()
	b := &setup{Config: serve.Config{Deployment: s.Deployment, System: s.System, LLM: s.Model, Kernels: s.Kernels,
		Engine: s.Engine, Sessions: source, Arrivals: s.Workload.Arrivals, Pool: source.Pool,
		Tools: source.Tools, Replay: s.Workload.Replay, Ramp: float64(s.Protocol.Ramp),
		Pace: serve.Pace{TTFT: ttft, TPOT: tpot}, Cold: s.Protocol.Start == configs.FreshStart, Seed: s.Seed,
		MinOutput: s.SLO.MinOutput()}, notes: source.Notes}
	if err := b.Prepare(); err != nil {
		return nil, fmt.Errorf("%w: %w", metrics.ErrConfiguration, err)
	}
	if err := infeasible(b.Fit()); err != nil {
		return nil, err
	}
	if s.Workload.ByTime() {
		return b, nil // its sessions are dealt to no agents
	}
	return b, b.sample()
}

// sample averages the first sessions of some agents.
func (b *setup) sample() error {
	const sampled = 400 // the mean number of turns is then known to about 3 %
	var session trace.Session
	for agent := range sampled {
		if err := b.Sessions.Session(agent, 0, &session); err != nil {
			return err
		}
		b.mean.turns += float64(len(session.Turns)) / sampled
		for i := range session.Turns {
			turn := &session.Turns[i]
			b.mean.gaps += float64(turn.Gap) / sampled
			if turn.Kind == trace.User {
				b.mean.people += float64(turn.Gap) / sampled
			}
			b.mean.service += (b.Pace.TTFT + b.Pace.TPOT*float64(turn.Output)) / sampled
		}
	}
	return nil
}

// allows refuses a protocol whose minima so many agents cannot reach within
// its longest duration, however fast they are served: tools and people alone
// take longer.
func (b *setup) allows(p *configs.Protocol, agents int) error {
	sessions := b.sessionsNeeded(p, agents)
	if least := sessions * b.mean.gaps; least > float64(p.DurationMax) {
		return fmt.Errorf("%w: protocol.duration_max: %v: the minima of the protocol are %.3g sessions of each of %d "+
			"agents, whose tools alone take %.0f s", metrics.ErrConfiguration, p.DurationMax, sessions, agents, least)
	}
	return nil
}

// sessionsNeeded are the sessions of each agent that the minima of a protocol ask for.
func (b *setup) sessionsNeeded(p *configs.Protocol, agents int) float64 {
	each := max(float64(p.SessionsMin), float64(p.CallsMin)/b.mean.turns) / float64(agents)
	return max(each, p.SessionsPerAgent)
}

// infeasible marks errors that say that something does not fit in memory.
func infeasible(err error) error {
	var memory *serve.ErrMemory
	if errors.As(err, &memory) {
		return fmt.Errorf("%w: %w", metrics.ErrInfeasible, err)
	}
	return err
}
