//go:build !js || readers

package ask

import (
	"context"
	"errors"
	"fmt"

	"agentsim/configs"
	"agentsim/experiment/plan"
	"agentsim/metrics"
)

// PlanQuestion asks which systems serve the most agents within a budget.
type PlanQuestion struct {
	Scenario string   `json:"scenario,omitempty" maxLength:"200" doc:"of its model, workload and service level"`
	Set      []string `json:"set,omitempty" maxItems:"200" doc:"overrides, path=value, such as price.accelerator_hour=3"`
	Systems  []string `json:"systems,omitempty" maxItems:"40" doc:"presets to choose from; all by default"`
	MW       float64  `json:"mw,omitempty" minimum:"0" doc:"budget of power in megawatts"`
	Boundary string   `json:"boundary,omitempty" enum:"accelerator,it,facility" doc:"whose watts; facility by default"`
	Racks    int      `json:"racks,omitempty" minimum:"0" doc:"budget of units, instead of mw"`
	Money    float64  `json:"money,omitempty" minimum:"0" doc:"budget an hour in the scenario's prices, instead of mw"`
}

// Plan is one with what it is about.
type Plan struct {
	Inputs *metrics.Inputs `json:"inputs"`
	*metrics.Plan
}

// Plan fills a budget with units of every system in turn.
func (d *Desk) Plan(ctx context.Context, q *PlanQuestion, progress Progress) (*Plan, error) {
	if q.Boundary == "" {
		q.Boundary = string(plan.Facility)
	}
	if q.Scenario == "" {
		q.Scenario = "gb300-agentperf-slo20"
	}
	budget := plan.Budget{MW: q.MW, Boundary: plan.Boundary(q.Boundary), Units: q.Racks, Money: q.Money}
	if err := budget.Validate(); err != nil {
		return nil, err
	}
	asked, _, err := d.load(&Question{Scenario: q.Scenario, Set: q.Set})
	if err != nil {
		return nil, err
	}
	if q.Money > 0 && asked.Price == (configs.PriceSpec{}) {
		return nil, errors.New("money: the scenario has no prices; want price.accelerator_hour or price.electricity_kwh")
	}
	systems := q.Systems
	if len(systems) == 0 {
		systems = configs.Presets().Names("systems")
	}
	out := &Plan{Inputs: d.about(q.Set),
		Plan: &metrics.Plan{Options: []*metrics.PlanOption{}, Budget: metrics.PlanBudget{MW: budget.MW,
			Boundary: string(budget.Boundary), Racks: budget.Units, Money: budget.Money}}}
	for i, system := range systems {
		progress.tell(Step{Stage: system, Done: i, All: len(systems)})
		option, inputs, err := d.option(ctx, q, asked.Engine.Name, system, budget)
		switch {
		case err == nil:
			out.Options = append(out.Options, option)
			out.Inputs.Scenarios = append(out.Inputs.Scenarios, *inputs)
		case errors.Is(err, metrics.ErrInfeasible), plan.TooSmall(err), errors.Is(err, plan.ErrNoKernels):
			out.LeftOut = append(out.LeftOut, metrics.PlanLeftOut{System: system, Why: err.Error()})
		default:
			return nil, err
		}
	}
	if len(out.Options) == 0 {
		why := out.LeftOut[0].Why
		return nil, fmt.Errorf("%w: no system serves an agent within the budget: %s", metrics.ErrInfeasible, why)
	}
	plan.Sort(out.Options)
	return out, nil
}

// option is one system as the whole fleet, under the first engine that can.
func (d *Desk) option(ctx context.Context, q *PlanQuestion, own, system string, budget plan.Budget,
) (*metrics.PlanOption, *metrics.Inputs, error) {
	engines := append([]string{own}, configs.Presets().Names("engines")...)
	load := func(text string) (plan.Candidate, error) {
		s, p, err := d.load(&Question{YAML: text, Set: plan.Aside(q.Set)})
		return plan.Candidate{Scenario: s, Provenance: p, Aim: budget.Aim()}, err
	}
	unit, c, err := plan.First(ctx, q.Scenario, shown(system), engines, load)
	if err != nil {
		return nil, nil, err
	}
	option, err := plan.Option(unit, budget, plan.Spares{})
	if err != nil {
		return nil, nil, err
	}
	c.Name = system
	return option, d.inputs(c.Scenario, c.Provenance, q.Set), nil
}
