//go:build !js || readers

package ask

import (
	"cmp"
	"context"
	"fmt"

	"agentsim/configs"
	"agentsim/experiment/plan"
	"agentsim/metrics"
)

// PlanQuestion asks which systems serve the most agents within a budget.
type PlanQuestion struct {
	Scenario string      `json:"scenario,omitempty" maxLength:"200" doc:"of its model, workload and service level"`
	Classes  []PlanShare `json:"classes,omitempty" maxItems:"8" doc:"several, with shares of all agents, instead"`
	Shared   bool        `json:"shared,omitempty" doc:"classes of one model share units"`
	Set      []string    `json:"set,omitempty" maxItems:"200" doc:"overrides, path=value, as price.accelerator_hour=3"`
	Systems  []string    `json:"systems,omitempty" maxItems:"40" doc:"presets to choose from; all by default"`
	Engines  []string    `json:"engines,omitempty" maxItems:"8" doc:"to compare on every system"`
	MW       float64     `json:"mw,omitempty" minimum:"0" doc:"budget of power in megawatts"`
	Boundary string      `json:"boundary,omitempty" enum:"accelerator,it,facility" doc:"whose watts; facility by default"`
	Racks    int         `json:"racks,omitempty" minimum:"0" doc:"budget of units, instead of mw"`
	Money    float64     `json:"money,omitempty" minimum:"0" doc:"budget an hour in the scenario's prices, instead of mw"`

	Spares       string  `json:"spares,omitempty" maxLength:"8" doc:"units to keep spare: n+1, n+2 or n+n"`
	MTBF         float64 `json:"mtbf_hours,omitempty" minimum:"0" doc:"mean time between failures of a unit"`
	Repair       float64 `json:"repair_hours,omitempty" minimum:"0" doc:"mean time until a failed unit serves again"`
	Availability float64 `json:"availability,omitempty" minimum:"0" doc:"share of the time at which all are served"`
}

// PlanShare is a kind of agents of a mixed fleet.
type PlanShare struct {
	Scenario string  `json:"scenario" maxLength:"200" doc:"of its model, workload and service level"`
	Share    float64 `json:"share" doc:"of all agents; the shares sum to 1"`
}

// Plan is one with what it is about.
type Plan struct {
	Inputs *metrics.Inputs `json:"inputs"`
	*metrics.Plan
}

// Plan fills a budget with units of every system in turn.
func (d *Desk) Plan(ctx context.Context, q *PlanQuestion, progress Progress) (*Plan, error) {
	f, err := q.fleet()
	if err != nil {
		return nil, err
	}
	out := &Plan{Inputs: d.about(q.Set)}
	f.Load = func(text string) (plan.Candidate, error) {
		s, p, err := d.load(&Question{YAML: text, Set: plan.Aside(q.Set)})
		return plan.Candidate{Scenario: s, Provenance: p, Aim: f.Budget.Aim(), Accuracy: d.Accuracy}, err
	}
	f.Note = func(system string, c plan.Candidate) {
		c.Name = system
		out.Inputs.Scenarios = append(out.Inputs.Scenarios, *d.inputs(c.Scenario, c.Provenance, q.Set))
	}
	err = f.Read(func(name string) (*configs.Scenario, error) {
		s, _, err := d.load(&Question{Scenario: name, Set: q.Set})
		return s, err
	})
	if err != nil {
		return nil, err
	}
	var systems []string
	for _, system := range q.Systems {
		systems = append(systems, shown(system))
	}
	out.Plan, err = f.Plan(ctx, systems, func(system string, done int) {
		progress.tell(Step{Stage: system, Done: done, All: max(len(systems), done+1)})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// fleet is what is asked of every system.
func (q *PlanQuestion) fleet() (*plan.Fleet, error) {
	f := &plan.Fleet{Shared: q.Shared, Engines: q.Engines, Budget: plan.Budget{MW: q.MW, Units: q.Racks, Money: q.Money,
		Boundary: plan.Boundary(cmp.Or(q.Boundary, string(plan.Facility)))}}
	var err error
	if f.Spares, err = plan.ParseSpares(q.Spares); err != nil {
		return nil, err
	}
	f.Spares.MTBF, f.Spares.Repair, f.Spares.Availability = q.MTBF, q.Repair, q.Availability
	for _, c := range q.Classes {
		f.Classes = append(f.Classes, plan.Class{Name: c.Scenario, Share: c.Share})
	}
	switch {
	case len(q.Classes) == 0:
		f.Classes = []plan.Class{{Name: cmp.Or(q.Scenario, plan.Usual), Share: 1}}
	case q.Scenario != "":
		return nil, fmt.Errorf("scenario %q and classes: want one of them", shown(q.Scenario))
	}
	return f, nil
}
