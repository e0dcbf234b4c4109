package main

import (
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
divided among them so that all are served in their shares, and spare units stand in for any. With --shared classes of
one model are served together, by units that hold all of them at the strictest of their levels; classes of other models
keep units of their own, since the weights of two models leave little room for caches.

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
	f.Bool("shared", false, "serve classes of one model together instead of on units of their own")
	f.StringSlice("systems", nil, "systems to choose from: presets or files; all presets by default")
	f.Float64("mtbf", 0, "mean time between failures of a unit, in hours; 0 = units do not fail")
	f.Float64("repair", 0, "mean time until a failed unit serves again, in hours")
	f.Float64("availability", 0, "share of the time at which all agents are to be served, as 0.999")
	return c
}

func (a planCommands) plan(cmd *cobra.Command, args []string) error {
	spares, err := plan.ParseSpares(a.settings.GetString("spares"))
	if err != nil {
		return usageError{fmt.Errorf("--%w", err)}
	}
	spares.MTBF, spares.Repair = a.settings.GetFloat64("mtbf"), a.settings.GetFloat64("repair")
	spares.Availability = a.settings.GetFloat64("availability")
	for _, list := range []string{"systems", "engines"} {
		if cmd.Flags().Changed(list) && len(a.settings.GetStringSlice(list)) == 0 {
			return usageError{fmt.Errorf("--%s: is empty; want names with commas between them, or leave it out", list)}
		}
	}
	f := plan.Fleet{Spares: spares, Engines: a.settings.GetStringSlice("engines"), Shared: a.settings.GetBool("shared"),
		Budget: plan.Budget{MW: a.settings.GetFloat64("mw"), Boundary: plan.Boundary(a.settings.GetString("boundary")),
			Units: a.settings.GetInt("racks"), Money: a.settings.GetFloat64("money")}}
	if f.Classes, err = classesOf(args); err != nil {
		return usageError{err}
	}
	if aside := plan.Aside(a.sets()); len(aside) < len(a.sets()) {
		i := slices.IndexFunc(a.sets(), func(set string) bool { return !slices.Contains(aside, set) })
		return usageError{fmt.Errorf("--set %s: plan chooses system, engine and deployment itself; leave it out, or name "+
			"--systems and --engines", a.sets()[i])}
	}
	known, err := a.accuracy()
	if err != nil {
		return err
	}
	f.Load = func(text string) (plan.Candidate, error) {
		source := a.source("plan.yaml")
		source.Text = []byte(text)
		s, p, err := configs.LoadScenario(source, plan.Aside(a.sets()))
		return plan.Candidate{Scenario: s, Provenance: p, Aim: f.Budget.Aim(), Accuracy: known}, err
	}
	f.Note = func(system string, c plan.Candidate) {
		c.Name = system
		a.note(c.Scenario, c.Provenance)
	}
	err = f.Read(func(name string) (*configs.Scenario, error) {
		s, _, err := a.load(name)
		return s, err
	})
	var config *configs.Error
	switch {
	case errors.As(err, &config):
		return err
	case err != nil:
		return usageError{err}
	}
	a.about.scenarios = nil
	result, err := f.Plan(cmd.Context(), a.settings.GetStringSlice("systems"), nil)
	if err != nil {
		return err
	}
	return a.showPlan(result)
}

// classesOf reads the scenarios that are asked about, with their shares where
// there are several.
func classesOf(args []string) (classes []plan.Class, err error) {
	if len(args) == 0 {
		args = []string{plan.Usual}
	}
	for _, arg := range args {
		name, share, shared := strings.Cut(arg, "=")
		class := plan.Class{Name: name, Share: 1}
		if shared || len(args) > 1 {
			if class.Share, err = strconv.ParseFloat(share, 64); err != nil {
				return nil, fmt.Errorf("%s: want SCENARIO=SHARE for each of several, such as h200-agentperf-slo20=0.7", arg)
			}
		}
		classes = append(classes, class)
	}
	return classes, nil
}

func (a planCommands) showPlan(r *metrics.Plan) error {
	if file := a.settings.GetString("report"); file != "" {
		if err := a.page(file, report.PlanPage(r)); err != nil {
			return err
		}
	}
	return writeResult(a.app, r, report.Plan, report.PlanCSV)
}
