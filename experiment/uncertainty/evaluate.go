package uncertainty

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/experiment/analytic"
	"agentsim/metrics"
)

// model answers a scenario in which every input has a value.
type model func(ctx context.Context, draws []float64) (metrics.Answer, error)

// byFlows answers with the mean flows of the analytic model. The solver keeps
// what draws share; all are sought around the scenario as it is.
func byFlows(s *Scenario, inputs []configs.Input, solver *analytic.Solver) model {
	asItIs := sync.OnceValue(func() analytic.Estimate {
		e, _ := solver.For(s.Scenario).Estimate(&s.Deployment) // what serves nobody says nothing of where others lie
		return e
	})
	return drawn(s, inputs, func(_ context.Context, s *configs.Scenario) (metrics.Answer, error) {
		return solver.Answer(s, asItIs())
	})
}

// byRehearsal answers with short phases of the simulator too.
func byRehearsal(s *Scenario, inputs []configs.Input, solver *analytic.Solver) model {
	return drawn(s, inputs, func(ctx context.Context, s *configs.Scenario) (metrics.Answer, error) {
		return answer(solver.Capacity(ctx, s))
	})
}

// drawn answers a draw in one way or another.
func drawn(s *Scenario, inputs []configs.Input,
	answers func(context.Context, *configs.Scenario) (metrics.Answer, error),
) model {
	return func(ctx context.Context, draws []float64) (metrics.Answer, error) {
		if err := ctx.Err(); err != nil {
			return metrics.Answer{}, err
		}
		drawn, err := s.with(inputs, draws)
		if err != nil {
			return metrics.Answer{}, err
		}
		a, err := answers(ctx, drawn)
		if errors.Is(err, metrics.ErrInfeasible) {
			return metrics.Answer{}, nil
		}
		return a, err
	}
}

// bySimulation answers with the simulator, under a protocol.
func bySimulation(s *Scenario, inputs []configs.Input, under configs.Protocol, o experiment.Options) model {
	var solver analytic.Solver
	o.Side = 1 // draws are what runs side by side
	return func(ctx context.Context, draws []float64) (metrics.Answer, error) {
		drawn, err := s.with(inputs, draws)
		if err != nil {
			return metrics.Answer{}, err
		}
		drawn.Protocol = under
		return answer(solver.Search(ctx, drawn, o))
	}
}

// answer takes infeasible for an answer: no agents.
func answer(r *metrics.Result, err error) (metrics.Answer, error) {
	if errors.Is(err, metrics.ErrInfeasible) {
		return metrics.Answer{}, nil
	}
	if err != nil {
		return metrics.Answer{}, err
	}
	return central(r), nil
}

func central(r *metrics.Result) metrics.Answer {
	c := r.Capacity
	return metrics.Answer{Agents: float64(c.Agents), PerAccelerator: c.PerAccelerator, PerMW: c.PerMW}
}

// around scales the answers of a model so that its answer to the scenario as it
// is becomes the one given.
func around(m model, base, given metrics.Answer) model {
	return func(ctx context.Context, draws []float64) (metrics.Answer, error) {
		a, err := m(ctx, draws)
		if err != nil {
			return a, err
		}
		from, to := figures(&base), figures(&given)
		for i, f := range figures(&a) {
			*f = *f / *from[i] * *to[i] // exactly the one given where nothing changes
		}
		return a, nil
	}
}

// figures lists the numbers of an answer, always in this order.
func figures(a *metrics.Answer) []*float64 {
	return []*float64{&a.Agents, &a.PerAccelerator, &a.PerMW.AcceleratorMeasured, &a.PerMW.AcceleratorTDP,
		&a.PerMW.IT, &a.PerMW.Facility, &a.PerMW.Provisioned}
}

// centred is the analytic model around the simulated answer.
func centred(ctx context.Context, m model, inputs []configs.Input, simulated *metrics.Result) (model, error) {
	base, err := m(ctx, neutral(inputs))
	if err != nil {
		return nil, err
	}
	if base.Agents == 0 {
		return nil, fmt.Errorf("%w: so finds the analytic model, but not the simulator: want --evaluate %s",
			metrics.ErrInfeasible, Simulator)
	}
	return around(m, base, central(simulated)), nil
}

// isImpossible says whether a scenario could not be loaded or prepared because
// of a value that cannot be.
func isImpossible(err error) bool {
	_, ok := errors.AsType[*configs.Error](err)
	return ok || errors.Is(err, metrics.ErrConfiguration)
}
