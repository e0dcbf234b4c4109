package experiment

import (
	"fmt"
	"strings"

	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/models/step"
	"agentsim/portable"
	"agentsim/serve"
	"agentsim/trace"
)

// Explain says where the time and energy of a typical step of each pool go,
// and the memory of its ranks, without simulating: prompts at the workload's
// mean, the decode batch full.
func Explain(s *configs.Scenario) (*metrics.Explanation, error) {
	cfg, err := prepare(s)
	if err != nil {
		return nil, err
	}
	w, err := typical(&cfg.Config)
	if err != nil {
		return nil, err
	}
	e := &metrics.Explanation{Scenario: s.Name, Workload: w}
	e.Memory = memories(&cfg.Config, w.Input)
	e.Steps = cfg.steps(s, w)
	e.Warnings = extrapolations(e.Steps)
	return e, nil
}

// steps accounts for a typical step of each pool and phase.
func (c *setup) steps(s *configs.Scenario, w metrics.Typical) []metrics.StepAccount {
	var list []metrics.StepAccount
	for i, pool := range s.Deployment.Pools() {
		m := c.Models()[i]
		if pool.Prefills() {
			list = append(list, account(pool.Name, "prefill", m, prefillStep(m, w)))
		}
		if pool.Decodes() {
			list = append(list, account(pool.Name, "decode", m, decodeStep(m, w)))
		}
	}
	return list
}

// extrapolated tells of the same, of the typical steps of a scenario whose
// sessions can be read.
func (c *setup) extrapolated(s *configs.Scenario) []string {
	w, err := typical(&c.Config)
	if err != nil {
		return nil
	}
	steps := c.steps(s, w)
	c.beyond = beyond(steps)
	return extrapolations(steps)
}

// beyond is what the steps that lie furthest outside of their tables may be off,
// as a logarithm: an operator at four times the most that was measured may take
// half as long as predicted, or twice.
func beyond(steps []metrics.StepAccount) float64 {
	most := 0.0
	for i := range steps {
		sum := 0.0
		for _, o := range steps[i].Operators {
			if o.Beyond > 1 {
				sum += o.Share * portable.Log(o.Beyond) / 2
			}
		}
		most = max(most, sum)
	}
	return most
}

const (
	// farBeyond is how far above its table an operator must be to be told of: the
	// forms hold on a little.
	farBeyond = 1.25
	// shareTold is the share of a step that it must take.
	shareTold = 0.05
)

// extrapolations tells of operators that take their time from beyond the tables
// that their constants were fitted to.
func extrapolations(steps []metrics.StepAccount) []string {
	var list []string
	for i := range steps {
		s := &steps[i]
		for _, o := range s.Operators {
			if o.Beyond < farBeyond || o.Share < shareTold {
				continue
			}
			list = append(list, fmt.Sprintf("%s of a typical %s step (%s, %.0f %% of it) are extrapolated: "+
				"the load is %.1f times the most that their kernel table measured",
				strings.TrimSpace(o.Operator+" "+o.Kind), s.Phase, s.Pool, 100*o.Share, o.Beyond))
		}
	}
	return list
}

// typical averages the calls of the first sessions of a hundred agents.
func typical(cfg *serve.Config) (metrics.Typical, error) {
	var t metrics.Typical
	var session trace.Session
	const agents = 100
	calls := 0.0
	for agent := range agents {
		if err := cfg.Sessions.Session(agent, 0, &session); err != nil {
			return t, err
		}
		for _, turn := range session.Turns {
			calls++
			t.Input += float64(turn.Input)
			t.New += float64(turn.Input - turn.Prefix)
			t.Output += float64(turn.Output)
		}
	}
	t.Input, t.New, t.Output = t.Input/calls, t.New/calls, t.Output/calls
	return t, nil
}

// prefillStep is a step whose ranks are as full of mean prompts as the token
// budget allows.
func prefillStep(m *step.Model, w metrics.Typical) []step.Rank {
	loads := make([]step.Rank, m.Config().Shape.Ranks())
	budget := m.Config().Shape.TokenBudget
	tokens := max(1, min(budget, int(w.New)))
	for i := range loads {
		for filled := 0; filled+tokens <= budget; filled += tokens {
			m.AddPrefill(&loads[i], max(0, int(w.Input)-tokens), tokens, true)
		}
	}
	return loads
}

// decodeStep is a step with every sequence slot taken.
func decodeStep(m *step.Model, w metrics.Typical) []step.Rank {
	loads := make([]step.Rank, m.Config().Shape.Ranks())
	n := m.Config().Shape.MaxBatchPerRank
	for i := range loads {
		loads[i] = step.Rank{Sequences: n, Context: float64(n) * (w.Input + w.Output/2)} // half of its output on average
	}
	return loads
}

func account(pool, phase string, m *step.Model, loads []step.Rank) metrics.StepAccount {
	cost, items := m.Explain(loads)
	n := float64(m.Config().Shape.Accelerators)
	a := metrics.StepAccount{Pool: pool, Phase: phase, Seconds: cost.Seconds, ExpertsPath: m.ExpertsPath()}
	for _, r := range loads {
		a.Tokens += float64(r.PrefillTokens + r.Sequences*m.TokensPerSequence())
		a.Sequences += float64(r.Sequences)
	}
	power := m.Config().System.Accelerator.Power
	a.StaticW = float64(power.Idle + power.Active)
	for _, item := range items {
		o := metrics.OperatorShare{
			Operator: item.Operator.String(),
			Kind:     item.Kind,
			Seconds:  item.Seconds,
			Share:    item.Seconds / cost.Seconds,
			Bound:    item.Bound.String(),
			Watts:    item.Joules / cost.Seconds / n,
		}
		if item.Beyond > 1 {
			o.Beyond = item.Beyond
		}
		a.Operators = append(a.Operators, o)
	}
	return a
}
