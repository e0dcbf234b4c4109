package experiment

import (
	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/models/step"
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
	for i, pool := range s.Deployment.Pools() {
		m := cfg.Models()[i]
		if pool.Prefills() {
			e.Steps = append(e.Steps, account(pool.Name, "prefill", m, prefillStep(m, w)))
		}
		if pool.Decodes() {
			e.Steps = append(e.Steps, account(pool.Name, "decode", m, decodeStep(m, w)))
		}
	}
	return e, nil
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
		a.Operators = append(a.Operators, metrics.OperatorShare{Operator: item.Operator.String(), Kind: item.Kind,
			Seconds: item.Seconds, Share: item.Seconds / cost.Seconds, Bound: item.Bound.String(),
			Watts: item.Joules / cost.Seconds / n})
	}
	return a
}
