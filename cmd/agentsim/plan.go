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
the deployment that the analytic model ranks first on it for this budget, under the scenario's engine where that has
kernels for it, else under another; --engines compares several. Nothing is searched with the simulator. The interval is
P10 to P90 of the model: what predictions of public runs of the stack were off, and what the presets do not know.

With --mtbf and --repair, hours of a unit, and --availability, as many units stay spare as it takes for the others to
be there for that share of the time. --spares n+1 keeps one unit spare, n+n as many as serve.

Several scenarios with shares, A=0.7 B=0.3, are classes of agents, each with its model, workload and level: units are
divided among them so that all are served in their shares, and spare units stand in for any.

--report FILE.html writes the answer as one page that needs nothing else, to be printed or sent.`

func (a planCommands) planCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "plan [SCENARIO | SCENARIO=SHARE...]",
		Short: "Say which systems, and how many, serve the most agents within a budget",
		Long:  planHelp,
		Example: "  agentsim plan --mw 10 --boundary facility\n" +
			"  agentsim plan h200-agentperf-slo20 --racks 12 --systems hgx-h200,hgx-b200\n" +
			"  agentsim plan --mw 1 --mtbf 2000 --repair 24 --availability 0.999 -o json\n" +
			"  agentsim plan gb300-agentperf-slo20=0.8 gb300-claude-code=0.2 --mw 1 --spares n+1 --report plan.html",
		Annotations: map[string]string{"example": "slow"},
		RunE:        a.plan,
	}
	f := c.Flags()
	f.Float64("mw", 0, "budget of power in megawatts")
	f.String("boundary", string(plan.Facility), "whose watts: accelerator, it or facility")
	f.Int("racks", 0, "budget of units: racks or nodes, as the system is bought")
	f.Float64("money", 0, "budget an hour, in the currency of the scenario's prices")
	f.String("spares", "", "units to keep spare: n+1, n+2, … or n+n")
	f.StringSlice("engines", nil, "engines to compare on every system; by default the scenario's, or what has kernels")
	f.String("report", "", "write the answer with its inputs as one page of HTML")
	f.StringSlice("systems", nil, "systems to choose from: presets or files; all presets by default")
	f.Float64("mtbf", 0, "mean time between failures of a unit, in hours; 0 = units do not fail")
	f.Float64("repair", 0, "mean time until a failed unit serves again, in hours")
	f.Float64("availability", 0, "share of the time at which all agents are to be served, as 0.999")
	return c
}

func (a planCommands) plan(cmd *cobra.Command, args []string) error {
	budget := plan.Budget{MW: a.settings.GetFloat64("mw"), Boundary: plan.Boundary(a.settings.GetString("boundary")),
		Units: a.settings.GetInt("racks"), Money: a.settings.GetFloat64("money")}
	spares, err := sparesOf(a.settings.GetString("spares"))
	if err != nil {
		return usageError{err}
	}
	spares.MTBF, spares.Repair = a.settings.GetFloat64("mtbf"), a.settings.GetFloat64("repair")
	spares.Availability = a.settings.GetFloat64("availability")
	if err := errors.Join(budget.Validate(), spares.Validate()); err != nil {
		return usageError{err}
	}
	q := planQuestion{budget: budget, spares: spares, engines: a.settings.GetStringSlice("engines")}
	if err := q.read(a, args); err != nil {
		return err
	}
	systems := a.settings.GetStringSlice("systems")
	if len(systems) == 0 {
		systems = configs.Presets().Names("systems")
	}
	result := &metrics.Plan{Options: []*metrics.PlanOption{}, Budget: metrics.PlanBudget{MW: budget.MW,
		Boundary: string(budget.Boundary), Racks: budget.Units, Money: budget.Money}}
	for _, system := range systems {
		options, err := q.options(cmd.Context(), a, system)
		switch {
		case err == nil:
			result.Options = append(result.Options, options...)
		case errors.Is(err, metrics.ErrInfeasible), plan.TooSmall(err), errors.Is(err, plan.ErrNoKernels):
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

// sparesOf reads n+1 and n+n.
func sparesOf(text string) (plan.Spares, error) {
	switch rest, ok := strings.CutPrefix(strings.ToLower(text), "n+"); {
	case text == "":
		return plan.Spares{}, nil
	case rest == "n" && ok:
		return plan.Spares{Half: true}, nil
	default:
		if n, err := strconv.Atoi(rest); err == nil && ok && n >= 0 {
			return plan.Spares{Extra: n}, nil
		}
	}
	return plan.Spares{}, fmt.Errorf("--spares %s: want n+1, n+2, … or n+n", text)
}

// planQuestion is what is asked of every system.
type planQuestion struct {
	classes []plan.Class
	first   map[string]string // the engine of each scenario
	engines []string          // to compare; empty = the scenario's, or the first other that has kernels
	budget  plan.Budget
	spares  plan.Spares
}

// read reads the scenarios that are asked about, with their shares where there
// are several.
func (q *planQuestion) read(a planCommands, args []string) error {
	if len(args) == 0 {
		args = []string{"gb300-agentperf-slo20"}
	}
	q.first = map[string]string{}
	for _, arg := range args {
		name, share, shared := strings.Cut(arg, "=")
		class := plan.Class{Name: name, Share: 1}
		if shared || len(args) > 1 {
			var err error
			if class.Share, err = strconv.ParseFloat(share, 64); err != nil {
				return usageError{fmt.Errorf("%s: want SCENARIO=SHARE for each of several, such as h200-agentperf-slo20=0.7", arg)}
			}
		}
		q.classes = append(q.classes, class)
	}
	if err := plan.CheckShares(q.classes); err != nil {
		return usageError{err}
	}
	for _, class := range q.classes {
		asked, _, err := a.load(class.Name)
		if err != nil {
			return err
		}
		if q.budget.Money > 0 && asked.Price == (configs.PriceSpec{}) {
			return usageError{fmt.Errorf("--money: the scenario has no prices; want --set price.accelerator_hour=… or " +
				"price.electricity_kwh=…")}
		}
		q.first[class.Name] = asked.Engine.Name
	}
	a.about.scenarios = nil
	return nil
}

// options are the fleets of one system: one, or one an engine that is compared.
func (q *planQuestion) options(ctx context.Context, a planCommands, system string) ([]*metrics.PlanOption, error) {
	if len(q.engines) == 0 {
		o, err := q.option(ctx, a, system, configs.Presets().Names("engines"))
		if err != nil {
			return nil, err
		}
		return []*metrics.PlanOption{o}, nil
	}
	var list []*metrics.PlanOption
	var failed error
	for _, engine := range q.engines {
		o, err := q.option(ctx, a, system, []string{engine})
		switch {
		case err == nil:
			list = append(list, o)
		case failed == nil:
			failed = err
		}
	}
	if len(list) > 0 {
		return list, nil
	}
	return nil, failed
}

// option is one system as the whole fleet, under the first of the engines that can.
func (q *planQuestion) option(ctx context.Context, a planCommands, system string, engines []string) (
	*metrics.PlanOption, error) {
	classes := slices.Clone(q.classes)
	for i := range classes {
		try := engines
		if len(q.engines) == 0 {
			try = append([]string{q.first[classes[i].Name]}, engines...)
		}
		unit, err := q.unit(ctx, a, classes[i].Name, system, try)
		if err != nil {
			return nil, err
		}
		classes[i].Unit = unit
	}
	if len(classes) == 1 {
		return plan.Option(classes[0].Unit, q.budget, q.spares)
	}
	return plan.Mix(classes, q.budget, q.spares)
}

// unit is what one of the system holds of a scenario's agents.
func (q *planQuestion) unit(ctx context.Context, a planCommands, scenario, system string, engines []string) (
	*plan.Unit, error) {
	load := func(text string) (plan.Candidate, error) {
		source := a.source("plan.yaml")
		source.Text = []byte(text)
		s, p, err := configs.LoadScenario(source, plan.Aside(a.sets()))
		return plan.Candidate{Scenario: s, Provenance: p, Aim: q.budget.Aim()}, err
	}
	unit, c, err := plan.First(ctx, scenario, system, engines, load)
	if err == nil {
		c.Name = system
		a.note(c.Scenario, c.Provenance)
	}
	return unit, err
}

func (a planCommands) showPlan(r *metrics.Plan) error {
	if file := a.settings.GetString("report"); file != "" {
		if err := a.page(file, report.PlanPage(r)); err != nil {
			return err
		}
	}
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
