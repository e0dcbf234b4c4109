package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"agentsim/configs"
	"agentsim/experiment/plan"
	"agentsim/metrics"
	"agentsim/report"
)

// planCommands spend budgets.
type planCommands struct{ *app }

const planHelp = `plan fills a budget with whole units of one system and says how many agents they serve, for every
system in turn, the best first. The budget is power (--mw, within --boundary: the accelerators, the wall, or the
building, as drawn while serving), units (--racks), or money an hour (--money, with prices of the scenario). SCENARIO
gives model, workload, service level and prices; its system, engine and deployment are left aside: every system runs
the deployment that the analytic model ranks first on it, under the scenario's engine where that has kernels for it,
else under another. Nothing is simulated. The interval is P10 to P90 over what the presets do not know.

With --mtbf and --repair, hours of a unit, and --availability, as many units stay spare as it takes for the others to
be there for that share of the time.`

func (a planCommands) planCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "plan [SCENARIO]",
		Short: "Say which systems, and how many, serve the most agents within a budget",
		Long:  planHelp,
		Example: "  agentsim plan --mw 10 --boundary facility\n" +
			"  agentsim plan h200-agentperf-slo20 --racks 12 --systems hgx-h200,hgx-b200\n" +
			"  agentsim plan --mw 1 --mtbf 2000 --repair 24 --availability 0.999 -o json",
		Annotations: map[string]string{"example": "slow"},
		Args:        cobra.MaximumNArgs(1),
		RunE:        a.plan,
	}
	f := c.Flags()
	f.Float64("mw", 0, "budget of power in megawatts")
	f.String("boundary", string(plan.Facility), "whose watts: accelerator, it or facility")
	f.Int("racks", 0, "budget of units: racks or nodes, as the system is bought")
	f.Float64("money", 0, "budget an hour, in the currency of the scenario's prices")
	f.StringSlice("systems", nil, "systems to choose from: presets or files; all presets by default")
	f.Float64("mtbf", 0, "mean time between failures of a unit, in hours; 0 = units do not fail")
	f.Float64("repair", 0, "mean time until a failed unit serves again, in hours")
	f.Float64("availability", 0, "share of the time at which all agents are to be served, as 0.999")
	return c
}

func (a planCommands) plan(cmd *cobra.Command, args []string) error {
	budget := plan.Budget{MW: a.settings.GetFloat64("mw"), Boundary: plan.Boundary(a.settings.GetString("boundary")),
		Units: a.settings.GetInt("racks"), Money: a.settings.GetFloat64("money")}
	spares := plan.Spares{MTBF: a.settings.GetFloat64("mtbf"), Repair: a.settings.GetFloat64("repair"),
		Availability: a.settings.GetFloat64("availability")}
	if err := errors.Join(budget.Validate(), spares.Validate()); err != nil {
		return usageError{err}
	}
	name := "gb300-agentperf-slo20"
	if len(args) > 0 {
		name = args[0]
	}
	asked, _, err := a.load(name)
	if err != nil {
		return err
	}
	if budget.Money > 0 && asked.Price == (configs.PriceSpec{}) {
		return usageError{fmt.Errorf("--money: the scenario has no prices; want --set price.accelerator_hour=… or " +
			"price.electricity_kwh=…")}
	}
	a.about.scenarios = nil
	q := planQuestion{name, asked.Engine.Name, budget, spares}
	systems := a.settings.GetStringSlice("systems")
	if len(systems) == 0 {
		systems = configs.Presets().Names("systems")
	}
	result := &metrics.Plan{Options: []*metrics.PlanOption{}, Budget: metrics.PlanBudget{MW: budget.MW,
		Boundary: string(budget.Boundary), Racks: budget.Units, Money: budget.Money}}
	for _, system := range systems {
		option, err := q.option(cmd.Context(), a, system)
		switch {
		case err == nil:
			result.Options = append(result.Options, option)
		case errors.Is(err, metrics.ErrInfeasible), plan.TooSmall(err), errors.Is(err, errNoKernels):
			result.LeftOut = append(result.LeftOut, metrics.PlanLeftOut{System: system, Why: err.Error()})
		default:
			return err
		}
	}
	if len(result.Options) == 0 {
		return fmt.Errorf("%w: no system serves an agent within the budget: %s", metrics.ErrInfeasible, result.LeftOut[0].Why)
	}
	plan.Sort(result.Options)
	return a.showPlan(result)
}

// errNoKernels marks a system that no engine has kernels for.
var errNoKernels = errors.New("no engine has kernels for it")

// planQuestion is what is asked of every system.
type planQuestion struct {
	scenario, engine string
	budget           plan.Budget
	spares           plan.Spares
}

// option is one system as the whole fleet.
func (q *planQuestion) option(ctx context.Context, a planCommands, system string) (*metrics.PlanOption, error) {
	engines := append([]string{q.engine}, configs.Presets().Names("engines")...)
	failed := fmt.Errorf("%s: %w", system, errNoKernels)
	for _, engine := range slices.Compact(engines) {
		text := fmt.Sprintf("extends: %s\nname: plan\nsystem: %s\nengine: %s\ndeployment:\n", strconv.Quote(q.scenario),
			strconv.Quote(system), strconv.Quote(engine))
		source := a.source("plan.yaml")
		source.Text = []byte(text)
		s, p, err := configs.LoadScenario(source, a.aside())
		if err != nil {
			failed = err
			continue
		}
		option, err := plan.Option(ctx, plan.Candidate{Scenario: s, Provenance: p}, q.budget, q.spares)
		if errors.Is(err, metrics.ErrInfeasible) { // another engine may have kernels that this one lacks
			failed = err
			continue
		}
		if err == nil {
			s.Name = system
			a.note(s, p)
		}
		return option, err
	}
	return nil, failed
}

// aside are the overrides of what is the same on every system.
func (a planCommands) aside() []string {
	return slices.DeleteFunc(slices.Clone(a.sets()), func(set string) bool {
		path, _, _ := strings.Cut(set, "=")
		return slices.ContainsFunc([]string{"system", "engine", "kernels", "deployment"}, func(own string) bool {
			return configs.Holds(own, strings.TrimSpace(path))
		})
	})
}

func (a planCommands) showPlan(r *metrics.Plan) error {
	return a.write(func(b *strings.Builder) error {
		switch a.settings.GetString("output") {
		case "json":
			return a.writeJSON(b, r)
		case "csv":
			return a.writeCSV(b, func(rows *strings.Builder) error { return report.PlanCSV(rows, r) })
		}
		return errors.Join(report.Plan(b, r, a.style()), a.writeInputs(b))
	})
}
