package experiment

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"

	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/serve"
	"agentsim/sim"
	"agentsim/trace"
)

// measureAt measures a phase of a search by regression until it has been for so
// long; it begins it where there is none.
func measureAt(ctx context.Context, s *configs.Scenario, base *setup, t *task) (*phase, error) {
	p := t.phase
	if p == nil {
		if err := base.allows(s); err != nil {
			return nil, err
		}
		c, err := start(base.at(t.moment), t.agents, float64(s.Protocol.Ramp))
		if err != nil {
			return nil, err
		}
		if err := c.Run(float64(s.Protocol.Ramp + s.Protocol.Warmup)); err != nil {
			return nil, infeasible(err)
		}
		p = measure(s, base, c, t.agents)
		p.duration = base.duration(s, t.agents)
		p.window.hidden, p.window.seconds, p.cluster = hidden, p.duration.least/slicesFirst, c
	}
	for p.window.length() < t.seconds*(1-rounding) {
		if err := cmp.Or(ctx.Err(), p.slice(p.cluster)); err != nil {
			return nil, err
		}
	}
	if err := p.cluster.Check(); err != nil {
		return nil, fmt.Errorf("a law is broken at %d agents: %w", t.agents, err)
	}
	p.verdict, p.phase = p.window.verdict(), metrics.Phase{}
	p.conclude(s, p.cluster)
	return p, nil
}

// at is the setup of the same agents, found at another moment: with other luck, and
// on their way to other sessions. That they come from the same ones hardly shows: of
// 2,192 agents, the errors of two moments are correlated by 0.03.
func (b *setup) at(moment int) *setup {
	if moment == 0 {
		return b
	}
	another := *b
	var source rand.PCG
	sim.Rekey(&source, b.Seed, "moment", uint64(moment))
	another.Seed = source.Uint64()
	another.Sessions = later{b.Sessions, moment}
	return &another
}

// later are the sessions of agents from a moment on; those before the run are the
// same at all moments.
type later struct {
	serve.Sessions
	moment int
}

// Session returns the k-th session of an agent.
func (l later) Session(agent, k int, out *trace.Session) error {
	const apart = 1 << 20 // sessions of one run
	if k > 0 {
		k += apart * l.moment
	}
	return l.Sessions.Session(agent, k, out)
}
